"""Requests to a ticket system, and what its answers mean for a bridge: shared by the systems."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from connectors.errors import HttpFailed
from connectors.exchange import Http, HttpResponse
from desk.bridges.base import MAX_FILE, SystemRefused, SystemUnavailable, TicketGone

CONFLICT: Final = 412
_AWAY: Final = frozenset({401, 403, 404, 408, 410, 425, 429})
"""Beside 3xx and 5xx: nothing that was asked for is wrong, but something stands before the system, or its address or our
credentials are not right. That waits until a person has put it right."""
_REASON_MAX: Final = 200
_MAX_BYTES: Final = 8 << 20


class Conflict(Exception):
    """Somebody changed it in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """`system` is its name in messages, `headers` prove us, and `reason` finds the system's own words in the body of an
    error."""

    http: Http
    system: str
    headers: Mapping[str, str]
    reason: Callable[[Any], Any]

    async def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        item: bool = False,
        most: int = _MAX_BYTES,
        **content: Any,
    ) -> HttpResponse:
        """A response of 2xx, of at most `most` bytes. `item`: the address is that of one, which may be gone. Raises `Conflict`
        on 412, `TicketGone`, `SystemUnavailable` and `SystemRefused`."""
        given = {**self.headers, **(headers or {})}
        try:
            response = await self.http.request(method, url, headers=given, max_bytes=most, **content)
        except HttpFailed as error:
            if error.reason == "too_large":
                raise SystemRefused(f"{self.system}'s answer is too large") from error
            raise SystemUnavailable(f"{self.system} gave no answer: {error.reason}") from error
        self._check(response, item=item)
        return response

    def _check(self, response: HttpResponse, *, item: bool) -> None:
        status = response.status
        told = f"{self.system} answers {status}{self._words(response.body)}"
        if status == CONFLICT:
            raise Conflict
        if item and status in (404, 410):
            raise TicketGone(told)
        if 300 <= status < 400 or status in _AWAY or status >= 500:  # noqa: PLR2004
            wait = response.headers.get("Retry-After", response.headers.get("retry-after", ""))
            raise SystemUnavailable(told, float(wait) if wait.isdigit() else None)
        if not 200 <= status < 300:  # noqa: PLR2004
            raise SystemRefused(told)

    def _words(self, body: bytes) -> str:
        """The system's own on an error, if there are any."""
        try:
            words = self.reason(orjson.loads(body))
        except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
            return ""
        return f": {' '.join(words.split())[:_REASON_MAX]}" if isinstance(words, str) and words else ""

    async def read(self, method: str, url: str, *, item: bool = False, **content: Any) -> Any:
        """The JSON of a response, as `ask`."""
        return self.document(await self.ask(method, url, item=item, **content))

    async def load(self, url: str) -> bytes:
        """What is at the address of a file, as `ask`; `TicketGone` where there is none."""
        return (await self.ask("GET", url, item=True, most=MAX_FILE)).body

    def document(self, response: HttpResponse) -> Any:
        """Raises `SystemUnavailable` where it is no JSON."""
        try:
            return orjson.loads(response.body)
        except orjson.JSONDecodeError as error:
            raise self.strange() from error

    def strange(self) -> SystemUnavailable:
        return SystemUnavailable(f"{self.system}'s answer is not of the documented form: is `url` its address?")
