"""A photo small enough for every limit: a PNG of a few hundred bytes, different for each customer."""

import random
import struct
import zlib
from typing import Final

_SIDE: Final = 48


def png(rng: random.Random) -> bytes:
    """A square of two colours (PNG, 8 bits, RGB; W3C Portable Network Graphics §11)."""
    colours = [bytes(rng.randrange(256) for _ in range(3)) for _ in range(2)]
    rows = b"".join(b"\0" + colours[line * 2 // _SIDE] * _SIDE for line in range(_SIDE))
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
