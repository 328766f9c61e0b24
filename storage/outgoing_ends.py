"""Ends: those of rows that nobody sends any more (lost, without a connector, of no use), and which are still to be told."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, or_, select, update

from storage.outgoing import FAILED, OPEN, QUEUED, SENDING, SENT, TAKEN, UNKNOWN, WORDS_AFTER
from storage.schema import messages, outgoing, signals

_LOST: Final = "unknown: the gateway ended while it was being sent: it may have left, and is not sent again"
_ORPHANED: Final = "unsupported: its connector is not in the configuration"
_TOO_LATE: Final = "retryable: it could not leave while it was of use"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A row whose end is to be told."""

    id: str
    connector: str
    state: str
    attempts: int
    external_id: str | None
    handle_value: str
    message_id: str | None
    automatic: bool
    created_ms: int
    provider_code: str | None
    error: str | None
    ended_ms: int
    brand: str | None
    channel: str | None
    account: str | None


def lose(connection: Connection, node: str, now_ms: int, *, started: bool = False) -> int:
    """What nobody can be sending any more becomes `sent` where its provider has told that it has it, else `unknown`; how many
    of these. `started`: this node has just started, so
    also everything it was sending before."""
    gone = outgoing.c.due_ms <= now_ms
    this = and_(
        outgoing.c.told_ms.is_(None), outgoing.c.state == SENDING, or_(gone, outgoing.c.node == node) if started else gone
    )
    taken = exists().where(
        signals.c.connector == outgoing.c.connector,
        signals.c.external_id == outgoing.c.external_id,
        signals.c.state.in_(TAKEN),
    )
    _end(connection, and_(this, taken), state=SENT, node=node, ended_ms=now_ms)
    return _end(connection, this, state=UNKNOWN, node=node, ended_ms=now_ms, error=_LOST)


def orphan(connection: Connection, node: str, connectors: Collection[str], now_ms: int, before_ms: int) -> int:
    """What was queued before `before_ms` for a connector that there is no more becomes `failed`; how many rows."""
    this = and_(
        outgoing.c.told_ms.is_(None),
        outgoing.c.state == QUEUED,
        outgoing.c.created_ms < before_ms,
        outgoing.c.connector.not_in(connectors),
    )
    return _end(connection, this, state=FAILED, node=node, ended_ms=now_ms, error=_ORPHANED)


def outlive(connection: Connection, node: str, now_ms: int) -> int:
    """What was to leave before now and is still queued becomes `failed`; how many rows."""
    this = and_(outgoing.c.told_ms.is_(None), outgoing.c.state == QUEUED, outgoing.c.until_ms <= now_ms)
    return _end(connection, this, state=FAILED, node=node, ended_ms=now_ms, error=_TOO_LATE)


def untold(connection: Connection, node: str, limit: int, before_ms: int) -> list[Ended]:
    """Ends that this node has recorded and not yet told, and those of before that time which no other node has told: there may
    be none of that name any more."""
    shared = ("brand", "account")  # the contact's it answers, where it leaves as that came, or its own
    own = [one for one in outgoing.columns if one.name in Ended.__dataclass_fields__ and one.name not in shared]
    there = and_(messages.c.id.is_not(None), outgoing.c.brand.is_(None))
    either = [case((there, messages.c[name]), else_=outgoing.c[name]).label(name) for name in shared]
    channel = case((there, messages.c.channel)).label("channel")
    mine = or_(outgoing.c.node == node, outgoing.c.ended_ms < before_ms)
    query: Select[Any] = (
        select(*own, *either, channel)
        .join(messages, messages.c.id == outgoing.c.message_id, isouter=True)
        .where(outgoing.c.told_ms.is_(None), mine, outgoing.c.state.not_in(OPEN))
        .order_by(outgoing.c.position)
        .limit(limit)
    )
    return [Ended(**row) for row in connection.execute(query).mappings()]


def tell(connection: Connection, ended: Sequence[Ended], now_ms: int) -> None:
    """Their ends are told; one that has come to another end since is not."""
    for state in sorted({one.state for one in ended}):
        ids = [one.id for one in ended if one.state == state]
        connection.execute(update(outgoing).where(outgoing.c.id.in_(ids), outgoing.c.state == state).values(told_ms=now_ms))


def _end(connection: Connection, this: ColumnElement[bool], **values: object) -> int:
    return connection.execute(update(outgoing).where(this).values({**values, **WORDS_AFTER})).rowcount
