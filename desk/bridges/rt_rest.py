"""Request Tracker's second REST interface (https://docs.bestpractical.com/rt/latest/RT/REST2.html), as much of it as a bridge
needs."""

import unicodedata
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from connectors.exchange import Http
from desk.bridges.base import MAX_FILE, File
from desk.bridges.rest import Rest

PAGE: Final = 100
"""The most that it gives at once."""
_MORE: Final = 1 << 16
"""Bytes of what is told of an attachment beside its content."""


class RtRest:
    """`url` is the address of the first page; `proof` are the headers that prove us."""

    def __init__(self, http: Http, url: str, proof: Mapping[str, str]) -> None:
        self.url = url.rstrip("/")
        self._rest = Rest(http=http, system="Request Tracker", headers=proof, reason=lambda answer: answer["message"])

    async def get(self, path: str, options: Mapping[str, str] | None = None, *, item: bool = False) -> dict[str, Any]:
        """`path` is below `/REST/2.0/`; `item`: it is that of one ticket, which may be gone."""
        query = f"?{urlencode(options)}" if options else ""
        return self._mapping(await self._rest.read("GET", f"{self._at(path)}{query}", item=item))

    async def pages(self, path: str, **options: str) -> AsyncIterator[list[dict[str, Any]]]:
        """What is found, page by page, until one is not full. Totals are told to nobody but superusers."""
        page = 1
        while True:
            answer = await self.get(path, {**options, "per_page": str(PAGE), "page": str(page)})
            items = answer.get("items")
            if not isinstance(items, list):
                raise self._rest.strange()
            yield items
            if len(items) < PAGE:
                return
            page += 1

    async def create(self, values: Mapping[str, Any]) -> str:
        """A ticket; its number."""
        return str(self._mapping(await self._rest.read("POST", self._at("ticket"), json=values))["id"])

    async def comment(self, ticket: str, values: Mapping[str, Any]) -> None:
        await self._rest.ask("POST", self._at(f"ticket/{ticket}/comment"), json=values, item=True)

    async def change(self, ticket: str, values: Mapping[str, Any]) -> None:
        """It answers in the words of a web page, and 200 also where it changed nothing."""
        await self._rest.ask("PUT", self._at(f"ticket/{ticket}"), json=values, item=True)

    async def load(self, attachment: str) -> bytes:
        """The content of an attachment, which comes as base64 in JSON."""
        url = self._at(f"attachment/{attachment}")
        answer = self._mapping(await self._rest.read("GET", url, item=True, most=MAX_FILE * 4 // 3 + _MORE))
        return b64decode(answer.get("Content") or "")

    def _at(self, path: str) -> str:
        return f"{self.url}/REST/2.0/{quote(path)}"

    def _mapping(self, answer: Any) -> dict[str, Any]:
        if not isinstance(answer, dict):
            raise self._rest.strange()
        return answer


def attachments(files: tuple[File, ...]) -> list[dict[str, str]]:
    """Files with a message; those without a byte are none to it."""
    return [
        {"FileName": plain(one.filename), "FileType": one.content_type, "FileContent": b64encode(one.content).decode()}
        for one in files
        if one.content
    ]


def plain(filename: str) -> str:
    """In ASCII: Request Tracker 5.0 takes a name for bytes, garbles `più` and fails at `€`. The whole name is in the text."""
    letters = unicodedata.normalize("NFKD", filename)
    known = "".join(letter if " " <= letter <= "~" else "_" for letter in letters if not unicodedata.combining(letter))
    return known.replace('"', "_").replace("\\", "_")


def text(value: str) -> str:
    """A value of a query."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
