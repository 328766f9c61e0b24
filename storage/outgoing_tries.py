"""Tries of messages out: many are taken in one transaction, and what became of many is recorded in one.

So what a try costs the database is shared by all that are under way, and few wait for a commit of their own.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, func, or_, select, update

from storage import outgoing_files
from storage.bulk import among, ids_parameter, insert_rows, update_rows
from storage.lookup import ADDRESS_ENDED
from storage.outgoing import FAILED, OPEN, QUEUED, SENDING, WORDS_AFTER, NewOutgoing, is_before
from storage.outgoing_files import FileRow
from storage.schema import handles, messages, outgoing, outgoing_parts

_ADDRESS_GONE: Final = {
    "error": "invalid_recipient: the address is not this customer's any more",
    "provider_code": None,
    **WORDS_AFTER,
}
_GONE: Final = ADDRESS_ENDED.label("gone")
"""Of the link by which the answered contact came, also where the answer goes to an address that the contact gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed(NewOutgoing):
    """A row this node is to send now. `attempts` counts this one; `first_ms` is when the first began; `envelope` are the
    bytes it answers, None when they are not stored any more; `files` are named by their rows."""

    attempts: int
    first_ms: int
    envelope: bytes | None
    last_inbound_ms: int | None
    """When who wrote it last wrote to the same account, on the same channel."""
    files: tuple[FileRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of a try: the columns that record it, and the ids of all parts where it left in several."""

    row: Claimed
    values: Mapping[str, Any]
    parts: Sequence[str] = ()

    @property
    def has_ended(self) -> bool:
        """Whether there is no other try."""
        return self.values["state"] not in OPEN


_CLAIMED: Final = [
    column for column in outgoing.columns if column.name in NewOutgoing.__dataclass_fields__ or column.name == "attempts"
]


def _first_of_its_conversation(now_ms: int) -> ColumnElement[bool]:
    """To its address: what goes elsewhere, and cannot leave, holds up nothing."""
    earlier = outgoing.alias("earlier")
    return ~(
        select(earlier.c.position)
        .where(
            earlier.c.conversation_id == outgoing.c.conversation_id,
            *(earlier.c[one] == outgoing.c[one] for one in ("connector", "handle_kind", "handle_value")),
            or_(and_(earlier.c.position < outgoing.c.position, is_before(earlier, now_ms)), earlier.c.state == SENDING),
        )
        .exists()
    )


def _due(now_ms: int, connectors: Collection[str]) -> ColumnElement[bool]:
    return and_(
        outgoing.c.told_ms.is_(None),
        outgoing.c.state == QUEUED,
        outgoing.c.due_ms <= now_ms,
        or_(outgoing.c.until_ms.is_(None), outgoing.c.until_ms > now_ms),
        outgoing.c.connector.in_(connectors),
        _first_of_its_conversation(now_ms),
    )


def due(connection: Connection, now_ms: int, connectors: Collection[str]) -> set[str]:
    """Those of `connectors` that have something to send now."""
    query = select(outgoing.c.connector).where(_due(now_ms, connectors)).distinct()
    return set(connection.execute(query).scalars())


def _last_inbound() -> ColumnElement[int | None]:
    later = messages.alias("later")
    this = [later.c[name] == messages.c[name] for name in ("handle_id", "connector", "channel")]
    this.append(later.c.account.is_not_distinct_from(messages.c.account))
    return select(func.max(later.c.received_ms)).where(*this).scalar_subquery().label("last_inbound_ms")


def claim(connection: Connection, connector: str, node: str, *, now_ms: int, lost_ms: int, limit: int) -> list[Claimed]:
    """Take what is due, oldest first, so that no other node does. After `lost_ms` nobody can be at it any more.

    What answers somebody whose address is not theirs any more becomes `failed` instead, and is none of those given back."""
    query: Select[Any] = (
        select(*_CLAIMED, outgoing.c.first_ms, messages.c.envelope, _last_inbound(), _GONE)
        .join(messages, messages.c.id == outgoing.c.message_id, isouter=True)
        .join(handles, handles.c.id == messages.c.handle_id, isouter=True)
        .where(_due(now_ms, (connector,)))
        .order_by(outgoing.c.position)
        .limit(limit)
    )
    found = connection.execute(query).mappings().all()
    tries = _still_queued(connection, [row["id"] for row in found])
    free = [row for row in found if tries.get(row["id"]) == row["attempts"]]
    gone = [row["id"] for row in free if row["gone"]]
    taken = [_claimed(row, now_ms) for row in free if not row["gone"]]
    _set(connection, gone, state=FAILED, node=node, ended_ms=now_ms, **_ADDRESS_GONE)
    taking = {"first_ms": func.coalesce(outgoing.c.first_ms, now_ms), "attempts": outgoing.c.attempts + 1}
    _set(connection, [one.id for one in taken], state=SENDING, node=node, due_ms=lost_ms, **taking)
    files = outgoing_files.of(connection, [one.id for one in taken]) if taken else {}
    return [replace(one, files=files[one.id]) if one.id in files else one for one in taken]


def _claimed(found: RowMapping, now_ms: int) -> Claimed:
    row = dict(found)
    del row["gone"]
    return Claimed(**row | {"first_ms": row["first_ms"] or now_ms, "attempts": row["attempts"] + 1})


def _still_queued(connection: Connection, ids: Collection[str]) -> dict[str, int]:
    """How often those were tried that wait, locked: another node may have taken one since it was read, or tried it and put it
    back. In their order, so that two nodes that take the same ones cannot wait for each other."""
    if not ids:
        return {}
    this = select(outgoing.c.id, outgoing.c.attempts).where(among(connection, outgoing.c.id), outgoing.c.state == QUEUED)
    locked = this.order_by(outgoing.c.position).with_for_update()
    return {row.id: row.attempts for row in connection.execute(locked, ids_parameter(connection, ids))}


def _set(connection: Connection, ids: Collection[str], **values: object) -> None:
    if ids:
        this = update(outgoing).where(among(connection, outgoing.c.id)).values(values)
        connection.execute(this, ids_parameter(connection, ids))


def name(connection: Connection, names: Mapping[str, str]) -> None:
    """Record the ids that rows will have at their provider, by their own."""
    update_rows(connection, outgoing, "id", [{"id": id_, "external_id": one} for id_, one in names.items()])


def settle(connection: Connection, node: str, tried: Sequence[Tried]) -> set[str]:
    """Record what became of tries; the ids of those recorded. A row that is not in this node's hands any more stays as it
    is."""
    held = _in_hands(connection, node, tried)
    kept = [one for one in tried if one.row.id in held]
    alike: defaultdict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for one in kept:
        words = {"text": "", "html": None} if one.row.secret and one.has_ended else {}
        alike[*sorted(one.values), *words].append({"id": one.row.id, **dict(sorted(one.values.items())), **words})
    for rows in alike.values():
        update_rows(connection, outgoing, "id", rows)
    named = [
        {"connector": one.row.connector, "external_id": part, "outgoing_id": one.row.id} for one in kept for part in one.parts
    ]
    insert_rows(connection, outgoing_parts, sorted(named, key=lambda one: (one["connector"], one["external_id"])), ignore=True)
    return held


def _in_hands(connection: Connection, node: str, tried: Sequence[Tried]) -> set[str]:
    """Those of which this node still makes this very try, locked in their order."""
    query = select(outgoing.c.id, outgoing.c.attempts)
    this = query.where(among(connection, outgoing.c.id), outgoing.c.state == SENDING, outgoing.c.node == node)
    ids = ids_parameter(connection, [one.row.id for one in tried])
    attempts = {row.id: row.attempts for row in connection.execute(this.order_by(outgoing.c.position).with_for_update(), ids)}
    return {one.row.id for one in tried if attempts.get(one.row.id) == one.row.attempts}
