"""What is to be told to lists: entered with its message, taken by a notice, forgotten with the message."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, func, select, update

from storage.bulk import among, ids_parameter, insert_rows
from storage.outgoing import QUEUED
from storage.schema import conversations, messages, notice_items, notices, outgoing, ticket_events

OPEN: Final = "open"
"""The state of a notice that has not left."""


def enter(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Enter what is to be told: `list`, `urgent`, `what`, `message_id`, `promise`, `due_ms` and `entered_ms` of each."""
    insert_rows(connection, notice_items, rows)


def waiting_lists(connection: Connection) -> list[str]:
    """Names of the lists for which something waits: one step in the index for each, however much it is."""
    found: list[str] = []
    query = select(func.min(notice_items.c.list)).where(notice_items.c.notice_id.is_(None))
    name = connection.execute(query).scalar_one()
    while name is not None:
        found.append(name)
        name = connection.execute(query.where(notice_items.c.list > name)).scalar_one()
    return found


def _waits(name: str, *, urgent: bool) -> ColumnElement[bool]:
    return and_(notice_items.c.list == name, notice_items.c.urgent.is_(urgent), notice_items.c.notice_id.is_(None))


def oldest(connection: Connection, name: str, *, urgent: bool) -> int | None:
    """When what has waited longest was entered (ms); None where nothing waits."""
    query = select(notice_items.c.entered_ms).where(_waits(name, urgent=urgent)).order_by(notice_items.c.position).limit(1)
    return connection.execute(query).scalar_one_or_none()


def first(connection: Connection, name: str, *, urgent: bool, limit: int) -> list[int]:
    """Positions of what waits, oldest first."""
    query = select(notice_items.c.position).where(_waits(name, urgent=urgent)).order_by(notice_items.c.position)
    return list(connection.execute(query.limit(limit)).scalars())


def take(connection: Connection, name: str, notice_id: str, *, urgent: bool, position: int | None = None) -> None:
    """What waits belongs to a notice from now on: all of it, or the one at `position`."""
    this = _waits(name, urgent=urgent)
    if position is not None:
        this = and_(this, notice_items.c.position == position)
    connection.execute(update(notice_items).where(this).values(notice_id=notice_id))


def drop(connection: Connection, notice_id: str) -> None:
    """Forget what belongs to a notice that was not made: none of its contacts is stored any more."""
    connection.execute(delete(notice_items).where(notice_items.c.notice_id == notice_id))


def counted(connection: Connection, this: ColumnElement[bool]) -> list[tuple[str, str, str, int]]:
    """(what, brand, category, how many) of the contacts that are stored."""
    by = (notice_items.c.what, messages.c.brand, messages.c.category)
    query = select(*by, func.count()).join(messages, messages.c.id == notice_items.c.message_id).where(this).group_by(*by)
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]


def of_notice(notice_id: str) -> ColumnElement[bool]:
    """What belongs to a notice."""
    return notice_items.c.notice_id == notice_id


def of_list(name: str) -> ColumnElement[bool]:
    """What waits for a list."""
    return and_(notice_items.c.list == name, notice_items.c.notice_id.is_(None))


def contacts(connection: Connection, this: ColumnElement[bool], limit: int) -> list[RowMapping]:
    """The contacts, the oldest first, each with its envelope, its conversation's ticket and since when somebody waits there."""
    waits = messages.alias("waits")
    since = select(func.min(waits.c.received_ms)).where(
        waits.c.conversation_id == messages.c.conversation_id, waits.c.awaits_answer
    )
    own = ("id", "brand", "channel", "category", "conversation_id", "received_ms", "envelope")
    query = (
        select(
            *(notice_items.c[name] for name in ("what", "promise", "due_ms")),
            *(messages.c[name] for name in own),
            conversations.c.ticket,
            since.scalar_subquery().label("since_ms"),
        )
        .join(messages, messages.c.id == notice_items.c.message_id)
        .join(conversations, conversations.c.id == messages.c.conversation_id, isouter=True)
        .where(this)
        .order_by(messages.c.received_ms, notice_items.c.position)
    )
    return list(connection.execute(query.limit(limit)).mappings())


def ticket_urls(connection: Connection, conversation_ids: Collection[str]) -> dict[tuple[str, str], str]:
    """(conversation, ticket) to the address of the ticket that was told last."""
    columns = (ticket_events.c.conversation_id, ticket_events.c.ticket, ticket_events.c.url)
    query = select(*columns).where(among(connection, ticket_events.c.conversation_id), ticket_events.c.url.is_not(None))
    ordered = query.order_by(ticket_events.c.at_ms, ticket_events.c.position)
    rows = connection.execute(ordered, ids_parameter(connection, conversation_ids))
    return {(row.conversation_id, row.ticket): row.url for row in rows}


def forget(connection: Connection, message_ids: Collection[str]) -> None:
    """Contacts that go are told to nobody any more. A notice about one that has not left is taken back, and the others in it
    wait again: they are told anew without it. One that a web address was offered already stays, and loses its body, which
    `storage.notices.claim` then lacks."""
    if not message_ids:
        return
    parameter, theirs = ids_parameter(connection, message_ids), among(connection, notice_items.c.message_id)
    named = select(notice_items.c.notice_id).where(theirs, notice_items.c.notice_id.is_not(None)).distinct()
    told = connection.execute(named, parameter).scalars().all()
    connection.execute(delete(notice_items).where(theirs), parameter)
    if not told:
        return
    open_ = and_(among(connection, notices.c.id), notices.c.state == OPEN)
    columns = (notices.c.id, notices.c.outgoing, notices.c.attempts)
    # Held: whoever posts it at this moment counts its attempt first, or finds it gone.
    query = select(*columns).where(open_).order_by(notices.c.id).with_for_update()
    for row in connection.execute(query, ids_parameter(connection, told)).all():
        if row.attempts and (left := _left(connection, row.id)):
            # Its taker may have it already, and knows it by its id: only its words are made anew.
            connection.execute(update(notices).where(notices.c.id == row.id).values(items=left, body=None))
        else:
            _take_back(connection, row.id, orjson.loads(row.outgoing))


def _left(connection: Connection, notice_id: str) -> int:
    return connection.execute(select(func.count()).select_from(notice_items).where(of_notice(notice_id))).scalar_one()


def _take_back(connection: Connection, id_: str, sent: Sequence[str]) -> None:
    """A message that is on its way already cannot be: then all stays as it is."""
    this = and_(outgoing.c.id.in_(sent), outgoing.c.state == QUEUED)
    waiting = connection.execute(select(outgoing.c.id).where(this).with_for_update()).scalars().all()
    if len(waiting) < len(sent):
        return
    connection.execute(delete(outgoing).where(outgoing.c.id.in_(waiting)))
    connection.execute(delete(notices).where(notices.c.id == id_))
    connection.execute(update(notice_items).where(notice_items.c.notice_id == id_).values(notice_id=None))
