"""The end of blobs: the bytes go when no row names them any more, and never from under a row that does.

Between `Blobs.put` and the commit that names the blob nothing in the database tells of it, so to look for rows that name it
is not enough. The table `erased` therefore holds each blob that comes to its end, in one of two states:

- `ending`: rows that named it were removed. `unused` decides, in a transaction that lets all commits finish first and
  begins before any other, whether others name it. If so, the entry goes. If not, nobody will: a commit that names a blob
  looks here first, and does not commit while it is ending.
- `blob`: it was deleted. The entry stays, so that a commit whose blob was put before that sees it, does not commit, and
  puts it again. What was put after the entry was seen is there: that commit takes the entry away.

The entry's time is also the token by which a commit says which end it has seen. Entries in the first state are what is
still to be done after a crash.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage import ledger
from storage.bulk import among, ids_parameter
from storage.schema import attachments, erased, messages, outgoing_files

ENDING: Final = "ending"
ENDED: Final = "blob"


class BlobsEnded(Exception):
    """Blobs that a commit names were deleted, or are about to be: put them again and commit then. `seen`: those that were
    deleted, each with the token of its end."""

    def __init__(self, seen: Mapping[str, int]) -> None:
        super().__init__("stored files were deleted since, as nobody else had them")
        self.seen = dict(seen)


def end(connection: Connection, blobs: Collection[str], now_ms: int) -> None:
    """Rows that named these blobs are gone, or were never written: whoever names none of them, let them end."""
    if not blobs:
        return
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    enter = dialect.insert(erased)
    later = case((enter.excluded.at_ms > erased.c.at_ms, enter.excluded.at_ms), else_=erased.c.at_ms + 1)
    again = enter.on_conflict_do_update(index_elements=[erased.c.id], set_={"kind": ENDING, "at_ms": later})
    connection.execute(again, [{"id": blob, "kind": ENDING, "at_ms": now_ms} for blob in sorted(blobs)])


def end_unused(connection: Connection, blobs: Collection[str], now_ms: int) -> None:
    """The same for those that no committed row names: the others need no decision."""
    end(connection, set(blobs) - _named(connection, blobs), now_ms)


def check(connection: Connection, blobs: Collection[str], put_since: Mapping[str, int]) -> None:
    """Say in a commit that it names these blobs. `put_since`: blob to the end it was put after. Raises `BlobsEnded`."""
    if not blobs:
        return
    query = select(erased.c.id, erased.c.kind, erased.c.at_ms).where(among(connection, erased.c.id))
    found = connection.execute(query, ids_parameter(connection, blobs)).all()
    if any(row.kind == ENDING or put_since.get(row.id) != row.at_ms for row in found):
        raise BlobsEnded({row.id: row.at_ms for row in found if row.kind == ENDED})
    if found:
        _forget(connection, [row.id for row in found])


def waiting(connection: Connection, limit: int) -> list[str]:
    """Blobs that are ending, the first of them."""
    query = select(erased.c.id).where(erased.c.kind == ENDING).order_by(erased.c.at_ms, erased.c.id).limit(limit)
    return list(connection.execute(query).scalars())


def unused(connection: Connection, blobs: Collection[str]) -> list[str]:
    """Decide which of the ending blobs nobody names. To be committed before they are deleted."""
    ledger.hold_commits(connection)
    ending = _locked(connection, blobs)
    named = _named(connection, ending)
    if named:
        _forget(connection, named)
    return sorted(set(ending) - named)


def delete_unused(connection: Connection, blobs: Collection[str], remove: Callable[[Sequence[str]], None]) -> int:
    """Delete what `unused` gave, by `remove`, while nobody else does; how many. The blobs of one call should be few: SQLite
    has no other writer meanwhile."""
    ending = _locked(connection, blobs)
    if not ending:
        return 0
    remove(ending)
    connection.execute(
        update(erased).where(among(connection, erased.c.id)).values(kind=ENDED), ids_parameter(connection, ending)
    )
    return len(ending)


def _locked(connection: Connection, blobs: Collection[str]) -> list[str]:
    if not blobs:
        return []
    query = select(erased.c.id).where(among(connection, erased.c.id), erased.c.kind == ENDING)
    rows = connection.execute(query.order_by(erased.c.id).with_for_update(), ids_parameter(connection, blobs))
    return list(rows.scalars())


def _named(connection: Connection, blobs: Collection[str]) -> set[str]:
    """Those that a row names."""
    if not blobs:
        return set()
    files = select(attachments.c.sha256).where(among(connection, attachments.c.sha256))
    raws = select(messages.c.raw_sha256).where(messages.c.raw.is_(None), among(connection, messages.c.raw_sha256))
    out = select(outgoing_files.c.sha256).where(among(connection, outgoing_files.c.sha256))
    parameter = ids_parameter(connection, blobs)
    return {blob for query in (files, raws, out) for blob in connection.execute(query, parameter).scalars()}


def _forget(connection: Connection, blobs: Collection[str]) -> None:
    connection.execute(delete(erased).where(among(connection, erased.c.id)), ids_parameter(connection, blobs))
