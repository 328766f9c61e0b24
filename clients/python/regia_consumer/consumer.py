"""The consumer: takes from one queue until it is told to stop, whatever happens to the broker or to what the work needs.

delivery ─► parse ─► Reorder (if asked) ─► lane of its customer ─► store of ids + handler, one transaction ─► ack
              │                                                        │ Poison, or failed too often
              └── undecodable ──────────────────────────────────────────┴──────────────────────────────────► reject
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import replace
from typing import Any, Final, Generic, TypeVar

from regia_consumer.counters import Counters
from regia_consumer.dedupe import Dedupe
from regia_consumer.errors import Unavailable
from regia_consumer.handling import Handler, Limits
from regia_consumer.message import Message, by_customer
from regia_consumer.nodes import nodes
from regia_consumer.pausing import Pause
from regia_consumer.reorder import Reorder
from regia_consumer.serving import Plan, Serving
from regia_consumer.stopping import stop_on_signals
from regia_consumer.subscription import Lost
from regia_consumer.waiting import Backoff, first_of, pause

logger = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_RECONNECT_SECONDS: Final = 0.5
LONGEST_RECONNECT_SECONDS: Final = 10.0
HOLD_SECONDS: Final = 900.0
"""How long messages are held in a pause: RabbitMQ closes the channel of a delivery that waits for 30 minutes."""


class Consumer(Generic[T]):
    """`await Consumer(url, queue, handler, dedupe=…).run()` takes until SIGTERM, SIGINT or `stop()`.

    `handler(message, transaction)` does the work with what `dedupe` gives: an open transaction of `PostgresDedupe` or
    `SqliteDedupe`. It may raise `Poison`, `Retry`, `Unavailable` (see `errors`). It must not block the event loop.

    - `url`: `amqp[s]://user:password@host:port/vhost`. For a cluster `@one:5672,two:5672`: the next node is taken when one does
      not answer, or its connection ends.
    - `prefetch`: deliveries in hand, at most. Keep it small: on RabbitMQ 3.x each lost connection counts for all of them
      towards the delivery limit. With `reorder` those that wait count too.
    - `concurrency`: messages in work at the same time. Those with the same `key` are done one after the other, in the order
      of the queue; with 1 that holds for all messages.
    - `limits`: how often and how long a message is tried. `stop_seconds`: how long a stop waits for what is in work.
    - `reorder`: a `Reorder`, for several gateways (see there).
    - `probe`: returns when what the handler needs can be used, else raises `Unavailable`; asked during a long pause.
      Without it only `dedupe` is asked.
    """

    def __init__(
        self,
        url: str,
        queue: str,
        handler: Handler[T],
        *,
        dedupe: Dedupe[T],
        prefetch: int = 10,
        concurrency: int = 4,
        key: Callable[[Message], Hashable] = by_customer,
        limits: Limits | None = None,
        stop_seconds: float = 20.0,
        reorder: Reorder[Any] | None = None,
        probe: Callable[[], Awaitable[None]] | None = None,
        hold_seconds: float = HOLD_SECONDS,
        name: str = "regia-consumer",
    ) -> None:
        if prefetch < 1 or concurrency < 1:
            raise ValueError("prefetch and concurrency must be at least 1: without a bound one process takes the whole queue")
        self._nodes = deque(nodes(url))
        self._plan = Plan(
            url=self._nodes[0],
            queue=queue,
            name=name,
            handler=handler,
            dedupe=dedupe,
            prefetch=prefetch,
            concurrency=concurrency,
            key=key,
            limits=limits or Limits(),
            stop_seconds=stop_seconds,
            hold_seconds=hold_seconds,
            reorder=reorder,
            probe=probe or dedupe.ready,
        )
        self._pause = Pause()
        self._stopping = asyncio.Event()
        self._reconnects = Backoff(FIRST_RECONNECT_SECONDS, LONGEST_RECONNECT_SECONDS)
        self._subscribed = False
        self.counters = Counters()

    @property
    def state(self) -> str:
        """For a health check: `connecting`, `consuming`, `paused` or `stopping`."""
        if self._stopping.is_set():
            return "stopping"
        if self._pause.since is not None:
            return "paused"
        return "consuming" if self._subscribed else "connecting"

    def stop(self) -> None:
        """Take nothing more, finish what is in work, and let `run` return."""
        self._stopping.set()

    async def run(self, *, signals: bool = True) -> None:
        """Until stopped. Lost connections, missing queues and dependencies that are away are waited for, for ever.
        With `signals`, SIGTERM and SIGINT call `stop` meanwhile."""
        with stop_on_signals(self.stop, signals):
            while not self._stopping.is_set():
                await self._dependency()
                await self._serve()
                if not self._stopping.is_set():
                    await pause(self._reconnects.next(), self._stopping)

    async def _dependency(self) -> None:
        """Nothing is taken before what the work needs is back: what could not be done would only be counted as delivered."""
        waits = Backoff(1.0, 30.0)
        while self._pause.since is not None and not self._stopping.is_set():
            try:
                await self._plan.probe()
            except Unavailable:
                await pause(waits.next(), self._stopping)
            else:
                self._pause.end()

    async def _serve(self) -> None:
        """One connection, from opening to its end."""
        plan = replace(self._plan, url=self._nodes[0])
        serving = Serving(plan, self.counters, self._pause, self._stopping, self._reconnects.reset)
        try:
            await first_of(serving.open(), self._stopping.wait())
            if serving.opened:  # also when a stop came meanwhile: the first messages may be in work
                self._subscribed = True
                await serving.run()
        except Lost as error:
            logger.warning("not consuming %s at %s: %s", plan.queue, plan.url.host, error)
            self._nodes.rotate(-1)
        finally:
            self._subscribed = False
            await serving.close()
