"""A worker's end of the line to its parent.

One word a line. The worker says `up` when it has its journal and takes connections, and `ready` when all its parts work. The
parent says `leave` (let the others take what comes, and end) and `rules` (read the rule files again). The line ends with the
parent, however it ended: the kernel closes what a killed process had open.
"""

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

UP: Final = "up"
READY: Final = "ready"
LEAVE: Final = "leave"
RULES: Final = "rules"


class Line:
    """Made within the event loop by `connect`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, end: socket.socket) -> "Line":
        return cls(*await asyncio.open_unix_connection(sock=end))

    def say(self, word: str) -> None:
        """What nobody hears any more is not missed."""
        if not self._writer.is_closing():
            self._writer.write(f"{word}\n".encode())

    async def listen(self, hear: Mapping[str, Callable[[], None]], ended: Callable[[], None]) -> None:
        """Until the other end is gone. A word that nobody knows, of another version, is passed over."""
        with suppress(OSError):
            while line := await self._reader.readline():
                if (act := hear.get(line.decode(errors="replace").strip())) is not None:
                    act()
        ended()

    def close(self) -> None:
        self._writer.close()
