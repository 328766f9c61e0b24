"""What the open windows of one node are shown: messages of their visitors, and what was sent to these, on whatever node.

The tables are the truth. A window is told what they have and it lacks (`desk.transcripts`), whenever something may have
changed: this node or another says so at once (over Redis, where there are several), and the feed of events, which every node
numbers each second, says it again. Without Redis it is slower, and nothing is lost. Nobody looks while no window is open.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Final

from sqlalchemy import Connection

from connectors.errors import Rejected
from desk.transcripts import Cursor, Item, Signing, items
from regia.chats.feed import Feed
from regia.chats.news import TOPIC, TYPING, News, writing
from regia.chats.pending import Pending
from regia.chats.window import STOPPING, Window
from regia.chats.windows import Waiting, Windows
from regia.links import Links
from regia.watch.newest import Newest
from storage import transcripts
from storage.coordination import Coordination, CoordinationUnavailable
from storage.database import Database, DatabaseUnavailable
from storage.transcripts import Handles, Line

logger = logging.getLogger(__name__)

AT_ONCE: Final = 64
"""Visitors that are looked up in one transaction."""
_AGAIN: Final = 1.0
"""Seconds until a part that does not answer is asked again."""
_SOON: Final = 0.2
_LATEST: Final = 5.0
"""Seconds between looks for what was accepted and is not in the tables yet, at least and at most."""
_LET_GO: Final = 1.0
_TOGETHER, _LONGEST = 0.02, 0.5
"""Seconds between looks, at least and at most: what comes within them is looked up together."""
_TIDY: Final = 60.0


class Hub:
    """Of one node. `join` and `leave` are for whoever serves a connection."""

    def __init__(self, database: Database, coordination: Coordination, links: Links, newest: Newest, node: str) -> None:
        self._database = database
        self._coordination = coordination
        self._signing = Signing(links.attachment, links.file)
        self._feed = Feed(database, newest)
        self._news = News(node)
        self._windows = Windows()
        self._dirty: dict[str, None] = {}
        """Values of handles, in the order in which something was heard of them."""
        self._woken = asyncio.Event()
        self._opened = asyncio.Event()
        self._pending = Pending()
        self._ended = False

    @property
    def ended(self) -> bool:
        return self._ended

    def join(self, window: Window, *, most: int, most_of_visitor: int, most_of_address: int) -> None:
        """Begin to tell a window. Raises `Rejected("rate_limited")` where there are too many, `unavailable` at the end."""
        if self._ended:
            raise Rejected("unavailable", "the gateway is stopping; try again", retry_after=1)
        self._windows.add(window, most=most, most_of_visitor=most_of_visitor, most_of_address=most_of_address)
        if not self._opened.is_set():
            self._feed.begin()  # a new window asks for everything itself
            self._opened.set()
        self.look_at(window.whose.values)

    def waiting(self, connector: str, address: str, *, most: int, most_of_address: int) -> Waiting:
        """Count a connection that has not said whose it is. Raises `Rejected("rate_limited")`."""
        return self._windows.wait(connector, address, most=most, most_of_address=most_of_address)

    def leave(self, window: Window) -> None:
        """After `join`."""
        self._windows.remove(window)
        if not self._windows:
            self._opened.clear()

    def look_at(self, values: Iterable[str]) -> None:
        """Something may have changed for these handles."""
        for value in values:
            if value in self._windows:
                self._dirty[value] = None
                self._woken.set()

    async def left(self, id_: str, value: str) -> None:
        """A message out was sent to this handle, and is in the tables."""
        self._feed.know(id_)
        self.look_at((value,))
        await self._tell(self._news.left(value))

    async def came(self, value: str, item: Item, at_ms: int) -> None:
        """A message of this handle was accepted; it will be in the tables in a moment."""
        line = self._pending.add(value, item, at_ms)
        for window in self._windows.of((value,)):
            self._show_new(window, line, item)
        self._later(_SOON, (value,))
        await self._tell(self._news.came(value, item["id"]))

    async def typing(self, value: str, name: str | None) -> None:
        """Somebody writes an answer to this handle at the moment."""
        self._show_typing(value, name)
        await self._tell(self._news.typing(value, name))

    async def writes(self, connector: str, value: str) -> None:
        """A visitor writes at the moment: for whoever shows that to agents."""
        await self._tell(writing(connector, value), TYPING)

    async def run(self) -> None:
        """For ever."""
        work = {"look": self._look, "listen": self._listen, "follow": self._follow}
        tasks = [asyncio.create_task(self._repeat(name, one), name=f"chats {name}") for name, one in work.items()]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def _repeat(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """One that fails begins anew: the others, and the tables, see to it that nothing is lost meanwhile."""
        while True:
            try:
                await work()
            except (CoordinationUnavailable, DatabaseUnavailable) as error:
                logger.warning("chats are shown later what is new", extra={"work": name, "reason": str(error)})
            except Exception:  # a defect with one must not silence all
                logger.exception("chats are shown later what is new, by a defect", extra={"work": name})
            await asyncio.sleep(_AGAIN)

    async def stop(self) -> None:
        """Close all windows, and take none any more."""
        self._ended = True
        for window in self._windows.of(self._windows.values):
            window.close(STOPPING)
        deadline = time.monotonic() + _LET_GO
        while self._windows and time.monotonic() < deadline:
            await asyncio.sleep(0.01)

    async def _tell(self, body: str, topic: str = TOPIC) -> None:
        try:
            await self._coordination.publish(topic, body)
        except CoordinationUnavailable as error:
            logger.warning("other nodes hear of a chat later", extra={"reason": str(error)})

    async def _look(self) -> None:
        took = 0.0
        while True:
            await self._woken.wait()
            await asyncio.sleep(max(_TOGETHER, took))  # as long as the last look: whoever is busy looks up more together
            began = time.monotonic()
            batch = list(self._dirty)[:AT_ONCE]
            for value in batch:
                del self._dirty[value]
            if not self._dirty:
                self._woken.clear()
            try:
                await self._show(self._windows.of(batch))
            except DatabaseUnavailable:
                self.look_at(batch)
                raise
            took = min(time.monotonic() - began, _LONGEST)

    async def _show(self, windows: list[Window]) -> None:
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

    def _show_new(self, window: Window, line: Line, item: Item) -> None:
        """What was just accepted, to a window that has all that was before: nothing need be asked for it."""
        if not window.is_new and window.cursor.missing([line]):
            window.cursor = window.cursor.plus(line)
            window.offer({"type": "items", "items": [item], "cursor": window.place})

    def _again(self, values: tuple[str, ...]) -> None:
        """Look again soon where something is not in the tables yet; the longer it takes, the later."""
        since_ms = self._pending.oldest(values)
        if since_ms is not None:
            self._later(min(max(_SOON, (time.time() - since_ms / 1000) / 2), _LATEST), values)

    def _later(self, seconds: float, values: tuple[str, ...]) -> None:
        asyncio.get_running_loop().call_later(seconds, self.look_at, values)

    def _show_one(self, window: Window, known: list[Line], words: Mapping[str, Item]) -> None:
        # By the cursor as it is now: something may have been shown while the tables were read.
        waiting = self._pending.besides(window.whose.values, known)
        whole = [*known, *(line for line, _ in waiting)]
        new = {line.id for line in window.cursor.missing(whole)}
        told = [words[line.id] for line in known if line.id in new and line.id in words]
        told += [item for line, item in waiting if line.id in new]
        if told or window.is_new:
            window.cursor, window.is_new = Cursor.of(whole), False
            window.offer({"type": "items", "items": told, "cursor": window.place})

    async def _listen(self) -> None:
        """Hear what other nodes say. While that cannot be, nothing tells which messages they accept: these are looked for."""
        try:
            await self._coordination.listen(TOPIC, self._heard, self._listens)
        except CoordinationUnavailable:
            self._look_at_all()
            raise

    def _listens(self) -> None:
        """From now on. What was accepted just before, and is not in the tables yet, is looked for once more."""
        self._look_at_all()
        asyncio.get_running_loop().call_later(_LATEST, self._look_at_all)

    def _look_at_all(self) -> None:
        """Something may have been said while nobody listened."""
        self.look_at(self._windows.values)

    def _heard(self, body: str) -> None:
        told = self._news.read(body)
        if told is None:
            return
        if told.kind == "typing":
            self._show_typing(told.value, told.name)
            return
        if told.kind == "came" and told.id and told.value in self._windows:
            self._pending.expect(told.value, told.id, time.time_ns() // 1_000_000)
        self.look_at((told.value,))

    def _show_typing(self, value: str, name: str | None) -> None:
        for window in self._windows.of((value,)):
            window.offer({"type": "typing", "name": name})

    async def _follow(self) -> None:
        while True:
            await self._opened.wait()
            goes_on = await self._feed.news(_TIDY)
            self._pending.forget(time.time() * 1000)
            if not goes_on:
                await asyncio.sleep(_AGAIN)
                continue
            changed = await self._feed.changed()
            self.look_at(self._windows.values if changed is None else changed)
