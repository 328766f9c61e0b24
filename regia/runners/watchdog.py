"""Limits in time on what is not ours: a step that hangs is left behind, and ended where nobody waits for it."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from connectors.errors import SourceFailed

logger = logging.getLogger(__name__)

T = TypeVar("T")

STEP: Final = 180.0
"""Seconds a step of a session may take; its own limits are far below."""


async def bounded(step: "asyncio.Task[T]", seconds: float) -> T:
    """The result of `step`, or `SourceFailed` when it takes too long or is ended by itself. Whoever waits here goes on at
    once, also when the step ignores that it is cancelled."""
    try:
        await asyncio.wait({step}, timeout=seconds)
    finally:
        if not step.done():
            step.cancel()
            step.add_done_callback(_heard)
    if not step.done():
        raise SourceFailed("too_slow", f"a step took more than {seconds:.0f} s")
    if step.cancelled():  # some libraries cancel whoever waits on a connection that dies
        raise SourceFailed("closed", "the session was cancelled from within")
    return step.result()


def _heard(step: "asyncio.Task[T]") -> None:
    """What a step that was left behind ends with interests nobody, and asyncio is not to say that nobody asked."""
    if not step.cancelled():
        step.exception()


class Leftovers:
    """Work that nobody waits for: the ends of sessions, each within its time."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, work: Coroutine[Any, Any, None], seconds: float) -> None:
        """Do `work` in the background, for at most `seconds`."""
        task = asyncio.create_task(self._do(work, seconds))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end(self, seconds: float) -> None:
        """Wait for all of it, at most `seconds`, and cancel the rest."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=seconds)
        for task in set(self._tasks):
            task.cancel()

    async def _do(self, work: Coroutine[Any, Any, None], seconds: float) -> None:
        task = asyncio.create_task(work)
        try:
            await bounded(task, seconds)
        except SourceFailed as error:
            logger.warning("what was left of a session did not end in time", extra={"reason": error.reason})
        except Exception:
            logger.exception("what was left of a session failed")
