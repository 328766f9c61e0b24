"""From a ticket that was closed to a survey that is planned, or is not and why; and back, where it is opened again."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, RowMapping, or_, select

from desk.surveys.answering import close
from desk.surveys.survey import Skipped, Survey, Surveys
from identity.ids import new_id
from router.fold import fold
from storage import lookup
from storage import surveys as rows
from storage.events import Numbered
from storage.schema import handles, messages, outgoing, ticket_events

CLOSED: Final = "regia.ticket.closed.v1"
REOPENED: Final = "regia.ticket.reopened.v1"
LAST: Final = 20
"""Contacts of a conversation that are looked at, from the last on."""
_TOLD: Final = ("agent", "product", "reason")


def plan(connection: Connection, surveys: Surveys, closed: Numbered, now_ms: int) -> tuple[str, str] | None:
    """Enter what comes of a closed ticket; the name of the survey and `planned`, or the reason for which nobody is asked.
    None where no survey is for such a ticket."""
    told = connection.execute(select(ticket_events).where(ticket_events.c.id == closed.id)).mappings().one_or_none()
    talk = None if told is None else lookup.conversation(connection, told["conversation_id"])
    if told is None or talk is None:
        return None
    contacts = lookup.latest_in(connection, talk["id"], LAST)
    heard, reason = heard_of(contacts)
    if not contacts:
        return None
    last = heard[0] if heard else contacts[0]
    ticket = _ticket(connection, told)
    category = _category(connection, talk["id"], ticket["opened_ms"]) or last["category"]
    survey = surveys.of(told["space"], category, last["channel"])
    if survey is None:
        return None
    owner = connection.execute(select(handles.c.customer_id).where(handles.c.id == last["handle_id"])).scalar_one_or_none()
    customer = owner or talk["customer_id"]
    lately = rows.asked_since(connection, customer, now_ms - survey.every_ms, or_planned=True)
    skipped = reason or _why_not(connection, survey, ticket, talk["id"]) or ("asked_lately" if lately else None)
    planned = rows.add(
        connection,
        {
            "id": new_id("srv"),
            "name": survey.name,
            "ticket_event": closed.id,
            "brand": told["space"],
            "ticket": told["ticket"],
            **{name: ticket[name] for name in _TOLD},
            "category": category,
            "conversation_id": talk["id"],
            "customer_id": customer,
            "state": rows.SKIPPED if skipped else rows.PLANNED,
            "skipped": skipped,
            "due_ms": min(told["at_ms"], now_ms) + survey.delay_ms,  # a closing that is told much later is `late`
            "received_ms": told["received_ms"],
            "closed_ms": now_ms if skipped else None,
            "handle_id": last["handle_id"],
        },
    )
    return (survey.name, skipped or rows.PLANNED) if planned else None


def reopened(connection: Connection, surveys: Surveys, again: Numbered, now_ms: int) -> list[tuple[str, str]]:
    """Skip what is planned for a ticket that was opened again, and end what was asked before: what the customer writes now goes
    on with the ticket. The names of these surveys, each with what became of it."""
    told = connection.execute(select(ticket_events).where(ticket_events.c.id == again.id)).mappings().one_or_none()
    if told is None:
        return []
    gone = [(name, "goes_on") for name in rows.withdraw(connection, dict(told), "goes_on", now_ms)]
    asked = rows.open_for(connection, dict(told))
    return gone + [(row["name"], close(connection, row, surveys.named.get(row["name"]), now_ms)) for row in asked]


def heard_of(contacts: Sequence[RowMapping]) -> tuple[list[RowMapping], Skipped | None]:
    """Those of contacts whose senders may be asked, and why there is none."""
    data = [(row, orjson.loads(row["envelope"])["data"]) for row in contacts]
    live = [(row, one) for row, one in data if row["discarded_by"] is None]
    written = [(row, one) for row, one in live if one["automated"] is None]
    heard = [row for row, one in written if not one["backlog"]]
    if heard:
        return heard, None
    return [], "backlog" if written else "automated_mail" if live else "discarded" if data else "no_contact"


def _ticket(connection: Connection, told: RowMapping) -> dict[str, Any]:
    """The last that was said of a ticket's agent, product and reason, and when it was opened last."""
    mine = (ticket_events.c.space == told["space"], ticket_events.c.ticket == told["ticket"])
    order = (ticket_events.c.at_ms, ticket_events.c.position)
    found: dict[str, Any] = {**dict.fromkeys(_TOLD), "opened_ms": None}
    for row in connection.execute(select(ticket_events).where(*mine).order_by(*order)).mappings():
        found |= {name: row[name] for name in _TOLD if row[name] is not None}
        if row["event"] == "opened":
            found["opened_ms"] = row["at_ms"]
    return found


def _category(connection: Connection, conversation_id: str, opened_ms: int | None) -> str | None:
    """That of the contact for which the ticket was opened: the last one before it, else the first one there is."""
    ours = (messages.c.conversation_id == conversation_id, messages.c.discarded_by.is_(None))
    query = select(messages.c.category).where(*ours)
    before = query.where(messages.c.at_ms <= (opened_ms or 0)).order_by(messages.c.at_ms.desc()).limit(1)
    found = connection.execute(before).scalar_one_or_none()
    return found or connection.execute(query.order_by(messages.c.at_ms).limit(1)).scalar_one_or_none()


def _why_not(connection: Connection, survey: Survey, ticket: Mapping[str, Any], conversation_id: str) -> Skipped | None:
    if ticket["reason"] is not None and fold(ticket["reason"]) in survey.except_reasons:
        return "excepted"
    return "not_answered" if survey.only_answered and not _answered(connection, conversation_id) else None


def _answered(connection: Connection, conversation_id: str) -> bool:
    """Whether somebody, and no rule, has answered in it, here or by a way of the ticket system's own."""
    by_people = (outgoing.c.automatic.is_(False), outgoing.c.state != "failed")
    here = select(outgoing.c.id).where(outgoing.c.conversation_id == conversation_id, *by_people)
    there = select(ticket_events.c.id).where(ticket_events.c.conversation_id == conversation_id, ticket_events.c.answered)
    return bool(connection.execute(select(or_(here.exists(), there.exists()))).scalar_one())
