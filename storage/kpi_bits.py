"""Bitmaps: whole numbers of Python, whose bits are the places of facts in a chunk; and the bytes they are stored as."""

import struct
from collections.abc import Sequence
from typing import Final

_DENSE: Final = b"d"
_SPARSE: Final = b"s"
_FEW: Final = 8


def packed(places: Sequence[int]) -> bytes:
    """A bitmap, in the shorter of two forms."""
    if len(places) <= _FEW and 2 * len(places) < places[-1] // 8 and places[-1] < 1 << 16:
        return _SPARSE + struct.pack(f"<{len(places)}H", *places)
    return _DENSE + to_bytes(bits_of(places))


def unpacked(stored: bytes) -> int:
    """The bitmap that `packed` made."""
    if stored[:1] == _DENSE:
        return int.from_bytes(stored[1:], "little")
    return bits_of(struct.unpack(f"<{len(stored) // 2}H", stored[1:]))


def places_in(stored: bytes) -> Sequence[int]:
    """The places of the bitmap that `packed` made."""
    if stored[:1] == _DENSE:
        return places_of(int.from_bytes(stored[1:], "little"))
    return struct.unpack(f"<{len(stored) // 2}H", stored[1:])


def bits_of(places: Sequence[int]) -> int:
    """A bitmap with these places set, which rise."""
    if len(places) < _FEW:
        found = 0
        for place in places:
            found |= 1 << place
        return found
    stored = bytearray(places[-1] // 8 + 1)
    for place in places:
        stored[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(stored, "little")


def places_of(bits: int) -> list[int]:
    """The places that are set, the lowest first."""
    found = []
    while bits:
        lowest = bits & -bits
        found.append(lowest.bit_length() - 1)
        bits ^= lowest
    return found


def to_bytes(bits: int) -> bytes:
    return bits.to_bytes((bits.bit_length() + 7) // 8, "little")


def from_bytes(stored: bytes) -> int:
    return int.from_bytes(stored, "little")
