"""One round of publishes: all written together, then every answer awaited, bounded in time."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import Final

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, ChannelNotFoundEntity, PublishError

from dispatcher.base import Announcement, Landed, Publication, QueuesUnavailable, nobody_hears
from dispatcher.cancelling import cancelled
from dispatcher.link import Link, lost_is_no_cancellation
from dispatcher.topology import EVENTS, INBOUND, UNROUTED

logger = logging.getLogger(__name__)

ROUTING_KEY: Final = "routing-key"
"""Header: what it was first published by, where that is not its routing key."""
COPY_FOR: Final = "copy-for"
"""Header of what lies in `regia.unrouted`: the further queue that was to have this copy."""
CONTENT_TYPE: Final = "application/cloudevents+json"
IN_FLIGHT: Final = 2_048
"""Publishes waiting for their confirm, over all batches: bounds the memory a silent broker can cost."""
SILENT_SECONDS: Final = 12.0
"""Without any confirm, after which another node is tried. Quorum queues have a new leader within seven, and a connection that
was there before goes on with it; on RabbitMQ 3.10 a new one may get no confirm before the broker itself gives up the node
that hangs."""
_LOOK: Final = 0.5
AFTER_LOSS_SECONDS: Final = 1.0
"""aiormq fails what was in flight when a connection ends; what it has forgotten by then is given up."""


class Answer(Enum):
    """What became of one publish."""

    ACKED = "acked"
    RETURNED = "returned"
    """No queue is bound for its routing key."""
    NONE = "none"
    """Nack, no answer in time, or the channel ended before it."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message and where it goes. `must_arrive`: it comes back when no queue is bound."""

    exchange: str
    routing_key: str
    message: Message
    must_arrive: bool
    landed: Callable[[], None] | None = None
    """Called when it is confirmed."""


