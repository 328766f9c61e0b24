"""Replies that have left, as the sender tells of them."""

from typing import Any

from sqlalchemy import Connection, insert, select

from identity import history
from identity.history import Left
from storage.database import Database
from storage.schema import messages, outgoing
from tests.contacts import START, message

NOW = int(START.timestamp() * 1000)
HOUR = 3_600_000


def enter(connection: Connection, contact_id: str, id_: str, written_ms: int, **more: Any) -> None:
    """A reply of a person to a stored contact, which has left."""
    conversation = connection.execute(select(messages.c.conversation_id).where(messages.c.id == contact_id)).scalar_one()
    row: dict[str, Any] = {
        "id": id_,
        "connector": "whatsapp",
        "message_id": contact_id,
        "conversation_id": conversation,
        "handle_kind": "phone",
        "handle_value": "+390000",
        "handle_proof": "verified",
        "author": "Giulia",
        "automatic": False,
        "text": f"Risposta {id_}",
        "state": "sent",
        "due_ms": written_ms,
        "created_ms": written_ms,
        "ended_ms": written_ms + 1,
        "told_ms": written_ms + 2,
    }
    connection.execute(insert(outgoing), [row | more])
    history.left(connection, [Left(id_, contact_id, written_ms)])


async def replied(database: Database, name: str, id_: str, *, hours: float, **more: Any) -> None:
    """The same, to contact `name`."""
    contact_id, written_ms = str(message(name).id), NOW + int(hours * HOUR)
    await database.write(lambda connection: enter(connection, contact_id, id_, written_ms, **more))
