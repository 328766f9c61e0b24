"""The queues in RabbitMQ 3.10 or later.

Only `Basic.Ack` counts as published. Everything else is unknown and is repeated by the caller with the same envelope
id: a nack (a full queue), no answer in time, a lost connection, a channel closed because the exchange was deleted
(which fails all that are in flight). New connections declare the topology, and so does a returned message.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Final

from aio_pika import Connection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, ChannelNotFoundEntity

from dispatcher.base import (
    Announcement,
    Delivery,
    Erased,
    Landed,
    Outcome,
    Publication,
    QueueLocked,
    QueueMismatch,
    QueueState,
    QueuesUnavailable,
    QueuesUnusable,
    Topology,
    UnknownQueue,
    nobody_hears,
)
from dispatcher.copies import Copies
from dispatcher.counting import count
from dispatcher.declare import declare, others_stand
from dispatcher.link import Link, lost_is_no_cancellation
from dispatcher.looking import look
from dispatcher.publications import prioritised
from dispatcher.rounds import Answer, Rounds
from dispatcher.sweep import sweep
from dispatcher.topology import DEAD, INBOUND, SYSTEM_QUEUES, UNROUTED, declarations, queue_names

logger = logging.getLogger(__name__)

_STANDS: Final = 2.0
"""Seconds for which what was declared is taken to stand."""


class RabbitQueues:
    """`Queues` over RabbitMQ. Publishing has a connection of its own, so that reading is not held up by a memory alarm.

    `url` is `amqp[s]://user:password@host:port/vhost`. `confirm_timeout` bounds a whole `publish`, in seconds,
    `connect_timeout` the part of it (and of every other call) that waits for a connection. `priority_of` reads the
    priority of a body, for queues that have priorities.
    """

    def __init__(
        self,
        url: str,
        *,
        confirm_timeout: float = 30.0,
        connect_timeout: float = 10.0,
        priority_of: Callable[[bytes], int] | None = None,
    ) -> None:
        self._confirm_timeout = confirm_timeout
        self._connect_timeout = connect_timeout
        self._topology = Topology(targets={})
        self._priority_of = priority_of
        self._copies = Copies()
        self._mismatches: list[str] = []
        self._unseen: list[str] = []
        self._deleted: list[str] = []
        """Queues of ours that were not there at the last look."""
        self._declared = float("-inf")
        """When everything was declared last, in the loop's time."""
        self._publishing = Link(url, "regia publish", self._declare_anew)
        self._rounds = Rounds(self._publishing, connect_timeout, self._is_missing)
        self._reading = Link(url, "regia read")
        self._sweeping = Link(url, "regia sweep")
        self._one_sweep = asyncio.Lock()

    async def open(self, topology: Topology) -> None:
        """Connect and declare everything. May be called again with another topology, after a reload.

        The topology is kept also when the broker cannot be reached: the first connection made later declares it.
        Raises `QueuesUnavailable`, `QueueMismatch`, and `ValueError` for names that cannot be routing keys.
        """
        declarations(topology)
        self._topology = topology
        await self._redeclare(self._connect_timeout)
        if self._mismatches:
            raise QueueMismatch("; ".join(self._mismatches))

    async def publish(self, batch: Sequence[Publication], landed: Landed = nobody_hears) -> list[Outcome]:
        """One outcome a publication, in order, within `confirm_timeout` and a second. What two publishes found no queue for
        goes to `regia.unrouted`, its routing key in a header. What further queues get copies of is confirmed when all are."""
        if not batch:
            return []
        send = partial(self._send, asyncio.get_running_loop().time() + self._confirm_timeout, landed)
        return await self._copies.publish(batch, self._topology.layout, send)

    async def _send(
        self, deadline: float, landed: Landed, batch: Sequence[Publication], to: str | None, suffix: str
    ) -> list[Outcome]:
        batch = [prioritised(each, self._topology.layout, self._priority_of) for each in batch]
        answers = await self._rounds.publish(batch, suffix, deadline, copy_for=to, landed=landed)
        outcomes = [Outcome.CONFIRMED if answer is Answer.ACKED else Outcome.UNKNOWN for answer in answers]
        again = [n for n, answer in enumerate(answers) if answer is Answer.RETURNED]
        if again and await self._mend(deadline):
            rest = [batch[n] for n in again]
            answers = await self._rounds.publish(rest, f"{suffix}:again", deadline, copy_for=to, landed=landed)
            self._settle(outcomes, again, answers, Outcome.CONFIRMED)
            nowhere = [n for n, answer in zip(again, answers, strict=True) if answer is Answer.RETURNED]
            if nowhere:
                unrouted = [batch[n] for n in nowhere]
                more = {"count": len(nowhere), "queues": [to] if to else sorted({each.queue for each in unrouted})}
                logger.error("no queue takes these messages: they go to regia.unrouted", extra=more)
                answers = await self._rounds.publish(unrouted, f"{suffix}:unrouted", deadline, copy_for=to, unrouted=True)
                self._settle(outcomes, nowhere, answers, Outcome.UNROUTED)
        return outcomes

    async def announce(self, batch: Sequence[Announcement]) -> int:
        """The confirmed ones before the first that is not, within `confirm_timeout`. Only a queue that refuses (or a broker
        that fails) leaves one out and takes a later one; a lost connection ends all from one on."""
        if not batch:
            return 0
        answers = await self._rounds.announce(batch, asyncio.get_running_loop().time() + self._confirm_timeout)
        return next((n for n, answer in enumerate(answers) if answer is not Answer.ACKED), len(batch))

    @staticmethod
    def _settle(outcomes: list[Outcome], which: list[int], answers: list[Answer], success: Outcome) -> None:
        for n in (n for n, answer in zip(which, answers, strict=True) if answer is Answer.ACKED):
            outcomes[n] = success

    async def _mend(self, deadline: float) -> bool:
        try:
            await self._redeclare(deadline - asyncio.get_running_loop().time())
        except QueuesUnavailable as error:
            logger.warning("the topology cannot be declared again", extra={"error": str(error)})
            return False
        return True

    async def _redeclare(self, within: float) -> None:
        loop = asyncio.get_running_loop()
        asked = loop.time()
        connection = await self._publishing.connection(within)
        if self._declared >= asked:  # by connecting
            return
        try:
            async with asyncio.timeout(asked + within - loop.time()):
                await self._declare(connection)
        except (TimeoutError, *CONNECTION_EXCEPTIONS) as error:
            raise QueuesUnavailable(f"RabbitMQ did not declare the queues ({type(error).__name__})") from error

    async def _declare_anew(self, connection: Connection) -> None:
        """On a new connection, but for one that follows quickly: where all are lost soon, none would be left to publish on."""
        if asyncio.get_running_loop().time() - self._declared >= _STANDS:
            await self._declare(connection)

    def _is_missing(self) -> None:
        self._declared = float("-inf")

    async def _declare(self, connection: Connection) -> None:
        """A mismatch is no reason to stop delivering to a queue that is there; `open` reports it. Raises `QueuesUnusable`."""
        with lost_is_no_cancellation():
            done = await declare(connection, declarations(self._topology))
        if done.wrong and done.wrong != self._mismatches:
            logger.error("queues are not as they should be", extra={"found": done.wrong})
        self._mismatches = done.wrong
        if done.unseen and done.unseen != self._unseen:
            logger.info("this user may not configure: what exists is taken as it is", extra={"objects": done.unseen})
        self._unseen = done.unseen
        if INBOUND in done.lacking:
            raise QueuesUnusable("; ".join(done.wrong))
        self._declared = asyncio.get_running_loop().time()

    async def states(self) -> list[QueueState]:
        """Ready messages of all our queues, the gateway's own included; `leased` is -1, AMQP does not tell it.
        A queue that is not there is left out and logged; the next publish to it declares it, or `mend`, where it is ours."""
        async with self._reading_only() as connection:
            states, missing = await count(connection, queue_names(self._topology), self._topology.layout)
        for name in missing:
            logger.warning("a queue is not there", extra={"queue": name})
        self._deleted = [name for name in missing if name not in self._topology.layout.existing]
        return states

    async def mend(self) -> None:
        if self._deleted:
            await self._redeclare(self._connect_timeout)

    async def others_stand(self) -> bool:
        async with self._reading_only() as connection:
            return await others_stand(connection, declarations(self._topology))

    async def blocked(self) -> bool:
        return await self._publishing.blocked()

    async def peek(self, queue: str, limit: int) -> list[Delivery]:
        """The first messages, put back in their order. RabbitMQ has no look without a delivery: every peek counts
        towards the queue's delivery limit, so the twentieth makes dead letters of what it looked at."""
        ours = tuple(f"{brand}." for brand in self._topology.targets)  # also of rules that do not decide any more
        if queue not in queue_names(self._topology) and not queue.startswith(ours):
            raise UnknownQueue(queue, queue_names(self._topology))
        layout = self._topology.layout
        if queue not in layout.existing and layout.options_of(queue).single_active_consumer and queue not in SYSTEM_QUEUES:
            raise QueueLocked(f"{queue} has a single active consumer: RabbitMQ lets nobody else look into it")
        async with self._using(self._reading) as connection:
            try:
                found = await look(connection, layout.real(queue), limit, self._connect_timeout)
            except ChannelNotFoundEntity:
                raise UnknownQueue(queue, queue_names(self._topology)) from None
        return [replace(one, queue=queue) for one in found]

    async def forget(self, erased: Erased) -> int:
        """From `regia.dead` and `regia.unrouted`; the queues of targets are their consumers'. What somebody else holds now is
        not seen. Over a connection of its own, which is cut where this fails: then the broker has the rest back."""
        removed = 0
        async with self._one_sweep:
            for queue in (DEAD, UNROUTED):
                async with self._using(self._sweeping) as connection:
                    with suppress(ChannelNotFoundEntity):  # somebody deleted it: the next publish declares it again
                        removed += await sweep(connection, queue, erased, self._connect_timeout)
        return removed

    @asynccontextmanager
    async def _reading_only(self) -> AsyncIterator[Connection]:
        async with self._using(self._reading) as connection, asyncio.timeout(self._connect_timeout):
            yield connection

    @asynccontextmanager
    async def _using(self, link: Link) -> AsyncIterator[Connection]:
        """A connection to read from. Where reading fails or is cancelled it is cut, so that nothing stays taken."""
        connection = await link.connection(self._connect_timeout)
        try:
            with lost_is_no_cancellation():
                yield connection
        except (UnknownQueue, QueueLocked):
            raise
        except (TimeoutError, *CONNECTION_EXCEPTIONS) as error:
            link.reset()
            raise QueuesUnavailable(f"RabbitMQ did not answer ({type(error).__name__}): try again") from error
        except BaseException:
            link.reset()
            raise

    async def close(self) -> None:
        """All connections; nothing can be published afterwards."""
        await asyncio.gather(*(link.close() for link in (self._publishing, self._reading, self._sweeping)))
