"""What was erased, or removed because it was old: its ids, for a time. Whoever asks for one of them hears that it is gone,
an event that comes again is still a repeat, and the books know what became of it.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Final, Literal

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.bulk import among, ids_parameter, insert_rows
from storage.schema import erased, event_ids, forgotten

Kind = Literal["customer", "message", "attachment", "quarantine", "signal", "sent"]
"""`sent` is for messages out: their ids at their providers, as `sent_id` writes them. The table holds blobs too, see
`storage.endings`."""

EVENTS: Final = ("message", "quarantine", "signal")
"""Kinds of which each was an event in the books, with the same id."""
_OTHERS: Final = ("customer", "attachment", "sent", "blob")


def add(connection: Connection, kind: Kind, ids: Collection[str], now_ms: int) -> None:
    """Enter ids; those that are there stay as they are."""
    rows = [{"id": id_, "kind": kind, "at_ms": now_ms} for id_ in sorted(ids)]
    insert_rows(connection, erased, rows, ignore=True)


def kinds(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """Those of the ids that were erased, each with its kind."""
    if not ids:
        return {}
    query = select(erased.c.id, erased.c.kind).where(among(connection, erased.c.id))
    return {row.id: row.kind for row in connection.execute(query, ids_parameter(connection, ids))}


def is_erased(connection: Connection, id_: str) -> bool:
    """Whether there was something of this id."""
    return id_ in kinds(connection, [id_])


def sent_id(connector: str, external_id: str) -> str:
    """What stands for a provider's id of a message out, which may itself hold an address."""
    return "sent_" + sha256(f"{connector}\n{external_id}".encode("utf-8", "replace")).hexdigest()


def forget(connection: Connection, before_ms: int, limit: int) -> int:
    """Forget ids that were entered before `before_ms`, at most `limit` of a kind; how many. From now on an event that comes
    again is a new one, and the books count it by its journal only."""
    return sum(_forget(connection, kind, before_ms, limit) for kind in (*EVENTS, *_OTHERS))


def _forget(connection: Connection, kind: str, before_ms: int, limit: int) -> int:
    query = select(erased.c.id).where(erased.c.kind == kind, erased.c.at_ms < before_ms).order_by(erased.c.at_ms).limit(limit)
    ids = list(connection.execute(query).scalars())
    if not ids:
        return 0
    parameter = ids_parameter(connection, ids)
    if kind in EVENTS:
        # By what this deletes: another node may do the same at this moment.
        gone = delete(event_ids).where(among(connection, event_ids.c.id)).returning(event_ids.c.journal)
        count_forgotten(connection, Counter(connection.execute(gone, parameter).scalars()))
    connection.execute(delete(erased).where(among(connection, erased.c.id)), parameter)
    return len(ids)


def count_forgotten(connection: Connection, events: Mapping[str, int]) -> None:
    """Add to the number of forgotten events, by journal. Their rows in `event_ids` or `repeats` go in the same transaction."""
    if not events:
        return
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    enter = dialect.insert(forgotten)
    more = enter.on_conflict_do_update(
        index_elements=[forgotten.c.journal], set_={"events": forgotten.c.events + enter.excluded.events}
    )
    connection.execute(more, [{"journal": journal, "events": number} for journal, number in sorted(events.items())])
