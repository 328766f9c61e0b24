"""Telling customers what happens to their tickets: an answer by template to the last contact of the conversation.

It goes out by the same rules as every automatic answer: to the handle that wrote, within the channel's time, and never so
often that two programs could talk to each other.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, RowMapping, select

from desk import loops
from desk.refusals import Refused
from desk.replies import Channels, Reply, contact_of, queue
from identity.policy import Policy
from regia.links import Links
from regia.notice_settings import CustomerNotice
from regia.pipeline.acknowledging import QUEUED
from regia.rules.live import Rules
from regia.templating import values
from router.answers import Answer, NotRendered
from storage.events import Numbered
from storage.schema import messages, ticket_events

logger = logging.getLogger(__name__)

AUTHOR: Final = "ticket/"
"""What stands before the name of what happened, where that is the author of an answer."""
_ASKER: Final = "notices"
_NO_NOTICE: Final = "no_notice"
"""None of those for the event fits the contact."""
_OLD_MS: Final = 86_400_000
"""What happened longer ago is no news, as after a gateway that stood still, or the first look of a bridge."""
_STATES: Final = ("opened", "closed", "reopened")
_WAITS: Final = (*_STATES, "paused", "resumed")
_OPEN: Final = frozenset({"opened", "reopened"})

Outcome = Callable[[str, str], None]
"""Hears what became of each: what happened to the ticket, and `queued` or why not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tickets:
    """Tells customers of what happens to their tickets. `rules` gives what decides now, `now_ms` the time."""

    told: Sequence[CustomerNotice]
    rules: Callable[[], Rules]
    channels: Channels
    policy: Policy
    links: Links
    outcome: Outcome
    now_ms: Callable[[], int]

    @property
    def types(self) -> set[str]:
        """The events that must be followed."""
        return {f"regia.ticket.{one.on}.v1" for one in self.told}

    def act(self, connection: Connection, one: Numbered) -> None:
        """Queue what the customer is told of a ticket's event, in the caller's transaction."""
        happened = one.type.split(".")[2]
        data: dict[str, Any] = orjson.loads(one.body)["data"]
        try:
            if (reason := _superseded(connection, one.id, self.now_ms())) is not None:
                self.outcome(happened, reason)
                return
            wanted = Reply(text="", author="", conversation_id=data["conversation"])
            row = contact_of(connection, wanted, self.channels, self.now_ms(), discarded=False)
            notice = self._notice(happened, row)
            if notice is not None:
                self._queue(connection, one.id, notice, row, data["ticket"])
            self.outcome(happened, _NO_NOTICE if notice is None else QUEUED)
        except Refused as refused:
            self.outcome(happened, refused.reason)

    def _notice(self, happened: str, row: RowMapping) -> CustomerNotice | None:
        """What is said to this contact; None where nothing is."""
        return next((one for one in self.told if one.on == happened and _fits(one, row)), None)

    def _queue(self, connection: Connection, id_: str, notice: CustomerNotice, row: RowMapping, ticket: str) -> None:
        answer = self._rendered(notice, row, ticket)
        reply = Reply(
            message_id=row["id"],
            text=answer.text,
            subject=answer.subject,
            author=AUTHOR + notice.on,
            automatic=True,
            key=id_,
            asker=_ASKER,
        )
        queue(connection, reply, self.channels, self.now_ms(), unasked=True)

    def _rendered(self, notice: CustomerNotice, row: RowMapping, ticket: str) -> Answer:
        """Raises `Refused`."""
        data: dict[str, Any] = orjson.loads(row["envelope"])["data"]
        rules = self.rules().of(row["brand"])
        template = rules.answers.templates.get(notice.template)
        if template is None:  # the rules have changed since
            raise Refused("not_rendered")
        if not template.to_claimed and _is_claimed(row, data):
            raise Refused("claimed")
        facts, own = values(rules, row["id"], data, self.policy, self.links)
        try:
            return rules.answers.render(notice.template, facts, {**own, "ticket": ticket})
        except NotRendered as error:
            logger.warning("a template cannot be rendered", extra={"template": notice.template, "reason": str(error)})
            raise Refused("not_rendered") from None


def _fits(one: CustomerNotice, row: RowMapping) -> bool:
    asked = ((one.brands, "brand"), (one.categories, "category"), (one.channels, "channel"))
    return all(not wanted or row[name] in wanted for wanted, name in asked)


def _is_claimed(row: RowMapping, data: dict[str, Any]) -> bool:
    contact = loops.answered(row["connector"], row["conversation_id"], data)
    return "claimed" in (contact.sender.proof, loops.recipient(contact.sender, contact.via).proof)


def _superseded(connection: Connection, id_: str, now_ms: int) -> str | None:
    """Why an event of a ticket is no news: `late` where it is old, or something later is known that says otherwise; `again`
    where the one before it said the same. By what happened there, not by the order in which it came."""
    mine = connection.execute(select(ticket_events).where(ticket_events.c.id == id_)).one_or_none()
    if mine is None:
        return "gone"
    if now_ms - mine.at_ms > _OLD_MS:
        return "late"
    same = (ticket_events.c.conversation_id == mine.conversation_id, ticket_events.c.ticket == mine.ticket)
    query = select(ticket_events).where(*same).order_by(ticket_events.c.at_ms, ticket_events.c.position)
    rows = connection.execute(query).all()
    place = next(number for number, row in enumerate(rows) if row.id == id_)
    says = _about_the_same(mine.event)
    if any(row.event in says for row in rows[place + 1 :]) or (mine.event == "paused" and _has_written(connection, mine)):
        return "late"
    before = [row for row in rows[:place] if row.event in says]
    return "again" if before and _is_said(before[-1], mine) else None


def _about_the_same(event: str) -> tuple[str, ...]:
    """The events that say something else of what this one is about. One that waits for the customer is open all the same."""
    if event in _OPEN:
        return _STATES
    return _WAITS if event in _WAITS else (*_STATES, event)


def _has_written(connection: Connection, mine: Row[Any]) -> bool:
    """Whether the customer has done since what the ticket waited for."""
    same = (messages.c.conversation_id == mine.conversation_id, messages.c.discarded_by.is_(None))
    query = select(messages.c.id).where(*same, messages.c.received_ms > mine.at_ms).limit(1)
    return connection.execute(query).first() is not None


def _is_said(before: Row[Any], mine: Row[Any]) -> bool:
    """Whether it says nothing that was not so before."""
    if mine.event == "assigned":
        return bool(before.event == mine.event and before.agent == mine.agent)
    if mine.event in _OPEN:
        return bool(before.event != "closed")
    return mine.event in _WAITS and bool(before.event == mine.event)
