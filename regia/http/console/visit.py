"""One request to the console, as its handlers see it: who it is, what was posted, and the ways to answer."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy import Connection

from connectors.errors import Rejected
from desk.staff.logins import Login
from regia import by_hand
from regia.gateway import Gateway
from regia.http.console.entry import Entry
from regia.http.console.form import Form
from regia.http.console.parts import CONSOLE, Parts
from regia.http.requests import GATEWAY
from storage import staff_audit
from web.console.frame import Frame
from web.console.page import GUARDS, headers, render

T = TypeVar("T")

DONE: Final = "done"
_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(slots=True, kw_only=True)
class Visit:
    """`frame` is what is around the page; `login` is None only where `anyone` may come. `what`: the ids that go into the audit
    log, which a handler sets as soon as it knows them."""

    request: web.Request
    entry: Entry
    frame: Frame
    login: Login | None
    form: Form = field(default_factory=Form)
    what: str = ""
    noted: bool = False

    @property
    def gateway(self) -> Gateway:
        return self.request.app[GATEWAY]

    @property
    def parts(self) -> Parts:
        """What the console itself keeps in memory."""
        return self.request.app[CONSOLE]

    @property
    def is_fragment(self) -> bool:
        """Whether htmx asks, and wants a part of the page."""
        return self.request.headers.get("HX-Request") == "true"

    @property
    def me(self) -> Login:
        """Who is logged in. For entries that need a login."""
        if self.login is None:
            raise Rejected("token_missing", "log in first")
        return self.login

    @property
    def actor(self) -> str:
        """As other logs name who did something."""
        return f"staff/{self.me.person.id}"

    def word(self, name: str) -> str:
        """A word of the query; empty without it."""
        return self.request.query.get(name, "").replace("\0", "").strip()

    def number(self, name: str) -> int | None:
        """A number of the query; None without one."""
        return number_of(self.word(name))

    def named(self, name: str) -> str:
        """What stands in the address at `{name}`."""
        return self.request.match_info[name].replace("\0", "")

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Raises `DatabaseUnavailable`, which becomes a page."""
        return await self.gateway.stores.database.read(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Do `work` with its row of the audit log, in one transaction. What it raises is noted too, after nothing was done."""

        def both(connection: Connection) -> T:
            done = work(connection)
            self._append(connection, DONE)
            return done

        done = await self.gateway.stores.database.write(both)
        self.noted = True
        return done

    async def note(self, result: str) -> None:
        """The row of the audit log, where the entry has one and none was written yet."""
        if self.entry.audit is not None and not self.noted:
            self.noted = True
            await self.gateway.stores.database.write_beside(lambda connection: self._append(connection, result))

    def _append(self, connection: Connection, result: str) -> None:
        if self.entry.audit is not None:
            who = None if self.login is None else self.login.person.id
            now_ms = by_hand.now_ms()
            staff_audit.note(connection, at_ms=now_ms, staff_id=who, act=self.entry.audit, what=self.what, result=result)

    def page(
        self, template: str, texts: Mapping[Any, object], *, status: int = 200, block: str | None = None, **values: Any
    ) -> web.Response:
        """A page in the language of who looks; with `block` only that part of it, for htmx."""
        text = render(template, self.frame, texts[self.frame.language], block=block, **values)
        return web.Response(text=text, status=status, headers=headers(frames=self.entry.frames))

    def to(self, path: str, *, said: str = "") -> web.Response:
        """On to another page of the console after a change; `said` is a key of `CommonTexts.said`."""
        query = f"{'&' if '?' in path else '?'}{urlencode({'said': said})}" if said else ""
        where = self.frame.link(f"{path}{query}")
        if self.is_fragment:
            return web.Response(headers={"HX-Redirect": where})
        return web.Response(status=303, headers={"Location": where})

    def file(self, body: bytes, *, content_type: str, name: str) -> web.Response:
        """Something to be kept, such as a table as CSV."""
        kept = {"Content-Type": content_type, "Content-Disposition": f'attachment; filename="{name}"'}
        return web.Response(body=body, headers={**GUARDS, **kept})


def number_of(text: str) -> int | None:
    """What a browser sent where a number belongs; None where that is none."""
    return int(text) if _NUMBER.fullmatch(text) else None
