"""Stored envelopes that had gone to queues, in the order in which they were committed: for those who send them again.

Read in bounded steps of positions, since nothing orders targets by the time of their publishing: every step looks at so many
rows at most, however many there are.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, select, update

from storage.bulk import among, ids_parameter
from storage.outbox import PENDING, PUBLISHED, UNROUTED
from storage.schema import messages, targets

STEP: Final = 50_000
"""Positions that one statement looks at."""
_SENT: Final = (PUBLISHED, UNROUTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which publishes: all that is given holds. Times are those at which a queue had it, in milliseconds since 1970: from
    `since_ms` on, before `until_ms`. `unheard`: that nobody has answered. `once`: of an envelope only the first that
    fits, as for one queue."""

    since_ms: int | None = None
    until_ms: int | None = None
    categories: tuple[str, ...] = ()
    brand: str | None = None
    target: str | None = None
    channel: str | None = None
    envelopes: tuple[str, ...] = ()
    unheard: bool = False
    once: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """An envelope that went to a target. `state`: published, or unrouted; `size` is that of its bytes."""

    position: int
    message_id: str
    brand: str
    target: str
    channel: str
    category: str
    order_key: str
    state: str
    attempts: int
    published_ms: int
    received_ms: int
    conversation_id: str
    size: int


def last_position(connection: Connection) -> int:
    """Where to end: what is committed later is not meant."""
    return int(connection.execute(select(func.coalesce(func.max(targets.c.position), 0))).scalar_one())


def page(connection: Connection, chosen: Chosen, after: int, upto: int, limit: int) -> Sequence[Sent]:
    """The first of them with `after` < position ≤ `upto`, which should be no further apart than `STEP`."""
    columns = (
        *(targets.c.position, messages.c.id, messages.c.brand, targets.c.target, messages.c.channel, messages.c.category),
        *(targets.c.order_key, targets.c.state, targets.c.attempts, targets.c.published_ms),
        *(messages.c.received_ms, messages.c.conversation_id, func.length(messages.c.envelope)),
    )
    query = _where(select(*columns), chosen, after, upto).order_by(targets.c.position).limit(limit)
    return [Sent(*row) for row in connection.execute(query)]


def count(connection: Connection, chosen: Chosen, after: int, upto: int) -> Mapping[tuple[str, str], int]:
    """How many there are, by brand and target."""
    query = _where(select(messages.c.brand, targets.c.target, func.count()), chosen, after, upto)
    return {(brand, target): n for brand, target, n in connection.execute(query.group_by(messages.c.brand, targets.c.target))}


def bodies(connection: Connection, ids: Collection[str]) -> Mapping[str, bytes]:
    """The stored bytes; without those that were erased since."""
    query = select(messages.c.id, messages.c.envelope).where(among(connection, messages.c.id))
    return {row.id: bytes(row.envelope) for row in connection.execute(query, ids_parameter(connection, ids))}


def waiting(connection: Connection, ids: Collection[str]) -> Collection[str]:
    """Of some envelopes those that still have to go somewhere."""
    query = select(targets.c.message_id).where(among(connection, targets.c.message_id), targets.c.state == PENDING)
    return set(connection.execute(query, ids_parameter(connection, ids)).scalars())


def known(connection: Connection, ids: Collection[str]) -> Collection[str]:
    """Those of the envelopes that are stored."""
    query = select(messages.c.id).where(among(connection, messages.c.id))
    return set(connection.execute(query, ids_parameter(connection, ids)).scalars())


def position_of(connection: Connection, message_id: str) -> int | None:
    """The first position at which an envelope went to a queue; None where it has not yet, or goes to none."""
    query = select(func.min(targets.c.position)).where(targets.c.message_id == message_id, targets.c.state.in_(_SENT))
    found: int | None = connection.execute(query).scalar_one()
    return found


def has_category(connection: Connection, category: str) -> bool:
    """Whether any stored message has it, also where no rule names it any more."""
    query = select(messages.c.id).where(messages.c.category == category).limit(1)
    return connection.execute(query).first() is not None


def arrived(connection: Connection, positions: Collection[int]) -> None:
    """What no queue had taken lies in its own queue now."""
    mine = and_(targets.c.position.in_(positions), targets.c.state == UNROUTED)
    connection.execute(update(targets).where(mine).values(state=PUBLISHED))


def arrived_at(connection: Connection, pairs: Collection[tuple[str, str]]) -> None:
    """The same, by message and target."""
    for message_id, target in pairs:
        mine = and_(targets.c.message_id == message_id, targets.c.target == target, targets.c.state == UNROUTED)
        connection.execute(update(targets).where(mine).values(state=PUBLISHED))


def _where(query: Select[Any], chosen: Chosen, after: int, upto: int) -> Select[Any]:
    query = query.join(messages, messages.c.id == targets.c.message_id)
    query = query.where(targets.c.position > after, targets.c.position <= upto, *_of(targets, chosen), *_message(chosen))
    if chosen.once:
        other = targets.alias("earlier")
        same = and_(other.c.message_id == targets.c.message_id, other.c.position < targets.c.position, *_of(other, chosen))
        query = query.where(~exists().where(same))
    return query


def _of(table: Any, chosen: Chosen) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [table.c.state.in_(_SENT)]
    if chosen.since_ms is not None:
        found.append(table.c.published_ms >= chosen.since_ms)
    if chosen.until_ms is not None:
        found.append(table.c.published_ms < chosen.until_ms)
    if chosen.target is not None:
        found.append(table.c.target == chosen.target)
    if chosen.envelopes:
        found.append(table.c.message_id.in_(chosen.envelopes))
    return found


def _message(chosen: Chosen) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if chosen.categories:
        found.append(messages.c.category.in_(chosen.categories))
    if chosen.brand is not None:
        found.append(messages.c.brand == chosen.brand)
    if chosen.channel is not None:
        found.append(messages.c.channel == chosen.channel)
    if chosen.unheard:
        found.append(messages.c.awaits_answer)
    return found
