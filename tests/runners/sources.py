"""A scripted source, strict about how it is used, and the connector it belongs to."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from connectors.base import BaseConnector, ConnectorSettings, Http, Parsed, Polled, Request, Source
from connectors.errors import Rejected, SourceFailed
from tests.contacts import inbound

Step = Exception | float | Callable[[], Any]
"""What happens at the beginning of a call: an error, a wait in seconds, or whatever a function does."""


class FakeSource:
    """Holds mails by number. Its cursor is the last number; `settled` are the numbers it was told are safe.

    `script` has, for each operation, what happens at its next calls: before its work, or after it (`next after`).
    `wrongs` are uses that the protocol forbids.
    """

    def __init__(self, name: str = "INBOX", *, size: int = 2) -> None:
        self._name = name
        self.size = size
        self.mails: dict[int, bytes] = {}
        self.settled: list[int] = []
        self.asked: list[str | None] = []
        """The cursors it was asked with."""
        self.script: defaultdict[str, deque[Step]] = defaultdict(deque)
        self.sessions: list[FakeSession] = []
        self.wrongs: list[str] = []
        self.stubborn = False
        """Whether its steps go on although they are cancelled, so that sessions are closed while they work."""
        self.came = asyncio.Event()

    @property
    def name(self) -> str:
        return self._name

    def put(self, *bodies: str) -> None:
        for body in bodies:
            self.mails[max(self.mails, default=0) + 1] = body.encode()
        self.came.set()

    def then(self, operation: str, *steps: Step) -> None:
        self.script[operation] += steps

    async def open(self, http: Http) -> "FakeSession":
        await self.play("open")
        session = FakeSession(self)
        self.sessions.append(session)
        await self.play("open after")
        return session

    @property
    def alive(self) -> list["FakeSession"]:
        return [session for session in self.sessions if not session.closed]

    async def play(self, operation: str) -> None:
        if not self.script[operation]:
            return
        match self.script[operation].popleft():
            case Exception() as error:
                raise error
            case int() | float() as seconds:
                await asyncio.sleep(seconds)
            case function:
                made = function()
                if asyncio.iscoroutine(made):
                    await made


class FakeSession:
    def __init__(self, source: FakeSource) -> None:
        self._source = source
        self.busy = self.over = self.closed = False

    async def next(self, cursor: str | None) -> Polled | None:
        async with self._used("next"):
            self._source.came.clear()
            self._source.asked.append(cursor)
            waiting = [number for number in sorted(self._source.mails) if number > int(cursor or 0)][: self._source.size]
            if not waiting:
                return None
            requests = [_request(self._source.mails[number]) for number in waiting]
            return Polled(requests=requests, cursor=str(waiting[-1]), marks=waiting)

    async def settle(self, polled: Polled) -> None:
        async with self._used("settle"):
            self._source.settled += polled.marks

    async def wait(self) -> None:
        async with self._used("wait"):
            async with asyncio.timeout(45):
                await self._source.came.wait()

    async def close(self) -> None:
        if self.closed or (self.busy and not self._source.stubborn):
            self._source.wrongs.append("closed twice or while it works")
        await self._source.play("close")
        self.closed = True

    @asynccontextmanager
    async def _used(self, operation: str) -> AsyncIterator[None]:
        if self.busy or self.over or self.closed:
            self._source.wrongs.append(f"{operation} of a session that is {'busy' if self.busy else 'over'}")
        self.busy = True
        try:
            await self._source.play(operation)
            yield
            await self._source.play(f"{operation} after")
        except SourceFailed:
            self.over = True
            raise
        finally:
            self.busy = False


def _request(body: bytes) -> Request:
    headers = {"content-type": "text/plain"}
    return Request(method="POST", url="", headers=headers, query={}, body=body, received_at=datetime.now(UTC))


class Box(BaseConnector[ConnectorSettings]):
    """Each body is one contact, named by it."""

    def __init__(self, *sources: FakeSource, name: str = "box") -> None:
        super().__init__(name, ConnectorSettings(type="box"))
        self._sources = sources

    @property
    def brands(self) -> frozenset[str]:
        return frozenset({"demo"})

    def verify(self, request: Request) -> None:
        """Our own mailbox."""

    def parse(self, request: Request) -> Parsed:
        if request.body.startswith(b"refuse "):
            raise Rejected("too_large" if b"large" in request.body else "malformed", "it is not as it should be")
        if request.body.startswith(b"defect "):
            raise ValueError(request.body)
        return Parsed(messages=(inbound(request.body.decode(), raw=request.body, channel="box"),))

    def sources(self) -> Sequence[Source]:
        return self._sources
