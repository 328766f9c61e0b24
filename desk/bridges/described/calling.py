"""One described request: made, sent, and what its answer means."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from config.secrets import Secret
from connectors.declared.query import Query
from connectors.errors import HttpFailed, SendFailed
from connectors.exchange import Http, HttpResponse
from connectors.kit.basic_auth import basic
from connectors.reading import Misshapen, decode
from desk.bridges.base import File, SystemRefused, SystemUnavailable, TicketClosed, TicketGone
from desk.bridges.described.description import Description
from desk.bridges.described.multipart import multipart
from desk.bridges.described.requests import Basic, Bearer, Meaning, Request
from desk.bridges.rest import Conflict

Values = Mapping[str, Any]
_AWAY: Final = frozenset({401, 403, 404, 408, 410, 425, 429})
"""Beside 3xx and 5xx: nothing that was asked for is wrong, but something stands before the system, or its address or our
credentials are not right. That waits until a person has put it right."""
_GONE: Final = (404, 410)
_CONFLICTS: Final = (409, 412)
_REASON_MAX: Final = 200
_MAX_BYTES: Final = 16 << 20
_UPWARDS: Final = frozenset({".", ".."})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a described system is. `url` is what paths are below, without a slash at its end; `values` and `secrets` are those
    of the bridge's settings."""

    url: str
    values: Mapping[str, str]
    secrets: Mapping[str, Secret]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, as expressions see it."""

    seen: Mapping[str, Any]
    headers: Mapping[str, str]


class Caller:
    """Speaks to one system. Raises `SystemUnavailable`, `SystemRefused`, `TicketGone`, `TicketClosed` and `Conflict`."""

    def __init__(self, http: Http, described: Description, place: Place) -> None:
        self.described = described
        self.place = place
        self._http = http
        self.set = {f"set.{name}": value for name, value in place.values.items()}
        self.dates: Callable[[str | None], None] | None = None
        """Is told the time of each answer by the clock of the system."""
        self._secret = {f"secret.{name}": value.get_secret_value() for name, value in place.secrets.items()}

    async def call(self, request: Request, values: Values, *, at: str, url: str | None = None) -> Answer:
        """`at` is how messages call the request; `url`, another address that the system gave for it."""
        known = {**self.set, **values}
        try:
            address = self._address(request, known) if url is None else self._own(url)
            content, typed = _content(request, known)
            headers = {**typed, **self._headers(request, known)}
        except SendFailed as failed:
            raise SystemRefused(f"{at}: {failed.detail}") from failed
        name = self.described.name
        try:
            response = await self._http.request(request.method, address, headers=headers, max_bytes=_MAX_BYTES, **content)
        except HttpFailed as error:
            if error.reason == "too_large":
                raise SystemRefused(f"{at}: the answer of {name} is too large") from error
            raise SystemUnavailable(f"{name} gave no answer: {error.reason}") from error
        answer = Answer(seen=self.seen(values, response), headers=_lower(response.headers))
        if self.dates is not None:
            self.dates(answer.headers.get("date"))
        self._judge(request, response, answer, at)
        return answer

    def seen(self, values: Values, response: HttpResponse | None = None) -> dict[str, Any]:
        """What expressions see."""
        kept = {name.removeprefix("kept."): value for name, value in values.items() if name.startswith("kept.")}
        seen = {name: value for name, value in values.items() if name in ("ticket", "mark", "sign", "files", "reopened")}
        seen |= {"kept": kept, "set": dict(self.place.values)}
        if response is not None:
            body = response.body.decode("utf-8", "replace")
            seen |= {"answer": _json(response.body), "text": body.strip(), "status": response.status}
            seen["headers"] = _lower(response.headers)
        return seen

    def _address(self, request: Request, values: Values) -> str:
        pieces = {name: quote(str(value), safe="") for name, value in values.items() if isinstance(value, str | int | float)}
        if _UPWARDS & {pieces.get(name) for name in request.path.names}:
            raise SystemRefused("an id would change the address that is called")
        query = {} if request.query is None else request.query.value(values)
        asked = f"?{urlencode({name: _text(value) for name, value in query.items()}, quote_via=quote)}" if query else ""
        return f"{self.place.url}{request.path.text(pieces)}{asked}"

    def _own(self, url: str) -> str:
        """An address that an answer gave: our credentials go nowhere else."""
        ours, given = urlsplit(self.place.url), urlsplit(url)
        if not given.netloc and url.startswith("/"):
            return f"{ours.scheme}://{ours.netloc}{url}"
        if (given.scheme, given.netloc) != (ours.scheme, ours.netloc):
            raise SystemRefused(f"{self.described.name} names another host for its next page")
        return url

    def _headers(self, request: Request, values: Values) -> dict[str, str]:
        known = {**values, **self._secret, "url": self.place.url}
        auth = self.described.auth
        if isinstance(auth, Bearer):
            proof = {"Authorization": f"Bearer {auth.token.text(known)}"}
        elif isinstance(auth, Basic):
            proof = basic(auth.user.text(known), Secret(auth.password.text(known)))
        else:
            proof = {auth.name: auth.value.text(known)}
        own = {**self.described.headers, **request.headers}
        return {**proof, **{name: _line(template.text(known)) for name, template in own.items()}}

    def _judge(self, request: Request, response: HttpResponse, answer: Answer, at: str) -> None:
        meaning = self._meaning(request, response, answer, at)
        if meaning == "done":
            return
        told = f"{self.described.name} answers {response.status}{self._reason(answer)} ({at})"
        if meaning == "conflict":
            raise Conflict(told)
        if meaning == "gone":
            raise TicketGone(told)
        if meaning == "closed":
            raise TicketClosed(told)
        if meaning == "refused":
            raise SystemRefused(told)
        raise SystemUnavailable(told, _wait(answer.headers.get("retry-after")))

    def _meaning(self, request: Request, response: HttpResponse, answer: Answer, at: str) -> Meaning:
        status = response.status
        for one in request.outcomes:
            if status in one.status and (one.when is None or is_true(one.when, answer.seen, f"{at}.outcomes")):
                return one.means
        if 200 <= status < 300:  # noqa: PLR2004
            return "done"
        if status in _GONE and request.is_of_a_ticket:
            return "gone"
        if status in _CONFLICTS:
            return "conflict"
        return "retry" if 300 <= status < 400 or status in _AWAY or status >= 500 else "refused"  # noqa: PLR2004

    def _reason(self, answer: Answer) -> str:
        """The system's own words on an error, if there are any."""
        try:
            found = None if self.described.reason is None else self.described.reason.value(answer.seen, "reason")
        except Misshapen:
            return ""
        words = "" if found is None else " ".join(_text(found).split())[:_REASON_MAX]
        return f": {words}" if words else ""


