"""A TCP proxy between a client and a server on the loopback, which can cut connections hard or swallow everything."""

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_CHUNK = 64 * 1024
_LINGER = struct.pack("ii", 1, 0)
"""SO_LINGER of no time: closing sends RST and forgets what was not sent, socket(7)."""


class Proxy:
    """Passes everything on to `target`, from a thread of its own. `reset` cuts all connections with RST.

    After `swallow` bytes of both directions are read and dropped, those of connections made meanwhile too. `mend` lets new
    connections through; those that have lost bytes stay silent for ever, as nothing sensible could follow."""

    def __init__(self, target: int | tuple[str, int], port: int, make: Callable[[], socket.socket] | None = None) -> None:
        """`target`: a port on the loopback, or an address. `make` gives the sockets that go there."""
        self.port = port
        self._target = ("127.0.0.1", target) if isinstance(target, int) else target
        self._make = make or (lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        self._swallowing = False
        self._pairs: set[_Pair] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._server = self._do(asyncio.start_server(self._accept, "127.0.0.1", port))

    def _do(self, work: Awaitable[T]) -> T:
        async def doing() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(doing(), self._loop).result(10)

    def reset(self) -> int:
        """How many connections were cut."""

        async def cut() -> int:
            pairs = list(self._pairs)
            for pair in pairs:
                pair.reset()
            return len(pairs)

        return self._do(cut())

    def swallow(self) -> None:
        self._swallowing = True

        async def break_all() -> None:
            for pair in self._pairs:
                pair.broken = True

        self._do(break_all())

    def mend(self) -> None:
        self._swallowing = False

    def stop(self) -> None:
        async def end() -> None:
            self._server.close()
            for pair in list(self._pairs):
                pair.reset()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for other in others:
                other.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        self._do(end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pair = _Pair(writer, broken=self._swallowing)
        self._pairs.add(pair)
        try:
            await pair.run(reader, self._connect)
        finally:
            self._pairs.discard(pair)
            pair.reset()

    async def _connect(self) -> Streams:
        """Raises OSError."""
        made = self._make()
        made.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(made, self._target)
            return await asyncio.open_connection(sock=made)
        except BaseException:
            made.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


class _Pair:
    """A client's connection and the one to the server. `broken`: what comes is dropped."""

    def __init__(self, client: asyncio.StreamWriter, *, broken: bool) -> None:
        self.broken = broken
        self._writers = [client]

    async def run(self, reader: asyncio.StreamReader, connect: Callable[[], Awaitable[Streams]]) -> None:
        """Until either side ends; the other is ended too."""
        client = self._writers[0]
        if self.broken:  # the server never hears of it
            await self._pass(reader, client)
            return
        try:
            answers, server = await connect()
        except OSError:
            return
        self._writers.append(server)
        ways = [asyncio.create_task(self._pass(reader, server)), asyncio.create_task(self._pass(answers, client))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(_CHUNK):
                if not self.broken:
                    writer.write(data)
                    await writer.drain()
        except OSError:
            return

    def reset(self) -> None:
        for writer in self._writers:
            connection = writer.get_extra_info("socket")
            if not writer.transport.is_closing() and connection is not None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
            writer.transport.abort()
