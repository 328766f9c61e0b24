"""The connection below the IMAP library: what it does not watch is watched here.

aioimaplib's protocol handles what it gets by recursion, one level a line; does not say that a connection was lost or
that the server said BYE; never answers a challenge of AUTHENTICATE; and cannot start TLS. So the bytes come here first
and reach it line by line, and everything it would miss ends in `lost`.
"""

import asyncio
import re
from collections import deque
from typing import Any, Final, cast

from connectors.errors import SourceFailed, SourceReason

CRLF: Final = b"\r\n"
LONGEST_LINE: Final = 1 << 20
"""Bytes. The longest one is the answer of a SEARCH."""
_LITERAL: Final = re.compile(rb".*\{(\d{1,15})\}$")
"""As the library reads it: both must agree on where a literal begins."""
_EXISTS: Final = re.compile(rb"\* (\d{1,10}) EXISTS\s*$", re.IGNORECASE)
MOST_LINES: Final = 1000
"""Lines of an answer that the library may see: while mails are fetched it looks at all of them at every further one."""
_NEWS: Final = re.compile(
    rb"\* \d+ (?:EXISTS|EXPUNGE|RECENT|FETCH \((?:UID \d+|MODSEQ \(\d+\)|FLAGS \([^()]*\)| )*\))\s*$", re.IGNORECASE
)
"""What others did in the folder. There may be thousands of such lines in any answer, and we need none of them."""


class Wire(asyncio.Protocol):
    """One connection. Until `attach`, lines are read with `line`; afterwards they go to the library."""

    def __init__(self) -> None:
        self.lost: asyncio.Future[SourceFailed] = asyncio.get_running_loop().create_future()
        """Done, with the reason, as soon as the connection is of no more use."""
        self.gone = asyncio.Event()
        """Set when its socket is closed."""
        self.stirred = asyncio.Event()
        """Set when the server announced mail, and when the connection is lost."""
        self.exists = 0
        """Mails in the folder, as last announced."""
        self.received = 0
        """Bytes so far."""
        self.leaving = False
        """Whether BYE is the answer to our LOGOUT."""
        self.refused = False
        """Whether the server put a challenge to which there was no answer: our credentials were refused."""
        self._answers: deque[bytes] | None = None
        self._transport: asyncio.Transport | None = None
        self._library: Any = None
        self._early: asyncio.Queue[bytes] = asyncio.Queue()
        self._rest = b""
        self._literal = 0
        self._allowed = LONGEST_LINE
        self._lines = 0

    # -- the connection itself

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Of a TCP connection; uvloop's is one in all but its class.
        self._transport = cast(asyncio.Transport, transport)

    def secured(self, transport: asyncio.Transport) -> None:
        """From now on the connection is this one, TLS over the one before."""
        self._transport = transport

    @property
    def transport(self) -> asyncio.Transport:
        if self._transport is None:
            raise SourceFailed("closed", "there is no connection")
        return self._transport

    @property
    def clean(self) -> bool:
        """Whether nothing has come that nobody has read: before TLS starts, anything more was put there by a stranger."""
        return not self._rest and self._early.empty()

    def connection_lost(self, exc: Exception | None) -> None:
        how = "the server closed the connection" if exc is None else "the connection broke"
        self.end("closed", how)
        self.gone.set()

    def end(self, reason: SourceReason, detail: str) -> None:
        """The connection is of no more use, for the first reason given. Closes it at once."""
        if not self.lost.done():
            self.lost.set_result(SourceFailed(reason, detail))
        self.stirred.set()
        if self._transport is not None:
            self._transport.abort()

    def failure(self) -> SourceFailed:
        """Why the connection is of no more use, to be raised."""
        ended = self.lost.result()
        return SourceFailed(ended.reason, ended.detail)

    def allow(self, size: int) -> None:
        """How many bytes the server may send until this is called again."""
        self._allowed = self.received + size
        self._lines = 0

    # -- before the library

    async def line(self) -> bytes:
        """The next line without its end. Raises `SourceFailed` when the connection is lost before it comes."""
        getting = asyncio.ensure_future(self._early.get())
        either: set[asyncio.Future[Any]] = {getting, self.lost}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                return getting.result()
            raise self.failure()
        finally:
            getting.cancel()

    def write(self, line: bytes) -> None:
        """Send one line."""
        self.transport.write(line + CRLF)

    def attach(self, library: Any) -> None:
        """Give all that comes from now on to the library's protocol."""
        self._library = library
        library.connection_made(self.transport)

    def answering(self, *answers: bytes) -> None:
        """Send these to the server's next requests for more, in their order, and an empty line to any further one, which is
        how a client lets a refused SASL exchange end (RFC 7628, 3.2.3)."""
        self._answers = deque(answers)

    def answered(self) -> None:
        """The library handles requests for more again."""
        self._answers = None

    # -- what comes

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        if self.received > self._allowed:
            self.end("protocol_error", "the server sends more than was asked for")
        if self._rest:
            data, self._rest = self._rest + data, b""
        at = 0
        while at < len(data) and not self.lost.done():
            at = self._literal_part(data, at) if self._literal else self._next_line(data, at)

    def _literal_part(self, data: bytes, at: int) -> int:
        part = data[at : at + self._literal]
        self._literal -= len(part)
        self._feed(part)
        return at + len(part)

    def _next_line(self, data: bytes, at: int) -> int:
        end = data.find(CRLF, at)
        if end >= 0:
            self._take(data[at:end])
            return end + len(CRLF)
        self._rest = data[at:]
        if len(self._rest) > LONGEST_LINE:
            self.end("protocol_error", "the server sends a line without an end")
        return len(data)

    def _take(self, line: bytes) -> None:
        if self._library is None:
            self._early.put_nowait(line)
            return
        if line[:5].upper() == b"* BYE" and not self.leaving:
            self.end("closed", "the server ended the session")
            return
        if line.startswith(b"+") and self._answers is not None:
            self._answer(self._answers)
            return
        if exists := _EXISTS.match(line):
            self.exists = int(exists[1])
            self.stirred.set()
        if _NEWS.match(line):
            return
        self._lines += 1
        if self._lines > MOST_LINES:
            self.end("protocol_error", "the server answers with more lines than were asked for")
            return
        if literal := _LITERAL.match(line):
            self._literal = int(literal[1])
        self._feed(line + CRLF)

    def _answer(self, answers: "deque[bytes]") -> None:
        if answers:
            self.write(answers.popleft())
        elif not self.refused:
            self.refused = True
            self.write(b"")
        else:
            self.end("login_refused", "the server goes on asking for credentials")

    def _feed(self, data: bytes) -> None:
        try:
            self._library.data_received(data)
        except Exception:  # noqa: BLE001  # whatever the library makes of a line, it must end the session and not the loop
            self.end("protocol_error", "the server sends what is no answer to a command")
