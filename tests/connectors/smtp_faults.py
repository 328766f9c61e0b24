"""SMTP servers that fail where a test wants them to: aiosmtpd, with one step replaced."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # its own, at import
    from aiosmtpd.smtp import SMTP, AuthResult, Envelope


@dataclass
class Faults:
    """What the server answers instead of yes. `drop`: where it hangs up without a word; `silent`: where it says nothing."""

    mail: str | None = None
    rcpt: str | None = None
    data: str | None = None
    content: str | None = None
    auth: str | None = None
    drop: str | None = None
    silent: str | None = None
    hidden: tuple[str, ...] = ()
    """Extensions it does not name."""
    options: dict[str, Any] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None


@dataclass
class Taken:
    """A mail the server has, whatever it said."""

    sender: str
    recipients: list[str]
    raw: bytes
    options: list[str]


class FaultyServer:
    """Listens on `port`; `taken` is what it has got, `commands` what was said to it."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.taken: list[Taken] = []
        self.commands: list[str] = []
        self.port = 0

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]) -> list[str]:  # noqa: N802
        session.host_name = hostname
        return [line for line in responses if not any(name in line for name in self.faults.hidden)]

    async def handle_MAIL(self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        await self._step(server, "mail")
        envelope.mail_from, envelope.mail_options = address, options
        return self.faults.mail or "250 2.1.0 OK"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802
        await self._step(server, "rcpt")
        envelope.rcpt_tos.append(address)
        return self.faults.rcpt or "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        self.taken.append(Taken(envelope.mail_from or "", envelope.rcpt_tos, raw, envelope.mail_options))
        await self._step(server, "content")
        return self.faults.content or "250 2.0.0 OK: queued"

    async def _step(self, server: Any, step: str) -> None:
        self.commands.append(step)
        if self.faults.drop == step:
            server.transport.abort()
        if step in (self.faults.drop, self.faults.silent):
            await asyncio.sleep(3600)

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.commands.append(f"auth {mechanism}")
        if self.faults.auth is not None:
            return AuthResult(success=False, handled=False, message=self.faults.auth)
        good = (data.login, data.password) == (b"desk", b"secret")
        return AuthResult(success=good, handled=False, auth_data=data)


class _Protocol(SMTP):
    """A server that may refuse DATA, or hang up within it."""

    faults: Faults

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        handler: FaultyServer = self.event_handler
        if handler.faults.data is not None:
            await self.push(handler.faults.data)
            return
        if handler.faults.drop == "data":
            await self.push("354 go on")
            await asyncio.sleep(0.02)
            self.transport.abort()
            await asyncio.sleep(3600)
        await super().smtp_DATA(arg)


@asynccontextmanager
async def faulty(**faults: Any) -> AsyncIterator[FaultyServer]:
    """A server with these `Faults`, on a free port of this machine."""
    handler = FaultyServer(Faults(**faults))
    options = {"hostname": "mx.example", "enable_SMTPUTF8": True, "authenticator": handler.authenticate}
    options |= handler.faults.options
    tls, connections = handler.faults.tls, set[Any]()

    def made() -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it asks for a password without TLS, which is the test
            protocol = _Protocol(handler, **options)
        connections.add(protocol)
        return protocol

    server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0, ssl=tls)
    handler.port = server.sockets[0].getsockname()[1]
    try:
        yield handler
    finally:
        server.close()
        tasks = {protocol._handler_coroutine for protocol in connections if protocol._handler_coroutine is not None}
        for protocol in connections:
            if protocol.transport is not None:
                protocol.transport.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)
