"""Reads and writes of identity, each one statement for a whole batch."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import Column, Connection, Row, Select, Table, select

from identity.people import Conversation, Customer, Interaction
from normalizer.inbound import Handle
from storage.bulk import among, ids_parameter, insert_rows, update_rows
from storage.schema import conversations, customers, handles, messages, suggestions

_HANDLES = select(handles.c.key, handles.c.customer_id)
_CUSTOMERS = select(customers).order_by(customers.c.id).with_for_update()
_HANDLES_OF = select(handles).order_by(handles.c.since_ms)
_CONVERSATIONS = select(conversations)
_THREADS = select(messages.c.external_id, messages.c.customer_id, messages.c.conversation_id)


def owners(connection: Connection, keys: Collection[str]) -> dict[str, str]:
    """Handle key to customer id, for the keys that exist."""
    return {row.key: row.customer_id for row in _among(connection, _HANDLES, handles.c.key, keys)}


def add_handles(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert handles; one that another node inserted first stays as it is. Sorted, so that two nodes cannot deadlock."""
    insert_rows(connection, handles, sorted(rows, key=itemgetter("key")), ignore=True)


def move_handles(connection: Connection, moved: Mapping[str, str]) -> None:
    """Give handles (by key) to other customers. Only for handles this transaction has inserted: others are not locked."""
    update_rows(connection, handles, "key", [{"key": key, "customer_id": owner} for key, owner in moved.items()])


def add_suggestions(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert suggestions, each once; one that is there stays as it is. Sorted for the same reason."""
    once = {row["id"]: row for row in rows}
    insert_rows(connection, suggestions, [once[id_] for id_ in sorted(once)], ignore=True)


def load_customers(connection: Connection, ids: Iterable[str]) -> dict[str, Customer]:
    """The customers with their handles, locked until the transaction ends."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    found = {row.id: _customer(row) for row in _among(connection, _CUSTOMERS, customers.c.id, wanted)}
    for row in _among(connection, _HANDLES_OF, handles.c.customer_id, wanted):
        if row.customer_id in found:
            found[row.customer_id].handles.append(Handle(row.kind, row.value, row.proof))
    return found


def load_conversations(connection: Connection, ids: Iterable[str]) -> dict[str, Conversation]:
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    return {row.id: _conversation(row) for row in _among(connection, _CONVERSATIONS, conversations.c.id, wanted)}


def threads(connection: Connection, external_ids: Collection[str]) -> dict[tuple[str, str], str]:
    """(external id, customer) to conversation: a reference counts only for the customer whose message it names."""
    if not external_ids:
        return {}
    rows = _among(connection, _THREADS, messages.c.external_id, external_ids)
    return {(row.external_id, row.customer_id): row.conversation_id for row in rows}


def save_customers(connection: Connection, changed: Iterable[Customer], new: Collection[str]) -> None:
    _save(connection, customers, [_customer_row(customer) for customer in changed], new)


def save_conversations(connection: Connection, changed: Iterable[Conversation], new: Collection[str]) -> None:
    _save(connection, conversations, [_conversation_row(conversation) for conversation in changed], new)


def _save(connection: Connection, table: Table, rows: list[dict[str, Any]], new: Collection[str]) -> None:
    # In the order of their ids, as they were locked: two nodes that write the same rows must not wait for each other.
    rows.sort(key=itemgetter("id"))
    insert_rows(connection, table, [row for row in rows if row["id"] in new])
    update_rows(connection, table, "id", [row for row in rows if row["id"] not in new])


def _among(connection: Connection, query: Select[Any], column: Column[str], ids: Collection[str]) -> Iterable[Row[Any]]:
    if not ids:
        return ()
    return connection.execute(query.where(among(connection, column)), ids_parameter(connection, ids))


def _customer(row: Row[Any]) -> Customer:
    return Customer(
        id=row.id,
        space=row.space,
        standing=row.standing,
        first_seen_ms=row.first_seen_ms,
        last_seen_ms=row.last_seen_ms,
        name=row.name,
        language=row.language,
        tier=row.tier,
        tags=orjson.loads(row.tags),
        messages=row.messages,
        unanswered=row.unanswered,
        conversation_id=row.conversation_id,
        history=[Interaction(**item) for item in orjson.loads(row.history)],
    )


def _customer_row(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.id,
        "space": customer.space,
        "standing": customer.standing,
        "first_seen_ms": customer.first_seen_ms,
        "last_seen_ms": customer.last_seen_ms,
        "name": customer.name,
        "language": customer.language,
        "tier": customer.tier,
        "tags": orjson.dumps(customer.tags).decode(),
        "messages": customer.messages,
        "unanswered": customer.unanswered,
        "conversation_id": customer.conversation_id,
        "history": orjson.dumps(customer.history).decode(),
    }


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
    }
