"""Messages of which further queues get copies: confirmed when both are.

A queue that is full refuses for hours, and the relay tries again every few seconds. So what one half has confirmed is
remembered, and only the other is published again; else each try would put one more copy into the queue that takes them. After a
restart it is forgotten, and one more may come: consumers dedupe on the envelope's id.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from dispatcher.base import Outcome, Publication
from dispatcher.options import Layout
from dispatcher.topology import COPIES, INBOUND

_MOST: Final = 50_000
"""Halves that are remembered; the oldest goes first."""

Send = Callable[[Sequence[Publication], str, str], Awaitable[list[Outcome]]]
"""Publishes to an exchange, with a suffix that keeps message ids apart."""
Half = tuple[str, str, str]
"""Exchange, envelope and target."""


class Copies:
    """Remembers what is half done."""

    def __init__(self) -> None:
        self._done: dict[Half, Outcome] = {}

    async def publish(self, batch: Sequence[Publication], layout: Layout, send: Send) -> list[Outcome]:
        """One outcome a publication, in order: unknown while one half is."""
        copied = [n for n, each in enumerate(batch) if layout.copied(each.routing_key)]
        if not copied:
            return await send(batch, INBOUND, "")
        sent, copies = await asyncio.gather(
            self._half(batch, range(len(batch)), INBOUND, "", send), self._half(batch, copied, COPIES, ":copy", send)
        )
        for n in copied:
            halves: dict[Half, Outcome] = {_half(INBOUND, batch[n]): sent[n], _half(COPIES, batch[n]): copies[n]}
            if Outcome.UNKNOWN in halves.values():
                self._remember({half: outcome for half, outcome in halves.items() if outcome is not Outcome.UNKNOWN})
                sent[n] = Outcome.UNKNOWN
            else:  # a copy that lies in regia.unrouted is kept: nothing is left to do
                for half in halves:
                    self._done.pop(half, None)
        return [sent[n] for n in range(len(batch))]

    async def _half(
        self, batch: Sequence[Publication], which: Sequence[int], exchange: str, suffix: str, send: Send
    ) -> dict[int, Outcome]:
        found = {n: done for n in which if (done := self._done.get(_half(exchange, batch[n]))) is not None}
        left = [n for n in which if n not in found]
        outcomes = await send([batch[n] for n in left], exchange, suffix) if left else []
        return found | dict(zip(left, outcomes, strict=True))

    def _remember(self, halves: dict[Half, Outcome]) -> None:
        self._done |= halves
        while len(self._done) > _MOST:
            del self._done[next(iter(self._done))]


def _half(exchange: str, publication: Publication) -> Half:
    return exchange, publication.envelope_id, publication.queue
