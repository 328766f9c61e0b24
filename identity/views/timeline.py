"""What a customer wrote, and what went out to them, newest first, on all channels.

Messages follow the links: what a link wrote is its owner's, whoever that is now.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

import orjson
from sqlalchemy import Column, ColumnElement, Connection, Row, Select, and_, literal, or_, select

from identity.history import SNIPPET
from identity.people import Direction
from identity.store import rows_among
from identity.views.paging import Page, cursor_of, parts_of
from identity.views.tops import top_of
from normalizer.text import snippet
from storage.schema import handles, messages, outgoing

_IN: Final[Direction] = "inbound"
_OUT: Final[Direction] = "outbound"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One message. `handle` is the link it came by, or went to the writer of; `written_under` the customer it was written
    under. `state` and `answers` are of those that went out: what became of it, and the message it answers."""

    id: str
    at_ms: int
    direction: Direction
    channel: str
    connector: str
    conversation: str
    handle: str
    snippet: str
    subject: str | None = None
    kind: str | None = None
    category: str | None = None
    written_under: str | None = None
    repeat_of: str | None = None
    discarded_by: str | None = None
    state: str | None = None
    answers: str | None = None
    author: str | None = None
    automatic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """What is asked for: from `since_ms` on, before `until_ms`, on one channel."""

    since_ms: int | None = None
    until_ms: int | None = None
    channel: str | None = None


_EVERYTHING: Final = Only()
Cut = Callable[[str], str]


def _begin(text: str) -> str:
    return snippet(text, SNIPPET)


def timeline(
    connection: Connection,
    customer_id: str,
    only: Only = _EVERYTHING,
    *,
    cursor: str | None = None,
    limit: int = 50,
    cut: Cut | None = None,
) -> Page[Moment]:
    """`cut` says what is shown of a text, if not how it begins. Raises `NotPossible` (`unknown_customer`) and `BadCursor`."""
    links = select(handles.c.id).where(handles.c.customer_id == top_of(connection, customer_id).id)
    after = None if cursor is None else parts_of(cursor, (int, str))
    found: list[Row[Any]] = []
    for query, at, column in (_inbound(links), _outbound(links)):
        place = (at, _bytewise(connection, column))
        some = query.where(*_wanted(only, at), *_beyond(place, after))
        found += connection.execute(some.order_by(*(one.desc() for one in place)).limit(limit + 1))
    found.sort(key=attrgetter("at_ms", "id"), reverse=True)
    shown = found[:limit]
    told = {**_received(connection, shown, cut or _begin), **_sent(connection, shown, cut or _begin)}
    last = shown[-1] if len(found) > limit else None
    return Page(tuple(told[row.id] for row in shown), None if last is None else cursor_of(last.at_ms, last.id))


_Source = tuple[Select[Any], Column[int], Column[str]]
"""A query for places in the timeline, with the columns that make them: the messages themselves are read for a page only."""


def _inbound(links: Select[Any]) -> _Source:
    query = select(messages.c.id, messages.c.at_ms, literal(_IN).label("direction")).where(messages.c.handle_id.in_(links))
    return query, messages.c.at_ms, messages.c.id


def _outbound(links: Select[Any]) -> _Source:
    """What answers a message is found by its conversation first, which has an index."""
    theirs = select(messages.c.conversation_id).where(messages.c.handle_id.in_(links))
    query = (
        select(outgoing.c.id, outgoing.c.created_ms.label("at_ms"), literal(_OUT).label("direction"))
        .join(messages, messages.c.id == outgoing.c.message_id)
        .where(outgoing.c.conversation_id.in_(theirs), messages.c.handle_id.in_(links))
    )
    return query, outgoing.c.created_ms, outgoing.c.id


def _wanted(only: Only, at: Column[int]) -> Iterable[ColumnElement[bool]]:
    if only.since_ms is not None:
        yield at >= only.since_ms
    if only.until_ms is not None:
        yield at < only.until_ms
    if only.channel is not None:
        yield messages.c.channel == only.channel


def _beyond(place: tuple[Column[int], ColumnElement[str]], after: list[Any] | None) -> Iterable[ColumnElement[bool]]:
    if after is not None:
        (at, id_), (at_ms, last) = place, after
        yield or_(at < at_ms, and_(at == at_ms, id_ < last))


def _bytewise(connection: Connection, column: Column[str]) -> ColumnElement[str]:
    """Compared as Python and SQLite compare texts, whatever PostgreSQL's own order is."""
    return column if connection.dialect.name == "sqlite" else column.collate("C")


def _received(connection: Connection, shown: Iterable[Row[Any]], cut: Cut) -> dict[str, Moment]:
    names = ("id", "at_ms", "channel", "connector", "kind", "category", "conversation_id", "handle_id", "customer_id")
    query = select(*(messages.c[name] for name in (*names, "repeat_of", "discarded_by", "envelope")))
    ids = [row.id for row in shown if row.direction == _IN]
    return {row.id: _moment_in(row, cut) for row in rows_among(connection, query, messages.c.id, ids)}


def _sent(connection: Connection, shown: Iterable[Row[Any]], cut: Cut) -> dict[str, Moment]:
    names = ("id", "connector", "conversation_id", "message_id", "author", "automatic", "subject", "text", "state")
    query = select(
        *(outgoing.c[name] for name in names),
        outgoing.c.created_ms.label("at_ms"),
        messages.c.channel,
        messages.c.handle_id,
    ).join(messages, messages.c.id == outgoing.c.message_id)
    ids = [row.id for row in shown if row.direction == _OUT]
    return {row.id: _moment_out(row, cut) for row in rows_among(connection, query, outgoing.c.id, ids)}


def _moment_in(row: Row[Any], cut: Cut) -> Moment:
    data = orjson.loads(row.envelope)["data"]
    return Moment(
        id=row.id,
        at_ms=row.at_ms,
        direction=_IN,
        channel=row.channel,
        connector=row.connector,
        kind=row.kind,
        category=row.category,
        conversation=row.conversation_id,
        handle=row.handle_id,
        written_under=row.customer_id,
        snippet=cut(data["text"] or data["subject"] or ""),
        subject=data["subject"],
        repeat_of=row.repeat_of,
        discarded_by=row.discarded_by,
    )


def _moment_out(row: Row[Any], cut: Cut) -> Moment:
    return Moment(
        id=row.id,
        at_ms=row.at_ms,
        direction=_OUT,
        channel=row.channel,
        connector=row.connector,
        conversation=row.conversation_id,
        handle=row.handle_id,
        snippet=cut(row.text),
        subject=row.subject,
        state=row.state,
        answers=row.message_id,
        author=row.author,
        automatic=row.automatic,
    )
