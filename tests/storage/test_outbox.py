"""The outbox: which stored envelopes still have to go where."""

from typing import Any

import pytest
from sqlalchemy import insert, select

from storage import outbox
from storage.database import Database
from storage.outbox import PENDING, OutboxRow
from storage.schema import messages, targets


def message_row(name: str, body: bytes = b"{}") -> dict[str, Any]:
    texts = {column.name: "x" for column in messages.columns if column.type.python_type is str}
    own = {"id": name, "brand": "demo", "channel": "whatsapp", "conversation_id": "con_1", "discarded_by": None}
    return {**texts, **own, "sequence": 1, "received_ms": 1_763_000_000_000, "envelope": body, "explanation": b"", "raw": b""}


def target_row(name: str, target: str, *, node: str = "n1", key: str = "anna") -> dict[str, Any]:
    return {"message_id": name, "target": target, "order_key": key, "state": PENDING, "node": node}


async def add(database: Database, *pairs: tuple[str, str], node: str = "n1", body: bytes = b"{}") -> dict[tuple[str, str], int]:
    def work(connection: Any) -> dict[tuple[str, str], int]:
        connection.execute(insert(messages), [message_row(name, body) for name in dict.fromkeys(name for name, _ in pairs)])
        return outbox.add(connection, [target_row(name, target, node=node) for name, target in pairs])

    return await database.write(work)


async def pending(database: Database, node: str = "n1", after: int = 0, limit: int = 100) -> list[OutboxRow]:
    return await database.read(lambda connection: outbox.pending(connection, node, after=after, limit=limit))


async def mark(database: Database, *marks: tuple[int, str, int]) -> None:
    await database.write(lambda connection: outbox.mark(connection, [(*one, 5) for one in marks]))


async def test_what_is_added_waits_in_order_with_its_bytes(database: Database) -> None:
    body = bytes(range(256))
    positions = await add(database, ("m1", "returns"), ("m1", "partners"), ("m2", "returns"), body=body)
    rows = await pending(database)
    assert [(row.message_id, row.target) for row in rows] == [("m1", "returns"), ("m1", "partners"), ("m2", "returns")]
    assert [row.seq for row in rows] == [positions[(row.message_id, row.target)] for row in rows] == sorted(positions.values())
    assert rows[0] == OutboxRow(
        rows[0].seq, "m1", "returns", "anna", 0, "demo", "whatsapp", "con_1", 1_763_000_000_000, rows[0].body
    )
    assert {bytes(row.body) for row in rows} == {body}


async def test_positions_rise_from_commit_to_commit(database: Database) -> None:
    first = await add(database, *((f"m{number}", "returns") for number in range(300)))
    second = await add(database, ("n1", "returns"))
    in_their_order = [first[(f"m{number}", "returns")] for number in range(300)]
    assert in_their_order == sorted(in_their_order)
    assert max(first.values()) < second[("n1", "returns")]


async def test_a_page_begins_after_a_position(database: Database) -> None:
    positions = sorted((await add(database, *((f"m{number}", "returns") for number in range(10)))).values())
    assert [row.seq for row in await pending(database, after=positions[3], limit=4)] == positions[4:8]


async def test_each_node_has_its_own(database: Database) -> None:
    await add(database, ("m1", "returns"))
    await add(database, ("m2", "returns"), node="n2")
    assert [row.message_id for row in await pending(database)] == ["m1"]
    assert [row.message_id for row in await pending(database, "n2")] == ["m2"]
    assert sorted(await database.read(outbox.nodes_with_pending)) == ["n1", "n2"]


async def test_marks(database: Database) -> None:
    positions = await add(database, ("m1", "returns"), ("m1", "partners"), ("m2", "returns"))
    await mark(database, (positions[("m1", "returns")], "published", 1), (positions[("m2", "returns")], "unrouted", 4))
    assert [(row.message_id, row.target) for row in await pending(database)] == [("m1", "partners")]
    assert await database.read(outbox.count_pending) == 1
    query = select(targets.c.message_id, targets.c.target, targets.c.state, targets.c.attempts, targets.c.published_ms)
    found = await database.read(lambda connection: connection.execute(query.order_by(targets.c.position)).all())
    assert [tuple(row) for row in found] == [
        ("m1", "returns", "published", 1, 5),
        ("m1", "partners", "pending", 0, None),
        ("m2", "returns", "unrouted", 4, 5),
    ]


async def test_nothing_to_add(database: Database) -> None:
    assert await database.write(lambda connection: outbox.add(connection, [])) == {}


async def test_a_target_stands_there_once(database: Database) -> None:
    await add(database, ("m1", "returns"))
    with pytest.raises(Exception, match=r"(?i)unique"):
        await database.write(lambda connection: outbox.add(connection, [target_row("m1", "returns")]))
    assert len(await pending(database)) == 1
