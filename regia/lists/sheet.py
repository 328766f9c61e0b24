"""A CSV file of customers: its encoding, its columns, and its records, each with the place where it ends.

One record that cannot be read costs nothing else: a quotation mark that is never closed would swallow the rest of the
file, so reading goes on with the line after the one on which the record began.
"""

import codecs
import csv
import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

COLUMNS: Final = ("phone", "email", "crm_id", "name", "language", "tier", "tags")
ADDRESSES: Final = COLUMNS[:3]
REJECTED: Final = ("reject_line", "reject_reason", "reject_text")
"""Columns that a file of rejected rows has beside its own: they are read over, so that it can be corrected and imported."""
UTF8, WINDOWS = "utf-8-sig", "cp1252"
_CHUNK: Final = 1024 * 1024
_LONGEST_LINE: Final = 256 * 1024
_LONGEST_RECORD: Final = 50
"""Lines that one record may take."""
_MARKS: Final = "its quotation marks do not fit together"
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class BadSheet(Exception):
    """Nothing of the file is imported; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """`line` lines of the file are read, which are `offset` bytes."""

    line: int = 0
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that can be imported. `body` is where its records begin."""

    path: Path
    digest: str
    size: int
    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    body: Place


@dataclass(frozen=True, slots=True)
class Record:
    """`cells` by column; None where it cannot be read, and `problem` says why. `text` is how it stands there, `line` where it
    begins, `end` where the next one does."""

    line: int
    end: Place
    text: str
    cells: dict[str, str] | None
    problem: str = ""


def open_sheet(path: Path) -> Sheet:
    """Look at the whole file, and read its header. Raises `BadSheet`."""
    digest, encoding = _look(path)
    with path.open("rb") as file:
        lines = _Lines(file, encoding, Place())
        for line in lines:
            if line.text.strip():
                delimiter = ";" if ";" in line.text else ","
                columns = _columns(next(csv.reader([line.text], delimiter=delimiter)))
                return Sheet(path, digest, path.stat().st_size, encoding, delimiter, columns, line.end)
    raise BadSheet("the file is empty: its first line names the columns")


def records(sheet: Sheet, start: Place | None = None) -> Iterator[Record]:
    """The records from a place on, without blank lines."""
    with sheet.path.open("rb") as file:
        lines = _Lines(file, sheet.encoding, start or sheet.body)
        for first in lines:
            if first.text.strip(f"{sheet.delimiter} \t\r\n"):
                yield _record(sheet, first, lines)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str
    end: Place


class _Lines:
    """The lines of a file; some may be given back."""

    def __init__(self, file: BinaryIO, encoding: str, start: Place) -> None:
        self._file = file
        self._encoding = encoding
        self._place = start
        self._back: deque[_Line] = deque()
        file.seek(start.offset)

    def __iter__(self) -> Iterator[_Line]:
        return self

    def __next__(self) -> _Line:
        if self._back:
            return self._back.popleft()
        raw = self._file.readline(_LONGEST_LINE)
        if not raw:
            raise StopIteration
        number = self._place.line + 1
        if len(raw) == _LONGEST_LINE:
            raise BadSheet(f"line {number} is longer than {_LONGEST_LINE // 1024} KB: this is no list of customers")
        self._place = Place(number, self._place.offset + len(raw))
        encoding = self._encoding if number == 1 else self._encoding.removesuffix("-sig")
        return _Line(number, raw.decode(encoding), self._place)

    def give_back(self, lines: list[_Line]) -> None:
        self._back.extendleft(reversed(lines))


def _record(sheet: Sheet, first: _Line, lines: _Lines) -> Record:
    taken = [first]

    def feed() -> Iterator[str]:
        yield first.text
        while len(taken) < _LONGEST_RECORD and (line := next(lines, None)) is not None:
            taken.append(line)
            yield line.text

    try:
        cells = next(csv.reader(feed(), delimiter=sheet.delimiter, strict=True))
        problem = _misfit(cells, sheet.columns)
    except csv.Error:
        cells, problem = [], _MARKS
    if problem:
        lines.give_back(taken[1:])
        return Record(first.number, first.end, first.text.rstrip("\r\n"), None, problem)
    text = "".join(line.text for line in taken).rstrip("\r\n")
    return Record(first.number, taken[-1].end, text, dict(zip(sheet.columns, cells, strict=False)))


def _misfit(cells: list[str], columns: tuple[str, ...]) -> str:
    """What is wrong with the form of a record. Spreadsheets write empty cells behind the last column; an address of several
    lines is a mark that another row closed."""
    number = len(cells) if any(cells[len(columns) :]) else min(len(cells), len(columns))
    if any("\n" in cell.strip() for name, cell in zip(columns, cells, strict=False) if name in ADDRESSES):
        return _MARKS
    return "" if number == len(columns) else f"it has {number} values, and the header {len(columns)} columns"


def _look(path: Path) -> tuple[str, str]:
    """A digest of the file, and its encoding."""
    digest, decoders = hashlib.sha256(), {name: codecs.getincrementaldecoder(name)() for name in (UTF8, WINDOWS)}
    with path.open("rb") as file:
        if file.read(2) in _UTF16:
            raise BadSheet("the file is UTF-16: save it as CSV UTF-8")
        file.seek(0)
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            _decode(decoders, chunk)
    _decode(decoders, b"", final=True)
    return digest.hexdigest(), next(iter(decoders))


def _decode(decoders: dict[str, codecs.IncrementalDecoder], chunk: bytes, *, final: bool = False) -> None:
    """Leave those that can read it."""
    for name in list(decoders):
        try:
            decoders[name].decode(chunk, final)
        except UnicodeDecodeError:
            del decoders[name]
    if not decoders:
        raise BadSheet("the file is neither UTF-8 nor Windows-1252: save it as CSV UTF-8")


def _columns(header: list[str]) -> tuple[str, ...]:
    columns = [name.strip().lower() for name in header]
    while columns and not columns[-1]:
        columns.pop()
    unknown = [name for name in columns if name not in (*COLUMNS, *REJECTED)]
    if unknown:
        raise BadSheet(f"unknown columns: {', '.join(map(repr, unknown))}; there are {', '.join(COLUMNS)}")
    if len(set(columns)) < len(columns):
        raise BadSheet("the header names a column twice")
    if not set(columns).intersection(ADDRESSES):
        raise BadSheet(f"the header has none of {', '.join(ADDRESSES)}: without one nobody can be told from anybody")
    return tuple(columns)
