"""Removing what is old, a bounded number of rows in each transaction. Customers stay, with their counts."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Connection, Select, and_, delete, exists, not_, or_, select, tuple_, update

from storage import erased, erasure, events, removal
from storage.bulk import among, ids_parameter
from storage.outbox import PENDING
from storage.schema import (
    attachments,
    challenges,
    customers,
    handles,
    mentions,
    messages,
    notice_items,
    notices,
    operations,
    outgoing,
    quarantine,
    repeats,
    signals,
    surveys,
    targets,
    ticket_events,
)
from storage.surveys import OPEN

PAGE: Final = 200
"""Rows that one transaction looks at."""
_WORDS: Final = "same_words"

Place = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Before:
    """What is old: what came before `others`, or by its name (a brand, a connector) before another time. Milliseconds since
    1970; None for what is kept."""

    others: int | None
    by_name: Mapping[str, int | None]

    @property
    def latest(self) -> int | None:
        """Nothing that came later is old."""
        return max((at for at in (self.others, *self.by_name.values()) if at is not None), default=None)

    def is_old(self, name: str, at_ms: int) -> bool:
        before = self.by_name.get(name, self.others)
        return before is not None and at_ms < before


@dataclass(frozen=True, slots=True)
class Done:
    """What a step removed, and where the next one goes on; None at the end."""

    removed: int
    place: Place | None


Step = Callable[[Connection, Before, Place, int], Done]
"""One transaction: (connection, what is old, where to go on, now in milliseconds). A pass begins at the empty place."""


def old_messages(connection: Connection, before: Before, place: Place, now_ms: int) -> Done:
    """Messages with files and targets; not those that a queue or the sender still waits for."""
    waits = exists().where(targets.c.message_id == messages.c.id, targets.c.state == PENDING)
    answered = and_(outgoing.c.conversation_id == messages.c.conversation_id, outgoing.c.message_id == messages.c.id)
    open_ = exists().where(answered, outgoing.c.told_ms.is_(None))
    ids, further = _messages(connection, before, place, not_(or_(waits, open_)))
    if ids:
        _cut_histories(connection, ids, ids)
        removal.remove_messages(connection, ids, now_ms)
    return Done(len(ids), further)


def old_raw(connection: Connection, before: Before, place: Place, now_ms: int) -> Done:
    """The raw bytes of messages."""
    ids, further = _messages(connection, before, place, messages.c.raw_sha256 != "")
    return Done(removal.empty_raw(connection, ids, now_ms) if ids else 0, further)


def old_attachments(connection: Connection, before: Before, place: Place, now_ms: int) -> Done:
    """The files of messages."""
    ids, further = _messages(connection, before, place, exists().where(attachments.c.message_id == messages.c.id))
    return Done(removal.remove_attachments(connection, ids, now_ms) if ids else 0, further)


def old_quarantine(connection: Connection, before: Before, place: Place, now_ms: int) -> Done:
    """What is held, also what was driven again."""
    query = select(quarantine.c.id, quarantine.c.connector, quarantine.c.received_ms)
    ids, further = _due(connection, query, quarantine.c, before, place)
    return Done(removal.remove_quarantine(connection, ids, now_ms) if ids else 0, further)


def old_signals(connection: Connection, before: Before, place: Place, now_ms: int) -> Done:
    """What providers told."""
    query = select(signals.c.id, signals.c.connector, signals.c.received_ms)
    ids, further = _due(connection, query, signals.c, before, place)
    return Done(removal.remove_signals(connection, ids, now_ms) if ids else 0, further)


def old_outgoing(connection: Connection, before: Before, place: Place, now_ms: int) -> Done:
    """Messages out, with their files, whose end was told. They are queued in the order of their times."""
    latest, after = before.latest, place[0] if place else 0
    columns = (outgoing.c.position, outgoing.c.id, outgoing.c.connector, outgoing.c.created_ms, outgoing.c.told_ms)
    query = select(*columns).where(outgoing.c.position > after, outgoing.c.created_ms < (latest or 0))
    rows = connection.execute(query.order_by(outgoing.c.position).limit(PAGE)).all()
    ids = [row.id for row in rows if row.told_ms is not None and before.is_old(row.connector, row.created_ms)]
    if ids:  # of those whose contact is not kept any more the histories hold nothing
        answered = select(outgoing.c.message_id).where(among(connection, outgoing.c.id), ~outgoing.c.automatic)
        contacts = connection.execute(answered, ids_parameter(connection, ids)).scalars()
        _cut_histories(connection, [one for one in contacts if one is not None], ids)
    removed = removal.forget_outgoing(connection, ids, now_ms) if ids else 0
    return Done(removed, (rows[-1].position,) if len(rows) == PAGE else None)


def old_tickets(connection: Connection, before: Before, place: Place, _now_ms: int) -> Done:
    """What ticket systems told. Conversations keep the ticket and stay as they are."""
    query = select(ticket_events.c.id, ticket_events.c.space, ticket_events.c.received_ms)
    ids, further = _due(connection, query, ticket_events.c, before, place)
    connection.execute(delete(ticket_events).where(among(connection, ticket_events.c.id)), ids_parameter(connection, ids))
    return Done(len(ids), further)


def old_surveys(connection: Connection, before: Before, place: Place, _now_ms: int) -> Done:
    """Surveys that came to their end, with what was answered."""
    query = select(surveys.c.id, surveys.c.brand, surveys.c.received_ms).where(surveys.c.state.not_in(OPEN))
    ids, further = _due(connection, query, surveys.c, before, place)
    connection.execute(delete(surveys).where(among(connection, surveys.c.id)), ids_parameter(connection, ids))
    return Done(len(ids), further)


def old_events(connection: Connection, before: Before, _place: Place, _now_ms: int) -> Done:
    """Events that were published."""
    removed = events.forget(connection, before.others or 0)
    return Done(removed, () if removed else None)


def old_ids(connection: Connection, before: Before, _place: Place, _now_ms: int) -> Done:
    """Ids of what was erased or removed."""
    removed = erased.forget(connection, before.others or 0, PAGE)
    return Done(removed, () if removed else None)


def old_repeats(connection: Connection, before: Before, place: Place, _now_ms: int) -> Done:
    """Repeats, journal by journal; in each their times rise with their numbers."""
    after = place[0] if place else ""
    query = select(repeats.c.journal).where(repeats.c.journal > after).order_by(repeats.c.journal).limit(1)
    journal = connection.execute(query).scalar_one_or_none()
    if journal is None:
        return Done(0, None)
    mine = select(repeats.c.seq, repeats.c.received_ms).where(repeats.c.journal == journal)
    rows = connection.execute(mine.order_by(repeats.c.seq).limit(PAGE)).all()
    old = [row.seq for row in rows if row.received_ms < (before.others or 0)]
    gone = and_(repeats.c.journal == journal, repeats.c.seq.in_(old))
    removed = connection.execute(delete(repeats).where(gone)).rowcount if old else 0
    erased.count_forgotten(connection, {journal: removed} if removed else {})
    return Done(removed, (after if len(old) == PAGE else journal,))


def old_words(connection: Connection, before: Before, _place: Place, _now_ms: int) -> Done:
    """By which words a repeat is known. Order numbers and names stay as long as their link."""
    key = (mentions.c.key, mentions.c.handle_id)
    old = select(*key).where(mentions.c.reason == _WORDS, mentions.c.at_ms < (before.others or 0)).limit(PAGE)
    removed = connection.execute(delete(mentions).where(tuple_(*key).in_(old))).rowcount
    return Done(removed, () if removed else None)


def old_challenges(connection: Connection, before: Before, place: Place, now_ms: int) -> Done:
    """Proofs that were asked for, with the messages that asked and all that was told of them; not those that are still to be
    sent."""
    after = place or (-1, "")
    query = select(challenges.c.id, challenges.c.created_ms).where(challenges.c.created_ms < (before.others or 0))
    further = tuple_(challenges.c.created_ms, challenges.c.id) > tuple_(*after)
    rows = connection.execute(query.where(further).order_by(challenges.c.created_ms, challenges.c.id).limit(PAGE)).all()
    ids = ids_parameter(connection, [row.id for row in rows])
    mine = among(connection, challenges.c.id)
    asking = erasure.codes().add_columns(challenges.c.id.label("challenge"), outgoing.c.told_ms).where(mine)
    sent = connection.execute(asking, ids).all()
    open_ = {one.challenge for one in sent if one.told_ms is None}
    removal.remove_outgoing(connection, [one.id for one in sent if one.challenge not in open_], now_ms)
    old = [row.id for row in rows if row.id not in open_]
    connection.execute(delete(challenges).where(mine), ids_parameter(connection, old))
    return Done(len(old), (rows[-1].created_ms, rows[-1].id) if len(rows) == PAGE else None)


def old_operations(connection: Connection, before: Before, _place: Place, _now_ms: int) -> Done:
    """What was done by hand."""
    old = select(operations.c.id).where(operations.c.begun_ms < (before.others or 0)).limit(PAGE)
    removed = connection.execute(delete(operations).where(operations.c.id.in_(old))).rowcount
    return Done(removed, () if removed else None)


def old_notices(connection: Connection, before: Before, _place: Place, _now_ms: int) -> Done:
    """Who was told of what, and what nobody could be told."""
    first = select(notice_items.c.position, notice_items.c.entered_ms).order_by(notice_items.c.position).limit(PAGE)
    old = [row.position for row in connection.execute(first) if row.entered_ms < (before.others or 0)]
    removed = connection.execute(delete(notice_items).where(notice_items.c.position.in_(old))).rowcount
    told = select(notices.c.id).where(notices.c.created_ms < (before.others or 0)).limit(PAGE)
    removed += connection.execute(delete(notices).where(notices.c.id.in_(told))).rowcount
    return Done(removed, () if removed else None)


def _messages(
    connection: Connection, before: Before, place: Place, more: ColumnElement[bool]
) -> tuple[list[str], Place | None]:
    query = select(messages.c.id, messages.c.brand, messages.c.received_ms).where(more)
    return _due(connection, query, messages.c, before, place)


def _due(
    connection: Connection, query: Select[Any], columns: Any, before: Before, place: Place
) -> tuple[list[str], Place | None]:
    """Ids of the old rows of a page, and where the next one begins. `query` gives id, name and time."""
    query = query.where(columns.received_ms < (before.latest or 0))
    if place:
        query = query.where(tuple_(columns.received_ms, columns.id) > tuple_(*place))
    rows = connection.execute(query.order_by(columns.received_ms, columns.id).limit(PAGE)).all()
    ids = [id_ for id_, name, at_ms in rows if before.is_old(name, at_ms)]
    return ids, (rows[-1][2], rows[-1][0]) if len(rows) == PAGE else None


def _cut_histories(connection: Connection, contacts: Collection[str], ids: Collection[str]) -> None:
    """The rows of those who wrote these contacts hold the last interactions, with some words of each. Those of `ids` go, and
    with a contact what answers it."""
    owners = select(handles.c.customer_id).join(messages, messages.c.handle_id == handles.c.id).distinct()
    parameter = ids_parameter(connection, contacts)
    tops = connection.execute(owners.where(among(connection, messages.c.id)), parameter).scalars().all()
    below = and_(among(connection, customers.c.root_id), customers.c.merged_into.is_not(None))
    query = select(customers.c.id, customers.c.history).where(or_(among(connection, customers.c.id), below))
    rows = connection.execute(query.order_by(customers.c.id).with_for_update(), ids_parameter(connection, tops)).all()
    gone = set(ids)
    for row in rows:
        history = orjson.loads(row.history)
        kept = [one for one in history if not {one["id"], one.get("answers")} & gone]
        if len(kept) != len(history):
            cut = update(customers).where(customers.c.id == row.id).values(history=orjson.dumps(kept).decode())
            connection.execute(cut)
