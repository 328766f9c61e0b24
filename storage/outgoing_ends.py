"""The end of rows that nobody sends any more: lost on their way, without a connector, or of no use any more."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, update

from storage.outgoing import FAILED, QUEUED, SENDING, SENT, TAKEN, UNKNOWN, WORDS_AFTER
from storage.schema import outgoing, signals

_LOST: Final = "unknown: the gateway ended while it was being sent: it may have left, and is not sent again"
_ORPHANED: Final = "unsupported: its connector is not in the configuration"
_TOO_LATE: Final = "retryable: it could not leave while it was of use"


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


def _end(connection: Connection, this: ColumnElement[bool], **values: object) -> int:
    return connection.execute(update(outgoing).where(this).values({**values, **WORDS_AFTER})).rowcount
