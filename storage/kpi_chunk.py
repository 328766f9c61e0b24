"""Facts packed by columns, so that a million is summed in a fraction of a second: each value of a dimension is a bitmap over
the facts, and each measure is one bitmap for each binary digit.

So any combination of conditions is an AND, a count is a popcount, and a sum is one popcount a digit (O'Neil and Quass,
"Improved query performance with variant indexes", 1997: bit-sliced indexes). Python's integers are the bitmaps.
"""

import struct
import sys
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from zlib import crc32

from msgspec import msgpack

from storage.kpi_bits import from_bytes, packed, places_in, places_of, to_bytes, unpacked

TIMES: Final = "@times"
"""The column of a chunk's times. Dimensions are named `d:…`, measures `m:…`."""
_MANY: Final = 256
_PARTS: Final = 16
_PART: Final = "\x1f"

Names = Sequence[str]


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is counted: what it is, when it counts, what it is counted by (each dimension has no, one or several
    values), and whole numbers that are summed, none below zero."""

    kind: str
    at_ms: int
    dims: Mapping[str, Names]
    measures: Mapping[str, int]

    def written(self) -> bytes:
        """As `read` reads it."""
        return msgpack.encode((self.at_ms, self.dims, self.measures))


def read(kind: str, body: bytes) -> Fact:
    """A fact of a kind."""
    at_ms, dims, measures = _FACT.decode(body)
    return Fact(kind, at_ms, dims, measures)


_FACT: Final = msgpack.Decoder(tuple[int, dict[str, list[str]], dict[str, int]])
_VALUES: Final = msgpack.Decoder(dict[str, bytes])
_DIGITS: Final = msgpack.Decoder(list[bytes])


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of each fact of a chunk that has one (`has`), by its binary digits, the lowest first."""

    has: int
    digits: Sequence[int]


@dataclass(slots=True)
class Chunk:
    """Facts in the order of their times, with those columns that somebody asked for. `live` has a bit for each that holds."""

    first_ms: int
    last_ms: int
    size: int
    live: int
    times: Sequence[int] = ()
    dims: dict[str, dict[str, bytes]] = field(default_factory=dict)
    measures: dict[str, Measure] = field(default_factory=dict)
    _bits: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    _by_place: dict[str, dict[int, str]] = field(default_factory=dict)

    def add(self, name: str, body: bytes) -> None:
        """Take in a stored column."""
        if name == TIMES:
            self.times = _numbers(body)
        elif name.startswith("d:"):
            self.dims.setdefault(name[2:].partition(_PART)[0], {}).update(_VALUES.decode(body))
        else:
            has, *digits = map(from_bytes, _DIGITS.decode(body))
            self.measures[name[2:]] = Measure(has, digits)

    def between(self, since_ms: int, until_ms: int) -> int:
        """Which facts are from then on, and before. Needs the times unless all are."""
        if since_ms <= self.first_ms and self.last_ms < until_ms:
            return self.live
        low, high = bisect_left(self.times, since_ms), bisect_left(self.times, until_ms)
        return self.live & ((1 << high) - (1 << low)) if low < high else 0

    def having(self, name: str, values: Collection[str]) -> int:
        """Which facts have one of these values."""
        stored = self.dims.get(name, {})
        found = 0
        for value in values:
            if value in stored:
                found |= unpacked(stored[value])
        return found

    def by(self, name: str, among: int) -> Iterator[tuple[str | None, int]]:
        """Each value of a dimension with those of some facts that have it; None with those that have none."""
        seen = 0
        for value, bits in self._unpacked(name):
            if found := among & bits:
                yield value, found
                seen |= found
        if seen != among:
            yield None, among ^ seen

    def values(self, name: str, among: int) -> set[str]:
        """The values that some facts have, of a dimension with one for each."""
        if among == (1 << self.size) - 1:
            return set(self.dims.get(name, ()))
        if name not in self._by_place:
            self._by_place[name] = {
                place: value for value, stored in self.dims.get(name, {}).items() for place in places_in(stored)
            }
        by_place = self._by_place[name]
        return {by_place[place] for place in places_of(among) if place in by_place}

    def _unpacked(self, name: str) -> list[tuple[str, int]]:
        if name not in self._bits:
            self._bits[name] = [(value, unpacked(stored)) for value, stored in self.dims.get(name, {}).items()]
        return self._bits[name]


def pack(facts: Sequence[Fact], names: Collection[str] | None = None) -> dict[str, bytes]:
    """The columns of facts that are in the order of their times; of all, or those of some names."""
    values: dict[str, dict[str, list[int]]] = {}
    measures: dict[str, list[tuple[int, int]]] = {}
    for place, fact in enumerate(facts):
        for name, given in fact.dims.items():
            if names is None or f"d:{name}" in names:
                column = values.get(name) or values.setdefault(name, {})
                for value in given:
                    if value in column:
                        column[value].append(place)
                    else:
                        column[value] = [place]
        for name, number in fact.measures.items():
            if names is None or f"m:{name}" in names:
                measures.setdefault(name, []).append((place, number))
    columns = {f"m:{name}": _digits(numbers) for name, numbers in measures.items()}
    for name, column in values.items():
        parts: dict[str, dict[str, bytes]] = {}
        for value, places in column.items():
            parts.setdefault(part_of(name, value) if len(column) > _MANY else f"d:{name}", {})[value] = packed(places)
        columns |= {part: msgpack.encode(several) for part, several in parts.items()}
    if names is None or TIMES in names:
        columns[TIMES] = struct.pack(f"<{len(facts)}q", *(fact.at_ms for fact in facts))
    return columns


def part_of(name: str, value: str) -> str:
    """The column that has a value of a dimension with many of them, so that who looks for one need not read all."""
    return f"d:{name}{_PART}{crc32(value.encode()) % _PARTS:x}"


def columns_of(name: str, values: Collection[str] | None = None) -> set[str]:
    """The columns that a dimension may be in; or of it those that may have some values."""
    parts = {f"d:{name}{_PART}{part:x}" for part in range(_PARTS)} if values is None else {part_of(name, one) for one in values}
    return {f"d:{name}", *parts}


def loose(facts: Iterable[Fact], names: Collection[str]) -> Chunk:
    """Facts that are in no stored chunk, as one. There must be some."""
    ordered = sorted(facts, key=lambda fact: fact.at_ms)
    made = Chunk(ordered[0].at_ms, ordered[-1].at_ms, len(ordered), (1 << len(ordered)) - 1)
    for name, body in pack(ordered, {*names, TIMES}).items():
        made.add(name, body)
    return made


def swept(name: str, body: bytes, dead: int) -> bytes | None:
    """A column without what dead facts had in it; None where nothing is left. Times stay: they name nobody."""
    if name == TIMES:
        return body
    if name.startswith("d:"):
        left = {value: unpacked(bits) & ~dead for value, bits in _VALUES.decode(body).items()}
        kept = {value: packed(places_of(bits)) for value, bits in left.items() if bits}
        return msgpack.encode(kept) if kept else None
    has, *digits = (from_bytes(one) & ~dead for one in _DIGITS.decode(body))
    return msgpack.encode([to_bytes(one) for one in (has, *digits)]) if has else None


def _numbers(body: bytes) -> Sequence[int]:
    found = array("q", body)
    if sys.byteorder == "big":
        found.byteswap()
    return found


def _digits(numbers: Sequence[tuple[int, int]]) -> bytes:
    size = numbers[-1][0] + 1
    rows = [bytearray((size + 7) // 8) for _ in range(1 + max(number for _, number in numbers).bit_length())]
    for place, number in numbers:
        byte, bit = place >> 3, 1 << (place & 7)
        rows[0][byte] |= bit
        left, row = number, 1
        while left:
            if left & 1:
                rows[row][byte] |= bit
            left >>= 1
            row += 1
    return msgpack.encode([bytes(row) for row in rows])
