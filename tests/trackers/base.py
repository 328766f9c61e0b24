"""What the fake ticket systems have in common: faults on demand, and the difference between a refusal and a violation.

A *violation* breaks what the system documents (unknown path, undocumented field, missing field, wrong type); a correct
client never causes one. Other refusals depend on the state, as an unknown id or a closed ticket, and stand in `refused`
only.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from json import JSONDecodeError, loads
from typing import Any, NoReturn

from aiohttp import web
from aiohttp.multipart import BodyPartReader

from tests.providers.base import Loopback, Refused
from tests.providers.shapes import Schema, violation

__all__ = ["FakeTracker", "Violated", "iso", "parse_time"]


class Violated(Refused):
    """A refusal of something that no client may send."""


@dataclass
class Fault:
    """`status` 0 closes the connection after the work; anything else is answered before it."""

    status: int
    left: int
    on: str
    retry_after: float | None = None


@dataclass(frozen=True)
class Part:
    """One part of a multipart form; `filename` None for a plain field."""

    name: str
    filename: str | None
    content_type: str
    content: bytes


class FakeTracker(Loopback):
    """A server for one ticket system. Subclasses give `routes`, `problem` and, before each handler, `admit`.

    `clock` returns the seconds since 1970 that the system goes by.
    """

    def __init__(self) -> None:
        super().__init__()
        self.violations: list[str] = []
        self.calls: list[str] = []
        self.clock: Callable[[], float] = time.time
        self._faults: list[Fault] = []
        self._slow = 0.0
        self._last_ms = 0

    # for tests

    def refuse_next(self, status: int, times: int = 1, *, retry_after: float | None = None, on: str = "") -> None:
        """The next `times` admissible calls that match `on` get `status` in the system's words and change nothing."""
        self._faults.append(Fault(status, times, on, retry_after))

    def drop_after_next(self, times: int = 1, *, on: str = "") -> None:
        """The next `times` calls that match `on` do their work; then the connection closes instead of an answer."""
        self._faults.append(Fault(0, times, on))

    def slow(self, seconds: float) -> None:
        """Every call waits this long first, until `slow(0)`."""
        self._slow = seconds

    # for subclasses

    def problem(self, status: int, reason: str, retry_after: float | None = None) -> web.Response:
        """The system's own answer with this status."""
        raise NotImplementedError

    def admit(self, request: web.Request) -> None:
        """Raises `Refused` when the call is not authenticated."""

    def http_refusal(self, status: int, reason: str) -> web.Response:
        return self.problem(status, reason)

    def refuse(self, status: int, reason: str) -> NoReturn:
        """For what a correct client may meet."""
        raise Refused(f"{status} {reason}", self.problem(status, reason))

    def violate(self, status: int, reason: str) -> NoReturn:
        """For what a correct client never sends."""
        raise Violated(f"{status} {reason}", self.problem(status, reason))

    def refuse_http(self, status: int, reason: str) -> NoReturn:
        raise Violated(f"{status} {reason}", self.http_refusal(status, reason))

    def now_ms(self) -> int:
        """The time, later than at every call before: nothing here changes twice in one millisecond."""
        self._last_ms = max(int(self.clock() * 1000), self._last_ms + 1)
        return self._last_ms

    async def shaped(self, request: web.Request, schema: Schema, status: int = 400) -> dict[str, Any]:
        """The JSON body when it has this shape, a violation otherwise."""
        body = await self.json_object(request)
        if wrong := violation(schema, body):
            self.violate(status, str(wrong))
        return body

    async def parts(self, request: web.Request, status: int = 400) -> list[Part]:
        """The parts of `multipart/form-data`; other content types, nested parts and parts without a name are violations."""
        if request.content_type != "multipart/form-data":
            self.violate(status, f"content type {request.content_type}, not multipart/form-data")
        found = []
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or part.name is None:
                self.violate(400, "a part is nested or has no name")
            kind = part.headers.get("Content-Type", "text/plain")
            found.append(Part(part.name, part.filename, kind, bytes(await part.read(decode=True))))
        return found

    def query(self, request: web.Request, *allowed: str) -> dict[str, str]:
        """The query's fields; an undocumented or repeated one is noted as a violation and left out, as servers do."""
        for name in request.query:
            if name not in allowed or len(request.query.getall(name)) > 1:
                self.note(request, f"query field {name!r} is not documented or given twice")
        return {name: value for name, value in request.query.items() if name in allowed}

    def note(self, request: web.Request, reason: str) -> None:
        """A violation that the system itself lets pass in silence."""
        self.violations.append(f"{request.method} {request.path}: {reason}")

    # the server

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(f"{request.method} {request.path}")
        if self._slow:
            await asyncio.sleep(self._slow)
        try:
            route = self._route(request)
            assert route.handler is not None
            self.admit(request)
            fault = self._fault(f"{request.method} {request.path}")
            if fault is not None and fault.status:
                return self.problem(fault.status, "refused by the test", fault.retry_after)
            answer = await route.handler(request)
        except Refused as refusal:
            line = f"{request.method} {request.path}: {refusal.reason}"
            self.refused.append(line)
            if isinstance(refusal, Violated):
                self.violations.append(line)
            return refusal.answer
        except Exception as error:
            self.violations.append(f"{request.method} {request.path}: the fake itself broke: {error!r}")
            raise
        if fault is not None and request.transport is not None:
            request.transport.close()
        return answer

    def _fault(self, call: str) -> Fault | None:
        for fault in self._faults:
            if fault.left and re.search(fault.on, call):
                fault.left -= 1
                return fault
        return None


def iso(ms: int, *, millis: bool = True) -> str:
    """`2026-01-02T03:04:05.678Z`, or to the second."""
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds" if millis else "seconds").replace("+00:00", "Z")


def parse_time(text: str) -> int | None:
    """Milliseconds of an ISO 8601 time with a zone, None for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else round(moment.timestamp() * 1000)


def retry_headers(retry_after: float | None) -> Mapping[str, str]:
    """`Retry-After` in whole seconds, as all of them send it."""
    return {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}


def json_value(text: str | bytes) -> Any:
    """The JSON in `text`, None for none."""
    try:
        return loads(text)
    except (JSONDecodeError, UnicodeDecodeError):
        return None
