"""Pollers that ended or hang: told like other failures of their sources, and begun anew."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any, Final, Protocol

from regia.gateway import Gateway
from regia.runners.standing import Standing

logger = logging.getLogger(__name__)

EVERY: Final = 60.0
STUCK: Final = 900.0
"""Seconds without a word of a poller, whose own limits and pauses are all shorter."""
_END: Final = 5.0
"""Seconds a poller that is stopped has to end, and its event to be accepted."""


class Supervised(Protocol):
    """What is looked after."""

    @property
    def name(self) -> str: ...
    @property
    def standing(self) -> Standing: ...
    def run(self) -> Coroutine[Any, Any, None]: ...


def begin(poller: Supervised) -> "asyncio.Task[None]":
    return asyncio.create_task(poller.run(), name=f"poll {poller.name}")


async def look_after(gateway: Gateway, pollers: Sequence[Supervised], tasks: "list[asyncio.Task[None]]") -> None:
    """For ever. `tasks` are those of `pollers`, in their order; what is begun anew takes its place there."""
    while True:
        await asyncio.sleep(EVERY)
        for number, poller in enumerate(pollers):
            if "database" in gateway.missing:  # they wait for it, and it is told already
                poller.standing.heard()
            elif tasks[number].done() or poller.standing.quiet_for >= STUCK:
                await _stop(poller, tasks[number])
                tasks[number] = begin(poller)


async def _stop(poller: Supervised, task: "asyncio.Task[None]") -> None:
    """End it, and say what was wrong with it."""
    told = "it ended by itself" if task.done() else f"nothing was heard of it for {STUCK / 60:.0f} minutes"
    task.cancel()
    await asyncio.wait({task}, timeout=_END)
    defect = task.exception() if task.done() and not task.cancelled() else None
    try:
        async with asyncio.timeout(_END):
            told = f"{told}; it is begun anew"
            await poller.standing.failed("stuck", told, defect if isinstance(defect, Exception) else None)
    except TimeoutError:
        logger.warning("a poller is begun anew, and the journal does not answer", extra={"source": poller.name})
    except Exception:
        logger.exception("a poller is begun anew")
