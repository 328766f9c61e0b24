"""Roundup's REST interface (https://www.roundup-tracker.org/docs/rest.html), as much of it as a bridge needs."""

from collections.abc import Mapping
from secrets import token_hex
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import orjson

from connectors.errors import HttpFailed
from connectors.exchange import Http, HttpResponse
from connectors.kit.basic_auth import basic
from desk.bridges.base import File, SystemRefused, SystemUnavailable, TicketGone

CONFLICT: Final = 412
_AWAY: Final = frozenset({401, 403, 404, 408, 410, 425, 429})
"""Beside 3xx and 5xx: nothing that was asked for is wrong, but something stands before the tracker, or its address or our
credentials are not right. That waits until a person has put it right."""
_REASON_MAX: Final = 200
_MAX_BYTES: Final = 8 << 20


class Conflict(Exception):
    """Somebody changed it in between."""


class RoundupRest:
    """`tracker` is the address of the tracker's first page."""

    def __init__(self, http: Http, tracker: str, user: str, password: Any) -> None:
        self.tracker = tracker.rstrip("/")
        self._http = http
        parts = urlsplit(tracker)
        # Roundup refuses what may be forged through a browser: these three say that it is not.
        self._headers = basic(user, password) | {
            "X-Requested-With": "rest",
            "Origin": f"{parts.scheme}://{parts.netloc}",
            "Referer": f"{self.tracker}/",
        }

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
        given = {**self._headers, **(headers or {})}
        try:
            response = await self._http.request(method, url, headers=given, max_bytes=_MAX_BYTES, **content)
        except HttpFailed as error:
            if error.reason == "too_large":
                raise SystemRefused("Roundup's answer is too large") from error
            raise SystemUnavailable(f"Roundup gave no answer: {error.reason}") from error
        return _data(response, item=item)


def _data(response: HttpResponse, *, item: bool) -> dict[str, Any]:
    status, told = response.status, f"Roundup answers {response.status}{_reason(response.body)}"
    if status == CONFLICT:
        raise Conflict
    if item and status in (404, 410):
        raise TicketGone(told)
    if 300 <= status < 400 or status in _AWAY or status >= 500:  # noqa: PLR2004
        wait = response.headers.get("Retry-After", response.headers.get("retry-after", ""))
        raise SystemUnavailable(told, float(wait) if wait.isdigit() else None)
    if not 200 <= status < 300:  # noqa: PLR2004
        raise SystemRefused(told)
    try:
        return dict(orjson.loads(response.body)["data"])
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise SystemUnavailable("Roundup's answer is not of the documented form: is `url` that of the tracker?") from error


def _reason(body: bytes) -> str:
    """Roundup's own words on an error, if there are any."""
    try:
        words = str(orjson.loads(body)["error"]["msg"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""
    return f": {' '.join(words.split())[:_REASON_MAX]}"


def _field(boundary: str, name: str, value: str) -> str:
    clean = "".join(letter for letter in value if letter >= " ")
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{clean}\r\n'
