"""Whether a part of the gateway answers, and what may be said of one that does not."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from dispatcher.base import QueuesUnavailable, QueuesUnusable
from regia.outbox_lease import OutboxElsewhere
from regia.watch.metrics import READY
from storage.blobs import BlobsUnavailable
from storage.coordination import CoordinationUnavailable
from storage.database import DatabaseUnavailable, OtherSchema
from storage.journal_file import JournalUnavailable
from storage.journal_room import JournalFull

logger = logging.getLogger(__name__)

_CHECK: Final = 3.0
"""Seconds a part may take to answer the readiness page."""
_AWAY: Final = (
    JournalUnavailable,
    DatabaseUnavailable,
    QueuesUnavailable,
    BlobsUnavailable,
    CoordinationUnavailable,
    TimeoutError,
)


async def wrong_with(part: str, ask: Callable[[], Awaitable[object]]) -> str | None:
    """None when the part answers in time."""
    try:
        async with asyncio.timeout(_CHECK):
            await ask()
    except _AWAY as error:
        logger.warning("a part does not answer", extra={"part": part, "reason": in_the_log(error)})
        READY.labels(part).set(0)
        return in_public(error)
    READY.labels(part).set(1)
    return None


def in_the_log(error: Exception) -> str:
    """Its text, or its kind where it has none, as a `TimeoutError`."""
    return str(error) or type(error).__name__


def in_public(error: Exception) -> str:
    """For the readiness page, which anybody may read: our own words, never a driver's, which name hosts and users."""
    if isinstance(error, OtherSchema | QueuesUnusable | OutboxElsewhere):
        return str(error)
    return f"{'has no room' if isinstance(error, JournalFull) else 'does not answer'}; the log says why"
