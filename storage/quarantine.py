"""Driving again what is held: which rows, and what became of them. Reading them is `storage.lookup`."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, func, select, update

from storage.schema import event_ids, quarantine

HELD: Final = "held"
REDRIVEN: Final = "redriven"
DISCARDED: Final = "discarded"
_MOST: Final = 32_000
"""Attempts that are still counted: the column is a small integer."""


def held_ids(
    connection: Connection, *, ids: Sequence[str] = (), connector: str | None = None, reason: str | None = None
) -> list[str]:
    """The held rows that fit everything that is given, oldest first."""
    query = select(quarantine.c.id).where(quarantine.c.state == HELD).order_by(quarantine.c.received_ms, quarantine.c.id)
    if ids:
        query = query.where(quarantine.c.id.in_(ids))
    if connector is not None:
        query = query.where(quarantine.c.connector == connector)
    if reason is not None:
        query = query.where(quarantine.c.reason == reason)
    return list(connection.execute(query).scalars())


def still_held(connection: Connection, id_: str, reason: str, detail: str) -> None:
    """It was read again, in vain."""
    _attempted(connection, id_, reason=reason, detail=detail)


def redriven(connection: Connection, id_: str) -> None:
    """What it holds was accepted anew. The row stays: it is what its own event has become."""
    _attempted(connection, id_, state=REDRIVEN)


def make_way(connection: Connection, id_: str) -> str | None:
    """Give a held row, and its event, another id, for a message that is to be committed under the id it has: without this that
    message would be a repeat of the attempt that failed. Returns the new id; None where it is not held under that id any more,
    as when somebody else drives it: the id may be that of a message by now."""
    new = str(uuid4())
    mine = (quarantine.c.id == id_, quarantine.c.state == HELD)
    if not connection.execute(update(quarantine).where(*mine).values(id=new)).rowcount:
        return None
    connection.execute(update(event_ids).where(event_ids.c.id == id_).values(id=new))
    return new


def edit(connection: Connection, id_: str, raw: bytes) -> str | None:
    """Keep other bytes beside those that came, to be read instead; the SHA-256 of what would have been read before. None where
    nothing of that id is held."""
    mine = (quarantine.c.id == id_, quarantine.c.state == HELD)
    before = select(quarantine.c.raw_sha256, quarantine.c.edited_sha256).where(*mine).with_for_update()
    row = connection.execute(before).one_or_none()
    if row is None:
        return None
    connection.execute(update(quarantine).where(*mine).values(edited=raw, edited_sha256=hashlib.sha256(raw).hexdigest()))
    return str(row.edited_sha256 or row.raw_sha256)


def discard(connection: Connection, ids: Collection[str]) -> list[str]:
    """Nobody is to look at these any more; which of them were held. The rows stay: they are what their events have become."""
    mine = (quarantine.c.id.in_(ids), quarantine.c.state == HELD)
    held = list(connection.execute(select(quarantine.c.id).where(*mine).with_for_update()).scalars())
    connection.execute(update(quarantine).where(quarantine.c.id.in_(held)).values(state=DISCARDED))
    return held


def _attempted(connection: Connection, id_: str, **values: str) -> None:
    row = quarantine.c.id == id_
    connection.execute(update(quarantine).where(row).values(**values))
    connection.execute(update(quarantine).where(row, quarantine.c.attempts < _MOST).values(attempts=quarantine.c.attempts + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is held, with the beginning of its bytes (those that are to be read, where somebody edited it)."""

    id: str
    connector: str
    reason: str
    detail: str
    content_type: str
    received_ms: int
    attempts: int
    size: int
    edited: bool
    head: bytes


def heads(
    connection: Connection, *, connector: str | None = None, reason: str | None = None, limit: int, size: int
) -> list[Head]:
    """The oldest that are held, with the first `size` bytes of each."""
    columns = quarantine.c
    read = func.coalesce(columns.edited, columns.raw)
    query = select(
        *(columns.id, columns.connector, columns.reason, columns.detail, columns.content_type, columns.received_ms),
        *(columns.attempts, func.length(read).label("size"), columns.edited_sha256.is_not(None).label("edited")),
        func.substr(read, 1, size).label("head"),
    )
    query = query.where(*_held(connector, reason)).order_by(columns.received_ms, columns.id).limit(limit)
    return [Head(**(dict(row) | {"head": bytes(row["head"])})) for row in connection.execute(query).mappings()]


def by_reason(connection: Connection) -> dict[tuple[str, str], int]:
    """How much is held, by connector and reason."""
    columns = quarantine.c
    query = select(columns.connector, columns.reason, func.count()).where(columns.state == HELD)
    rows = connection.execute(query.group_by(columns.connector, columns.reason))
    return {(connector, reason): number for connector, reason, number in rows}


def _held(connector: str | None, reason: str | None) -> list[ColumnElement[bool]]:
    found = [quarantine.c.state == HELD]
    if connector is not None:
        found.append(quarantine.c.connector == connector)
    if reason is not None:
        found.append(quarantine.c.reason == reason)
    return found
