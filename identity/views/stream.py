"""The timeline as people read it: messages both ways, and between them what happened to tickets and to the customer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, Select, or_, select

from identity.views import log
from identity.views.paging import Page, parts_of
from identity.views.timeline import Cut, Moment, Only, timeline
from identity.views.tops import top_of
from storage.schema import audit, handles, messages, ticket_events

_TOLD: Final = ("merged", "unmerged", "ended", "proven")
"""Acts that a timeline shows; the log has all of them."""
_BETWEEN: Final = 200
"""Acts, and news of tickets, that one page shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketTold:
    """What a ticket system told: `event` is one of `identity.tickets.TicketEvent`."""

    at_ms: int
    ticket: str
    event: str
    agent: str | None
    reason: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Item:
    """One line. `sort` says which of the three `what` is."""

    at_ms: int
    sort: Literal["message", "ticket", "act"]
    what: Moment | TicketTold | log.Act


def stream(
    connection: Connection,
    customer_id: str,
    only: Only | None = None,
    *,
    cursor: str | None = None,
    limit: int = 50,
    cut: Cut,
) -> Page[Item]:
    """A page of so many messages, newest first, with what happened between them; of one channel messages only. Raises
    `NotPossible` (`unknown_customer`) and `BadCursor`."""
    only = only or Only()
    page = timeline(connection, customer_id, only, cursor=cursor, limit=limit, cut=cut)
    found = [Item(one.at_ms, "message", one) for one in page.items]
    if only.channel is None:
        before = None if cursor is None else int(parts_of(cursor, (int, str))[0])
        since = page.items[-1].at_ms if page.cursor is not None else None
        found += _between(connection, customer_id, since, before)
    return Page(tuple(sorted(found, key=lambda item: -item.at_ms)), page.cursor)


def channels(connection: Connection, customer_id: str) -> list[str]:
    """Those a customer has written on, by name."""
    return sorted(connection.execute(_written(customer_id, messages.c.channel).distinct()).scalars())


def _between(connection: Connection, customer_id: str, since: int | None, before: int | None) -> Iterable[Item]:
    for told in _tickets(connection, customer_id, since, before):
        names = ("at_ms", "ticket", "event", "agent", "reason", "url")
        yield Item(told.at_ms, "ticket", TicketTold(**{name: getattr(told, name) for name in names}))
    for act in _acts(connection, customer_id, since, before):
        yield Item(act.at_ms, "act", log.act(act))


def _tickets(connection: Connection, customer_id: str, since: int | None, before: int | None) -> Sequence[Row[Any]]:
    theirs = _written(customer_id, messages.c.conversation_id)
    query = select(ticket_events).where(ticket_events.c.conversation_id.in_(theirs))
    return _within(connection, query, ticket_events.c.at_ms, since, before)


def _acts(connection: Connection, customer_id: str, since: int | None, before: int | None) -> Sequence[Row[Any]]:
    tree = top_of(connection, customer_id).tree
    query = select(audit).where(or_(audit.c.customer_id.in_(tree), audit.c.other_id.in_(tree)), audit.c.action.in_(_TOLD))
    return _within(connection, query, audit.c.at_ms, since, before)


def _within(connection: Connection, query: Select[Any], at: Any, since: int | None, before: int | None) -> Sequence[Row[Any]]:
    if since is not None:
        query = query.where(at >= since)
    if before is not None:
        query = query.where(at < before)
    return connection.execute(query.order_by(at.desc()).limit(_BETWEEN)).all()


def _written(customer_id: str, what: Any) -> Select[Any]:
    links = select(handles.c.id).where(handles.c.customer_id == customer_id)
    return select(what).where(messages.c.handle_id.in_(links))
