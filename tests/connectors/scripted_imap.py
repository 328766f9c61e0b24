"""An IMAP server that does what a test says: for all that a real one does only when it is broken or an enemy."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Self

CAPABILITY = b"* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2 IDLE UIDPLUS MOVE"
SELECTED = b"* 3 EXISTS\r\n* OK [UIDVALIDITY 17] numbers\r\n* OK [UIDNEXT 4] next"

Reaction = bytes | Callable[["Conversation", str], Awaitable[None]]
"""The untagged lines before an OK, or a whole behaviour that is given the command's tag."""

ORDINARY: Mapping[str, Reaction] = {
    "CAPABILITY": CAPABILITY,
    "AUTHENTICATE": b"",
    "LOGIN": b"",
    "SELECT": SELECTED,
    "UID SEARCH": b"* SEARCH 1 2 3",
    "NOOP": b"",
    "LOGOUT": b"* BYE see you",
}


class Conversation:
    """One client. `heard` holds its lines."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: list[str]) -> None:
        self._reader, self.writer, self.heard = reader, writer, heard

    async def line(self) -> str | None:
        """The client's next line, or None when it has hung up."""
        try:
            line = (await self._reader.readline()).decode("utf-8", "replace")
        except (ConnectionError, ssl.SSLError):
            return None
        if not line:
            return None
        self.heard.append(line.removesuffix("\r\n"))
        return self.heard[-1]

    async def until_gone(self) -> None:
        while await self.line() is not None:
            pass

    def send(self, *lines: bytes) -> None:
        self.writer.write(b"".join(line + b"\r\n" for line in lines))

    def ok(self, tag: str, *lines: bytes) -> None:
        self.send(*lines, tag.encode() + b" OK done")


class ScriptedServer:
    """`reactions` are to commands, over those of `ORDINARY`. A connection ends with its behaviour."""

    def __init__(self, greeting: bytes | None, reactions: Mapping[str, Reaction]) -> None:
        self.heard: list[str] = []
        self.port = 0
        self._greeting = greeting
        self._reactions = {**ORDINARY, **reactions}

    @classmethod
    @asynccontextmanager
    async def serving(
        cls,
        reactions: Mapping[str, Reaction] | None = None,
        *,
        greeting: bytes | None = b"* OK hello",
        host: str = "127.0.0.1",
    ) -> AsyncIterator[Self]:
        """`greeting` None: never a word."""
        self = cls(greeting, reactions or {})
        server = await asyncio.start_server(self._serve, host, 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = Conversation(reader, writer, self.heard)
        try:
            if self._greeting is None:
                await conversation.until_gone()
            else:
                conversation.send(self._greeting)
                await self._converse(conversation)
        finally:
            writer.close()

    async def _converse(self, conversation: Conversation) -> None:
        while (line := await conversation.line()) is not None:
            tag, _, rest = line.partition(" ")
            name = re.match(r"(?:UID )?[A-Z]*", rest)
            reaction = self._reactions.get(name[0] if name else "")
            if reaction is None:
                conversation.send(tag.encode() + b" BAD what?")
            elif isinstance(reaction, bytes):
                conversation.ok(tag, *filter(None, [reaction]))
            else:
                await reaction(conversation, tag)
            if conversation.writer.is_closing():
                return
