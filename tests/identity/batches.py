"""What the commit does with a batch, for tests that look at identity alone."""

from collections.abc import Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, insert, select

from identity.people import Identified
from identity.policy import Policy
from identity.resolve import IdentitySession
from normalizer.message import Message
from storage import schema
from storage.database import Database

WINDOW_HOURS: Final = 72
POLICY: Final = Policy(window_ms=WINDOW_HOURS * 3_600_000)


def resolve(
    connection: Connection, batch: Sequence[Message], policy: Policy = POLICY, category: str = "general"
) -> list[Identified]:
    """Identify, record and store each message of a batch."""
    session = IdentitySession(connection, batch, policy)
    found = []
    for one in batch:
        identified = session.identify(one)
        session.record(identified, one, category)
        found.append(identified)
    session.save()
    rows = [stored_row(one, identified) | {"category": category} for one, identified in zip(batch, found, strict=True)]
    if rows:
        connection.execute(insert(schema.messages), rows)
    return found


def stored_row(one: Message, identified: Identified) -> dict[str, Any]:
    """A row of `messages`, with as much of it as identity looks at."""
    texts = {column.name: "x" for column in schema.messages.columns if column.type.python_type is str}
    own = {
        "id": str(one.id),
        "external_id": one.inbound.external_id,
        "channel": one.inbound.channel,
        "customer_id": identified.customer.id,
        "conversation_id": identified.conversation.id,
        "sequence": identified.sequence,
        "handle_value": one.inbound.sender.handle.value,
        "handle_id": identified.handle_id,
        "at_ms": identified.at_ms,
        "awaits_answer": identified.awaits_answer,
        "repeat_of": identified.repeat_of,
    }
    return {**texts, **own, "received_ms": 0, "envelope": _envelope(one), "explanation": b"", "raw": b"{}"}


def _envelope(one: Message) -> bytes:
    """As much of it as identity looks at."""
    claims = [{"kind": each.kind, "value": each.value, "proof": each.proof} for each in one.inbound.sender.claims]
    fields = dict(one.inbound.fields)
    data = {"text": one.inbound.text, "subject": one.inbound.subject, "sender": {"claims": claims}, "fields": fields}
    return orjson.dumps({"data": data})


async def identify(database: Database, *batch: Message, policy: Policy = POLICY) -> list[Identified]:
    return await database.write(lambda connection: resolve(connection, batch, policy))


async def rows(database: Database, table: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in await database.read(lambda connection: connection.execute(select(table)).mappings().all())]


def ids(found: Sequence[Identified]) -> list[str]:
    return [one.customer.id for one in found]
