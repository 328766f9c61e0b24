"""A connection to an IMAP server on which every command is bounded in time and size, and every failure has its name."""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Coroutine
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from connectors.email.imap_answers import Lines
from connectors.email.imap_wire import Wire
from connectors.email.settings import ImapSettings
from connectors.errors import SourceFailed

CONNECT: Final = 10.0
COMMAND: Final = 10.0
"""Seconds for the answer to a command."""
DATA: Final = 60.0
"""Seconds for the answer to a command that reads many mails or large ones."""
SILENT: Final = 30.0
"""Seconds without a single byte of the mails that were asked for."""
GOODBYE: Final = 2.0
_MUCH: Final = 4 << 20
"""Bytes an answer may have besides the mails that were asked for."""
_EARLY_LINES: Final = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command ended with. The server's words may hold addresses: they are never shown."""

    result: str
    """OK, NO or BAD."""
    lines: Lines

    @property
    def ok(self) -> bool:
        return self.result == "OK"

    @property
    def status(self) -> bytes:
        """The status line's text, which is the last one."""
        return bytes(self.lines[-1]) if self.lines else b""


def library() -> ModuleType:
    """aioimaplib, which is loaded only where there is a mailbox. Raises `SourceFailed`."""
    try:
        import aioimaplib  # type: ignore[import-untyped]
    except ImportError as error:
        detail = "mailboxes need the email extra: pip install 'regia[email]' (aioimaplib, under GPL-3.0)"
        raise SourceFailed("not_installed", detail) from error
    # It writes all that is sent and received, mails and names, to its log of level DEBUG.
    logging.getLogger("aioimaplib").setLevel(logging.WARNING)
    module: ModuleType = aioimaplib
    return module


