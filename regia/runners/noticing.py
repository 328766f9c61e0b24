"""Notices at work: one node at a time makes them, and posts those of web addresses. What was made for mails and chats leaves
with all messages out."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from sqlalchemy import Connection

from desk import webhooks
from desk.notices.lists import Directory
from desk.notices.making import Maker, body_anew
from desk.webhooks import HookFailed
from dispatcher.cancelling import cancelled
from regia.gateway import Gateway
from regia.noticing import look
from regia.runners.following import Follower
from regia.telling import Tickets
from regia.watch.metrics import CUSTOMER_NOTICES, NOTICES
from storage import notice_items, notices
from storage.database import DatabaseUnavailable
from storage.events import Numbered
from storage.notices import Post
from storage.outgoing import SENT

logger = logging.getLogger(__name__)

WARNING: Final = "regia.sla.warning.v1"
BREACHED: Final = "regia.sla.breached.v1"
_WHAT: Final = {WARNING: "warning", BREACHED: "breach"}

LOOK: Final = 1.0
"""Seconds between looks for something to post."""
TAKEN: Final = 120.0
"""Seconds after which a notice that was being posted is posted again, under the same id: longer than any request."""
BACKOFF: Final = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0)
"""Seconds to wait after so many tries; the last for ever after."""
AT_ONCE: Final = 8
_UP: Final = 0.2


class Noticing:
    """All of it, where anybody is told."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._follower: Follower | None = None
        self._poster: Poster | None = None
        if gateway.notices:
            self._follower = Follower(gateway, "notices", _WHAT, Promises(gateway.notices).act, _due(gateway))
        self._customers = _customers(gateway)
        if any(one.hook is not None for one in gateway.notices.lists.values()):
            self._poster = Poster(gateway)

    def start(self) -> None:
        for part in (self._follower, self._poster, self._customers):
            if part is not None:
                part.start()

    async def stop(self) -> None:
        for part in (self._follower, self._poster, self._customers):
            if part is not None:
                await part.stop()


def _customers(gateway: Gateway) -> Follower | None:
    """Whoever tells customers of their tickets."""
    settings = gateway.configured.settings
    if not settings.notices.customers:
        return None
    tickets = Tickets(
        told=settings.notices.customers,
        rules=lambda: gateway.versions.rules,
        channels=gateway.channels,
        policy=settings.policy,
        links=gateway.links,
        outcome=lambda on, outcome: CUSTOMER_NOTICES.labels(on, outcome).inc(),
        now_ms=lambda: time.time_ns() // 1_000_000,
    )
    return Follower(gateway, "customer notices", tickets.types, tickets.act, at_once=1)


def _due(gateway: Gateway) -> Callable[[Connection, int], bool]:
    """By the rules that decide at that time."""

    def due(connection: Connection, now_ms: int) -> bool:
        shown = look(gateway.configured.settings.notices, gateway.versions.rules)
        maker = Maker(lists=gateway.notices, look=shown, counted=lambda list_, outcome: NOTICES.labels(list_, outcome).inc())
        return maker.due(connection, now_ms)

    return due


class Promises:
    """Response times that were missed, or are about to be, for those who answer for the category."""

    def __init__(self, lists: Directory) -> None:
        self._lists = lists

    def act(self, connection: Connection, one: Numbered) -> None:
        """Enter it for its owners, and for those whom a rule notifies."""
        event: dict[str, Any] = orjson.loads(one.body)
        data = event["data"]
        found = self._lists.named((*data.get("owners", ()), *data.get("notify", ())), event["source"].removeprefix("/"))
        row = {
            "urgent": True,
            "what": _WHAT[one.type],
            "message_id": data["message"],
            "promise": data.get("promise"),
            "due_ms": _ms(data.get("due")),
            "entered_ms": time.time_ns() // 1_000_000,
        }
        notice_items.enter(connection, [{"list": list_.name, **row} for list_ in found])


def _ms(due: str | int | None) -> int | None:
    if due is None or isinstance(due, int):
        return due
    return int(datetime.fromisoformat(due).astimezone(UTC).timestamp() * 1000)


class Poster:
    """Posts notices to web addresses. A list that does not take them holds up no other: each notice has its own next try."""

    def __init__(self, gateway: Gateway, *, now: Callable[[], float] = time.time) -> None:
        self._gateway = gateway
        self._database = gateway.stores.database
        self._now = now
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="post notices")

    async def stop(self) -> None:
        """What was being posted is posted again after `TAKEN`, under the same id."""
        if self._task is not None:
            await cancelled([self._task])

    async def look(self) -> int:
        """Post what is due, some at a time; how many there were. Raises `DatabaseUnavailable`."""
        now_ms = self._now_ms()
        until_ms = now_ms + int(TAKEN * 1000)
        taken = await self._database.write(
            lambda one: [self._whole(one, post) for post in notices.claim(one, now_ms, until_ms, AT_ONCE)]
        )
        await asyncio.gather(*(self._post(post) for post in taken))
        return len(taken)

    def _whole(self, connection: Connection, post: Post) -> Post:
        """A notice with its body, which is made anew where a contact of it was erased."""
        list_ = self._gateway.notices.of(post.list)
        if post.body is not None or list_ is None:
            return post
        shown = look(self._gateway.configured.settings.notices, self._gateway.versions.rules)
        return replace(post, body=body_anew(connection, post, list_, shown))

    async def _run(self) -> None:
        while "database" in self._gateway.missing:
            await asyncio.sleep(_UP)
        while True:
            posted = 0
            try:
                posted = await self.look()
            except DatabaseUnavailable as error:
                logger.warning("notices are not posted", extra={"reason": str(error)})
            except Exception:  # one defect must not end it for good
                logger.exception("notices are not posted, by a defect")
            if posted < AT_ONCE:
                await asyncio.sleep(LOOK)

    async def _post(self, post: Post) -> None:
        list_ = self._gateway.notices.of(post.list)
        if list_ is None or list_.hook is None or post.body is None:
            await self._later(post, "", "nobody is told by this name any more")
            return
        headers = webhooks.headers_of(post.id, int(self._now()), post.body, list_.hook.keys)
        try:
            await webhooks.post(self._gateway.stores.http, list_.hook.url, post.body, headers)
        except HookFailed as error:
            await self._later(post, list_.figure, str(error), error.after)
            return
        await self._database.write(lambda one: notices.end(one, post.id, SENT, self._now_ms()))
        NOTICES.labels(list_.figure, SENT).inc()

    async def _later(self, post: Post, figure: str, error: str, after: float | None = None) -> None:
        wait = max(after or 0.0, BACKOFF[min(post.attempts, len(BACKOFF)) - 1])
        due_ms = self._now_ms() + int(wait * 1000)
        logger.warning("a list did not take a notice", extra={"list": figure, "notice": post.id, "error": error})
        NOTICES.labels(figure, "refused").inc()
        await self._database.write(lambda one: notices.later(one, post, due_ms, error))

    def _now_ms(self) -> int:
        return int(self._now() * 1000)
