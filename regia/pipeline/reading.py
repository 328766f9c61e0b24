"""Reading what came in: in place for formats of our own making, in a process that can be ended for those of strangers.

Whatever happens to a reading, the contact is kept: as messages, or byte for byte as `Unreadable`.
"""

import asyncio
import hashlib
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from connectors.base import Channel, Connector, Parsed, Request, Unreadable
from connectors.errors import QuarantineReason, Rejected
from regia.pipeline.reading_jobs import Failure, Job, Parse, Recipe, Refusal, Reread, decode
from regia.pipeline.reading_slot import Cause, Killed, Slot, Unavailable
from regia.settings import Reading
from regia.watch.metrics import READER_KILLED, READING

logger = logging.getLogger(__name__)

_TOGETHER: Final = 4
"""Jobs handed over at once when many wait: waking a process costs as much as reading a small mail."""
_SMALL: Final = 128 * 1024
"""Bytes up to which a job goes together with others."""
_CLOSING: Final = 5.0
_UNKNOWN: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A job, and who waits for it: nobody any more when `result` is done."""

    job: Job
    result: "asyncio.Future[Parsed]"
    alone: bool = False
    """It was among several one of which ended its process."""

    @property
    def small(self) -> bool:
        return not self.alone and len(self.job.body) <= _SMALL


class Reader:
    """Reads for all connectors. Made inside the event loop; no process is started before the first job that needs one."""

    def __init__(self, connectors: Mapping[str, Connector], channels: Mapping[str, Channel[Any]], limits: Reading) -> None:
        isolated = {name: channel for name, channel in channels.items() if channel.isolated}
        self._recipes = {name: Recipe.of(channel, connectors[name].settings) for name, channel in isolated.items()}
        self._slots = [Slot(self._recipes, limits) for _ in range(limits.workers)]
        self._idle = list(self._slots)
        """The last one used is the first one taken, so that little traffic stays with one process."""
        self._waiting: deque[_Waiting] = deque()
        self._running: dict[asyncio.Task[None], Sequence[_Waiting]] = {}
        self._closed = False

    @property
    def at_once(self) -> int:
        """Readings a caller with many should have under way; more only wait."""
        return 2 * _TOGETHER * len(self._slots)

    async def read(self, connector: Connector, request: Request) -> Parsed:
        """What a verified request holds. What makes its reader fail, or fall behind the limits, is `Unreadable`.

        Raises `Rejected`: the connector's own refusals, and `unavailable` when nothing can be read now.
        """
        return await self._read(connector, Parse(connector.name, request))

    async def reread(self, connector: Connector, raw: bytes, content_type: str, received_at: datetime) -> Parsed:
        """The same for bytes out of quarantine."""
        return await self._read(connector, Reread(connector.name, raw, content_type, received_at))

    async def warm(self) -> None:
        """Have all processes up, where a connector needs them, so that the first contact waits for none."""
        if self._recipes and not self._closed:
            idle, self._idle = self._idle, []
            await asyncio.gather(*(self._run(self._warm(slot), slot) for slot in idle))

    async def close(self) -> None:
        """End all processes within a few seconds. Who waits for a reading is refused: nothing of it was kept."""
        self._closed = True
        for waiting in (*self._waiting, *(one for several in self._running.values() for one in several)):
            if not waiting.result.done():
                waiting.result.set_exception(Rejected("unavailable", "the gateway is stopping; try again", retry_after=5))
        for task in self._running:
            task.cancel()
        ending = [asyncio.create_task(slot.end()) for slot in self._slots]
        await asyncio.wait((*ending, *self._running), timeout=_CLOSING)

    async def _read(self, connector: Connector, job: Job) -> Parsed:
        if connector.name not in self._recipes:
            return _in_place(connector, job)
        if self._closed:
            raise Rejected("unavailable", "the gateway is stopping; try again", retry_after=5)
        waiting = _Waiting(job, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._feed()
        return await waiting.result

    def _feed(self) -> None:
        """Hand the next jobs to idle processes, in order, shared out among them."""
        while self._idle and not self._closed and (batch := self._next()):
            slot = self._idle.pop()
            self._run(self._serve(slot, batch), slot, batch)

    def _next(self) -> list[_Waiting]:
        """The next job, and small ones right behind it. Those nobody waits for any more are left out."""
        share = -(-len(self._waiting) // len(self._idle))
        batch: list[_Waiting] = []
        while self._waiting and len(batch) < min(share, _TOGETHER):
            if self._waiting[0].result.done():
                self._waiting.popleft()
            elif not batch or (batch[0].small and self._waiting[0].small):
                batch.append(self._waiting.popleft())
            else:
                break
        return batch

    def _run(self, work: Coroutine[Any, Any, None], slot: Slot, batch: Sequence[_Waiting] = ()) -> "asyncio.Task[None]":
        """A task of the reader's own: a caller that goes away leaves it to its end, and its process unharmed."""
        task = asyncio.create_task(work)
        self._running[task] = batch

        def over(_: object) -> None:
            del self._running[task]
            self._idle.append(slot)
            self._feed()

        task.add_done_callback(over)
        return task

    async def _warm(self, slot: Slot) -> None:
        try:
            await slot.started()
        except Unavailable as error:
            logger.warning("a reading process is not up yet; the first contact tries again", extra={"reason": str(error)})

    async def _serve(self, slot: Slot, batch: Sequence[_Waiting]) -> None:
        began = time.perf_counter()
        try:
            done = await slot.run([one.job for one in batch])
        except Killed as error:
            if len(batch) > 1:
                self._waiting.extendleft(replace(one, alone=True) for one in reversed(batch))
            else:
                _told(batch[0].job, error.cause, time.perf_counter() - began)
                _settle(batch[0].result, partial(_kept, batch[0].job, "parser_killed", error.detail))
        except Unavailable:
            for one in batch:
                _settle(one.result, _unavailable)
        except Exception as error:  # a request that cannot be handed over, or a defect here
            logger.exception("a reading process was given nothing")
            for one in batch:
                _settle(one.result, partial(_failed, one.job, type(error).__name__))
        else:
            for one, (seconds, data) in zip(batch, done, strict=True):
                READING.labels(one.job.connector).observe(seconds)
                _settle(one.result, partial(_parsed, one.job, data))


