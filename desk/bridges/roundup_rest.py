"""Roundup's REST interface (https://www.roundup-tracker.org/docs/rest.html), as much of it as a bridge needs."""

from collections.abc import Mapping
from secrets import token_hex
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from connectors.exchange import Http
from connectors.kit.basic_auth import basic
from desk.bridges.base import File
from desk.bridges.rest import Rest


class RoundupRest:
    """`tracker` is the address of the tracker's first page."""

    def __init__(self, http: Http, tracker: str, user: str, password: Any) -> None:
        self.tracker = tracker.rstrip("/")
        parts = urlsplit(tracker)
        # Roundup refuses what may be forged through a browser: these three say that it is not.
        headers = basic(user, password) | {
            "X-Requested-With": "rest",
            "Origin": f"{parts.scheme}://{parts.netloc}",
            "Referer": f"{self.tracker}/",
        }
        self._rest = Rest(http=http, system="Roundup", headers=headers, reason=lambda answer: str(answer["error"]["msg"]))

    async def one(self, class_: str, id_: str, **options: str) -> tuple[dict[str, Any], str]:
        """The attributes of an item, and its ETag."""
        data = await self._ask("GET", self._item(class_, id_, options), item=True)
        return dict(data["attributes"]), str(data["@etag"])

    async def list(self, class_: str, **options: str) -> list[dict[str, Any]]:
        """Items that match; ids alone unless `@fields` says more."""
        data = await self._ask("GET", f"{self._of(class_)}?{urlencode(options, quote_via=quote)}")
        return list(data["collection"])

    async def create(self, class_: str, **values: Any) -> str:
        """Its id."""
        return str((await self._ask("POST", self._of(class_), json=values))["id"])

    async def upload(self, file: File) -> str:
        """Its id."""
        boundary = token_hex(16)
        fields = {"name": file.filename, "type": file.content_type}
        plain = "".join(_field(boundary, name, value) for name, value in fields.items())
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="content"; filename="content"\r\n\r\n'
        body = f"{plain}{head}".encode() + file.content + f"\r\n--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return str((await self._ask("POST", self._of("file"), body=body, headers=headers))["id"])

    async def load(self, file: str) -> bytes:
        """The content of a file."""
        return await self._rest.load(f"{self._item('file', file, {})}/binary_content")

    async def change(self, class_: str, id_: str, etag: str, **values: Any) -> None:
        """Raises `Conflict` where it is not what it was when the ETag was given."""
        await self._ask("PUT", self._item(class_, id_, {}), json=values, headers={"If-Match": etag}, item=True)

    def _of(self, class_: str) -> str:
        return f"{self.tracker}/rest/data/{class_}"

    def _item(self, class_: str, id_: str, options: Mapping[str, str]) -> str:
        query = f"?{urlencode(options)}" if options else ""
        return f"{self._of(class_)}/{quote(id_, safe='')}{query}"

    async def _ask(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, item: bool = False, **content: Any
    ) -> dict[str, Any]:
        """`item`: the address is that of one, which may be gone."""
        answer = await self._rest.read(method, url, headers=headers, item=item, **content)
        try:
            return dict(answer["data"])
        except (KeyError, TypeError, ValueError) as error:
            raise self._rest.strange() from error


def _field(boundary: str, name: str, value: str) -> str:
    clean = "".join(letter for letter in value if letter >= " ")
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{clean}\r\n'