class Link:
    """The library's protocol over a `Wire`. One command at a time; after a failure every further one fails too."""

    def __init__(self, module: ModuleType, wire: Wire) -> None:
        self.wire = wire
        self.module = module
        self.protocol: Any = module.IMAP4ClientProtocol(asyncio.get_running_loop())
        wire.attach(self.protocol)
        # The greeting has been read: the library's own reading of it is a task whose errors nobody would hear.
        self.protocol.state = module.NONAUTH

    def can(self, capability: str) -> bool:
        return capability in self.protocol.capabilities

    async def capabilities(self) -> None:
        """Ask again what the server can do: that changes with TLS and with the login."""
        await self.call(self.protocol.capability())
        self.protocol.capabilities = {name.upper() for name in self.protocol.capabilities}

    async def command(self, name: str, *arguments: str, scrub: str | None = None) -> Answer:
        """A command the library has no method for, or a worse one. Raises `SourceFailed` unless it is answered."""
        command = self.module.Command(name, self.protocol.new_tag(), *arguments)
        return await self.ask(self.protocol.execute(command, scrub=scrub))

    async def ask(
        self, answer: Coroutine[Any, Any, Any], *, seconds: float = COMMAND, silent: float | None = None, size: int = 0
    ) -> Answer:
        """The answer, OK or NO. Raises `SourceFailed` otherwise, BAD included: we sent what the server does not know.

        `silent`: seconds without a byte after which the answer is given up. `size`: bytes of the mails it will hold.
        """
        response = await self.call(answer, seconds=seconds, silent=silent, size=size)
        if response.result not in ("OK", "NO"):
            self.wire.end("protocol_error", "the server does not understand a command")
            raise self.wire.failure()
        return Answer(response.result, response.lines)

    async def call(
        self, work: Coroutine[Any, Any, Any], *, seconds: float = COMMAND, silent: float | None = None, size: int = 0
    ) -> Any:
        """What the library gives. Whatever goes wrong, being cancelled included, ends the connection."""
        if self.wire.lost.done():
            work.close()
            raise self.wire.failure()
        self.wire.allow(_MUCH + 2 * size)
        task = asyncio.ensure_future(work)
        try:
            await self._answered(task, seconds, silent or seconds)
            if task.done():
                return task.result()
            self.wire.end("too_slow", "the server does not answer")
        except SourceFailed as error:
            self.wire.end(error.reason, error.detail)
            raise
        except Exception as error:
            self.wire.end("protocol_error", "the server's answer is not as IMAP has it")
            raise self.wire.failure() from error
        finally:
            if not task.done():
                self.wire.end("closed", "the session was ended in the middle of a command")
            await ended(task)
        raise self.wire.failure()

    async def _answered(self, task: "asyncio.Future[Any]", seconds: float, silent: float) -> None:
        """Return when there is an answer, when there will be none, or when it takes too long."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (left := end - loop.time()) > 0:
            received = self.wire.received
            wait = min(left, silent)
            done, _ = await asyncio.wait({task, self.wire.lost}, timeout=wait, return_when=asyncio.FIRST_COMPLETED)
            if done or self.wire.received == received:
                return

    async def close(self) -> None:
        """LOGOUT where that is still possible, and the socket is closed. Never raises."""
        if not self.wire.lost.done():
            self.wire.leaving = True
            with contextlib.suppress(SourceFailed):  # the server may leave without a word
                await self.call(self.protocol.logout(), seconds=GOODBYE)
        await hang_up(self.wire)


async def ended(task: "asyncio.Future[Any]") -> None:
    """Cancel what is not done, and let it end: nothing stays behind, and its error is not reported as unheard."""
    task.cancel()
    await asyncio.wait({task}, timeout=GOODBYE)
    if task.done() and not task.cancelled():
        task.exception()


async def hang_up(wire: Wire) -> None:
    """Close the socket, and return when that is done."""
    wire.end("closed", "the session was closed")
    with contextlib.suppress(TimeoutError):  # a handshake that failed closes it without a word
        async with asyncio.timeout(0.1):
            await wire.gone.wait()


async def connect(settings: ImapSettings) -> Link:
    """A connection over which nobody has logged in yet. Raises `SourceFailed`."""
    module = library()
    context = await asyncio.to_thread(_context, settings)
    wire = await _reach(settings)
    try:
        if context is not None and settings.tls == "implicit":
            await _secure(wire, context, settings)
        async with asyncio.timeout(COMMAND):
            await _greeted(wire)
        if context is not None and settings.tls == "starttls":
            async with asyncio.timeout(COMMAND):
                await _start_tls(wire)
            await _secure(wire, context, settings)
        link = Link(module, wire)
        await link.capabilities()
    except TimeoutError as error:
        await hang_up(wire)
        raise SourceFailed("too_slow", "the server does not answer") from error
    except BaseException:
        await hang_up(wire)
        raise
    return link


async def _reach(settings: ImapSettings) -> Wire:
    loop = asyncio.get_running_loop()
    host = settings.host.strip("[]")
    try:
        async with asyncio.timeout(CONNECT):
            _, wire = await loop.create_connection(Wire, host, settings.used_port)
    except (OSError, TimeoutError, UnicodeError) as error:  # UnicodeError: a name that no name server can be asked for
        raise SourceFailed("unreachable", "no connection to the mail server: check host, port and network") from error
    return wire


def _context(settings: ImapSettings) -> ssl.SSLContext | None:
    if settings.tls == "none":
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:  # SSLError is one
        raise SourceFailed("tls_failed", "ca_file cannot be read as PEM certificates") from error


async def _secure(wire: Wire, context: ssl.SSLContext, settings: ImapSettings) -> None:
    loop = asyncio.get_running_loop()
    if not wire.clean:  # whoever sits on the line could have us take it for an answer over TLS (CVE-2011-0411)
        raise SourceFailed("tls_failed", "the server sent more than its answer before TLS began")
    host = settings.host.strip("[]")
    try:
        async with asyncio.timeout(CONNECT):
            secure = await loop.start_tls(wire.transport, wire, context, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        detail = f"the server's certificate is not accepted: {error.verify_message}"
        raise SourceFailed("tls_failed", detail) from error
    except TimeoutError as error:  # an OSError too, but no word about TLS
        raise SourceFailed("too_slow", "the server does not answer in the TLS handshake") from error
    except OSError as error:
        raise SourceFailed("tls_failed", "the server ended the TLS handshake: check port and tls") from error
    if secure is None:
        raise SourceFailed("closed", "the server closed the connection")
    wire.secured(secure)


async def _greeted(wire: Wire) -> None:
    greeting = (await wire.line()).upper()
    if greeting.startswith(b"* BYE"):
        raise SourceFailed("closed", "the server takes no connection now")
    if greeting.startswith(b"* PREAUTH"):
        raise SourceFailed("protocol_error", "the server says that somebody is logged in already")
    if not greeting.startswith(b"* OK"):
        raise SourceFailed("protocol_error", "what answers there is no IMAP server")


async def _start_tls(wire: Wire) -> None:
    """Raises `SourceFailed` where the server has no TLS: nothing more is said in clear."""
    offered = b" ".join(await _plainly(wire, b"a1", b"CAPABILITY")).upper().split()
    if b"STARTTLS" not in offered:
        raise SourceFailed("tls_failed", "the server offers no STARTTLS on this port")
    answer = (await _plainly(wire, b"a2", b"STARTTLS"))[-1]
    if not answer.upper().startswith(b"A2 OK"):
        raise SourceFailed("tls_failed", "the server refuses STARTTLS")


async def _plainly(wire: Wire, tag: bytes, command: bytes) -> list[bytes]:
    """The lines that answer a command, down to the one with its tag."""
    wire.write(tag + b" " + command)
    lines: list[bytes] = []
    while len(lines) < _EARLY_LINES:
        lines.append(await wire.line())
        if lines[-1].startswith(tag + b" "):
            return lines
    raise SourceFailed("protocol_error", "what answers there is no IMAP server")
