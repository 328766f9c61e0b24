"""What a customer is told of one contact: received, in work, answered, closed, and when. Nothing of what was written, of who
works on it, or of any other contact.

Answers count that were sent to this contact. Those to later contacts of the same address in the same conversation count too
where the address is proven: of one that was only typed, another may have come from somebody else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson
from sqlalchemy import Connection, RowMapping, and_, or_, select

from storage import erased, lookup
from storage.outgoing import SENT
from storage.schema import messages, outgoing, ticket_events

StepKind = Literal["received", "in_work", "answered", "closed", "reopened"]
_WORK: Final = frozenset({"opened", "assigned", "updated", "resumed", "reopened"})
"""Events of a ticket after which somebody works on it."""
_MOST: Final = 12
"""Steps that are shown."""
_MOST_ROWS: Final = 200
_ORDER: Final[tuple[StepKind, ...]] = ("received", "in_work", "reopened", "answered", "closed")


@dataclass(frozen=True, slots=True)
class Step:
    """What happened, and when. `channel` of an answer, where it is known: `email`, or a channel as envelopes call it."""

    kind: StepKind
    at_ms: int
    channel: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactState:
    """One contact. `steps` are in the order of their times; the last one says where it stands."""

    brand: str
    connector: str
    language: str | None
    steps: tuple[Step, ...]


def contact_state(connection: Connection, message_id: str) -> ContactState | Literal["gone", "unknown"]:
    """What became of a contact. `unknown`: there is none of this id, or it is still on its way."""
    row = lookup.message(connection, message_id)
    if row is None:
        return "gone" if erased.is_erased(connection, message_id) else "unknown"
    data: dict[str, Any] = orjson.loads(row["envelope"])["data"]
    steps = [Step("received", row["received_ms"])]
    if row["discarded_by"] is None:
        proven = data["sender"]["handle"]["proof"] != "claimed"
        steps += [*_answers(connection, row, proven=proven), *_of_ticket(connection, row)]
        steps.sort(key=lambda step: (step.at_ms, _ORDER.index(step.kind)))
    first, *others = steps
    return ContactState(
        brand=row["brand"],
        connector=row["connector"],
        language=data["language"],
        steps=(first, *others[-_MOST + 1 :]),
    )


def _answers(connection: Connection, row: RowMapping, *, proven: bool) -> Iterator[Step]:
    """What people sent, not what was sent by itself."""
    later = and_(messages.c.handle_id == row["handle_id"], messages.c.received_ms >= row["received_ms"])
    meant = or_(outgoing.c.message_id == row["id"], later) if proven else outgoing.c.message_id == row["id"]
    query = (
        select(outgoing.c.handle_kind, outgoing.c.ended_ms, messages.c.channel)
        .join(messages, messages.c.id == outgoing.c.message_id)
        .where(outgoing.c.conversation_id == row["conversation_id"], outgoing.c.automatic.is_(False))
        .where(outgoing.c.state == SENT, meant)
        .order_by(outgoing.c.position.desc())
        .limit(_MOST)
    )
    for kind, ended_ms, channel in connection.execute(query):
        if ended_ms is not None and ended_ms >= row["received_ms"]:
            yield Step("answered", ended_ms, "email" if kind == "email" else channel)


def _of_ticket(connection: Connection, row: RowMapping) -> Iterator[Step]:
    """What its ticket system told since; nothing where an unmerge left the conversation with words of two customers."""
    conversation = lookup.conversation(connection, row["conversation_id"])
    if conversation is None or conversation["split"]:
        return
    query = (
        select(ticket_events.c.event, ticket_events.c.answered, ticket_events.c.at_ms)
        .where(ticket_events.c.conversation_id == row["conversation_id"])
        .order_by(ticket_events.c.at_ms.desc(), ticket_events.c.position.desc())
        .limit(_MOST_ROWS)
    )
    yield from _steps(connection.execute(query).all()[::-1], row["received_ms"])


def _steps(told: Sequence[Any], received_ms: int) -> Iterator[Step]:
    before = [one.event for one in told if one.at_ms < received_ms]
    since = [one for one in told if one.at_ms >= received_ms]
    works = any(event in _WORK for event in before[_after_last_closed(before) :])
    if works:
        yield Step("in_work", received_ms)
    was_closed = False
    for one in since:
        if one.answered:
            yield Step("answered", one.at_ms)
        if one.event == "closed":
            yield Step("closed", one.at_ms)
            works, was_closed = False, True
        elif one.event in _WORK and not works:
            yield Step("reopened" if was_closed else "in_work", one.at_ms)
            works = True


def _after_last_closed(events: Sequence[str]) -> int:
    return len(events) - events[::-1].index("closed") if "closed" in events else 0
