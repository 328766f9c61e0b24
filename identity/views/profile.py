"""Everything that is known of one customer, on one page: facts, links, who is below, suggestions, the open conversation."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson
from sqlalchemy import Connection, Row, RowMapping, select

from identity.people import Standing
from identity.policy import Policy, Source
from identity.profile import COMPETENCE, FIELDS, Facts, Field, Value, winner
from identity.store import rows_among
from identity.views import queue
from identity.views.tops import Top, top_of
from normalizer.inbound import Proof
from storage.schema import audit, conversations, handles


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What one source says. `wins`: this is what is shown. A value of None was taken back."""

    field: Field
    source: Source
    value: Value
    at_ms: int
    wins: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkShown:
    """`home` is the customer it was proven for. One that has ended says when and why."""

    id: str
    kind: str
    value: str
    standing: Standing
    proof: Proof
    home: str
    since_ms: int
    seen_ms: int
    evidence: str
    ended_ms: int | None
    ended_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Below:
    """A customer that was put below another, by `act`. Unmerging `id` undoes it."""

    id: str
    standing: Standing
    name: str | None
    act: str | None
    actor: str | None
    merged_ms: int | None
    below: tuple["Below", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationShown:
    id: str
    opened_ms: int
    last_ms: int
    messages: int
    channels: tuple[str, ...]
    ticket: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """`merged_into` is `id` where another customer was asked for, which stands below this one. `conversation` is the one that
    the next message joins."""

    id: str
    merged_into: str | None
    space: str
    standing: Standing
    name: str | None
    language: str | None
    tier: str | None
    tags: tuple[str, ...]
    competence: str | None
    crm_id: str | None
    first_seen_ms: int
    last_seen_ms: int
    messages: int
    unanswered: int
    sequence: int
    facts: tuple[Fact, ...]
    links: tuple[LinkShown, ...]
    below: tuple[Below, ...]
    suggestions: tuple[queue.Entry, ...]
    conversation: ConversationShown | None


_SAME = (
    *("id", "space", "standing", "name", "language", "tier", "crm_id", "first_seen_ms", "last_seen_ms"),
    *("messages", "unanswered", "sequence"),
)
"""Columns that are shown as they are."""


def profile(connection: Connection, customer_id: str, *, policy: Policy, now_ms: int) -> Profile:
    """Raises `NotPossible`: `unknown_customer`."""
    top = top_of(connection, customer_id)
    facts = orjson.loads(top.row["facts"])
    return Profile(
        **{name: top.row[name] for name in _SAME},
        merged_into=top.merged_into,
        tags=tuple(orjson.loads(top.row["tags"])),
        competence=_competence(facts, policy),
        facts=tuple(_facts(facts, policy)),
        links=_links(connection, top.id),
        below=_below(connection, top),
        suggestions=queue.of_customers(connection, top.tree),
        conversation=_conversation(connection, top.row["conversation_id"], now_ms - policy.window_ms),
    )


def _competence(facts: Facts, policy: Policy) -> str | None:
    """No column has it: it stands in no envelope, and nothing is looked for by it."""
    value = winner(facts, COMPETENCE, policy.authority)
    return value if isinstance(value, str) else None


def _facts(facts: Facts, policy: Policy) -> Iterable[Fact]:
    for field in FIELDS:
        said = facts.get(field, {})
        # Sources that are not in `authority` are shown too: they say something, and win nothing.
        order = [*policy.authority, *sorted(said.keys() - set(policy.authority))]
        first = next((source for source in policy.authority if source in said and said[source][0]), None)
        for source in order:
            if source in said:
                value, at_ms = said[source]
                yield Fact(field=field, source=cast("Source", source), value=value, at_ms=at_ms, wins=source == first)


def _links(connection: Connection, top_id: str) -> tuple[LinkShown, ...]:
    """The current ones first, oldest first; then those that have ended, latest first."""
    mine = handles.c.customer_id == top_id
    rows = connection.execute(select(handles).where(mine).order_by(handles.c.since_ms, handles.c.id)).mappings().all()
    current = [row for row in rows if row["key"] is not None]
    ended = sorted((row for row in rows if row["key"] is None), key=lambda row: row["ended_ms"] or 0, reverse=True)
    same = [name for name in LinkShown.__dataclass_fields__ if name != "home"]
    return tuple(LinkShown(home=row["home_id"], **{name: row[name] for name in same}) for row in (*current, *ended))


def _below(connection: Connection, top: Top) -> tuple[Below, ...]:
    query = select(audit.c.id, audit.c.other_id, audit.c.customer_id, audit.c.actor, audit.c.at_ms)
    query = query.where(audit.c.action == "merged").order_by(audit.c.position)
    acts = {row.other_id: row for row in rows_among(connection, query, audit.c.other_id, [row["id"] for row in top.below])}
    return _children(top.id, top.below, acts)


def _children(above: str, everybody: Iterable[RowMapping], acts: Mapping[str, Row[Any]]) -> tuple[Below, ...]:
    return tuple(
        Below(
            id=row["id"],
            standing=row["standing"],
            name=row["name"],
            act=act.id if (act := acts.get(row["id"])) else None,
            actor=act.actor if act else None,
            merged_ms=act.at_ms if act else None,
            below=_children(row["id"], everybody, acts),
        )
        for row in everybody
        if row["merged_into"] == above
    )


def _conversation(connection: Connection, conversation_id: str | None, since_ms: int) -> ConversationShown | None:
    if conversation_id is None:
        return None
    this = (conversations.c.id == conversation_id, conversations.c.open, ~conversations.c.split)
    row = connection.execute(select(conversations).where(*this, conversations.c.last_ms >= since_ms)).one_or_none()
    if row is None:
        return None
    return ConversationShown(
        id=row.id,
        opened_ms=row.opened_ms,
        last_ms=row.last_ms,
        messages=row.messages,
        channels=tuple(orjson.loads(row.channels)),
        ticket=row.ticket,
    )
