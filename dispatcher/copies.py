"""Messages of which further queues get copies: confirmed when the target's queue and all of these have theirs.

Each further queue is published to by its name, so that each that is missing returns its copy; behind one exchange it would be
hidden by another that takes the same message.

A queue that is full refuses for hours, and the relay tries again every few seconds. So what a part has confirmed is
remembered, and only the others are published again; else each try would put one more copy into the queues that take them.
After a restart it is forgotten, and one more may come: consumers dedupe on the envelope's id.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from dispatcher.base import Outcome, Publication
from dispatcher.options import Layout

_MOST: Final = 50_000
"""Parts that are remembered; the oldest goes first."""

Send = Callable[[Sequence[Publication], str | None, str], Awaitable[list[Outcome]]]
"""Publishes to the queues of their targets, or to the one further queue that is named, with a suffix that keeps message ids
apart."""
Part = tuple[str | None, str, str]
"""The further queue (None: that of the target), envelope and target."""


class Copies:
    """Remembers what is done in part."""

    def __init__(self) -> None:
        self._done: dict[Part, Outcome] = {}

    async def publish(self, batch: Sequence[Publication], layout: Layout, send: Send) -> list[Outcome]:
        """One outcome a publication, in order: unknown while one part is."""
        further: dict[str, list[int]] = {}
        for n, each in enumerate(batch if layout.also else ()):
            for queue in layout.copied_to(each.routing_key):
                further.setdefault(queue, []).append(n)
        if not further:
            return await send(batch, None, "")
        sent, *copies = await asyncio.gather(
            self._part(batch, range(len(batch)), None, "", send),
            *(self._part(batch, which, queue, f":copy{place}", send) for place, (queue, which) in enumerate(further.items())),
        )
        parts: list[dict[Part, Outcome]] = [{_part(None, each): sent[n]} for n, each in enumerate(batch)]
        for queue, outcomes in zip(further, copies, strict=True):
            for n, outcome in outcomes.items():
                parts[n][_part(queue, batch[n])] = outcome
        return [self._whole(sent[n], each) for n, each in enumerate(parts)]

    def _whole(self, sent: Outcome, parts: dict[Part, Outcome]) -> Outcome:
        if Outcome.UNKNOWN in parts.values():
            self._remember({part: outcome for part, outcome in parts.items() if outcome is not Outcome.UNKNOWN})
            return Outcome.UNKNOWN
        for part in parts:  # a copy that lies in regia.unrouted is kept: nothing is left to do
            self._done.pop(part, None)
        return sent

    async def _part(
        self, batch: Sequence[Publication], which: Sequence[int], queue: str | None, suffix: str, send: Send
    ) -> dict[int, Outcome]:
        found = {n: done for n in which if (done := self._done.get(_part(queue, batch[n]))) is not None}
        left = [n for n in which if n not in found]
        outcomes = await send([batch[n] for n in left], queue, suffix) if left else []
        return found | dict(zip(left, outcomes, strict=True))

    def _remember(self, parts: dict[Part, Outcome]) -> None:
        self._done |= parts
        while len(self._done) > _MOST:
            del self._done[next(iter(self._done))]


def _part(queue: str | None, publication: Publication) -> Part:
    return queue, publication.envelope_id, publication.queue
