"""A conversation as the customer's own window shows it, and how far a window has it.

A cursor names the last things that a window has, each with its state, and a time before which it has everything. So what is
missing is known exactly, whatever the order in which several nodes commit; what comes twice is the same item, to be put in its
own place.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

import orjson
from sqlalchemy import Connection, RowMapping

from connectors.chat.settings import OUT
from normalizer.envelope_data import from_ms
from storage import outgoing_files, transcripts
from storage.transcripts import Line

_KEPT: Final = 64
"""Things that a cursor names."""
_LONGEST: Final = 2_000
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
        floor, _, rest = (text or "")[:_LONGEST].partition(".")
        try:
            return cls(int(floor, 16), frozenset(filter(None, rest.split("."))))
        except ValueError:
            return cls()

    @classmethod
    def of(cls, lines: Sequence[Line]) -> Self:
        """Of a window that has all of these."""
        newest = sorted(lines, key=lambda line: line.stamp_ms)
        kept = newest[-_KEPT:]
        return cls(kept[0].stamp_ms if len(newest) > len(kept) else 0, frozenset(map(token, kept)))

    def plus(self, line: Line) -> Self:
        """Of a window that has this line too."""
        return replace(self, tokens=self.tokens | {token(line)})

    def missing(self, lines: Sequence[Line]) -> list[Line]:
        """Of these lines what the window lacks, or has in another state."""
        return [line for line in lines if line.stamp_ms >= self.floor_ms and token(line) not in self.tokens]

    def __str__(self) -> str:
        return ".".join((f"{self.floor_ms:x}", *sorted(self.tokens)))


def token(line: Line) -> str:
    """Of a line in its state."""
    return hashlib.blake2b(f"{line.id} {line.state}".encode(), digest_size=5).hexdigest()


@dataclass(frozen=True, slots=True)
class Signing:
    """How files are linked: those of customers and ours."""

    attachment: Callable[[str], str]
    file: SignFile


def items(connection: Connection, lines: Collection[Line], signing: Signing) -> dict[str, Item]:
    """These lines with their words, by id; one that is not stored any more is left out."""
    by_id = {line.id: line for line in lines}
    came = [line.id for line in lines if line.direction == "in"]
    left = [line.id for line in lines if line.direction == "out"]
    files = transcripts.files_of(connection, came)
    found = {
        row["id"]: _came(row, by_id[row["id"]], files.get(row["id"], []), signing)
        for row in transcripts.contacts(connection, came)
    }
    ours = outgoing_files.of(connection, left)
    for row in transcripts.answers(connection, left):
        found[row["id"]] = _left(row, by_id[row["id"]], ours.get(row["id"], ()), signing)
    return found


def name_of(author: str, *, automatic: bool) -> str | None:
    """What a customer may read of who wrote: a name, never a program's or an address."""
    return None if automatic or author == _COMMAND or any(sign in author for sign in _OURS) else author


def _came(row: RowMapping, line: Line, files: Sequence[RowMapping], signing: Signing) -> Item:
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


def _left(row: RowMapping, line: Line, files: Sequence[outgoing_files.FileRow], signing: Signing) -> Item:
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
