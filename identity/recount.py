"""What a customer's row holds for speed, counted anew from its messages: after an unmerge, and where somebody was erased."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, or_, select, update

from identity import history, store
from identity.people import Customer
from storage.bulk import update_rows
from storage.schema import conversations, handles, messages


def recount(connection: Connection, customer: Customer, tree: Collection[str]) -> None:
    """Set links, standing, times, counts, history and current conversation by what its links have written. `tree`: its own
    id, and those of everybody below."""
    customer.links = store.links_of(connection, [customer.id])
    proven = select(handles.c.id).where(handles.c.customer_id == customer.id, handles.c.standing == "verified").limit(1)
    customer.standing = "claimed" if connection.execute(proven).one_or_none() is None else "verified"
    counts = connection.execute(_counts(customer.id)).one()
    customer.messages, customer.unanswered = counts.messages or 0, counts.unanswered or 0
    times = connection.execute(_times(customer.id)).one()
    first, last = times.first_ms or customer.first_seen_ms, times.last_ms or customer.last_seen_ms
    customer.first_seen_ms = min(first, counts.first_ms or first)
    customer.last_seen_ms = counts.last_ms or last
    customer.history = history.stored(connection, customer.id)
    customer.conversation_id = connection.execute(_current(tree)).scalar_one_or_none()


Side = tuple[str, Collection[str]]
"""Who is at the top of a tree, and the ids of all in it."""


def split(connection: Connection, child: Side, top: Side) -> None:
    """After links went back from one to the other: conversations with words of both are nobody's to go on with, and one is of
    somebody whose words are in it, whoever opened it."""
    opened = conversations.c.customer_id.in_(child[1])
    query = (
        select(conversations.c.id, conversations.c.customer_id, handles.c.customer_id.label("owner"))
        .join(messages, messages.c.conversation_id == conversations.c.id)
        .join(handles, handles.c.id == messages.c.handle_id)
        .where(or_(conversations.c.id.in_(_of(child[0])), opened))
        .distinct()
    )
    owners: dict[str, set[str]] = {}
    named: dict[str, str] = {}
    for row in connection.execute(query):
        owners.setdefault(row.id, set()).add(row.owner)
        named[row.id] = row.customer_id
    both = [id_ for id_, writers in owners.items() if len(writers) > 1]
    connection.execute(update(conversations).where(conversations.c.id.in_(both)).values(split=True, open=False))
    tops = {id_: top_id for top_id, tree in (child, top) for id_ in tree}
    left = (id_ for id_, one in named.items() if tops.get(one) not in owners[id_] | {None})
    update_rows(connection, conversations, "id", [{"id": id_, "customer_id": min(owners[id_])} for id_ in left])


def _written(customer_id: str, *what: Any) -> Select[Any]:
    links = select(handles.c.id).where(handles.c.customer_id == customer_id)
    return select(*what).where(messages.c.handle_id.in_(links))


def _of(customer_id: str) -> Select[Any]:
    return _written(customer_id, messages.c.conversation_id).distinct()


def _counts(customer_id: str) -> Select[Any]:
    return _written(
        customer_id,
        func.count().label("messages"),
        func.sum(case((messages.c.awaits_answer, 1), else_=0)).label("unanswered"),
        func.min(messages.c.at_ms).label("first_ms"),
        func.max(messages.c.at_ms).label("last_ms"),
    )


def _times(customer_id: str) -> Select[Any]:
    mine = handles.c.customer_id == customer_id
    return select(func.min(handles.c.since_ms).label("first_ms"), func.max(handles.c.seen_ms).label("last_ms")).where(mine)


def _current(tree: Collection[str]) -> Select[Any]:
    mine = and_(conversations.c.customer_id.in_(tree), ~conversations.c.split)
    return select(conversations.c.id).where(mine).order_by(conversations.c.last_ms.desc(), conversations.c.id.desc()).limit(1)
