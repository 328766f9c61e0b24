"""Keeps the FAQs of a gateway as their folders are, and stores what is read of them."""

import asyncio
import logging
from contextlib import suppress
from typing import Final

from dispatcher.cancelling import cancelled
from regia.faqs import Shelf, say
from regia.gateway import Gateway
from storage.database import DatabaseUnavailable

logger = logging.getLogger(__name__)

EVERY: Final = 1.0
"""Seconds between looks at the folders."""
_STOP: Final = 0.4
"""Seconds for what is stored at the end."""


class FaqKeeping:
    """`start` returns at once; counts wait for the database."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        if not self._gateway.faqs.shelves:
            return
        work = {"faq": self._look_for_ever(), "faq counts": self._count()}
        self._tasks = [asyncio.create_task(one, name=name) for name, one in work.items()]

    async def stop(self) -> None:
        """End, and store what was counted, if that is done at once."""
        await cancelled(self._tasks)
        if self._tasks and "database" not in self._gateway.missing:
            with suppress(DatabaseUnavailable, TimeoutError):
                async with asyncio.timeout(_STOP):
                    await self._gateway.faq_counts.write()

    async def _count(self) -> None:
        while "database" in self._gateway.missing:
            await asyncio.sleep(EVERY / 5)
        await self._gateway.faq_counts.write_for_ever()

    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            for shelf in self._gateway.faqs.shelves.values():
                try:
                    await self.look(shelf)
                except Exception:  # what is shown is not touched by it
                    logger.exception("a FAQ could not be looked at; it goes on", extra={"faq": shelf.name})

    async def look(self, shelf: Shelf) -> None:
        """Read a folder again where it has changed."""
        if await asyncio.to_thread(shelf.changed):
            problems = await asyncio.to_thread(shelf.read)
            say(shelf.name, problems, "a FAQ stays as it was: its folder has a mistake")
            if not problems:
                logger.info("a FAQ was read again", extra={"faq": shelf.name, "articles": len(shelf.library.ids)})
