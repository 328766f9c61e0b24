"""A batch as a whole: brands, rollback, and what it costs. Every test on SQLite and on PostgreSQL."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, event

from identity.people import Standing, handle_key
from normalizer.inbound import Handle, Thread
from normalizer.message import Message
from storage import schema
from storage.database import Database
from tests.contacts import email, message, phone, user
from tests.identity.batches import identify, resolve, rows


async def test_brands_are_apart(database: Database) -> None:
    batch = [message(f"{brand}1", brand=brand, connector=brand) for brand in ("demo", "casa-bella")]
    one, other = await identify(database, *batch)
    assert one.customer.id != other.customer.id
    (later,) = await identify(database, message("m3", brand="casa-bella", reply_to="demo1"))
    assert (later.customer.id, later.conversation.id) == (other.customer.id, other.conversation.id)


async def test_a_rolled_back_batch_leaves_nothing(database: Database) -> None:
    def work(connection: Connection) -> None:
        resolve(connection, [message("m1"), message("m2", email())])
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(work)
    for table in (schema.customers, schema.handles, schema.conversations, schema.suggestions):
        assert await rows(database, table) == []


async def test_the_number_of_statements_does_not_grow_with_the_batch(database: Database) -> None:
    known = [message(f"w{n}", phone(f"+39333{n:07}"), claims=[email(f"c{n}@example.it")]) for n in range(50)]
    marks = [found.conversation.id for found in await identify(database, *known)]

    def batch(name: str, size: int) -> list[Message]:
        mixed = []
        for n in range(size):
            handle = (phone(f"+39333{n:07}"), phone(f"+39444{name}{n}"), email(f"{name}{n}@example.it"))[n % 3]
            thread = Thread(in_reply_to=f"w{n}", conversation=marks[n % 50])
            mixed.append(message(f"{name}{n}", handle, thread=thread, claims=[email(f"c{n}@example.it")]))
        return mixed

    async def statements(work: Sequence[Message]) -> int:
        seen: list[str] = []

        def count(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            seen.append(statement)

        event.listen(database.engine, "before_cursor_execute", count)
        await identify(database, *work)
        event.remove(database.engine, "before_cursor_execute", count)
        return len(seen)

    small, large = await statements(batch("s", 6)), await statements(batch("l", 240))
    assert large <= small
    assert large <= 16


async def test_a_key_is_made_once_a_message(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[str, str]] = []

    def counted(space: str, standing: Standing, handle: Handle) -> str:
        made.append((standing, handle.value))
        return handle_key(space, standing, handle)

    monkeypatch.setattr("identity.contact.handle_key", counted)
    first = message("m1", aliases=[user()], claims=[email()])
    await identify(database, first)
    values = [first.inbound.sender.handle.value, user().value, email().value]
    assert sorted(made) == sorted((standing, value) for standing in ("verified", "claimed") for value in values)
