"""The longest a stop may take: what hangs then is told, and the process ends all the same.

Nothing is lost by that, as by a kill: the journal and the outbox know how to go on. Without it one library that swallows its
cancellation would keep a worker, whose parent is gone, at the journal and the port that the next gateway needs.
"""

import asyncio
import logging
import os
import threading
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

STOP_SECONDS: Final = 11.0
"""A stop needs 10 at most. A parent kills after 12, and the next gateway waits 15 for what this one has."""
HUNG: Final = 1
"""The exit code then."""


def end_within(seconds: float = STOP_SECONDS) -> None:
    """End this process after so many seconds, whatever it does then. Called in the event loop, once it is asked to stop."""
    timer = threading.Timer(seconds, _end, [asyncio.get_running_loop(), seconds])
    timer.daemon = True
    timer.start()


def _end(loop: asyncio.AbstractEventLoop, seconds: float) -> None:
    logger.error("the stop hangs, and is cut short", extra={"seconds": seconds, "waiting": _waiting(loop)})
    os._exit(HUNG)


def _waiting(loop: asyncio.AbstractEventLoop) -> list[str]:
    """The tasks there are and where each stands; from a thread, so it may be a little beside what is."""
    try:
        tasks = asyncio.all_tasks(loop)
    except RuntimeError:  # they changed while they were counted
        return []
    return sorted(f"{task.get_name()}: {_place(task)}" for task in tasks)


def _place(task: "asyncio.Task[object]") -> str:
    """Its coroutines that wait for each other, from the outermost on."""
    places: list[str] = []
    inner: object = task.get_coro()
    while (frame := getattr(inner, "cr_frame", None)) is not None:
        places.append(f"{frame.f_code.co_qualname} ({Path(frame.f_code.co_filename).name}:{frame.f_lineno})")
        inner = getattr(inner, "cr_await", None)
    return " > ".join(places)
