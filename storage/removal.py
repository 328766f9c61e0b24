"""Taking messages away with everything that hangs on them, a bounded number at once. Their ids stay (`storage.erased`)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, Select, Table, delete, func, select

from storage import endings, erased, notice_items
from storage.bulk import among, ids_parameter
from storage.outbox import PENDING
from storage.schema import (
    attachments,
    bridge_answers,
    bridge_posts,
    marks,
    messages,
    outgoing,
    outgoing_files,
    outgoing_parts,
    quarantine,
    reroutes,
    signals,
    sla_timers,
    targets,
)


@dataclass(frozen=True, slots=True)
class Removed:
    """How many rows went. `unpublished`: targets among them that no queue had confirmed yet."""

    messages: int = 0
    attachments: int = 0
    unpublished: int = 0
    outgoing: int = 0
    signals: int = 0

    def __add__(self, other: "Removed") -> "Removed":
        return Removed(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


def remove_messages(connection: Connection, ids: Collection[str], now_ms: int) -> Removed:
    """Messages with their files, targets, notices, and what was promised with them. Blobs that only they named end."""
    raws = _scalars(connection, select(messages.c.raw_sha256).where(messages.c.raw.is_(None)), messages.c.id, ids)
    endings.end(connection, {blob for blob in raws if blob}, now_ms)
    files = remove_attachments(connection, ids, now_ms)
    waiting = select(func.count()).select_from(targets).where(targets.c.state == PENDING)
    unpublished = _scalars(connection, waiting, targets.c.message_id, ids)[0]
    _delete(connection, targets, targets.c.message_id, ids)
    _delete(connection, bridge_posts, bridge_posts.c.message_id, ids)
    _delete(connection, marks, marks.c.message_id, ids)
    _delete(connection, reroutes, reroutes.c.message_id, ids)
    notice_items.forget(connection, ids)
    _delete(connection, sla_timers, sla_timers.c.message_id, ids)
    erased.add(connection, "message", ids, now_ms)
    return Removed(_delete(connection, messages, messages.c.id, ids), files, unpublished)


def remove_attachments(connection: Connection, message_ids: Collection[str], now_ms: int) -> int:
    """The files of messages; how many."""
    query = select(attachments.c.id, attachments.c.sha256).where(among(connection, attachments.c.message_id))
    files = connection.execute(query, ids_parameter(connection, message_ids)).all()
    endings.end(connection, {file.sha256 for file in files}, now_ms)
    erased.add(connection, "attachment", [file.id for file in files], now_ms)
    return _delete(connection, attachments, attachments.c.message_id, message_ids)


def empty_raw(connection: Connection, ids: Collection[str], now_ms: int) -> int:
    """The raw bytes of messages, which stay themselves; how many."""
    in_blobs = _scalars(connection, select(messages.c.raw_sha256).where(messages.c.raw.is_(None)), messages.c.id, ids)
    emptied = messages.update().where(among(connection, messages.c.id), messages.c.raw_sha256 != "")
    rows = connection.execute(emptied.values(raw=None, raw_sha256=""), ids_parameter(connection, ids)).rowcount
    endings.end(connection, {blob for blob in in_blobs if blob}, now_ms)
    return rows


def remove_outgoing(connection: Connection, ids: Collection[str], now_ms: int) -> Removed:
    """Messages out with what providers told of them. What they tell later is known by its id, and not kept."""
    named = names_of(connection, ids)
    about = select(signals.c.id, signals.c.connector, signals.c.external_id).where(among(connection, signals.c.external_id))
    found = connection.execute(about, ids_parameter(connection, {external_id for _, external_id in named}))
    told = remove_signals(connection, [row.id for row in found if (row.connector, row.external_id) in named], now_ms)
    erased.add(connection, "sent", {erased.sent_id(*name) for name in named}, now_ms)
    return Removed(outgoing=forget_outgoing(connection, ids, now_ms), signals=told)


def forget_outgoing(connection: Connection, ids: Collection[str], now_ms: int) -> int:
    """Messages out with their files, and by which ids they were known; how many messages. Blobs that only they named end."""
    files = _scalars(connection, select(outgoing_files.c.sha256), outgoing_files.c.outgoing_id, ids)
    endings.end(connection, set(files), now_ms)
    _delete(connection, outgoing_files, outgoing_files.c.outgoing_id, ids)
    _delete(connection, outgoing_parts, outgoing_parts.c.outgoing_id, ids)
    _delete(connection, bridge_answers, bridge_answers.c.outgoing_id, ids)
    return _delete(connection, outgoing, outgoing.c.id, ids)


def remove_signals(connection: Connection, ids: Collection[str], now_ms: int) -> int:
    """What providers told; how many."""
    erased.add(connection, "signal", ids, now_ms)
    return _delete(connection, signals, signals.c.id, ids)


def remove_quarantine(connection: Connection, ids: Collection[str], now_ms: int) -> int:
    """What was held; how many."""
    erased.add(connection, "quarantine", ids, now_ms)
    return _delete(connection, quarantine, quarantine.c.id, ids)


def names_of(connection: Connection, outgoing_ids: Collection[str]) -> set[tuple[str, str]]:
    """(connector, id) under which providers may speak of messages out: theirs, those of the parts, and ours."""
    parameter = ids_parameter(connection, outgoing_ids)
    own = select(outgoing.c.connector, outgoing.c.id, outgoing.c.external_id).where(among(connection, outgoing.c.id))
    parts = select(outgoing_parts.c.connector, outgoing_parts.c.external_id)
    named: set[tuple[str, str]] = set()
    for row in connection.execute(own, parameter):
        named |= {(row.connector, name) for name in (row.id, row.external_id) if name is not None}
    rows = connection.execute(parts.where(among(connection, outgoing_parts.c.outgoing_id)), parameter)
    return named | {(row.connector, row.external_id) for row in rows}


def _scalars(connection: Connection, query: Select[Any], column: Column[str], ids: Collection[str]) -> list[Any]:
    return list(connection.execute(query.where(among(connection, column)), ids_parameter(connection, ids)).scalars())


def _delete(connection: Connection, table: Table, column: Column[str], ids: Collection[str]) -> int:
    if not ids:
        return 0
    return connection.execute(delete(table).where(among(connection, column)), ids_parameter(connection, ids)).rowcount
