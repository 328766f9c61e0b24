"""Stored envelopes that a reply can answer, without a pipeline."""

from typing import Any

import orjson
from sqlalchemy import Connection

from identity.ids import new_id
from normalizer.envelope_data import message_data
from normalizer.inbound import Handle
from storage.bulk import insert_rows
from storage.database import Database
from storage.schema import messages
from tests.contacts import email, message


async def store(
    database: Database, name: str, handle: Handle | None = None, *, conversation: str = "", customer: str = "", **more: Any
) -> str:
    """Store contact `name` (a mail of Anna's, if nothing else is said); its envelope's id. `more` as for a contact."""
    connector = more.pop("connector", "mail")
    mail = {
        "channel": "email",
        "account": "help@demo.example",
        "subject": "Padella rotta",
        "raw_content_type": "message/rfc822",
    }
    contact = message(name, handle or email(), connector=connector, **(mail | more))
    row = {
        "id": str(contact.id),
        "connector": connector,
        "brand": "demo",
        "channel": contact.inbound.channel,
        "kind": "text",
        "external_id": contact.inbound.external_id,
        "account": contact.inbound.account,
        "handle_kind": contact.inbound.sender.handle.kind,
        "handle_value": contact.inbound.sender.handle.value,
        "handle_id": f"{customer or new_id('cus')} {contact.inbound.sender.handle.value}",
        "customer_id": customer or new_id("cus"),
        "conversation_id": conversation or new_id("con"),
        "sequence": 1,
        "category": "general",
        "ruleset": "sha256:0",
        "received_ms": int(contact.received_at.timestamp() * 1000),
        "envelope": orjson.dumps({"data": message_data(contact)}),
        "explanation": b"{}",
        "raw_sha256": "0",
        "raw_content_type": "message/rfc822",
    }

    def work(connection: Connection) -> None:
        insert_rows(connection, messages, [row])

    await database.write(work)
    return str(contact.id)
