"""One open connection of a visitor: a WebSocket, or a long poll."""

import asyncio
import hashlib
from dataclasses import dataclass, field
from typing import Any, Final

from desk.transcripts import Cursor
from identity.people import handle_key
from normalizer.inbound import Handle
from storage.transcripts import Handles

WAITING: Final = 64
"""Frames that wait for a slow network; then the connection is closed, and its widget comes back with its cursor."""
SLOW: Final = 1013
STOPPING: Final = 1012
"""WebSocket close codes (IANA): try again later, and service restart."""

Frame = dict[str, Any]


def handles(connector: str, brand: str, values: tuple[str, ...], kind: str) -> Handles:
    """Whose transcript it is."""
    keys = tuple(handle_key(brand, "verified", Handle(kind, value, "verified")) for value in values)
    return Handles(connector, values, keys)


def cursor_of(place: str | None, whose: Handles) -> Cursor:
    """What a widget came back with. That of somebody else's transcript, as after a log-out, says nothing of this one."""
    mark = _mark(whose)
    return Cursor.read(place.removeprefix(mark)) if place is not None and place.startswith(mark) else Cursor()


def _mark(whose: Handles) -> str:
    text = "\n".join((whose.connector, *whose.values))
    return f"{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}-"


@dataclass(slots=True, eq=False)
class Window:
    """`visitor` is whose browser it is, for the number of connections; `cursor` is how far it has been told."""

    visitor: str
    whose: Handles
    cursor: Cursor
    address: str = ""
    """Where it comes from, for the number of connections."""
    closing: int | None = None
    """The code with which it is to be closed."""
    is_new: bool = True
    """It has not been told anything: its first frame of items comes also where there are none."""
    _frames: "asyncio.Queue[Frame | None]" = field(default_factory=lambda: asyncio.Queue(WAITING))

    @property
    def place(self) -> str:
        """How far it has been told, for its widget to come back with."""
        return f"{_mark(self.whose)}{self.cursor}"

    def offer(self, frame: Frame) -> None:
        """Tell it, or close it where too much waits."""
        if self.closing is None:
            try:
                self._frames.put_nowait(frame)
            except asyncio.QueueFull:
                self.close(SLOW)

    def close(self, code: int) -> None:
        """What still waits is not told any more."""
        if self.closing is None:
            self.closing = code
            while not self._frames.empty():
                self._frames.get_nowait()
            self._frames.put_nowait(None)

    async def next(self) -> Frame | None:
        """The next frame; None, once, when it is to be closed."""
        return await self._frames.get()
