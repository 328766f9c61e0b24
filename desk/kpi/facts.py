"""From what is stored to what is counted: pure. docs/kpi.md says the same in words.

| kind | when it counts | measures |
| --- | --- | --- |
| `contact` | when it came | `reply`, `first`: seconds until a person answered |
| `waiting` | when it came | |
| `ticket` | when it was opened | |
| `closed` | when it was closed last | `closing`: seconds from its opening |
| `promise` | when it began | `taken`: seconds of working time |
| `survey` | when its ticket was closed | |
| `score` | the same | `score` |
| `mark` | when the marked contact came | |
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import Row

from storage.kpi_base import Talk, Ticket
from storage.kpi_chunk import Fact, Names

SILENT: Final = ("edit", "delete", "reaction")
"""Kinds of messages that are no contacts, as everywhere."""
LONGEST: Final = 100
"""Characters of a value that is counted by: more is a text, and no two are the same."""
MOST_FIELDS: Final = 20
_SECOND: Final = 1_000

Dims = dict[str, Names]


@dataclass(frozen=True, slots=True)
class Contact:
    """What figures want to know of a message. `counts`: it is a contact that somebody wrote; `awaited`: an answer was due."""

    id: str
    at_ms: int
    dims: Dims
    counts: bool
    awaited: bool
    waits: bool
    handle_id: str


def home_of(contacts: Sequence[Contact]) -> Dims:
    """What a conversation is counted by as a whole: as its first contact is."""
    return next((one.dims for one in contacts if one.counts), {})


def of_talk(talk: Talk, contacts: Sequence[Contact]) -> list[Fact]:
    """Everything that a conversation counts for, but its tickets. `contacts` are its messages."""
    known = {one.id: one for one in contacts}
    home = home_of(contacts)
    facts = [*_contacts(contacts, sorted(talk.answers)), *_waiting(contacts)]
    for row in talk.promises:
        facts += _promise(row, known[row.message_id].dims if row.message_id in known else {})
    for row in talk.surveys:
        facts += _survey(row, home)
    for one in contacts:
        if one.counts and one.id in talk.right:
            facts.append(_mark(one, talk.right[one.id]))
    return facts


def of_ticket(ticket: Ticket, contacts: Sequence[Contact]) -> list[Fact]:
    """A ticket counts once when it was opened, and again when it was closed, as long as it is. `contacts` are the messages of
    the conversation it began with: it is counted as the first of them is, but in the queues of all."""
    if not ticket.told:
        return []
    last = {name: _last(ticket.told, name) for name in ("agent", "product", "reason")}
    opened = [row.at_ms for row in ticket.told if row.event == "opened"]
    state = [row for row in ticket.told if row.event in ("opened", "closed", "reopened")]
    closed = state[-1] if state and state[-1].event == "closed" else None
    outcome = "closed" if closed else "open"
    dims = {"brand": (ticket.space,), **home_of(contacts), **_queues(contacts), **_given(**last), "outcome": (outcome,)}
    facts = [Fact("ticket", opened[0] if opened else ticket.told[0].at_ms, dims, {})]
    if closed is not None:
        measures = {"closing": (closed.at_ms - opened[0]) // _SECOND} if opened else {}
        facts.append(Fact("closed", closed.at_ms, dims, measures))
    return facts


def contact(row: Row[Any]) -> Contact:
    """One message of a conversation."""
    data = orjson.loads(row.envelope).get("data", {}) if row.envelope else {}
    routing = data.get("routing") or {}
    automated = data.get("automated") is not None
    counts = row.kind not in SILENT and row.discarded_by is None and row.repeat_of is None and not automated
    dims: Dims = {"brand": (row.brand,), "channel": (row.channel,), "connector": (row.connector,), "category": (row.category,)}
    if product := routing.get("product"):
        dims["product"] = (product[:LONGEST],)
    if targets := routing.get("targets"):
        dims["target"] = targets
    if rule := (routing.get("decided_by") or {}).get("category"):
        dims["rule"] = (rule[:LONGEST],)
    if tags := routing.get("tags"):
        dims["tag"] = tags
    for name, value in sorted((data.get("fields") or {}).items())[:MOST_FIELDS]:
        if (said := as_text(value)) is not None and len(name) <= LONGEST and name.isprintable():
            dims[f"field.{name}"] = (said,)
    return Contact(
        id=row.id,
        at_ms=row.at_ms,
        dims=dims,
        counts=counts,
        awaited=counts and not data.get("backlog"),
        waits=row.awaits_answer,
        handle_id=row.handle_id,
    )


def as_text(value: object) -> str | None:
    """A field as it is counted by: numbers without needless digits; None for what is none, many, or too long."""
    if isinstance(value, str):
        return value if 0 < len(value) <= LONGEST else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, (int, float)) else None


def _contacts(contacts: Sequence[Contact], answers: Sequence[int]) -> list[Fact]:
    facts, is_first = [], True
    for one in contacts:
        if not one.counts:
            continue
        measures = {}
        place = bisect_left(answers, one.at_ms)
        if one.awaited and place < len(answers):
            measures["reply"] = (answers[place] - one.at_ms) // _SECOND
            if is_first:
                measures["first"] = measures["reply"]
        is_first = is_first and not one.awaited
        facts.append(Fact("contact", one.at_ms, one.dims, measures))
    return facts


def _waiting(contacts: Sequence[Contact]) -> list[Fact]:
    return [
        Fact("waiting", one.at_ms, {**one.dims, "handle": (one.handle_id,)}, {})
        for one in contacts
        if one.waits and one.handle_id
    ]


def _promise(row: Row[Any], dims: Mapping[str, Names]) -> list[Fact]:
    if row.ended_by == "replaced":
        return []
    is_dropped = row.ended_by == "closed" and row.promise != "resolution"
    late = row.breached if row.state == "running" else row.taken_ms > row.promised_ms
    if row.state != "ended":
        outcome = "breached" if late else "running"
    else:
        outcome = "breached" if late else "dropped" if is_dropped else "kept"
    measures = {"taken": row.taken_ms // _SECOND} if row.state == "ended" and not is_dropped else {}
    own = _given(brand=row.brand, category=row.category, promise=row.promise, outcome=outcome)
    return [Fact("promise", row.started_ms, {**dims, **own}, measures)]


def _survey(row: Row[Any], home: Mapping[str, Names]) -> list[Fact]:
    names = ("brand", "channel", "connector", "category", "product", "reason", "agent")
    own = _given(**{name: getattr(row, name) for name in names}, survey=row.name, outcome=row.state)
    dims = {**home, **own}
    facts = [Fact("survey", row.received_ms, dims, {})]
    for question, value in orjson.loads(row.answers).items():
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            asked = {**dims, "question": (f"{row.name}/{question}",)}
            facts.append(Fact("score", row.received_ms, asked, {"score": value}))
    return facts


def _mark(one: Contact, right: str) -> Fact:
    outcome = "right" if one.dims["category"] == (right,) else "wrong"
    return Fact("mark", one.at_ms, {**one.dims, **_given(right=right), "outcome": (outcome,)}, {})


def _queues(contacts: Sequence[Contact]) -> Dims:
    """The queues that contacts went to, each once."""
    found = dict.fromkeys(name for one in contacts if one.counts for name in one.dims.get("target", ()))
    return {"target": tuple(found)} if found else {}


def _given(**values: Any) -> Dims:
    """A dimension for each value that there is, and that is no text."""
    return {name: (value,) for name, value in values.items() if value is not None and _short(value)}


def _last(told: Sequence[Row[Any]], name: str) -> str | None:
    return next((getattr(row, name) for row in reversed(told) if getattr(row, name) is not None), None)


def _short(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST
