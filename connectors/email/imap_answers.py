"""IMAP's forms, without I/O: what a server answered as values, and our values as it wants to read them (RFC 3501).

A server may send data nobody asked for between the lines of an answer, in any order: mails are told apart by their UID.
"""

import base64
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Final, TypeAlias

Lines: TypeAlias = Sequence[bytes | bytearray]
"""What the library gives: lines without their end, and literals as bytearray."""
Value: TypeAlias = bytes | list["Value"] | None
Item: TypeAlias = dict[str, Value]
"""A FETCH answer: `{"UID": b"5", "BODY[]": b"…"}`, names in capitals and without the origin of a partial fetch."""

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
PASSING: Final = frozenset({"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG"})
"""Response codes (RFC 5530) of a NO that may be another answer later, whatever was asked."""

_FETCH: Final = re.compile(rb"\d+ FETCH (?=\()", re.IGNORECASE)
_LITERAL: Final = re.compile(rb"~?\{\d+\+?\}$")
_TOKEN: Final = re.compile(rb'[()]|"(?:[^"\\]|\\.)*"|[^\s()"\[]+(?:\[[^\]]*\](?:<\d+>)?)?|\S')
_ORIGIN: Final = re.compile(r"<\d+>$")
_CODE: Final = re.compile(rb"\s*\[([A-Za-z-]+)[ \]]")
_INTERNALDATE: Final = re.compile(rb"\s?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})")
_DEEPEST: Final = 20


def fetched(lines: Lines) -> dict[int, Item]:
    """What was answered about each mail, by UID. Several answers about one mail are put together."""
    mails: dict[int, Item] = {}
    for record in _records(lines):
        item = _item(record)
        uid = item.get("UID")
        if isinstance(uid, bytes) and uid.isdigit():
            mails.setdefault(int(uid), {}).update(item)
    return mails


def _records(lines: Lines) -> Iterator[list[bytes | bytearray]]:
    """The lines and literals of one FETCH answer after the other; other lines are left out."""
    record: list[bytes | bytearray] = []
    continues = False
    for line in lines:
        if isinstance(line, bytearray):
            record.append(line)
            continues = True
        elif continues:
            record.append(line)
            continues = bool(_LITERAL.search(line))
        elif start := _FETCH.match(line):
            yield record
            record = [line[start.end() :]]
            continues = bool(_LITERAL.search(line))
    yield record


def _item(record: Sequence[bytes | bytearray]) -> Item:
    read = _list(_tokens(record), 0)
    # The outermost list is the record's own parentheses.
    values = read[0] if read and isinstance(read[0], list) else []
    item: Item = {}
    for name, value in itertools.zip_longest(*[iter(values)] * 2):
        if isinstance(name, bytes):
            item[_ORIGIN.sub("", name.decode("ascii", "replace").upper())] = value
    return item


def _tokens(record: Sequence[bytes | bytearray]) -> Iterator[tuple[bool, bytes]]:
    """Each with whether it is a string (quoted or literal), which has no meaning of its own."""
    for piece in record:
        if isinstance(piece, bytearray):
            yield True, bytes(piece)
            continue
        for token in _TOKEN.findall(_LITERAL.sub(b"", piece)):
            if token.startswith(b'"') and len(token) > 1:
                yield True, re.sub(rb"\\(.)", rb"\1", token[1:-1])
            else:
                yield False, token


def _list(tokens: Iterator[tuple[bool, bytes]], depth: int) -> list[Value]:
    values: list[Value] = []
    for string, token in tokens:
        if not string and token == b")":
            break
        if not string and token == b"(" and depth < _DEEPEST:
            values.append(_list(tokens, depth + 1))
        elif not string and token.upper() == b"NIL":
            values.append(None)
        else:
            values.append(token)
    return values


def text(item: Item, name: str) -> bytes | None:
    """A string of an answer, or None when there is none."""
    value = item.get(name)
    return value if isinstance(value, bytes) else None


def number(item: Item, name: str) -> int | None:
    value = text(item, name)
    return int(value) if value is not None and value.isdigit() and len(value) < 20 else None  # noqa: PLR2004  # 64 bits


def found(lines: Lines) -> list[int]:
    """The UIDs of a SEARCH answer, ascending, each once."""
    uids: set[int] = set()
    for line in lines:
        words = line.split()
        if words and all(word.isdigit() and len(word) < 11 for word in words):  # noqa: PLR2004  # 32 bits
            uids.update(map(int, words))
    return sorted(uids)


def code(line: bytes) -> str:
    """The response code that a status line starts with (`[UNAVAILABLE] …`), in capitals; empty without one."""
    match = _CODE.match(line)
    return match[1].decode("ascii").upper() if match else ""


def announced(lines: Lines, name: str) -> int | None:
    """The number of a response code such as `[UIDVALIDITY 17]` somewhere among the lines of an answer."""
    pattern = re.compile(rb"\[" + name.encode() + rb" (\d{1,10})\]", re.IGNORECASE)
    for line in lines:
        if isinstance(line, bytes) and (match := pattern.search(line)):
            return int(match[1])
    return None


def arrived(item: Item) -> datetime | None:
    """INTERNALDATE: when the mail came into the mailbox."""
    match = _INTERNALDATE.fullmatch(text(item, "INTERNALDATE") or b"")
    if match is None:
        return None
    day, month, year, hour, minute, second, sign, hours, minutes = (group.decode() for group in match.groups())
    offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
    try:
        there = MONTHS.index(month.capitalize()) + 1
        return datetime(int(year), there, int(day), int(hour), int(minute), int(second), tzinfo=timezone(offset))
    except ValueError:
        return None


def day(value: date) -> str:
    """A date as SEARCH wants it: `3-Jun-2024`."""
    return f"{value.day}-{MONTHS[value.month - 1]}-{value.year:04}"


def uid_set(uids: Iterable[int]) -> str:
    """`1:3,7` for 1, 2, 3, 7: short, whatever their number."""
    runs: list[list[int]] = []
    for uid in sorted(uids):
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(f"{first}:{last}" if first != last else str(first) for first, last in runs)


def quoted(value: str) -> str:
    """A quoted string. The caller has made sure that it holds no line break and nothing but ASCII."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def mailbox(folder: str) -> str:
    """A folder's name as a command's argument: modified UTF-7 (RFC 3501, 5.1.3), quoted."""
    encoded: list[str] = []
    for plain, characters in itertools.groupby(folder, key=lambda character: " " <= character <= "~"):
        run = "".join(characters)
        encoded.append(run.replace("&", "&-") if plain else f"&{_base64(run)}-")
    return quoted("".join(encoded))


def _base64(run: str) -> str:
    return base64.b64encode(run.encode("utf-16-be", "surrogatepass")).decode().rstrip("=").replace("/", ",")
