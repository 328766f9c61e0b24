"""The newest messages, for people who watch: as they stand, and which of them are new or went on."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, false, func, or_, select, union

from storage.bulk import among, ids_parameter
from storage.quarantine import HELD
from storage.schema import messages, quarantine, targets, traffic

LOOK: Final = 20_000
"""Messages that a filter goes through, newest first: beyond them are rare ones that the list does not show."""
_AGAIN: Final = 200
"""Targets that are looked at once more: on PostgreSQL a transaction that began later may end sooner."""


@dataclass(frozen=True, slots=True)
class Change:
    """A message and how far it is. `position` is that of its last target; `published_ms` of the one that was confirmed last."""

    id: str
    received_ms: int
    position: int
    state: str
    published_ms: int | None

    @property
    def stamp(self) -> str:
        """Differs where the message went on."""
        return f"{self.state} {self.published_ms}"


def newest(connection: Connection, *, limit: int, before_ms: int | None = None, behind: str = "", **wanted: str) -> list[str]:
    """Ids of the newest messages that fit, newest first; with `before_ms` older ones only, and with `behind`, the id of one of
    that moment, also those of the same moment behind it. `wanted`: column to value, such as channel and category."""
    query = select(messages.c.id, messages.c.received_ms, *(messages.c[name] for name in wanted))
    if before_ms is not None:
        same = and_(messages.c.received_ms == before_ms, messages.c.id > behind) if behind else false()
        query = query.where(or_(messages.c.received_ms < before_ms, same))
    last = query.order_by(messages.c.received_ms.desc(), messages.c.id).limit(LOOK if wanted else limit).subquery()
    found = select(last.c.id).where(*(last.c[name] == value for name, value in wanted.items()))
    return list(connection.execute(found.order_by(last.c.received_ms.desc(), last.c.id).limit(limit)).scalars())


def changed(connection: Connection, position: int, since_ms: int, limit: int) -> Sequence[Change]:
    """Messages with targets above `position`, or received since (which those without a target are known by), newest first."""
    by_target = select(targets.c.message_id).where(targets.c.position > position - _AGAIN)
    by_time = select(messages.c.id).where(messages.c.received_ms > since_ms)
    lately = union(
        by_target.order_by(targets.c.position.desc()).limit(limit).subquery().select(),
        by_time.order_by(messages.c.received_ms.desc()).limit(limit).subquery().select(),
    ).subquery()
    query = _standing().where(messages.c.id.in_(select(lately.c[0])))
    return [_change(row) for row in connection.execute(query.limit(2 * limit)).mappings()]


def standing(connection: Connection, ids: Collection[str]) -> list[Change]:
    """How far these messages are, newest first."""
    query = _standing().where(among(connection, messages.c.id))
    return [_change(row) for row in connection.execute(query, ids_parameter(connection, ids)).mappings()]


def _standing() -> Select[Any]:
    """Every message once, with its targets together: the least far of them says how far it is."""
    columns = (messages.c.id, messages.c.received_ms, messages.c.discarded_by)
    pending = func.count().filter(targets.c.state == "pending")
    unrouted = func.count().filter(targets.c.state == "unrouted")
    last, published = func.max(targets.c.position), func.max(targets.c.published_ms)
    joined = messages.outerjoin(targets, targets.c.message_id == messages.c.id)
    query = select(
        *columns, last.label("position"), published.label("published_ms"), pending.label("pending"), unrouted.label("unrouted")
    )
    return query.select_from(joined).group_by(*columns).order_by(messages.c.received_ms.desc(), messages.c.id)


def _change(row: Mapping[Any, Any]) -> Change:
    state = "published"
    if row["discarded_by"] is not None or row["position"] is None:
        state = "discarded"
    elif row["pending"]:
        state = "pending"
    elif row["unrouted"]:
        state = "unrouted"
    return Change(row["id"], row["received_ms"], row["position"] or 0, state, row["published_ms"])


def rows(connection: Connection, ids: Collection[str]) -> dict[str, Mapping[str, Any]]:
    """Those messages, without explanation and raw bytes."""
    names = ("id", "connector", "brand", "channel", "kind", "handle_kind", "handle_value", "customer_id", "conversation_id")
    columns = [messages.c[name] for name in (*names, "category", "discarded_by", "received_ms", "envelope")]
    query = select(*columns).where(among(connection, messages.c.id))
    found = connection.execute(query, ids_parameter(connection, ids)).mappings()
    return {row["id"]: dict(row) for row in found}


def last_position(connection: Connection) -> int:
    """The last target's, 0 where there is none."""
    return connection.execute(select(func.max(targets.c.position))).scalar_one() or 0


def channels(connection: Connection) -> list[str]:
    """The channels of the newest messages, by name."""
    last = select(messages.c.channel).order_by(messages.c.received_ms.desc()).limit(LOOK).subquery()
    return sorted(connection.execute(select(last.c.channel).distinct()).scalars())


def held(connection: Connection) -> int:
    """How much is in quarantine."""
    query = select(func.count()).select_from(quarantine).where(quarantine.c.state == HELD)
    return connection.execute(query).scalar_one()


def contacts(connection: Connection, first: int) -> dict[str, dict[int, int]]:
    """Connector to hour (counted since 1970) to its contacts, from the hour `first` on."""
    found: dict[str, dict[int, int]] = {}
    query = select(traffic.c.connector, traffic.c.hour, traffic.c.contacts).where(traffic.c.hour >= first)
    for connector, hour, number in connection.execute(query):
        found.setdefault(connector, {})[hour] = number
    return found
