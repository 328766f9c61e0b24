"""What a consumer does between one connection's beginning and its end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from aio_pika.abc import AbstractIncomingMessage
from yarl import URL

from regia_consumer.counters import Counters
from regia_consumer.dedupe import Dedupe
from regia_consumer.errors import Undecodable
from regia_consumer.handling import Handler, Handling, Limits, Verdict
from regia_consumer.lanes import Lanes
from regia_consumer.message import Message, parse
from regia_consumer.pausing import Pause
from regia_consumer.reorder import Reorder
from regia_consumer.subscription import Lost, Subscription, acknowledge, reject
from regia_consumer.waiting import Closing, first_of

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class Plan(Generic[T]):
    """What was asked of a `Consumer`; the parameters are told there."""

    url: URL
    queue: str
    name: str
    handler: Handler[T]
    dedupe: Dedupe[T]
    prefetch: int
    concurrency: int
    key: Callable[[Message], Hashable]
    limits: Limits
    stop_seconds: float
    hold_seconds: float
    reorder: Reorder[Any] | None
    probe: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Delivery:
    """`message` is None where the bytes are no envelope."""

    raw: AbstractIncomingMessage
    message: Message | None


class Serving(Generic[T]):
    """`open` once, `run` once, `close` always. `progress` is called when a message was answered."""

    def __init__(
        self, plan: Plan[T], counters: Counters, dependency: Pause, stopping: asyncio.Event, progress: Callable[[], None]
    ) -> None:
        self._plan, self._counters, self._dependency = plan, counters, dependency
        self._stopping, self._progress = stopping, progress
        self._closing = asyncio.Event()
        self._woken = asyncio.Event()
        self._lanes = Lanes(self._work)
        self.opened = False
        self._handling = Handling(
            plan.handler,
            plan.dedupe,
            limits=plan.limits,
            concurrency=plan.concurrency,
            dependency=dependency,
            counters=counters,
            closing=self._closing,
        )
        self._subscription = Subscription(plan.url, plan.queue, name=plan.name, prefetch=plan.prefetch, receive=self._receive)

    async def open(self) -> None:
        """Raises `Lost`."""
        await self._subscription.open()
        self.opened = True
        self._counters.connected += 1
        logger.info("consuming %s at %s", self._plan.queue, self._plan.url.host)

    async def run(self) -> None:
        """Until a stop, the connection's end (`Lost`), or a pause that lasts too long to hold messages."""
        try:
            await first_of(
                self._stopping.wait(),
                self._subscription.lost(),
                self._lanes.failed(),
                self._dependency.lasted(self._plan.hold_seconds),
                self._release_in_time(),
            )
            await self._subscription.cancel()
        finally:
            # What runs finishes also after a loss: handled again beside itself it would be when the message comes back.
            await self._finish(self._plan.stop_seconds if self._stopping.is_set() else self._plan.limits.seconds)

    async def close(self) -> None:
        await self._subscription.close()

    async def _finish(self, seconds: float) -> None:
        self._closing.set()
        waiting = self._lanes.drop_waiting() + (self._plan.reorder.clear() if self._plan.reorder else 0)
        late = await self._lanes.finish(seconds)
        self._counters.given_back += waiting + late

    def _receive(self, raw: AbstractIncomingMessage) -> None:
        self._counters.received += 1
        if self._closing.is_set():
            self._counters.given_back += 1
            return
        try:
            self._take(raw)
        except Exception as error:  # noqa: BLE001  # a fault in the caller's `key`: `run` raises it
            self._lanes.fail(error)

    def _take(self, raw: AbstractIncomingMessage) -> None:
        redelivered = bool(raw.redelivered)
        try:
            message = parse(self._plan.queue, raw.body, raw.headers, correlation_id=raw.correlation_id, redelivered=redelivered)
        except Undecodable as error:
            why = str(error)  # without a traceback: the bytes stand in it
            logger.error("a message of %s goes to the dead letters: %s", self._plan.queue, why)  # noqa: TRY400
            self._lanes.put(object(), Delivery(raw, None))
        else:
            self._sort(Delivery(raw, message), message)

    def _sort(self, delivery: Delivery, message: Message) -> None:
        reorder = self._plan.reorder
        if reorder is None or message.customer_id is None or message.sequence is None:
            self._put([delivery])
            return
        now = asyncio.get_running_loop().time()
        self._put(reorder.push(delivery, message.customer_id, message.sequence, now))
        self._counters.late = reorder.late
        self._woken.set()

    def _put(self, deliveries: list[Delivery]) -> None:
        for one in deliveries:
            if one.message is not None:
                self._lanes.put(None if self._plan.concurrency == 1 else self._plan.key(one.message), one)

    async def _release_in_time(self) -> None:
        """Puts on what `Reorder` has held for long enough."""
        loop, reorder = asyncio.get_running_loop(), self._plan.reorder
        while True:
            self._woken.clear()
            deadline = reorder.next_deadline if reorder is not None else None
            try:
                async with asyncio.timeout_at(deadline):
                    await self._woken.wait()
            except TimeoutError:
                if reorder is not None:
                    self._put(reorder.due(loop.time()))

    async def _work(self, delivery: Delivery) -> None:
        verdict = Verdict.REJECTED
        if delivery.message is not None:
            try:
                verdict = await self._handling.run(delivery.message)
            except Closing:
                self._counters.given_back += 1
                return
        try:
            await (reject if verdict is Verdict.REJECTED else acknowledge)(delivery.raw)
        except Lost:
            self._counters.unanswered += 1
        else:
            self._progress()
        self._count(verdict)

    def _count(self, verdict: Verdict) -> None:
        match verdict:
            case Verdict.DONE:
                self._counters.done += 1
            case Verdict.REPEATED:
                self._counters.repeated += 1
            case Verdict.REJECTED:
                self._counters.rejected += 1
