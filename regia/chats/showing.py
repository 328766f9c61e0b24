"""The windows of one node are told what the tables have and they lack.

A value of a handle of which something may have changed is marked; soon after, all that are marked are looked up together.
Messages that are not in the tables yet are shown from memory, and looked for until they are.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection

from desk.transcripts import Cursor, Item, Signing, items
from regia.chats.pending import Pending
from regia.chats.window import Window
from regia.chats.windows import Windows
from storage import transcripts
from storage.database import Database, DatabaseUnavailable
from storage.transcripts import Handles, Line

logger = logging.getLogger(__name__)

AT_ONCE: Final = 64
"""Visitors that are looked up in one transaction."""
LATEST: Final = 5.0
_SOON: Final = 0.2
"""Seconds between looks for what was accepted and is not in the tables yet, at most and at least."""
_TOGETHER, _LONGEST = 0.02, 0.5
"""Seconds between looks, at least and at most: what comes within them is looked up together."""


class Showing:
    """Of one node."""

    def __init__(self, database: Database, signing: Signing, windows: Windows) -> None:
        self._database = database
        self._signing = signing
        self._windows = windows
        self._pending = Pending()
        self._dirty: dict[str, None] = {}
        """Values of handles, in the order in which something was heard of them."""
        self._woken = asyncio.Event()

    def look_at(self, values: Iterable[str]) -> None:
        """Something may have changed for these handles."""
        for value in values:
            if value in self._windows:
                self._dirty[value] = None
                self._woken.set()

    def look_at_all(self) -> None:
        """Something may have changed for any."""
        self.look_at(self._windows.values)

    def came(self, value: str, item: Item, at_ms: int) -> None:
        """A message was accepted here: to windows that have all that was before it is shown at once."""
        line = self._pending.add(value, item, at_ms)
        for window in self._windows.of((value,)):
            if not window.is_new and window.cursor.missing([line]):
                window.cursor = window.cursor.plus(line)
                window.offer({"type": "items", "items": [item], "cursor": window.place})
        self._later(_SOON, (value,))

    def expect(self, value: str, id_: str) -> None:
        """Another node has accepted a message: it is looked for until it is in the tables."""
        if value in self._windows:
            self._pending.expect(value, id_, time.time_ns() // 1_000_000)

    def tidy(self) -> None:
        """Forget what has waited for too long."""
        self._pending.forget(time.time() * 1000)

    async def run(self) -> None:
        """For ever. Raises `DatabaseUnavailable`, and then goes on where it was."""
        took = 0.0
        while True:
            await self._woken.wait()
            await asyncio.sleep(max(_TOGETHER, took))  # as long as the last look: whoever is busy looks up more together
            began = time.monotonic()
            await self._look()
            took = min(time.monotonic() - began, _LONGEST)

    async def _look(self) -> None:
        batch = list(self._dirty)[:AT_ONCE]
        for value in batch:
            del self._dirty[value]
        if not self._dirty:
            self._woken.clear()
        windows = self._windows.of(batch)
        try:
            await self._show(windows)
        except DatabaseUnavailable:
            self.look_at(batch)
            raise
        except Exception:
            logger.exception("chats are shown one by one, by a defect")
            await self._show_each(windows)

    async def _show_each(self, windows: Sequence[Window]) -> None:
        """One after the other, so that a defect with one does not silence the others. Raises `DatabaseUnavailable`."""
        for place, window in enumerate(windows):
            try:
                await self._show([window])
            except DatabaseUnavailable:
                self.look_at(value for one in windows[place:] for value in one.whose.values)
                raise
            except Exception:
                logger.exception("a chat is shown later what is new, by a defect")
                self._later(LATEST, window.whose.values)

    async def _show(self, windows: Sequence[Window]) -> None:
        """Tell each window what it lacks. Raises `DatabaseUnavailable`."""
        if not windows:
            return
        asked = [(window, window.cursor) for window in windows]

        def work(connection: Connection) -> tuple[dict[Handles, list[Line]], dict[str, Item]]:
            found = transcripts.lines(connection, {window.whose for window, _ in asked})
            lacking = {line.id: line for window, cursor in asked for line in cursor.missing(found[window.whose])}
            return found, items(connection, lacking.values(), self._signing)

        found, words = await self._database.read(work)
        for window in windows:
            self._show_one(window, found[window.whose], words)
        for values in {window.whose.values for window in windows}:
            self._again(values)

    def _show_one(self, window: Window, known: list[Line], words: Mapping[str, Item]) -> None:
        # By the cursor as it is now: something may have been shown while the tables were read.
        waiting = self._pending.besides(window.whose.values, known)
        whole = [*known, *(line for line, _ in waiting)]
        new = {line.id for line in window.cursor.missing(whole)}
        told = [words[line.id] for line in known if line.id in new and line.id in words]
        told += [item for line, item in waiting if line.id in new]
        was_new, window.is_new = window.is_new, False
        if new or was_new:
            window.cursor = Cursor.of(whole)  # also behind what cannot be read: it is not tried again at every look
        if told or was_new:
            window.offer({"type": "items", "items": told, "cursor": window.place})

    def _again(self, values: tuple[str, ...]) -> None:
        """Look again soon where something is not in the tables yet; the longer it takes, the later."""
        since_ms = self._pending.oldest(values)
        if since_ms is not None:
            self._later(min(max(_SOON, (time.time() - since_ms / 1000) / 2), LATEST), values)

    def _later(self, seconds: float, values: tuple[str, ...]) -> None:
        asyncio.get_running_loop().call_later(seconds, self.look_at, values)
