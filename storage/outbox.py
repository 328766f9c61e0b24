"""The outbox: which stored envelopes still have to go to which queue."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from sqlalchemy import Connection, bindparam, func, select

from storage.bulk import among, ids_parameter, insert_rows, update_rows
from storage.schema import messages, targets

PENDING: Final = "pending"
PUBLISHED: Final = "published"
UNROUTED: Final = "unrouted"
"""The states of a target."""

_LOOK: Final = 1_000


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One envelope for one target. `seq` is its place among all targets of the database."""

    seq: int
    message_id: str
    target: str
    order_key: str
    attempts: int
    brand: str
    channel: str
    conversation_id: str
    received_ms: int
    body: bytes


_PENDING = (
    select(
        targets.c.position,
        targets.c.message_id,
        targets.c.target,
        targets.c.order_key,
        targets.c.attempts,
        messages.c.brand,
        messages.c.channel,
        messages.c.conversation_id,
        messages.c.received_ms,
        messages.c.envelope,
    )
    .join(messages, messages.c.id == targets.c.message_id)
    .where(targets.c.state == PENDING, targets.c.node == bindparam("node"), targets.c.position > bindparam("after"))
    .order_by(targets.c.position)
    .limit(bindparam("most"))
)
_POSITIONS = select(targets.c.position, targets.c.message_id, targets.c.target)


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], int]:
    """Insert targets; (message id, target) to position."""
    if not rows:
        return {}
    insert_rows(connection, targets, rows)
    query = _POSITIONS.where(among(connection, targets.c.message_id))
    found = connection.execute(query, ids_parameter(connection, {row["message_id"] for row in rows}))
    return {(row.message_id, row.target): row.position for row in found}


def pending(connection: Connection, node: str, *, after: int, limit: int) -> list[OutboxRow]:
    """What a node has committed and not yet published, in order."""
    rows = connection.execute(_PENDING, {"node": node, "after": after, "most": limit})
    return [OutboxRow(*cast("tuple[Any, ...]", row)) for row in rows]


def mark(connection: Connection, published: Sequence[tuple[int, str, int, int]]) -> None:
    """Record (position, state, attempts, milliseconds since 1970) of what the broker has confirmed."""
    rows = [
        {"position": position, "state": state, "attempts": attempts, "published_ms": at_ms}
        for position, state, attempts, at_ms in published
    ]
    update_rows(connection, targets, "position", rows)


def still_pending(connection: Connection, positions: Collection[int]) -> set[int]:
    """Those of the targets that were neither deleted nor published since they were read."""
    this = (targets.c.position.in_(positions), targets.c.state == PENDING)
    return set(connection.execute(select(targets.c.position).where(*this)).scalars())


def nodes_with_pending(connection: Connection) -> list[str]:
    return list(connection.execute(select(targets.c.node).where(targets.c.state == PENDING).distinct()).scalars())


_LATE: Final = (
    select(messages.c.brand, targets.c.target, messages.c.received_ms)
    .join(messages, messages.c.id == targets.c.message_id)
    .where(targets.c.state == PENDING)
    .order_by(targets.c.position)
    .limit(_LOOK)
)


def waiting(connection: Connection) -> dict[tuple[str, str], int]:
    """Brand and target of what waits to be published to when the oldest of it was received, among the oldest 1,000 of all."""
    found: dict[tuple[str, str], int] = {}
    for brand, target, received_ms in connection.execute(_LATE):
        found[brand, target] = min(received_ms, found.get((brand, target), received_ms))
    return found


def count_pending(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(targets).where(targets.c.state == PENDING)).scalar_one()
