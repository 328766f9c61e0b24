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
from normalizer.inbound import Handle
from regia.notice_settings import CustomerNotice
from regia.pipeline.acknowledging import QUEUED
from regia.rules.live import Rules
from regia.templating import values
from router.answers import Answer, NotRendered
from storage.events import Numbered
from storage.schema import ticket_events

logger = logging.getLogger(__name__)

AUTHOR: Final = "ticket/"
"""What stands before the name of what happened, where that is the author of an answer."""
_ASKER: Final = "notices"
_STATES: Final = ("opened", "closed", "reopened")

Outcome = Callable[[str, str], None]
"""Hears what became of each: what happened to the ticket, and `queued` or why not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tickets:
    """Tells customers of what happens to their tickets. `rules` gives what decides now, `now_ms` the time."""

    told: Sequence[CustomerNotice]
    rules: Callable[[], Rules]
    channels: Channels
    policy: Policy
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
            if (reason := _superseded(connection, one.id)) is not None:
                self.outcome(happened, reason)
                return
            wanted = Reply(text="", author="", conversation_id=data["conversation"])
            row = contact_of(connection, wanted, self.channels, self.now_ms())
            if (notice := self._notice(happened, row)) is not None:
                self._queue(connection, one.id, notice, row, data["ticket"])
                self.outcome(happened, QUEUED)
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
        queue(connection, reply, self.channels, self.now_ms())

    def _rendered(self, notice: CustomerNotice, row: RowMapping, ticket: str) -> Answer:
        """Raises `Refused`."""
        data: dict[str, Any] = orjson.loads(row["envelope"])["data"]
        rules = self.rules().of(row["brand"])
        template = rules.answers.templates.get(notice.template)
        if template is None:  # the rules have changed since
            raise Refused("not_rendered")
        if not template.to_claimed and _is_claimed(data):
            raise Refused("claimed")
        facts, own = values(rules, row["id"], data, self.policy)
        try:
            return rules.answers.render(notice.template, facts, {**own, "ticket": ticket})
        except NotRendered as error:
            logger.warning("a template cannot be rendered", extra={"template": notice.template, "reason": str(error)})
            raise Refused("not_rendered") from None


def _fits(one: CustomerNotice, row: RowMapping) -> bool:
    asked = ((one.brands, "brand"), (one.categories, "category"), (one.channels, "channel"))
    return all(not wanted or row[name] in wanted for wanted, name in asked)


def _is_claimed(data: dict[str, Any]) -> bool:
    sender, via = _handle(data["sender"]["handle"]), data["reply"]["via"]
    to = loops.recipient(sender, None if via is None else _handle(via))
    return "claimed" in (sender.proof, to.proof)


def _handle(data: dict[str, str]) -> Handle:
    return Handle(**data)  # type: ignore[arg-type]  # our own envelope: the proof is one of the three


def _superseded(connection: Connection, id_: str) -> str | None:
    """Why an event of a ticket is no news: `late` where something later was told that says otherwise, `again` where the
    one before it said the same. By what happened there, not by the order in which it came."""
    mine = connection.execute(select(ticket_events).where(ticket_events.c.id == id_)).one_or_none()
    if mine is None:
        return "gone"
    same = (ticket_events.c.conversation_id == mine.conversation_id, ticket_events.c.ticket == mine.ticket)
    query = select(ticket_events).where(*same).order_by(ticket_events.c.at_ms, ticket_events.c.position)
    rows = connection.execute(query).all()
    place = next(number for number, row in enumerate(rows) if row.id == id_)
    says = _STATES if mine.event in _STATES else (*_STATES, mine.event)
    if any(row.event in says for row in rows[place + 1 :]):
        return "late"
    before = [row for row in rows[:place] if row.event in says]
    return "again" if before and _is_said(before[-1], mine) else None


def _is_said(before: Row[Any], mine: Row[Any]) -> bool:
    """Whether it says nothing that was not so before."""
    if mine.event == "assigned":
        return bool(before.event == mine.event and before.agent == mine.agent)
    return mine.event in _STATES and (before.event == "closed") == (mine.event == "closed")
