"""One reading process as the gateway sees it: started when it is needed, ended when it takes too much, replaced.

pebble's processes of one pool share a pipe and its lock, and one that dies while it holds the lock stops the others.
So each has a pool of its own, with one task in it at a time: whatever breaks a pool is that task's doing.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType
from typing import Final, Literal

from pebble import ProcessExpired, ProcessPool

from regia.pipeline.reading_environment import scrubbed, start_tracker
from regia.pipeline.reading_jobs import Done, Job, Recipe
from regia.pipeline.reading_process import GRACE, NO_MEMORY, prepare, ready, work
from regia.settings import Reading

logger = logging.getLogger(__name__)

Cause = Literal["time", "memory", "died"]

_TASKS: Final = 10_000
"""Tasks after which a process is replaced, so that no library's leak matters."""
_START: Final = 60.0
_OVERDUE: Final = 30.0
"""Seconds beyond the limit after which a pool that says nothing is given up."""
_ATTEMPTS: Final = 2
"""A process may also be ended by somebody else (the kernel short of memory, a service manager that stops everything):
only what ends two of them is taken for the cause."""
_MIB: Final = 1 << 20


class Killed(Exception):
    """The process that read this job had to be ended, or died of it."""

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(detail)
        self.cause: Cause = cause
        self.detail = detail


class Unavailable(Exception):
    """No reading process can be started now."""


class _Died(Exception):
    """The process is gone and the job unread."""


class _Process(SpawnProcess):
    """Started without the program's main module: importing that again would load the whole gateway into each reader. And
    without its environment, where the gateway's secrets stand."""

    def start(self) -> None:
        with scrubbed():
            main = sys.modules["__main__"]
            sys.modules["__main__"] = ModuleType("__main__")
            try:
                super().start()
            finally:
                sys.modules["__main__"] = main


class Context(SpawnContext):
    """Spawn, never fork: a forked process would hold our sockets, our database and the journal's lock."""

    Process = _Process


class Slot:
    """Runs one task, of one job or several, at a time; the caller sees to that."""

    def __init__(self, recipes: Mapping[str, Recipe], limits: Reading) -> None:
        self._recipes = recipes
        self._limits = limits
        self._pool: ProcessPool | None = None

    async def run(self, jobs: Sequence[Job]) -> list[Done]:
        """What became of each. Raises `Killed`, for several of them without saying which it was, and `Unavailable`."""
        died = ""
        for _ in range(_ATTEMPTS if len(jobs) == 1 else 1):
            try:
                return await self._once(jobs)
            except _Died as error:
                died = str(error)
        raise Killed("died", f"the process that read it died ({died})")

    async def started(self) -> ProcessPool:
        """The pool, with its process up. Raises `Unavailable`."""
        if self._pool is not None and self._pool.active:
            return self._pool
        await self.end()
        await asyncio.to_thread(start_tracker)
        memory = self._limits.memory_mb * _MIB
        pool = self._pool = ProcessPool(
            max_workers=1,
            max_tasks=_TASKS,
            initializer=prepare,
            initargs=(self._recipes, self._limits.seconds, memory),
            context=Context(),
        )
        try:
            future = await asyncio.to_thread(pool.schedule, ready)
            async with asyncio.timeout(_START):
                await asyncio.wrap_future(future)
        except (OSError, RuntimeError) as error:
            await self.end()
            logger.error("no reading process can be started", extra={"error_type": type(error).__name__})  # noqa: TRY400
            raise Unavailable(type(error).__name__) from error
        return pool

    async def end(self) -> None:
        """End the process and its pool, whatever they do."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(_end, pool)

    async def _once(self, jobs: Sequence[Job]) -> list[Done]:
        limits = self._limits
        pool = await self.started()
        # Of several each has the whole time, by its process's own clock.
        seconds = limits.seconds if len(jobs) == 1 else len(jobs) * (limits.seconds + GRACE)
        patience = asyncio.timeout(seconds + _OVERDUE)
        try:
            future = pool.schedule(work, args=(jobs,), timeout=seconds)
            async with patience:
                return await asyncio.wrap_future(future)
        except ProcessExpired as error:
            if error.exitcode == NO_MEMORY:
                raise Killed("memory", f"reading it took more than {limits.memory_mb} MB") from error
            if error.exitcode != -signal.SIGALRM:
                raise _Died(_way_of_dying(error.exitcode)) from error
        except TimeoutError as error:
            if patience.expired():
                await self.end()
                raise _Died("it said nothing more") from error
        except (BrokenProcessPool, RuntimeError) as error:
            await self.end()
            raise _Died("before it had begun") from error
        raise Killed("time", f"reading it took more than {limits.seconds:g} seconds")


def _way_of_dying(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()
