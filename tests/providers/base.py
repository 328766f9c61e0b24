"""What the fake providers have in common: an HTTP server on the loopback that accepts only what the provider documents.

A provider is a table of routes. A handler raises `Refused` for whatever the provider would not take; the ready-made
answer goes back to the caller and the reason into `refused`, for the message of a failing test. A *send* route returns
what it would accept beside its answer, and only then do `fail` and `hang` apply: a canned answer never hides a request
that the provider would have refused anyway.
"""

import asyncio
import re
from base64 import b64decode
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from json import JSONDecodeError, loads
from typing import Any, NoReturn, Self

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

PATH: web.RequestKey[dict[str, str]] = web.RequestKey("PATH", dict)
"""Where a handler finds the groups of its route's pattern."""

MAX_REQUEST = 64 * 1024 * 1024


@dataclass(frozen=True)
class Accepted:
    """One message the provider took responsibility for, in the words of all providers."""

    id: str
    to: str
    kind: str
    text: str | None = None
    buttons: tuple[tuple[str, str], ...] = ()
    """(id or payload, title)"""
    media: str | None = None
    """The link, the provider's media id or the name of the uploaded file."""
    reply_to: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


class Refused(Exception):  # not a failure of the fake: its answer
    """The request breaks a documented rule; `answer` is what the provider replies."""

    def __init__(self, reason: str, answer: web.Response) -> None:
        super().__init__(reason)
        self.reason = reason
        self.answer = answer


Sent = tuple[Sequence[Accepted], web.StreamResponse]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SendHandler = Callable[[web.Request], Awaitable[Sent]]


@dataclass(frozen=True)
class Route:
    """A documented call. `path` is a regular expression for the whole path, its groups go to `request[PATH]`."""

    method: str
    path: str
    handler: Handler | None = None
    send: SendHandler | None = None


@dataclass(frozen=True)
class Canned:
    """What the next send call gets instead of its answer; status 0 is no answer at all."""

    status: int
    body: dict[str, Any] | bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> web.Response:
        if isinstance(self.body, bytes):
            return web.Response(status=self.status, body=self.body, headers={"Content-Type": "text/html", **self.headers})
        return web.json_response(self.body, status=self.status, headers=self.headers)


class Loopback:
    """A server on a free port of 127.0.0.1 with a table of routes: `async with FakeX(...) as fake: fake.url`.

    Subclasses give `routes` and `_answer`, and `http_refusal` where the provider has an error shape of its own.
    """

    def __init__(self) -> None:
        self.refused: list[str] = []
        self.url = ""
        self._ids = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=MAX_REQUEST)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def routes(self) -> Iterable[Route]:
        raise NotImplementedError

    def http_refusal(self, status: int, reason: str) -> web.Response:
        """The provider's answer to an unknown path (404), a wrong method (405) or content type (415 or 400)."""
        return web.json_response({"error": reason}, status=status)

    def refuse_http(self, status: int, reason: str) -> NoReturn:
        raise Refused(reason, self.http_refusal(status, reason))

    def next_number(self) -> int:
        self._ids += 1
        return self._ids

    async def json_object(self, request: web.Request, refused_with: int = 400) -> dict[str, Any]:
        """The body of a JSON request; duplicate keys, another content type or not an object are refused."""
        if request.content_type != "application/json":
            self.refuse_http(refused_with, f"content type {request.content_type}, not application/json")
        try:
            body = loads((await request.read()).decode("utf-8", "strict"), object_pairs_hook=_without_duplicates)
        except (JSONDecodeError, UnicodeDecodeError, _Duplicate) as error:
            self.refuse_http(400, f"body is not JSON: {error}")
        if not isinstance(body, dict):
            self.refuse_http(400, "body is not a JSON object")
        return body

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        raise NotImplementedError

    def _route(self, request: web.Request) -> Route:
        found = [(route, match) for route in self.routes() if (match := re.fullmatch(route.path, request.path))]
        if not found:
            self.refuse_http(404, "unknown path")
        fitting = [(route, match) for route, match in found if route.method == request.method]
        if not fitting:
            self.refuse_http(405, f"method {request.method} not allowed")
        route, match = fitting[0]
        request[PATH] = match.groupdict()
        return route


class FakeProvider(Loopback):
    """A provider of messages: what it accepts is kept, and a send call may be answered otherwise on demand."""

    def __init__(self) -> None:
        super().__init__()
        self.accepted: list[Accepted] = []
        self.files: dict[str, bytes] = {}
        self._canned: deque[Canned] = deque()

    def fail(self, status: int, body: dict[str, Any] | bytes, headers: Mapping[str, str] | None = None, times: int = 1) -> None:
        """The next `times` valid send calls are answered with this and accept nothing."""
        self._canned.extend([Canned(status, body, headers or {})] * times)

    def hang(self, times: int = 1) -> None:
        """The next `times` valid send calls are accepted, then the connection closes without an answer."""
        self._canned.extend([Canned(0)] * times)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            route = self._route(request)
            if route.send is not None:
                return await self._send(request, route.send)
            assert route.handler is not None
            return await route.handler(request)
        except Refused as refusal:
            if request.transport is not None:  # else the caller has gone, as from a long poll that another one ends
                self.refused.append(f"{request.method} {request.path}: {refusal.reason}")
            return refusal.answer
        except Exception as error:
            self.refused.append(f"{request.method} {request.path}: the fake itself broke: {error!r}")
            raise

    async def _send(self, request: web.Request, handler: SendHandler) -> web.StreamResponse:
        accepted, answer = await handler(request)
        canned = self._canned.popleft() if self._canned and accepted else None  # marks of reading are no messages
        if canned is not None and canned.status:
            return canned.response()
        self.accepted.extend(accepted)
        if canned is not None and request.transport is not None:
            request.transport.close()
        return answer


class _Duplicate(ValueError):
    pass


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise _Duplicate(f"duplicate key in {names}")
    return dict(pairs)


def only(request: web.Request, *allowed: str) -> list[str]:
    """Why the query is refused: names that are not documented and names given twice."""
    names = list(request.query.keys())
    return [name for name in names if name not in allowed or names.count(name) > 1]


def bearer(request: web.Request) -> str | None:
    """The token of `Authorization: Bearer …`, None when there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme == "Bearer" and token else None


def basic(request: web.Request) -> tuple[str, str] | None:
    """User and password of `Authorization: Basic …`, None when there is none."""
    scheme, _, coded = request.headers.get("Authorization", "").partition(" ")
    try:
        user, colon, password = b64decode(coded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (user, password) if scheme == "Basic" and colon else None


@dataclass(frozen=True)
class Reply:
    """What the gateway answered to a delivery."""

    status: int
    body: bytes
    headers: CIMultiDictProxy[str]


async def deliver_raw(
    url: str, body: bytes = b"", headers: Mapping[str, str] | None = None, method: str = "POST", seconds: float = 20
) -> Reply:
    """One request to the gateway, its URL to the letter (signatures cover it), redirects not followed as they are failures."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds)) as session:
        sent = session.request(
            method, URL(url, encoded=True), data=body or None, headers=CIMultiDict(headers or {}), allow_redirects=False
        )
        async with sent as answer:
            return Reply(answer.status, await answer.read(), answer.headers)


async def wait_until(condition: Callable[[], bool], seconds: float = 5) -> None:
    """Waits for something to appear in `accepted` or `refused`; TimeoutError when it does not."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
