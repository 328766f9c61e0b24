"""A gateway with a console, and people of every role who are logged in."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientResponse
from argon2 import PasswordHasher
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import Connection

from desk.staff import logins, people
from desk.staff.people import NewPerson
from desk.staff.roles import Role
from regia.gateway import Gateway
from regia.http.console.parts import CONSOLE
from regia.server_settings import Server
from regia.store_settings import LOCAL
from storage import staff_audit
from storage.staff import Staff
from tests.http.served import Client, is_up, make_gateway, serving

PASSWORD = "gatto verde sette mele"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Parameters that cost nothing: people of tests log in more often than they should."""
HASHED = QUICK.hash(PASSWORD)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Somebody:
    """A browser with the cookie of a login, or of the log-in page where there is no person yet; nobody has neither."""

    person: Staff | None = None
    secret: str = ""
    csrf: str = ""


NOBODY = Somebody()


@dataclass(frozen=True, slots=True)
class Scene:
    gateway: Gateway
    client: Client

    async def person(self, name: str, role: Role, **more: Any) -> Staff:
        given = {"display": name.title(), "must_change": False} | more
        new = NewPerson(name=name, role=role, password=HASHED, **given)
        return await self.gateway.stores.database.write(lambda connection: people.add(connection, new))

    async def logged_in(self, person: Staff) -> Somebody:
        lasting = self.gateway.configured.settings.console.lasting

        def work(connection: Connection) -> logins.Opened:
            return logins.open_login(connection, person, family="ipv4", lasting=lasting)

        opened = await self.gateway.stores.database.write(work)
        return Somebody(person, opened.secret, opened.login.csrf)

    @property
    def cookie(self) -> str:
        secure = self.gateway.configured.settings.server.base_url.startswith("https://")
        return "__Host-regia_console" if secure else "regia_console"

    def headers(self, who: Somebody, **more: str) -> dict[str, str]:
        name = self.cookie if who.person else self.cookie.replace("_console", "_entry")
        return ({"Cookie": f"{name}={who.secret}"} if who.secret else {}) | more

    async def get(self, path: str, who: Somebody = NOBODY, **headers: str) -> ClientResponse:
        return await self.client.get(f"/console{path}", headers=self.headers(who, **headers), allow_redirects=False)

    async def post(
        self,
        path: str,
        who: Somebody = NOBODY,
        fields: Mapping[str, str] | None = None,
        *,
        csrf: str | None = None,
        **headers: str,
    ) -> ClientResponse:
        """With the token of who it is, or another one, or (empty) none."""
        token = who.csrf if csrf is None else csrf
        body = urlencode({**(fields or {}), **({"csrf": token} if token else {})}).encode()
        sent = self.headers(who, **FORM, **headers)
        return await self.client.post(f"/console{path}", data=body, headers=sent, allow_redirects=False)

    async def page(self, path: str, who: Somebody) -> LexborHTMLParser:
        answer = await self.get(path, who)
        assert answer.status == 200, await answer.text()
        return LexborHTMLParser(await answer.text())

    async def audit(self, limit: int = 100) -> list[tuple[str | None, str, str, str]]:
        """Who, act, what, result; newest first."""
        rows = await self.gateway.stores.database.read(lambda one: staff_audit.listed(one, limit=limit))
        return [(row.staff_id, row.act, row.what, row.result) for row in rows]


@asynccontextmanager
async def a_console(
    folder: Path, migrated: Path, *, public_url: str | None = "https://regia.example", queues: str = LOCAL
) -> AsyncIterator[Scene]:
    """It works when it is given. `queues` is the address of a RabbitMQ."""
    made = make_gateway(folder, migrated, queues=queues)
    if public_url is None or public_url != "https://regia.example":
        settings = made.configured.settings
        server = Server(public_url=public_url, trusted_proxies=settings.server.trusted_proxies)
        changed = replace(made.configured, settings=settings.model_copy(update={"server": server}))
        made = Gateway(changed, made.stores, made.journal)
    async with serving(made) as client:
        client.app[CONSOLE].passwords._hasher = QUICK  # type: ignore[union-attr]
        made.start()
        await is_up(made)
        yield Scene(made, client)
