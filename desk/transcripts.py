"""A conversation as the customer's own window shows it, and how far a window has it.

A cursor names the things that a window has, each with its state. So what is missing is known exactly, whatever the order in
which several nodes commit; what comes twice is the same item, to be put in its own place. Where there are more than it can
name, it also has a time before which everything counts as known.
"""

import hashlib
import logging
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, Self

import orjson
from sqlalchemy import Connection, RowMapping

from connectors.chat.settings import OUT
from normalizer.envelope_data import from_ms
from storage import outgoing_files, transcripts
from storage.transcripts import Line

logger = logging.getLogger(__name__)

_KEPT: Final = 256
"""Things that a cursor names: more than the lines of one handle, which are twice `storage.transcripts.MOST`."""
_TOKEN: Final = 5
"""Bytes of each: 1.7 KB of text for all, since a cursor stands in addresses and in first frames, which have limits."""
_LONGEST: Final = 4_000
_PACKED: Final = "~"
_OURS: Final = ("/", "@")
"""What stands in the names of programs and in addresses, which are no names for customers."""
_COMMAND: Final = "command line"

Item = dict[str, Any]
"""As the wire has it."""
SignFile = Callable[[str, str], str]
"""An address for a file: its id and its name."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """What a window has."""

    floor_ms: int = 0
    tokens: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def read(cls, text: str | None) -> Self:
        """One that we have given; any other begins anew, which costs no more than a repetition."""
        if text is None or len(text) > _LONGEST:
            return cls()
        floor, packed, rest = text.partition(_PACKED)
        try:
            if packed:
                return cls(int(floor, 16), _unpacked(rest))
            floor, *tokens = text.split(".")  # as they were given before 0.1.0: a browser may still have one
            return cls(int(floor, 16), frozenset(bytes.fromhex(one).hex() for one in tokens if one))
        except ValueError:
            return cls()

    @classmethod
    def of(cls, lines: Sequence[Line]) -> Self:
        """Of a window that has all of these."""
        if len(lines) <= _KEPT:
            return cls(0, frozenset(map(token, lines)))
        stamps = sorted(line.stamp_ms for line in lines)
        # Above the newest that is not named: those of one millisecond are named all, or none of them.
        floor_ms = stamps[-_KEPT - 1] + 1
        return cls(floor_ms, frozenset(token(line) for line in lines if line.stamp_ms >= floor_ms))

    def plus(self, line: Line) -> Self:
        """Of a window that has this line too."""
        return replace(self, tokens=self.tokens | {token(line)})

    def missing(self, lines: Sequence[Line]) -> list[Line]:
        """Of these lines what the window lacks, or has in another state."""
        return [line for line in lines if line.stamp_ms >= self.floor_ms and token(line) not in self.tokens]

    def __str__(self) -> str:
        packed = urlsafe_b64encode(bytes.fromhex("".join(sorted(self.tokens))))
        return f"{self.floor_ms:x}{_PACKED}{packed.decode().rstrip('=')}"


def token(line: Line) -> str:
    """Of a line in its state."""
    return hashlib.blake2b(f"{line.id} {line.state}".encode(), digest_size=_TOKEN).hexdigest()


def _unpacked(text: str) -> frozenset[str]:
    """Raises `ValueError`."""
    found = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return frozenset(found[at : at + _TOKEN].hex() for at in range(0, len(found), _TOKEN))


@dataclass(frozen=True, slots=True)
class Signing:
    """How files are linked: those of customers and ours."""

    attachment: Callable[[str], str]
    file: SignFile


def items(connection: Connection, lines: Collection[Line], signing: Signing) -> dict[str, Item]:
    """These lines with their words, by id. Left out is one that is not stored any more, and one that cannot be read, which is
    logged: the others are shown all the same."""
    by_id = {line.id: line for line in lines}
    came = [line.id for line in lines if line.direction == "in"]
    left = [line.id for line in lines if line.direction == "out"]
    files = transcripts.files_of(connection, came)
    ours = outgoing_files.of(connection, left)
    made = [partial(_came, row, files.get(row["id"], [])) for row in transcripts.contacts(connection, came)]
    made += [partial(_left, row, ours.get(row["id"], ())) for row in transcripts.answers(connection, left)]
    found: dict[str, Item] = {}
    for item in made:
        id_ = item.args[0]["id"]
        try:
            found[id_] = item(by_id[id_], signing)
        except Exception:  # a defect with one must not silence all
            logger.exception("a line of a chat is left out, by a defect", extra={"line": id_})
    return found


def name_of(author: str, *, automatic: bool) -> str | None:
    """What a customer may read of who wrote: a name, never a program's or an address."""
    return None if automatic or author == _COMMAND or any(sign in author for sign in _OURS) else author


def _came(row: RowMapping, files: Sequence[RowMapping], line: Line, signing: Signing) -> Item:
    data = orjson.loads(bytes(row["envelope"]))["data"]
    return {
        "id": line.id,
        "direction": "in",
        "client_id": row["external_id"].rpartition(":")[2],
        "text": data["text"] or "",
        "at": from_ms(line.at_ms),
        "name": None,
        "automatic": False,
        "files": [_file(one, signing.attachment(one["id"])) for one in files],
        "buttons": [],
        "state": line.state,
    }


def _left(row: RowMapping, files: Sequence[outgoing_files.FileRow], line: Line, signing: Signing) -> Item:
    return {
        "id": f"{OUT}{line.id}",
        "direction": "out",
        "client_id": None,
        "text": row["text"],
        "at": from_ms(line.at_ms),
        "name": name_of(row["author"], automatic=row["automatic"]),
        "automatic": row["automatic"],
        "files": [
            {
                "name": one.filename,
                "size": one.size,
                "content_type": one.content_type,
                "url": signing.file(one.id, one.filename),
            }
            for one in files
        ],
        "buttons": [] if row["buttons"] is None else orjson.loads(row["buttons"]),
        "state": line.state,
    }


def _file(row: RowMapping, url: str) -> Item:
    return {"name": row["filename"], "size": row["size"], "content_type": row["content_type"], "url": url}
