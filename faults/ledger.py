"""Two books kept outside of the gateway: what was sent and answered, and what was delivered.

Lines of JSON. What is about to be sent is on disk before it leaves, what was delivered is on disk before it is
acknowledged; times are seconds of the machine's monotonic clock, which all processes share.
"""

import os
from pathlib import Path

import msgspec


class Sent(msgspec.Struct, tag="sent", omit_defaults=True, frozen=True):
    """One attempt to hand message `n` over, about to be made."""

    n: int
    due: float
    at: float
    node: int


class Answered(msgspec.Struct, tag="answered", omit_defaults=True, frozen=True):
    """The end of an attempt. `status` is 0 when no answer came in time or the connection failed. `line` is which connection of
    its customer carried it, where each has its own: 1 for the first, -1 when that is not known."""

    n: int
    at: float
    status: int
    line: int = 0


class Delivered(msgspec.Struct, tag="delivered", omit_defaults=True, frozen=True):
    """One delivery. `n` is -1 when the envelope's text names no message; `digest` is of all its bytes."""

    n: int
    at: float
    queue: str
    envelope: str
    digest: str
    customer: str
    sequence: int
    attempt: int = 1
    """Of the publish, as its message id says."""


Line = Sent | Answered | Delivered


class Ledger:
    """Appends lines. `note` reaches the system at once, `sync` the disk."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, *lines: Line) -> None:
        os.write(self._file, b"".join(msgspec.json.encode(line) + b"\n" for line in lines))

    def sync(self) -> None:
        os.fdatasync(self._file)

    def close(self) -> None:
        os.close(self._file)


class Reader:
    """Reads what another process appends; `read` gives the whole lines since the last time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._decode = msgspec.json.Decoder(Line).decode

    def read(self) -> list[Line]:
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._offset)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._offset += len(whole)
        return [self._decode(line) for line in whole.splitlines()]
