"""HubSpot's CRM interface (https://developers.hubspot.com/docs/api/crm/understanding-the-crm, version 3, and 4 for
associations), as much of it as a bridge needs."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from secrets import token_hex
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson

from connectors.exchange import Http
from desk.bridges.base import File, TicketGone
from desk.bridges.rest import Rest

BATCH: Final = 100
_FOUND: Final = 200
_MOST: Final = 10_000
"""What a search gives together."""
_FOLDER: Final = "/regia"


class HubSpotRest:
    """`url` is `https://api.hubapi.com`, unless a test has another."""

    def __init__(self, http: Http, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        proof = {"Authorization": f"Bearer {token}"}
        self._rest = Rest(http=http, system="HubSpot", headers=proof, reason=lambda answer: answer["message"])

    async def get(self, path: str, options: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Raises `TicketGone` where there is none, of whatever kind."""
        query = f"?{urlencode(options)}" if options else ""
        return self._mapping(await self._rest.read("GET", f"{self._at(path)}{query}", item=True))

    async def create(self, path: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Raises `SystemRefused` also where another has a value that only one can have: look whether it is there. (HubSpot says
        so by 409, or by a 400 in long words.)"""
        return self._mapping(await self._rest.read("POST", self._at(path), json=values))

    async def change(self, path: str, properties: Mapping[str, str]) -> None:
        await self._rest.ask("PATCH", self._at(path), json={"properties": properties}, item=True)

    async def search(
        self, kind: str, filters: Sequence[Mapping[str, str]], properties: Sequence[str], sort: str
    ) -> AsyncIterator[dict[str, Any]]:
        """Objects that match all filters, by `sort`, the smallest first. The index lags behind."""
        body = {
            "filterGroups": [{"filters": list(filters)}],
            "properties": list(properties),
            "sorts": [{"propertyName": sort, "direction": "ASCENDING"}],
            "limit": _FOUND,
        }
        after = 0
        while after < _MOST:
            page = {**body, "after": str(after)}
            answer = self._mapping(await self._rest.read("POST", self._at(f"crm/v3/objects/{kind}/search"), json=page))
            for one in answer["results"]:
                yield one
            following = answer.get("paging", {}).get("next", {}).get("after")
            if following is None:
                return
            after = int(following)

    async def read(self, kind: str, ids: Sequence[str], properties: Sequence[str]) -> list[dict[str, Any]]:
        """Those of these that are there."""
        found: list[dict[str, Any]] = []
        for start in range(0, len(ids), BATCH):
            body = {"inputs": [{"id": one} for one in ids[start : start + BATCH]], "properties": list(properties)}
            answer = await self._rest.read("POST", self._at(f"crm/v3/objects/{kind}/batch/read"), json=body)
            found += self._mapping(answer)["results"]
        return found

    async def tickets_of(self, notes: Sequence[str]) -> set[str]:
        """The ids of all tickets that these notes belong to."""
        found: set[str] = set()
        for start in range(0, len(notes), BATCH):
            body = {"inputs": [{"id": one} for one in notes[start : start + BATCH]]}
            answer = await self._rest.read("POST", self._at("crm/v4/associations/notes/tickets/batch/read"), json=body)
            found |= {str(to["toObjectId"]) for one in self._mapping(answer)["results"] for to in one["to"]}
        return found

    async def associated(self, kind: str, id_: str, other: str) -> list[str]:
        """The ids of all objects of another kind that belong to one."""
        found: list[str] = []
        options = {"limit": "500"}
        while True:
            answer = await self.get(f"crm/v4/objects/{kind}/{id_}/associations/{other}", options)
            found += [str(one["toObjectId"]) for one in answer["results"]]
            following = answer.get("paging", {}).get("next", {}).get("after")
            if following is None:
                return found
            options = {"limit": "500", "after": str(following)}

    async def upload(self, file: File) -> str:
        """Its id. https://developers.hubspot.com/docs/api/files/files"""
        boundary = token_hex(16)
        options = orjson.dumps({"access": "PRIVATE"}).decode()
        plain = "".join(_field(boundary, name, value) for name, value in (("folderPath", _FOLDER), ("options", options)))
        name = "".join("_" if one in '"\\\r\n' or one < " " else one for one in file.filename)
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {file.content_type}\r\n\r\n"
        )
        body = f"{plain}{head}".encode() + file.content + f"\r\n--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        response = await self._rest.ask("POST", self._at("files/v3/files"), body=body, headers=headers)
        return str(self._mapping(self._rest.document(response))["id"])

    async def load(self, file: str) -> tuple[str, bytes]:
        """The name of a file, and its content, which a signed link leads to. Raises `TicketGone` where there is none."""
        told = await self.get(f"files/v3/files/{file}/signed-url")
        name = ".".join(str(told[part]) for part in ("name", "extension") if told.get(part))
        if not isinstance(link := told.get("url"), str):
            raise self._rest.strange()
        return name, await replace(self._rest, headers={}).load(link)  # it proves itself, and leads elsewhere

    def _at(self, path: str) -> str:
        return f"{self._url}/{quote(path, safe='/@')}"

    def _mapping(self, answer: Any) -> dict[str, Any]:
        if not isinstance(answer, dict):
            raise self._rest.strange()
        return answer


async def there(rest: HubSpotRest, path: str, options: Mapping[str, str] | None = None) -> dict[str, Any] | None:
    """What stands there; None where nothing does."""
    try:
        return await rest.get(path, options)
    except TicketGone:
        return None


def _field(boundary: str, name: str, value: str) -> str:
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
