"""Erasing a customer from the tables: their messages slice by slice, each a transaction, and in the last one everything
else with the customer. Killed between two, it goes on when it is begun again.

What must not be told from here, because it is no row: blobs (`storage.endings`), files' free pages (`storage.scrubbing`),
queues, journals. Found by their bytes and not by a key: quarantine and signals (`storage.traces`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import orjson
from sqlalchemy import Connection, Row, Select, and_, delete, exists, func, insert, literal, not_, or_, select, union, update

from storage import erased, family, ledger, surveys
from storage.bulk import among, ids_parameter, update_rows
from storage.family import Family
from storage.removal import Removed, remove_messages, remove_outgoing
from storage.schema import (
    audit,
    bridge_tickets,
    challenges,
    conversations,
    customers,
    handles,
    mentions,
    messages,
    outgoing,
    suggestions,
    ticket_events,
)
from storage.schema import erased as erased_ids
from storage.schema_customers import KEPT


@dataclass(frozen=True, slots=True)
class Part:
    """What one transaction erased. `envelopes` are the ids of its messages; `last`: with it the customer is gone."""

    family: Family
    envelopes: tuple[str, ...]
    removed: Removed
    last: bool


@dataclass(frozen=True, slots=True)
class Act:
    """The row of the audit log."""

    id: str
    actor: str
    at_ms: int


def slice_(connection: Connection, customer_id: str, now_ms: int, limit: int) -> Part | None:
    """Erase at most `limit` messages. None where there is no such customer any more. Raises `StandsBelow`."""
    found = family.find(connection, customer_id, lock=True)
    if found is None:
        return None
    ids = _messages(connection, found, limit)
    return Part(found, tuple(ids), _remove(connection, ids, now_ms), last=False)


def finish(connection: Connection, customer_id: str, act: Act, limit: int) -> Part | None:
    """Erase the last messages, at most `limit`, and the customer; where there are more, only so many. None and errors as
    with `slice_`. Commits wait meanwhile, so that none goes on for a customer who is gone."""
    ledger.hold_commits(connection)
    found = family.find(connection, customer_id, lock=True)
    if found is None:
        return None
    ids = _messages(connection, found, limit + 1)
    last = len(ids) <= limit
    removed = _remove(connection, ids[:limit], act.at_ms)
    if last:
        removed += _remove_rest(connection, found, act)
    return Part(found, tuple(ids[:limit]), removed, last)


def was_erased(connection: Connection, customer_id: str) -> bool:
    """Whether there was a customer of this id. The log knows it longer than the ids are kept."""
    logged = exists().where(audit.c.customer_id == customer_id, audit.c.action == "erased")
    return erased.is_erased(connection, customer_id) or bool(connection.execute(select(logged)).scalar_one())


def erased_since(connection: Connection, since_ms: int) -> list[str]:
    """Ids of customers erased from then on, each with those who were below: the log has the one at the top for ever, the others
    are kept as long as ids are."""
    log = select(audit.c.customer_id).where(audit.c.action == "erased", audit.c.at_ms >= since_ms)
    kept = select(erased_ids.c.id).where(erased_ids.c.kind == "customer", erased_ids.c.at_ms >= since_ms)
    return sorted(connection.execute(union(log, kept)).scalars())


def count_messages(connection: Connection, found: Family, most: int) -> int:
    """How many messages there are, counted no further than `most`."""
    return len(_messages(connection, found, most))


def _messages(connection: Connection, found: Family, limit: int) -> Sequence[str]:
    query = select(messages.c.id).where(among(connection, messages.c.handle_id)).limit(limit)
    return connection.execute(query, ids_parameter(connection, found.link_ids)).scalars().all()


def _remove(connection: Connection, ids: Collection[str], now_ms: int) -> Removed:
    """Messages, and what answered them."""
    if not ids:
        return Removed()
    talked = select(messages.c.conversation_id).where(among(connection, messages.c.id)).distinct()
    places = connection.execute(talked, ids_parameter(connection, ids)).scalars().all()
    # By their conversations, which have an index.
    answers = select(outgoing.c.id, outgoing.c.message_id).where(among(connection, outgoing.c.conversation_id))
    rows = connection.execute(answers, ids_parameter(connection, places))
    wanted = set(ids)
    sent = remove_outgoing(connection, [row.id for row in rows if row.message_id in wanted], now_ms)
    removed = sent + remove_messages(connection, ids, now_ms)
    _tell_of_others_only(connection, places)
    return removed


def _tell_of_others_only(connection: Connection, ids: Collection[str]) -> None:
    """Of these conversations those that hold words of others too, from which words were just removed: what is kept of each is
    that of the words left in it. Of which of the two a ticket system spoke nobody knows."""
    shared, parameter = and_(among(connection, conversations.c.id), conversations.c.split), ids_parameter(connection, ids)
    split = connection.execute(select(conversations.c.id).where(shared), parameter).scalars().all()
    if not split:
        return
    parameter = ids_parameter(connection, split)
    told = update(ticket_events).where(among(connection, ticket_events.c.conversation_id))
    connection.execute(told.values(reason=None, url=None), parameter)
    surveys.forget_reasons(connection, split)
    first, last = func.min(messages.c.at_ms).label("first"), func.max(messages.c.at_ms).label("last")
    used = (
        select(messages.c.conversation_id, messages.c.channel, func.count().label("messages"), first, last)
        .where(among(connection, messages.c.conversation_id))
        .group_by(messages.c.conversation_id, messages.c.channel)
        .order_by(messages.c.conversation_id, first)
    )
    left = groupby(connection.execute(used, parameter), key=lambda row: str(row.conversation_id))
    update_rows(connection, conversations, "id", [_counted(id_, list(rows)) for id_, rows in left])


def _counted(id_: str, used: Sequence[Row[Any]]) -> dict[str, Any]:
    """The row of a conversation, from what each of its channels has of it, the one used first before the others."""
    return {
        "id": id_,
        "messages": sum(row.messages for row in used),
        "channels": orjson.dumps([row.channel for row in used]).decode(),
        "opened_ms": used[0].first,
        "last_ms": max(row.last for row in used),
    }


def _remove_rest(connection: Connection, found: Family, act: Act) -> Removed:
    ours, links = ids_parameter(connection, found.ids), ids_parameter(connection, found.link_ids)
    removed = remove_outgoing(connection, answers_without_message(connection, found), act.at_ms)
    _remove_conversations(connection, found)
    surveys.remove(connection, found.link_ids, found.ids)
    pairs = or_(among(connection, suggestions.c.customer_id), among(connection, suggestions.c.owner_id))
    connection.execute(delete(suggestions).where(pairs), ours)
    asked = or_(among(connection, challenges.c.customer_id), among(connection, challenges.c.home_id))
    asking = connection.execute(codes().where(asked), ours).scalars().all()
    removed += remove_outgoing(connection, asking, act.at_ms)
    connection.execute(delete(challenges).where(asked), ours)
    for which in (KEPT, mentions.c.reason == "same_words"):
        connection.execute(delete(mentions).where(among(connection, mentions.c.handle_id), which), links)
    connection.execute(delete(handles).where(among(connection, handles.c.id)), links)
    connection.execute(delete(customers).where(among(connection, customers.c.id)), ours)
    erased.add(connection, "customer", found.ids, act.at_ms)
    row = {"id": act.id, "at_ms": act.at_ms, "action": "erased", "actor": act.actor, "customer_id": found.id}
    connection.execute(insert(audit), [row])
    return removed


def codes() -> Select[Any]:
    """Ids of the messages that asked for proofs. Found by address and time, for which there is an index."""
    same = (outgoing.c[name] == challenges.c[name] for name in ("handle_value", "created_ms"))
    return select(outgoing.c.id).join(challenges, and_(*same, outgoing.c.author == literal("challenge/") + challenges.c.id))


def answers_without_message(connection: Connection, found: Family) -> list[str]:
    """Messages out of their conversations whose message was removed before, because of its age. Where a conversation holds
    somebody else's words too, only those to an address of theirs."""
    known = exists().where(messages.c.id == outgoing.c.message_id)
    query = (
        select(outgoing.c.id, outgoing.c.handle_kind, outgoing.c.handle_value, conversations.c.split)
        .join(conversations, conversations.c.id == outgoing.c.conversation_id)
        .where(among(connection, conversations.c.customer_id), not_(known))
    )
    own = {(link.kind, link.value) for link in found.links}
    rows = connection.execute(query, ids_parameter(connection, found.ids))
    return [row.id for row in rows if not row.split or (row.handle_kind, row.handle_value) in own]


