"""The timeline as people read it: messages both ways, and between them what happened to tickets, promised times, surveys and
the customer."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, Row, Select, or_, select

from identity.views import log
from identity.views.paging import Page, parts_of
from identity.views.timeline import Cut, Moment, Only, timeline
from identity.views.tops import top_of
from storage.schema import audit, handles, messages, sla_timers, surveys, ticket_events

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


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseBroken:
    """A promised time that passed: `promise` is first_reply, next_reply or resolution, of the contact `message`."""

    at_ms: int
    promise: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyTold:
    """A survey that was asked (`state` asked), or came to an end: answered, partly, expired or skipped."""

    at_ms: int
    name: str
    state: str
    ticket: str


@dataclass(frozen=True, slots=True)
class Item:
    """One line. `sort` says which of these `what` is."""

    at_ms: int
    sort: Literal["message", "ticket", "promise", "survey", "act"]
    what: Moment | TicketTold | PromiseBroken | SurveyTold | log.Act


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
    for broken in _promises(connection, customer_id, since, before):
        yield Item(
            broken.due_ms, "promise", PromiseBroken(at_ms=broken.due_ms, promise=broken.promise, message=broken.message_id)
        )
    for survey in _surveys(connection, customer_id, since, before):
        yield Item(survey.at_ms, "survey", survey)
    for act in _acts(connection, customer_id, since, before):
        yield Item(act.at_ms, "act", log.act(act))


def _tickets(connection: Connection, customer_id: str, since: int | None, before: int | None) -> Sequence[Row[Any]]:
    theirs = _written(customer_id, messages.c.conversation_id)
    query = select(ticket_events).where(ticket_events.c.conversation_id.in_(theirs))
    return _within(connection, query, ticket_events.c.at_ms, since, before)


def _promises(connection: Connection, customer_id: str, since: int | None, before: int | None) -> Sequence[Row[Any]]:
    theirs = _written(customer_id, messages.c.id)
    query = select(sla_timers).where(sla_timers.c.message_id.in_(theirs), sla_timers.c.breached)
    return _within(connection, query, sla_timers.c.due_ms, since, before)


def _surveys(connection: Connection, customer_id: str, since: int | None, before: int | None) -> Iterator[SurveyTold]:
    """Each when it was asked, and when it ended."""
    links = select(handles.c.id).where(handles.c.customer_id == customer_id)
    query = select(surveys).where(surveys.c.handle_id.in_(links))
    for at in (surveys.c.asked_ms, surveys.c.closed_ms):
        for row in _within(connection, query.where(surveys.c.asked_ms.is_not(None), at.is_not(None)), at, since, before):
            state, at_ms = ("asked", row.asked_ms) if at is surveys.c.asked_ms else (row.state, row.closed_ms)
            yield SurveyTold(at_ms=at_ms, name=row.name, state=state, ticket=row.ticket)


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
