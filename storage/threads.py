"""Threads for work that may hang: they do jobs in their order, and no process waits for them to end.

The standard library's executor joins its threads when the interpreter exits, however long a database does not answer.
These are daemons: what they were doing ends with the process, and a transaction that was not committed never was.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    work: Callable[[], Any]
    future: "Future[Any]" = field(default_factory=Future)


class Threads:
    """`number` threads over one queue, started with the first job."""

    def __init__(self, number: int, name: str) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._run, name=f"{name}-{n}", daemon=True) for n in range(number)]
        self._running: set[_Job] = set()
        self._lock = threading.Lock()
        self._started = False
        self._refusal: Callable[[], Exception] | None = None

    async def do(self, work: Callable[[], T]) -> T:
        """The result of `work`, or its error. After `refuse` its error. A job of which the caller is cancelled before
        its turn is not done."""
        job = _Job(work)
        with self._lock:
            if self._refusal is not None:
                raise self._refusal()
            if not self._started:
                self._started = True
                for thread in self._threads:
                    thread.start()
            self._jobs.put(job)
        result: T = await asyncio.wrap_future(job.future)
        return result

    def refuse(self, error: Callable[[], Exception]) -> None:
        """Take no more jobs, their callers get `error`, and end the threads after those there are."""
        with self._lock:
            if self._refusal is None:
                self._refusal = error
                for _ in self._threads:
                    self._jobs.put(None)

    def join(self, until: float) -> bool:
        """Wait for the threads until `until` (`time.monotonic`); whether all have ended."""
        for thread in self._threads if self._started else ():
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def abandon(self, error: Callable[[], Exception]) -> None:
        """After `refuse`: fail what is waiting and what is running. Its callers get `error`, whatever comes of it."""
        with suppress(queue.Empty):
            while True:
                job = self._jobs.get_nowait()
                if job is not None:
                    _fail(job, error())
        for _ in self._threads:
            self._jobs.put(None)
        with self._lock:
            running = list(self._running)
        for job in running:
            _fail(job, error())

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            if not job.future.set_running_or_notify_cancel():
                continue
            with self._lock:
                self._running.add(job)
            try:
                result = job.work()
            except BaseException as error:  # noqa: BLE001  # it is the caller's, whatever it is
                _fail(job, error)
            else:
                with suppress(InvalidStateError):  # abandoned
                    job.future.set_result(result)
            with self._lock:
                self._running.discard(job)
            del job  # a connection's rows must not live until the next job


async def once(work: Callable[[], T], name: str) -> T:
    """Do one job in a thread of its own, for which nobody waits at the end of the process either."""
    threads = Threads(1, name)
    try:
        return await threads.do(work)
    finally:
        threads.refuse(_over)


def _over() -> Exception:
    return RuntimeError("this thread was for one job")


def _fail(job: _Job, error: BaseException) -> None:
    with suppress(InvalidStateError):  # cancelled, or abandoned before
        job.future.set_exception(error)
