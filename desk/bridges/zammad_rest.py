"""Zammad's REST interface (https://docs.zammad.org/en/latest/api/intro.html), as much of it as a bridge needs."""

from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from connectors.exchange import Http
from desk.bridges.base import File
from desk.bridges.rest import Rest

PAGE: Final = 100
"""The most that a list gives at once."""


class ZammadRest:
    """`url` is the address of the first page. Everything is asked for with `expand`: with names beside numbers."""

    def __init__(self, http: Http, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        proof = {"Authorization": f"Token token={token}"}
        self._rest = Rest(http=http, system="Zammad", headers=proof, reason=lambda answer: answer["error"])

    async def get(self, path: str, *, item: bool = False) -> dict[str, Any]:
        """`path` is below `/api/v1/`; `item`: it is that of one ticket, which may be gone."""
        answer = await self._rest.read("GET", self._at(path, {}), item=item)
        if not isinstance(answer, dict):
            raise self._rest.strange()
        return answer

    async def rows(self, path: str, options: Mapping[str, str] | None = None, *, item: bool = False) -> list[dict[str, Any]]:
        """A list."""
        answer = await self._rest.read("GET", self._at(path, options or {}), item=item)
        if not isinstance(answer, list):
            raise self._rest.strange()
        return answer

    async def page(self, path: str, number: int, options: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """Of a long list, from 1; empty behind its end."""
        return await self.rows(path, {**(options or {}), "page": str(number), "per_page": str(PAGE)})

    async def pages(self, path: str, options: Mapping[str, str]) -> AsyncIterator[list[dict[str, Any]]]:
        number = 1
        while page := await self.page(path, number, options):
            yield page
            number += 1

    async def newest_tickets(self) -> AsyncIterator[list[dict[str, Any]]]:
        """All tickets as the database has them, page by page, the newest first. (A search asks an index, which lags behind; the
        list is sorted by number, upwards, and has no end that could be asked for.)"""
        last = 1
        while await self.page("tickets", last * 2):
            last *= 2
        least, most = last, last * 2  # the last page with tickets is the first of these, or before the second
        while most - least > 1:
            middle = (least + most) // 2
            least, most = (middle, most) if await self.page("tickets", middle) else (least, middle)
        for number in range(least, 0, -1):
            yield (await self.page("tickets", number))[::-1]

    async def create(self, values: Mapping[str, Any]) -> str:
        """A ticket; its id."""
        answer = await self._rest.read("POST", self._at("tickets", {}), json=values)
        try:
            return str(answer["id"])
        except (KeyError, TypeError) as error:
            raise self._rest.strange() from error

    async def change(self, ticket: str, values: Mapping[str, Any]) -> None:
        """A ticket, and with `article` a message in it, in one transaction of its database."""
        await self._rest.ask("PUT", self._at(f"tickets/{ticket}", {}), json=values, item=True)

    async def load(self, attachment: str) -> bytes:
        """The content of an attachment, by the numbers of its ticket, its article and its own."""
        return await self._rest.load(self._at(f"ticket_attachment/{attachment}", {}))

    def _at(self, path: str, options: Mapping[str, str]) -> str:
        return f"{self.url}/api/v1/{quote(path)}?{urlencode({'expand': 'true', **options})}"


def attachments(files: tuple[File, ...]) -> list[dict[str, str]]:
    """Files with a message; those without a byte are none to it."""
    return [
        {"filename": one.filename, "mime-type": one.content_type, "data": b64encode(one.content).decode()}
        for one in files
        if one.content
    ]
