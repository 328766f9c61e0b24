"""Reads and writes of conversations, each one statement for a whole batch."""

from collections.abc import Collection, Iterable
from operator import itemgetter
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, func, select

from identity.people import Conversation
from identity.store import rows_among
from storage.bulk import insert_rows, update_rows
from storage.schema import conversations, customers, handles, messages

_CONVERSATIONS: Final = select(
    conversations, func.coalesce(customers.c.root_id, conversations.c.customer_id).label("owner_id")
).join(customers, customers.c.id == conversations.c.customer_id, isouter=True)
_THREADS: Final = select(messages.c.external_id, handles.c.customer_id, messages.c.conversation_id).join(
    handles, handles.c.id == messages.c.handle_id
)


def load(connection: Connection, ids: Iterable[str]) -> dict[str, Conversation]:
    return {row.id: _conversation(row) for row in rows_among(connection, _CONVERSATIONS, conversations.c.id, sorted(set(ids)))}


def threads(connection: Connection, external_ids: Collection[str]) -> dict[tuple[str, str], str]:
    """(external id, owner) to conversation: a reference counts only for the customer who owns the handle that wrote it."""
    rows = rows_among(connection, _THREADS, messages.c.external_id, external_ids)
    return {(row.external_id, row.customer_id): row.conversation_id for row in rows}


def save(connection: Connection, changed: Iterable[Conversation], new: Collection[str]) -> None:
    """Insert the new ones, update the others, in the order of their ids as customers are."""
    rows = sorted(map(_conversation_row, changed), key=itemgetter("id"))
    insert_rows(connection, conversations, [row for row in rows if row["id"] in new])
    update_rows(connection, conversations, "id", [row for row in rows if row["id"] not in new])


def _conversation(row: Row[Any]) -> Conversation:
    return Conversation(
        id=row.id,
        space=row.space,
        customer_id=row.customer_id,
        opened_ms=row.opened_ms,
        last_ms=row.last_ms,
        messages=row.messages,
        channels=orjson.loads(row.channels),
        ticket=row.ticket,
        open=row.open,
        split=row.split,
        owner_id=row.owner_id,
    )


def _conversation_row(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "space": conversation.space,
        "customer_id": conversation.customer_id,
        "opened_ms": conversation.opened_ms,
        "last_ms": conversation.last_ms,
        "messages": conversation.messages,
        "channels": orjson.dumps(conversation.channels).decode(),
        "ticket": conversation.ticket,
        "open": conversation.open,
        "split": conversation.split,
    }
