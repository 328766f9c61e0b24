"""Stored messages in pages, newest first: for those who try rules on what came in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select, tuple_

from storage.schema import messages

_COLUMNS: Final = (
    *(messages.c.id, messages.c.channel, messages.c.ruleset, messages.c.received_ms),
    *(messages.c.cut, messages.c.envelope, messages.c.explanation),
)
_NEWEST: Final = (messages.c.received_ms.desc(), messages.c.id.desc())


@dataclass(frozen=True, slots=True)
class Stored:
    """A committed message: its envelope's bytes, by which version of the rules it was decided, and the record of that.
    `cut`: an erase has taken something out of the envelope."""

    id: str
    channel: str
    ruleset: str
    received_ms: int
    cut: bool
    envelope: bytes
    explanation: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """Which messages: of one brand, or of all but some, received at `since_ms` or later."""

    brand: str | None = None
    without: frozenset[str] = frozenset()
    since_ms: int | None = None


def before(connection: Connection, only: Only, place: tuple[int, str] | None, limit: int) -> Sequence[Stored]:
    """The next page, newest first: messages before `place`, the `received_ms` and id of the last one of the page before."""
    query = select(messages.c.id)
    if only.brand is not None:
        query = query.where(messages.c.brand == only.brand)
    if only.without:
        query = query.where(messages.c.brand.not_in(sorted(only.without)))
    if only.since_ms is not None:
        query = query.where(messages.c.received_ms >= only.since_ms)
    if place is not None:
        query = query.where(tuple_(messages.c.received_ms, messages.c.id) < tuple_(*place))
    # Ids first: where much came in within one millisecond, SQLite sorts whole rows otherwise.
    ids = query.order_by(*_NEWEST).limit(limit)
    rows = connection.execute(select(*_COLUMNS).where(messages.c.id.in_(ids)).order_by(*_NEWEST))
    return [
        Stored(row.id, row.channel, row.ruleset, row.received_ms, row.cut, bytes(row.envelope), bytes(row.explanation))
        for row in rows
    ]