def value_of(query: Query, seen: Mapping[str, Any], at: str) -> Any:
    """What it finds. Raises `SystemRefused` where the answer is not of the form that it needs."""
    try:
        return query.value(seen, at)
    except Misshapen as error:
        raise SystemRefused(str(error)) from error


def is_true(query: Query, seen: Mapping[str, Any], at: str) -> bool:
    """Whether it finds something. Raises `SystemRefused`."""
    try:
        return query.is_true(seen, at)
    except Misshapen as error:
        raise SystemRefused(str(error)) from error


def _content(request: Request, values: Values) -> tuple[dict[str, Any], dict[str, str]]:
    """The body as the client takes it, and its type where the client does not know it."""
    if request.json_ is not None:
        return {"json": request.json_.value(values)}, {}
    if request.form is not None:
        return {"form": {name: _text(value) for name, value in request.form.value(values).items()}}, {}
    if request.multipart is not None:
        body, kind = multipart((name, _flat(value)) for name, value in request.multipart.value(values).items())
        return {"body": body}, {"Content-Type": kind}
    if request.raw is not None:
        file = request.raw.value(values)
        if not isinstance(file, File):
            raise SystemRefused("raw is no file")
        return {"body": file.content}, {"Content-Type": _line(file.content_type)}
    return {}, {}


def _flat(value: Any) -> Any:
    """Of lists in lists one list, each item a file or a text."""
    if isinstance(value, list | tuple):
        return [item for one in value for item in (_flat(one) if isinstance(one, list | tuple) else [_flat(one)])]
    return value if isinstance(value, File) else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def _line(text: str) -> str:
    return "".join(letter for letter in text if letter >= " " and letter != "\x7f")


def _json(body: bytes) -> Any:
    try:
        return decode(body)
    except ValueError:
        return None


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _wait(given: str | None) -> float | None:
    """Seconds that Retry-After asks for: a number, or a date (RFC 9110, 10.2.3)."""
    if given is None:
        return None
    try:
        return float(given)
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(given) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
