"""Counts of what is read, on their way to the database: whatever has come together is written in one transaction.

Who counts waits until it is stored, for a moment at most: a page is shown whether or not the database answers. What is not
stored yet waits in memory and is tried again.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from storage import faq_counts
from storage.database import Database, DatabaseUnavailable
from storage.faq_counts import DAY_MS, Counted, Kind

logger = logging.getLogger(__name__)

_AGAIN: Final = 2.0
"""Seconds between tries."""
_PATIENCE: Final = 1.0
"""Seconds for which a reader waits at most."""


class Counts:
    """Of one node. `now` gives seconds since 1970. To be made inside the event loop."""

    def __init__(self, database: Callable[[], Database], now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now
        self._waiting: Counter[Counted] = Counter()
        self._some = asyncio.Event()
        self._stored: asyncio.Future[None] | None = None
        """Done when what waits now is stored, or cannot be."""
        self._away = False

    async def add(self, kind: Kind, *, brand: str, faq: str, article: str, language: str) -> None:
        """Count one."""
        day = int(self._now() * 1000) // DAY_MS
        self._waiting[Counted(day, faq, article, language, kind, brand)] += 1
        self._some.set()
        if self._away:
            return
        if self._stored is None:
            self._stored = asyncio.get_running_loop().create_future()
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await asyncio.shield(self._stored)

    async def write_for_ever(self) -> None:
        """Store what comes, again and again."""
        while True:
            await self._some.wait()
            try:
                await self.write()
            except DatabaseUnavailable as error:
                if not self._away:
                    logger.warning("what is read in a FAQ is not counted yet", extra={"reason": str(error)})
                self._away = True
                await asyncio.sleep(_AGAIN)
            except Exception:  # a defect here must not end counting
                logger.exception("what is read in a FAQ could not be counted; it goes on")
                await asyncio.sleep(_AGAIN)

    async def write(self) -> None:
        """Store what waits. Raises `DatabaseUnavailable`; it waits on then."""
        taken, self._waiting = self._waiting, Counter()
        stored, self._stored = self._stored, None
        self._some.clear()
        try:
            if taken:
                await self._database().write_beside(lambda connection: faq_counts.add(connection, taken))
            self._away = False
        except BaseException:  # cancelled, it may have been stored, and counts twice then
            self._waiting.update(taken)
            self._some.set()
            raise
        finally:
            if stored is not None and not stored.done():
                stored.set_result(None)
