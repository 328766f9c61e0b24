"""Everything of one customer as one archive, for the customer's right to have it: read page by page while it is sent."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar

import orjson
from sqlalchemy import Connection

from identity.ids import new_id
from normalizer.names import filename
from regia.exporting.archive import Archive
from regia.exporting.shown import as_json, line
from storage import exported, family
from storage.blobs import BlobMissing, Blobs
from storage.database import Database
from storage.erasure import Act
from storage.exported import FIRST, Place
from storage.family import Family, StandsBelow

T = TypeVar("T")

_PAGE: Final = 50
"""Messages that are in memory at once, each with at most 64 KB of raw bytes."""
_ANSWERS: Final = 500
README: Final = """Everything that is stored of one customer.

customer.json    the profile, also of those who were merged into it, the addresses with when they were theirs and how that
                 was proven, conversations, what was told of their tickets, what was promised and kept, surveys with what was
                 answered, suggestions,
                 proofs that were asked for, and the log of what was done
messages/        every message as it was passed on, by its id
raw/             the same as its channel delivered it, byte for byte, where that is still kept
attachments/     the files of the messages, each with its id before its name
outgoing.jsonl   what was sent or is to be sent to the customer, one a line
sent/            the files that went out with it, each with its id before its name
signals.jsonl    what the channels told of that: delivered, read, failed
missing.txt      files and raw messages that should be here and were not found, if there are any

Times with _ms are milliseconds since 1970 in UTC. Bytes that are no text are written in base64.
"""


class ExportFailed(Exception):
    """There is no such customer, or another one is to be asked for: `root_id`, for `merged`."""

    def __init__(self, reason: Literal["unknown_customer", "merged"], root_id: str | None = None) -> None:
        super().__init__(
            "there is no customer of that id"
            if root_id is None
            else "this customer was merged into another one: name that one, or undo the merge first"
        )
        self.reason: Literal["unknown_customer", "merged"] = reason
        self.root_id = root_id


@dataclass(frozen=True, slots=True)
class Export:
    """An archive about to be written: its name, and its bytes in pieces. Reading them may raise `DatabaseUnavailable` and
    `BlobsUnavailable`; the archive is whole only when they end without."""

    filename: str
    pieces: AsyncIterator[bytes]


async def open_export(database: Database, blobs: Blobs, customer_id: str, *, actor: str, now_ms: int) -> Export:
    """The archive of a customer with everybody below them. It is entered into the log, with `actor`, the name of a person or
    token. Raises `ExportFailed` and `DatabaseUnavailable`."""

    def begin(connection: Connection) -> Family:
        found = family.find(connection, customer_id)
        if found is None:
            raise ExportFailed("unknown_customer")
        exported.note(connection, found, Act(new_id("act"), actor, now_ms))
        return found

    try:
        found = await database.write(begin)
    except StandsBelow as below:
        raise ExportFailed("merged", below.root_id) from below
    return Export(f"{found.id}.zip", _Writer(database, blobs, found).pieces())


@dataclass(slots=True)
class _Writer:
    _database: Database
    _blobs: Blobs
    _found: Family
    _archive: Archive = field(default_factory=Archive)
    _missing: list[str] = field(default_factory=list)

    async def pieces(self) -> AsyncIterator[bytes]:
        self._archive.add("README.txt", README.encode())
        about = await self._read(exported.about, self._found)
        self._archive.add("customer.json", orjson.dumps(as_json(about), option=orjson.OPT_INDENT_2))
        async for piece in self._messages():
            yield piece
        async for piece in self._answers():
            yield piece
        if self._missing:
            self._archive.add("missing.txt", "".join(f"{name}\n" for name in self._missing).encode())
        self._archive.close()
        yield self._archive.take()

    async def _messages(self) -> AsyncIterator[bytes]:
        place = FIRST
        while page := await self._read(exported.page, self._found, place, _PAGE):
            place = Place(page[-1]["at_ms"], page[-1]["id"])
            files: dict[str, list[dict[str, Any]]] = {}
            for file in await self._read(exported.files, [row["id"] for row in page]):
                files.setdefault(file["message_id"], []).append(file)
            for row in page:
                self._archive.add(f"messages/{row['id']}.json", bytes(row["envelope"]))
                async for piece in self._raw(row):
                    yield piece
                for file in files.get(row["id"], ()):
                    async for piece in self._blob(f"attachments/{_entry(file)}", file["sha256"]):
                        yield piece
            yield self._archive.take()

    async def _raw(self, row: Any) -> AsyncIterator[bytes]:
        name = f"raw/{row['id']}"
        if row["raw"] is not None:
            self._archive.add(name, bytes(row["raw"]))
        elif row["raw_sha256"]:
            async for piece in self._blob(name, row["raw_sha256"]):
                yield piece

    async def _blob(self, name: str, sha256: str) -> AsyncIterator[bytes]:
        try:
            stream = await self._blobs.open_stream(sha256)
        except BlobMissing:
            self._missing.append(name)
            return
        with self._archive.entry(name) as entry:
            async for content in stream:
                entry.write(content)
                yield self._archive.take()

    async def _answers(self) -> AsyncIterator[bytes]:
        ids = await self._read(exported.answers, self._found)
        files: list[dict[str, Any]] = []
        for name, rows in (("outgoing.jsonl", exported.sent), ("signals.jsonl", exported.told)):
            with self._archive.entry(name) as entry:
                for start in range(0, len(ids), _ANSWERS):
                    for row in await self._read(rows, ids[start : start + _ANSWERS]):
                        entry.write(line(row))
                        files += row.get("files", ())
                    yield self._archive.take()
        for file in files:
            async for piece in self._blob(f"sent/{_entry(file)}", file["sha256"]):
                yield piece
            yield self._archive.take()

    async def _read(self, work: Callable[..., T], *arguments: Any) -> T:
        return await self._database.read(lambda connection: work(connection, *arguments))


def _entry(file: dict[str, Any]) -> str:
    """The name of a file in the archive: what the customer called it, made safe, behind its id, and no longer than names of
    files may be."""
    name = filename(file["filename"] or "")
    return filename(f"{file['id']}-{name}") or "" if name else str(file["id"])
