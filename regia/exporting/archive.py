"""A ZIP archive that is written piece by piece, to be sent while it grows: never the whole of it in memory."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_WHEN: Final = (1980, 1, 1, 0, 0, 0)
"""The same data gives the same archive: the time of an entry would be that of writing it."""
_READABLE: Final = 0o600 << 16


class Archive:
    """Write entries, and `take` what came of them. `close` writes the directory."""

    def __init__(self) -> None:
        self._written = _Written()
        self._zip = ZipFile(self._written, "w", ZIP_DEFLATED, compresslevel=zlib.Z_BEST_SPEED)  # type: ignore[call-overload]  # it needs `write` only

    def add(self, name: str, content: bytes) -> None:
        """One whole entry."""
        with self.entry(name) as entry:
            entry.write(content)

    @contextmanager
    def entry(self, name: str) -> Iterator[IO[bytes]]:
        """An entry to be written in pieces."""
        info = ZipInfo(name, _WHEN)
        info.compress_type = ZIP_DEFLATED
        info.external_attr = _READABLE
        with self._zip.open(info, "w", force_zip64=True) as entry:
            yield entry

    def close(self) -> None:
        self._zip.close()

    def take(self) -> bytes:
        """What was written since the last time."""
        return self._written.take()


class _Written:
    """What `ZipFile` needs of a file that cannot seek."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing waits."""

    def take(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