class Rounds:
    """Publishes over one link, with at most `IN_FLIGHT` unconfirmed. `missing` hears that an exchange is not there."""

    def __init__(self, link: Link, connect_timeout: float, missing: Callable[[], None] = lambda: None) -> None:
        self._link = link
        self._connect_timeout = connect_timeout
        self._missing = missing
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._answered = 0.0
        """When the broker last confirmed anything, in the loop's time."""

    async def publish(
        self,
        batch: Sequence[Publication],
        suffix: str,
        deadline: float,
        *,
        unrouted: bool = False,
        copy_for: str | None = None,
        landed: Landed = nobody_hears,
    ) -> list[Answer]:
        """One answer a publication, in order. `suffix` makes the message ids of this round unique, `deadline` is in
        the loop's time, `copy_for` names the queue that is to have them instead of those of their targets, `unrouted` sends
        to that queue what neither took, `landed` hears at once what the queue of its target has. What has no answer when the
        deadline passes is unknown. When the broker answered nobody meanwhile the connection is cut, and it is met again with
        a new one."""
        parcels = [envelope_parcel(each, suffix, copy_for, unrouted=unrouted) for each in batch]
        if copy_for is None and not unrouted:
            parcels = [replace(parcel, landed=partial(landed, each)) for parcel, each in zip(parcels, batch, strict=True)]
        return await self.send(parcels, deadline)

    async def announce(self, batch: Sequence[Announcement], deadline: float) -> list[Answer]:
        """The same for events, which nobody need be bound for."""
        return await self.send([_event(each) for each in batch], deadline)

    async def send(self, parcels: Sequence[Parcel], deadline: float) -> list[Answer]:
        """The same for messages of any kind; no two of them have one `message_id`."""
        left = deadline - asyncio.get_running_loop().time()
        try:
            channel = await self._link.channel(min(left, self._connect_timeout))
        except QueuesUnavailable as error:
            logger.warning("nothing published: no connection to RabbitMQ", extra={"count": len(parcels), "error": str(error)})
            return [Answer.NONE] * len(parcels)
        tasks = [asyncio.create_task(self._publish_one(channel, each)) for each in parcels]
        try:
            await self._wait(tasks, channel, deadline)
        finally:
            await cancelled(tasks)
        return [Answer.NONE if task.cancelled() else task.result() for task in tasks]

    async def _wait(self, tasks: list[asyncio.Task[Answer]], channel: AbstractChannel, deadline: float) -> None:
        begun = asyncio.get_running_loop().time()
        answered = asyncio.ensure_future(asyncio.wait(tasks))
        lost = asyncio.ensure_future(channel.closed())
        either: set[asyncio.Future[object]] = {answered, lost}  # type: ignore[arg-type]  # Future is invariant
        try:
            await self._first(either, channel, deadline)
            if lost.done():
                await asyncio.wait(tasks, timeout=AFTER_LOSS_SECONDS)
            elif not answered.done():
                logger.warning("RabbitMQ did not confirm in time", extra={"waiting": sum(not task.done() for task in tasks)})
                if self._answered < begun:  # else it is one queue that is silent, and others publish over this
                    self._link.drop(channel)
        finally:
            answered.cancel()
            lost.cancel()

    async def _first(self, either: set[asyncio.Future[object]], channel: AbstractChannel, deadline: float) -> None:
        """Wait for one of them, or for the deadline. Of several nodes, one that confirms nothing for `SILENT_SECONDS` is left:
        it may be cut off from the others, and still answer us."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while (left := deadline - loop.time()) > 0:
            done, _ = await asyncio.wait(either, timeout=min(left, _LOOK), return_when=asyncio.FIRST_COMPLETED)
            if done:
                return
            silent = loop.time() - max(begun, self._answered)
            if self._link.has_others and silent > SILENT_SECONDS and not await self._link.blocked():
                logger.warning("RabbitMQ confirms nothing: another node is tried", extra={"seconds": round(silent, 1)})
                self._link.drop(channel)
                await asyncio.wait(either, timeout=AFTER_LOSS_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                return

    async def _publish_one(self, channel: AbstractChannel, parcel: Parcel) -> Answer:
        try:
            with lost_is_no_cancellation():
                async with self._slots:
                    underlay = await channel.get_underlay_channel()
                    frame = await underlay.basic_publish(
                        parcel.message.body,
                        exchange=parcel.exchange,
                        routing_key=parcel.routing_key,
                        properties=parcel.message.properties,
                        mandatory=parcel.must_arrive,
                    )
        except PublishError:
            return Answer.RETURNED
        except ChannelNotFoundEntity:
            self._missing()
            return Answer.NONE
        except CONNECTION_EXCEPTIONS:
            return Answer.NONE
        self._answered = asyncio.get_running_loop().time()
        if frame is None or frame.name != "Basic.Ack":
            return Answer.NONE
        if parcel.landed is not None:
            parcel.landed()
        return Answer.ACKED


def straight_parcel(publication: Publication, suffix: str, queue: str) -> Parcel:
    """To a queue by its name."""
    return Parcel("", queue, _envelope(publication, suffix, {}), must_arrive=True)


def envelope_parcel(publication: Publication, suffix: str, copy_for: str | None = None, *, unrouted: bool = False) -> Parcel:
    """To the queue of its target, a copy for the queue `copy_for`, or either to `regia.unrouted` with what is needed to publish
    it again. A copy keeps in a header the routing key that it would have."""
    key = publication.routing_key
    if unrouted:
        headers = {ROUTING_KEY: key} | ({} if copy_for is None else {COPY_FOR: copy_for})
        return Parcel("", UNROUTED, _envelope(publication, suffix, headers), must_arrive=True)
    if copy_for is not None:
        return Parcel("", copy_for, _envelope(publication, suffix, {ROUTING_KEY: key}), must_arrive=True)
    return Parcel(INBOUND, key, _envelope(publication, suffix, {}), must_arrive=True)


def _envelope(publication: Publication, suffix: str, more: Mapping[str, str]) -> Message:
    """`message_id` is unique for each try: aiormq finds the publish of a returned message by it."""
    headers = {"envelope-id": publication.envelope_id, **more}
    if publication.traceparent is not None:
        headers["traceparent"] = publication.traceparent
    return Message(
        publication.body,
        message_id=publication.message_id + suffix,
        type=publication.type,
        correlation_id=publication.correlation_id,
        timestamp=publication.timestamp,
        content_type=CONTENT_TYPE,
        delivery_mode=DeliveryMode.PERSISTENT,
        priority=publication.priority,
        headers=dict(headers),
    )


def _event(announcement: Announcement) -> Parcel:
    """`message_id` is the event's own: events never come back, so that no publish is looked for by it."""
    message = Message(
        announcement.body,
        message_id=announcement.id,
        type=announcement.type,
        timestamp=announcement.timestamp,
        content_type=CONTENT_TYPE,
        delivery_mode=DeliveryMode.PERSISTENT,
        headers={"number": announcement.number},
    )
    return Parcel(EVENTS, announcement.type, message, must_arrive=False)
