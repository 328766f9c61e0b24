"""One reader a process for everybody who watches Live. It looks only while somebody watches, and at the database, which has
what came in at every node.

Nobody is waited for: each watcher has a box that holds the last state of at most `MOST` messages, and whoever is slow finds
only that.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from sqlalchemy import Connection

from regia import by_hand
from regia.gateway import Gateway
from regia.http.console import glancing, live_rows
from storage import recent
from storage.database import DatabaseUnavailable
from storage.recent import Change
from web.console.glance import Glance
from web.console.live import LiveFilter, MessageRow

logger = logging.getLogger(__name__)

EVERY: Final = 1.0
"""Seconds between looks at messages."""
GLANCE_EVERY: Final = 5.0
"""Seconds between looks at the whole system."""
MOST: Final = 100
"""Messages that a watcher is told of at once."""
WATCHERS: Final = 200
"""Of one process: more people than that do not look at once."""
_LATE_MS: Final = 60_000
_REMEMBERED: Final = 1_000


class Watcher:
    """What somebody who watches has not been told yet."""

    def __init__(self, wanted: LiveFilter) -> None:
        self.wanted = wanted
        self.rows: OrderedDict[str, MessageRow] = OrderedDict()
        self.glance: Glance | None = None
        self.ended = False
        self._news = asyncio.Event()

    def see(self, rows: list[MessageRow], glance: Glance | None) -> None:
        for row in live_rows.fitting(rows, self.wanted):
            self.rows[row.id] = row
            self.rows.move_to_end(row.id)
        while len(self.rows) > MOST:
            self.rows.popitem(last=False)
        self.glance = glance or self.glance
        if self.rows or self.glance:
            self._news.set()

    def end(self) -> None:
        self.ended = True
        self._news.set()

    async def news(self, seconds: float) -> tuple[list[MessageRow], Glance | None]:
        """What happened, waiting for it at most so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()
        rows, glance = list(self.rows.values()), self.glance
        self.rows.clear()
        self.glance = None
        return rows, glance


class Feed:
    """Of one gateway. `watch` begins to look, and the last one who goes ends it."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._watchers: set[Watcher] = set()
        self._task: asyncio.Task[None] | None = None
        self._ended = False
        self._known: OrderedDict[str, str] = OrderedDict()
        """Messages to the state that was told last."""
        self.position = 0
        """Of the last target that was seen: what an event's id says."""
        self._looked = float("-inf")
        self._glance: Glance | None = None
        self._told: Glance | None = None

    @property
    def is_full(self) -> bool:
        return len(self._watchers) >= WATCHERS

    @contextmanager
    def watch(self, wanted: LiveFilter) -> Iterator[Watcher]:
        watcher = Watcher(wanted)
        self._watchers.add(watcher)
        if self._ended:
            watcher.end()
        elif self._task is None:
            self._task = asyncio.create_task(self._run(), name="console feed")
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    async def glance(self) -> Glance:
        """How everything is, as it was seen at most some seconds ago."""
        if self._glance is None or time.monotonic() - self._looked >= GLANCE_EVERY:
            self._looked = time.monotonic()
            self._glance = await glancing.glance(self._gateway)
        return self._glance

    async def end(self) -> None:
        """Let everybody go: the process stops."""
        self._ended = True
        for watcher in self._watchers:
            watcher.end()

    async def since(self, position: int, wanted: LiveFilter) -> list[MessageRow]:
        """What somebody missed who was told everything up to `position`, newest first: what is new, and what has gone on in the
        last minute. Raises `DatabaseUnavailable`."""
        lately = by_hand.now_ms() - _LATE_MS

        def work(connection: Connection) -> list[MessageRow]:
            changes = recent.changed(connection, position, lately, MOST)
            missed = [one for one in changes if one.position > position or (one.published_ms or one.received_ms) > lately]
            return live_rows.fitting(live_rows.of_changes(connection, missed), wanted)

        return await self._gateway.stores.database.read(work)

    async def _run(self) -> None:
        try:
            await self._begin()
            while self._watchers and not self._ended:
                await self._look()
                await asyncio.sleep(EVERY)
        finally:
            self._task = None

    async def _begin(self) -> None:
        """What happened before anybody watched is on their pages, or told to them by `since`."""
        self._known.clear()

        def work(connection: Connection) -> None:
            self.position = recent.last_position(connection)
            self._remember(recent.changed(connection, self.position, by_hand.now_ms() - _LATE_MS, 2 * MOST))

        with suppress(DatabaseUnavailable):
            await self._gateway.stores.database.read(work)

    async def _look(self) -> None:
        rows: list[MessageRow] = []
        try:
            rows = await self._gateway.stores.database.read(self._changed)
        except DatabaseUnavailable:
            pass  # the glance says so
        except Exception:  # one defect must not make the page stand still for ever
            logger.exception("the newest messages are not shown")
        glance = await self.glance()
        for watcher in self._watchers:
            watcher.see(rows, None if glance == self._told else glance)
        self._told = glance

    def _changed(self, connection: Connection) -> list[MessageRow]:
        """What is new or went on since the last look, oldest first."""
        changes = recent.changed(connection, self.position, by_hand.now_ms() - _LATE_MS, 2 * MOST)
        new = [change for change in changes if self._known.get(change.id) != change.stamp]
        rows = live_rows.of_changes(connection, new[: 2 * MOST])
        self._remember(changes)
        self.position = max([self.position, *(change.position for change in changes)])
        return rows[::-1]

    def _remember(self, changes: Sequence[Change]) -> None:
        for change in reversed(changes):
            self._known[change.id] = change.stamp
            self._known.move_to_end(change.id)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
