"""One message through the store of ids and the handler, again where that may help, until it is clear what becomes of it."""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Generic, TypeVar

from regia_consumer.counters import Counters
from regia_consumer.dedupe import Dedupe
from regia_consumer.errors import AlreadyDone, Poison, Retry, Unavailable
from regia_consumer.message import Message
from regia_consumer.pausing import Pause
from regia_consumer.waiting import Backoff, Closing, pause

logger = logging.getLogger(__name__)

T = TypeVar("T")
Handler = Callable[[Message, T], Awaitable[None]]

LONGEST_RETRY_SECONDS: Final = 300.0


class Verdict(Enum):
    DONE = "done"
    REPEATED = "repeated"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Limits:
    """`retries` after the first attempt, with waits from `first` to `longest` seconds; `seconds` for one attempt."""

    retries: int = 5
    first: float = 1.0
    longest: float = 60.0
    seconds: float = 60.0


class Handling(Generic[T]):
    """For one subscription: `closing` ends its waits, and those messages go back."""

    def __init__(
        self,
        handler: Handler[T],
        dedupe: Dedupe[T],
        *,
        limits: Limits,
        concurrency: int,
        dependency: Pause,
        counters: Counters,
        closing: asyncio.Event,
    ) -> None:
        self._handler, self._dedupe, self._limits = handler, dedupe, limits
        self._slots, self._dependency, self._counters, self._closing = (
            asyncio.Semaphore(concurrency),
            dependency,
            counters,
            closing,
        )
        self._patience = limits.seconds * (concurrency + 1)
        """A store with one writer makes the handlers take turns: waiting for the others is not the message's own time."""

    async def run(self, message: Message) -> Verdict:
        """Raises `Closing` when the message is to go back."""
        waits = Backoff(self._limits.first, self._limits.longest)
        failures = 0
        while True:
            try:
                async with self._dependency.attempt(self._closing), self._slots:
                    return await self._attempt(message)
            except Unavailable:
                self._counters.unavailable += 1
                continue
            except Closing:
                raise
            except Poison as error:
                return _rejected(message, f"poison: {error}")
            except Exception as error:  # noqa: BLE001  # a handler may raise anything; all of it is counted and told
                failures += 1
                if failures > self._limits.retries:
                    return _rejected(message, f"failed {failures} times, at last with {_told(error)}")
                wait = _wait(error, waits)
                logger.warning("message %s of %s failed, again in %.1f s: %s", message.id, message.queue, wait, _told(error))
            self._counters.retried += 1
            if await pause(wait, self._closing):
                raise Closing

    async def _attempt(self, message: Message) -> Verdict:
        if self._closing.is_set():
            raise Closing
        try:
            async with asyncio.timeout(self._patience), self._dedupe.once(message.queue, message.id) as transaction:
                async with asyncio.timeout(self._limits.seconds):
                    await self._handler(message, transaction)
        except AlreadyDone:
            return Verdict.REPEATED
        except asyncio.CancelledError as error:
            # A dying connection of aio-pika raises this out of a handler that publishes; nobody cancelled the work.
            task = asyncio.current_task()
            if task is not None and task.cancelling() > 0:
                raise
            raise Retry("the handler was cancelled from inside") from error
        return Verdict.DONE


def _wait(error: Exception, waits: Backoff) -> float:
    asked = error.after if isinstance(error, Retry) else None
    return waits.next() if asked is None else max(0.0, min(asked, LONGEST_RETRY_SECONDS))


def _rejected(message: Message, why: str) -> Verdict:
    logger.error("message %s of %s goes to the dead letters: %s", message.id, message.queue, why)
    return Verdict.REJECTED


def _told(error: Exception) -> str:
    """What went wrong and where. Of exceptions that are not ours the type only: their texts may hold a customer's words."""
    if isinstance(error, Retry):
        return f"Retry: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"
