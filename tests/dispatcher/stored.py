"""Committed envelopes with their targets, for tests of what is sent again."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from storage import outbox
from storage.database import Database
from storage.outbox import PUBLISHED
from storage.schema import messages, targets
from tests.dispatcher.contract import publication

T0 = 1_795_773_600_000
"""When the first of them was published (2026-11-27T10:00Z), a second apart."""


def message_row(number: int, **other: Any) -> dict[str, Any]:
    texts = {column.name: "x" for column in messages.columns if column.type.python_type is str}
    one = publication(number)
    own = {"id": one.envelope_id, "brand": "masterpro", "channel": "whatsapp", "category": "returns", "discarded_by": None}
    own |= {"conversation_id": one.correlation_id, "envelope": one.body, "received_ms": T0 + number * 1000}
    return {**texts, "sequence": 1, "explanation": b"", "raw": b"", **own, **other}


async def store(
    database: Database,
    numbers: Sequence[int],
    *,
    to: Sequence[str] = ("returns",),
    senders: int = 5,
    state: str = PUBLISHED,
    **other: Any,
) -> None:
    """Messages of so many senders, each published to these targets a second after the one before."""

    def work(connection: Connection) -> None:
        connection.execute(insert(messages), [message_row(number, **other) for number in numbers])
        rows = [
            {
                "message_id": publication(number).envelope_id,
                "target": target,
                "order_key": f"sender-{number % senders}",
                "state": state,
                "node": "n1",
                "attempts": 1,
                "published_ms": None if state == outbox.PENDING else T0 + number * 1000,
            }
            for number in numbers
            for target in to
        ]
        connection.execute(insert(targets), rows)

    await database.write(work)


async def states(database: Database) -> list[str]:
    """The targets' states in their order."""
    query = select(targets.c.state).order_by(targets.c.position)
    return await database.read(lambda connection: list(connection.execute(query).scalars()))
