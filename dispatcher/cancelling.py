"""The end of tasks that somebody ends."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

AGAIN: Final = 3.0
"""Seconds a task may take to tidy up before it is cancelled again."""


async def cancelled(tasks: "Iterable[asyncio.Task[Any]]") -> None:
    """Cancel all of them, and return when all have ended; how they ended interests nobody.

    Again and again, since a cancellation may get lost: `asyncio.wait_for` of Python 3.11 drops one that comes in the very turn
    in which it has its result, and the libraries for RabbitMQ and Redis wait with it.
    """
    all_ = set(tasks)
    left = {task for task in all_ if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN)
    await asyncio.gather(*all_, return_exceptions=True)
