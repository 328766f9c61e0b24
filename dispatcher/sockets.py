"""The sockets under a connection to RabbitMQ: writes of one turn go out together, and a connection can be cut at once.

Closing a connection politely means writing to it, which waits for minutes when a broker under a memory alarm or a
frozen one does not read. So the socket is made here, where it can be aborted.
"""

import asyncio
from typing import Any, Final

from yarl import URL


class CoalescingWriter(asyncio.StreamWriter):
    """Publishes of one batch go out together. aiormq writes them one by one, a turn of the event loop or two apart, and
    a system call and a packet for each cost the broker more than all the rest. So bytes are held until a few turns
    have brought no more of them: no timer, and no delay when the loop is idle. `drain` waits only for what was handed
    to the system."""

    QUIET_TURNS: Final = 8
    LARGEST: Final = 64 * 1024

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        protocol: asyncio.BaseProtocol,
        reader: asyncio.StreamReader | None,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(transport, protocol, reader, loop)
        self._held: list[bytes | bytearray | memoryview] = []
        self._size = 0
        self._turns = 0
        self._call_soon = loop.call_soon

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._held:
            self._call_soon(self._turn)
        self._held.append(data)
        self._size += len(data)
        self._turns = 0
        if self._size >= self.LARGEST:
            self.flush()

    def _turn(self) -> None:
        self._turns += 1
        if self._turns >= self.QUIET_TURNS:
            self.flush()
        elif self._held:
            self._call_soon(self._turn)

    def flush(self) -> None:
        held, self._held, self._size = self._held, [], 0
        if held and not self.is_closing():
            super().write(b"".join(held))

    def write_eof(self) -> None:
        self.flush()
        super().write_eof()

    def close(self) -> None:
        self.flush()
        super().close()


class SocketFactory:
    """What aiormq calls to get a stream; keeps the transport, so that it can be aborted."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None

    async def create(
        self, url: URL, *, ssl_context_provider: Any, **options: Any
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        loop = asyncio.get_running_loop()
        context = await ssl_context_provider.get_context() if url.scheme == "amqps" else None
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        host, port = url.host or "localhost", url.port or 5672
        transport, _ = await loop.create_connection(lambda: protocol, host, port, ssl=context, **options)
        self._transport = transport
        return reader, CoalescingWriter(transport, protocol, reader, loop)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