def _remove_conversations(connection: Connection, found: Family) -> None:
    """Theirs, with what tickets told of them. One that still has messages, of somebody who was merged with them, becomes that
    one's."""
    theirs, parameter = among(connection, conversations.c.customer_id), ids_parameter(connection, found.ids)
    others = exists().where(messages.c.conversation_id == conversations.c.id)
    told = ticket_events.c.conversation_id
    gone = select(conversations.c.id).where(theirs, not_(others))
    connection.execute(delete(ticket_events).where(told.in_(gone)), parameter)
    connection.execute(delete(bridge_tickets).where(bridge_tickets.c.conversation_id.in_(gone)), parameter)
    connection.execute(delete(conversations).where(theirs, not_(others)), parameter)
    left = (
        select(conversations.c.id, func.max(handles.c.customer_id).label("owner"))
        .join(messages, messages.c.conversation_id == conversations.c.id)
        .join(handles, handles.c.id == messages.c.handle_id, isouter=True)
        .where(theirs)
        .group_by(conversations.c.id)
    )
    rows: list[dict[str, Any]] = [
        {"id": row.id, "customer_id": row.owner or "", "split": True} for row in connection.execute(left, parameter)
    ]
    update_rows(connection, conversations, "id", rows)
    _tell_of_others_only(connection, [row["id"] for row in rows])
