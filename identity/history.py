"""The last that a customer and we said to each other, as later envelopes show it: contacts, and what people answered.

An answer stands by the contact it answers: it is of whoever has the link of that one, through all merges and unmerges.
"""

from bisect import insort
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, Select, select

from identity import answered, said
from identity.people import HISTORY, Customer, Direction, Interaction
from identity.store import rows_among
from normalizer.text import snippet
from storage.outgoing import SENT
from storage.schema import handles, messages, outgoing

SNIPPET: Final = 120
"""Characters of a message that its customer's history shows."""

_ORDER: Final = attrgetter("at_ms", "id")
_OWN: Final = ("id", "text", "conversation_id", "message_id", "created_ms")
_ANSWERS: Final = (
    select(*(outgoing.c[name] for name in _OWN), messages.c.channel, messages.c.category)
    .join(messages, messages.c.id == outgoing.c.message_id)
    .where(outgoing.c.state == SENT, ~outgoing.c.automatic, ~outgoing.c.secret)
)
"""Answers that belong into histories: those of people that have left. What a rule or a program sent by itself would push them
out, and says nothing of what anybody was told by us."""


def latest(found: Iterable[Interaction]) -> list[Interaction]:
    """The last `HISTORY` contacts and as many answers, in the order in which they come: neither take the place of others."""
    counts: Counter[Direction] = Counter()
    kept = []
    for one in reversed(list(found)):
        counts[one.direction] += 1
        if counts[one.direction] <= HISTORY:
            kept.append(one)
    return kept[::-1]


def add(customer: Customer, one: Interaction) -> None:
    """Put one more into a customer's history, in memory."""
    insort(customer.history, one, key=attrgetter("at_ms"))
    customer.history = latest(customer.history)


def together(*histories: Iterable[Interaction]) -> list[Interaction]:
    """The history of customers who are one."""
    return latest(sorted((one for history in histories for one in history), key=_ORDER))


def stored(connection: Connection, customer_id: str) -> list[Interaction]:
    """What a customer's history shows by what is stored of its links."""
    links = select(handles.c.id).where(handles.c.customer_id == customer_id)
    theirs = select(messages).where(messages.c.handle_id.in_(links))
    contacts = theirs.order_by(messages.c.at_ms.desc(), messages.c.id.desc()).limit(HISTORY)
    answers = _answers(links).order_by(outgoing.c.created_ms.desc(), outgoing.c.id.desc()).limit(HISTORY)
    return together(map(contact, connection.execute(contacts)), map(_answer, connection.execute(answers)))


@dataclass(frozen=True, slots=True)
class Left:
    """A person's reply that has left, what it answers, and when it was written."""

    reply_id: str
    contact_id: str
    written_ms: int


def left(connection: Connection, replies: Collection[Left]) -> None:
    """What these answer waits no longer, and they stand in the histories of who gets them. Done twice, the second finds
    nothing."""
    holding = answered.hold_all(connection, {one.contact_id for one in replies})
    rows = {row.id: row for row in rows_among(connection, _ANSWERS, outgoing.c.id, [one.reply_id for one in replies])}
    changed: list[Customer] = []
    for one in replies:
        if (waiting := holding.get(one.contact_id)) is None:
            continue
        answered.mark(connection, waiting, one.written_ms)
        customer, row = waiting.customer, rows.get(one.reply_id)
        if row is not None and all(before.id != row.id for before in customer.history):
            add(customer, _answer(row))
            changed.append(customer)
    if changed:
        next(iter(holding.values())).held.save(changed)  # all are held together


def contact(row: Row[Any]) -> Interaction:
    """A stored message as later envelopes show it."""
    data = orjson.loads(row.envelope)["data"]
    return Interaction(
        id=row.id,
        at_ms=row.at_ms,
        channel=row.channel,
        category=row.category,
        direction="inbound",
        snippet=snippet(data["text"] or data["subject"] or "", SNIPPET),
        conversation=row.conversation_id,
        words=said.digest(said.split(data["text"]), said.REPEAT_WORDS),
    )


def _answer(row: Any) -> Interaction:
    """At the time at which it was written, as in the timeline."""
    return Interaction(
        id=row.id,
        at_ms=row.created_ms,
        channel=row.channel,
        category=row.category,
        direction="outbound",
        snippet=snippet(row.text, SNIPPET),
        conversation=row.conversation_id,
        answers=row.message_id,
    )


def _answers(links: Select[Any]) -> Select[Any]:
    """What answers a message is found by its conversation first, which has an index."""
    talks = select(messages.c.conversation_id).where(messages.c.handle_id.in_(links))
    return _ANSWERS.where(outgoing.c.conversation_id.in_(talks), messages.c.handle_id.in_(links))