def _settle(result: "asyncio.Future[Parsed]", work: Callable[[], Parsed]) -> None:
    """Hand on what `work` gives or raises, if somebody still waits for it."""
    if result.done():
        return
    try:
        result.set_result(work())
    except Exception as error:  # noqa: BLE001  # whoever waits gets it, whatever it is
        result.set_exception(error)


def _told(job: Job, cause: Cause, seconds: float) -> None:
    READING.labels(job.connector).observe(seconds)
    READER_KILLED.labels(job.connector, cause).inc()
    logger.warning("reading was ended", extra={"connector": job.connector, "cause": cause})


def _unavailable() -> Parsed:
    raise Rejected("unavailable", "nothing can be read now; try again", retry_after=5)


def _in_place(connector: Connector, job: Job) -> Parsed:
    """A defect in a connector must not cost the contact: its bytes are kept."""
    try:
        return job.by(connector)
    except Rejected:
        raise
    except Exception as error:
        logger.exception("a connector failed to parse", extra={"connector": connector.name})
        return _failed(job, type(error).__name__)


def _parsed(job: Job, data: bytes) -> Parsed:
    try:
        answer = decode(data, job.body)
    except Exception as error:  # noqa: BLE001  # values that can be written down and not read again
        answer = Failure.of(error)
    match answer:
        case Parsed():
            return answer
        case Refusal():
            raise answer.error()
        case Failure(error_type, places):
            extra = {"connector": job.connector, "error_type": error_type, "error_at": list(places)}
            logger.error("a connector failed to parse", extra=extra)
            return _failed(job, error_type)


def _failed(job: Job, error: str) -> Parsed:
    return _kept(job, "parser_failed", f"{error}, sha256 {hashlib.sha256(job.body).hexdigest()[:12]}")


def _kept(job: Job, reason: QuarantineReason, detail: str) -> Parsed:
    kept = Unreadable(reason=reason, raw=job.body, content_type=job.content_type or _UNKNOWN, detail=detail)
    return Parsed(unreadable=(kept,))
