"""What the open windows of one node are shown: messages of their visitors, and what was sent to these, on whatever node.

The tables are the truth. A window is told what they have and it lacks (`regia.chats.showing`), whenever something may have
changed: this node or another says so at once (over Redis, where there are several), and the feed of events, which every node
numbers each second, says it again. Without Redis it is slower, and nothing is lost. Nobody looks while no window is open.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from connectors.errors import Rejected
from desk.transcripts import Item, Signing
from regia.chats.feed import Feed
from regia.chats.news import TOPIC, TYPING, News, writing
from regia.chats.showing import LATEST, Showing
from regia.chats.window import STOPPING, Window
from regia.chats.windows import Waiting, Windows
from regia.links import Links
from regia.watch.newest import Newest
from storage.coordination import Coordination, CoordinationUnavailable
from storage.database import Database, DatabaseUnavailable

logger = logging.getLogger(__name__)

_AGAIN: Final = 1.0
"""Seconds until a part that does not answer is asked again."""
_LET_GO: Final = 1.0
_TIDY: Final = 60.0


class Hub:
    """Of one node. `join` and `leave` are for whoever serves a connection."""

    def __init__(self, database: Database, coordination: Coordination, links: Links, newest: Newest, node: str) -> None:
        self._coordination = coordination
        self._feed = Feed(database, newest)
        self._news = News(node)
        self._windows = Windows()
        self._showing = Showing(database, Signing(links.attachment, links.file), self._windows)
        self._opened = asyncio.Event()
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
        self._showing.look_at(window.whose.values)

    def waiting(self, connector: str, address: str, *, most: int, most_of_address: int) -> Waiting:
        """Count a connection that has not said whose it is. Raises `Rejected("rate_limited")`."""
        return self._windows.wait(connector, address, most=most, most_of_address=most_of_address)

    def leave(self, window: Window) -> None:
        """After `join`."""
        self._windows.remove(window)
        if not self._windows:
            self._opened.clear()

    async def left(self, id_: str, value: str) -> None:
        """A message out was sent to this handle, and is in the tables."""
        self._feed.know(id_)
        self._showing.look_at((value,))
        await self._tell(self._news.left(value))

    async def came(self, value: str, item: Item, at_ms: int) -> None:
        """A message of this handle was accepted; it will be in the tables in a moment."""
        self._showing.came(value, item, at_ms)
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
        work = {"look": self._showing.run, "listen": self._listen, "follow": self._follow}
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
            except Exception:  # a defect of one must not end the others
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

    async def _listen(self) -> None:
        """Hear what other nodes say. While that cannot be, nothing tells which messages they accept: these are looked for."""
        try:
            await self._coordination.listen(TOPIC, self._heard, self._listens)
        except CoordinationUnavailable:
            self._showing.look_at_all()
            raise

    def _listens(self) -> None:
        """From now on. What was accepted just before, and is not in the tables yet, is looked for once more."""
        self._showing.look_at_all()
        asyncio.get_running_loop().call_later(LATEST, self._showing.look_at_all)

    def _heard(self, body: str) -> None:
        told = self._news.read(body)
        if told is None:
            return
        if told.kind == "typing":
            self._show_typing(told.value, told.name)
            return
        if told.kind == "came" and told.id:
            self._showing.expect(told.value, told.id)
        self._showing.look_at((told.value,))

    def _show_typing(self, value: str, name: str | None) -> None:
        for window in self._windows.of((value,)):
            window.offer({"type": "typing", "name": name})

    async def _follow(self) -> None:
        while True:
            await self._opened.wait()
            goes_on = await self._feed.news(_TIDY)
            self._showing.tidy()
            if not goes_on:
                await asyncio.sleep(_AGAIN)
                continue
            changed = await self._feed.changed()
            self._showing.look_at(self._windows.values if changed is None else changed)
