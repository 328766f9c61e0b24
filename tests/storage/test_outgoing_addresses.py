"""What waits for an address that is not its customer's any more never leaves, on both databases."""

from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from storage import lookup, outgoing, outgoing_ends
from storage.bulk import insert_rows
from storage.database import Database
from storage.schema import handles, messages
from tests.answered import store
from tests.storage.test_outgoing import NOW, add, claim, new, settle, state

ENDINGS = [("released", True), ("recycled", True), ("changed", True), ("accepted", False), (None, False)]
GONE = "invalid_recipient: the address is not this customer's any more"


async def link(database: Database, message_id: str) -> None:
    """The link that a contact came by, as it is while its address is the customer's."""

    def work(connection: Connection) -> None:
        id_ = connection.execute(select(messages.c.handle_id).where(messages.c.id == message_id)).scalar_one()
        fields: dict[str, Any] = {"space": "demo", "kind": "email", "value": "anna@example.it", "standing": "claimed"}
        fields |= {"proof": "claimed", "customer_id": "cus_1", "home_id": "cus_1", "since_ms": 1, "seen_ms": 1, "evidence": "m"}
        insert_rows(connection, handles, [fields | {"id": id_, "key": id_, "ended_ms": None, "ended_by": None}])

    await database.write(work)


async def end(database: Database, message_id: str, why: str | None = "released") -> None:
    """It ends; it does not where nothing is said of why."""
    if why is None:
        return
    mine = select(messages.c.handle_id).where(messages.c.id == message_id).scalar_subquery()
    ended = update(handles).where(handles.c.id == mine).values(key=None, ended_ms=NOW, ended_by=why)
    await database.write(lambda connection: connection.execute(ended))


async def contact(database: Database, name: str = "m1", **more: Any) -> str:
    message_id = await store(database, name, **more)
    await link(database, message_id)
    return message_id


@pytest.mark.parametrize(("why", "gone"), ENDINGS)
async def test_an_address_that_ended_gets_nothing(database: Database, why: str | None, gone: bool) -> None:
    message_id = await contact(database)
    row = new(message_id, secret=True)
    await add(database, row)
    await end(database, message_id, why)
    claimed = await claim(database)
    assert [one.id for one in claimed] == ([] if gone else [row.id])
    found = await state(database, row.id)
    if gone:
        assert (found["state"], found["error"], found["ended_ms"], found["attempts"]) == ("failed", GONE, NOW, 0)
        assert found["text"] == ""
    else:
        assert found["state"] == "sending"
    answered = await database.read(lambda connection: lookup.message(connection, message_id))
    assert answered is not None
    assert await database.read(lambda connection: lookup.address_ended(connection, answered)) is gone


async def test_one_for_later_ends_when_it_would_leave_and_is_told_by_its_node(database: Database) -> None:
    message_id = await contact(database)
    row = new(message_id)
    await database.write(lambda connection: outgoing.add(connection, row, NOW + 9))
    await end(database, message_id)
    assert await claim(database, now_ms=NOW + 8) == []
    assert (await state(database, row.id))["state"] == "queued"
    assert await claim(database, now_ms=NOW + 9) == []
    [ended] = await database.read(lambda connection: outgoing_ends.untold(connection, "n1", 10, 0))
    assert (ended.id, ended.state, ended.error, ended.brand) == (row.id, "failed", GONE, "demo")


async def test_another_try_is_not_made(database: Database) -> None:
    message_id = await contact(database)
    await add(database, new(message_id))
    [row] = await claim(database)
    await settle(database, row, "queued", due_ms=NOW + 5, error="retryable: later", provider_code="451", ended_ms=None)
    await end(database, message_id)
    assert await claim(database, now_ms=NOW + 5) == []
    found = await state(database, row.id)
    assert (found["state"], found["error"], found["provider_code"], found["attempts"]) == ("failed", GONE, None, 1)


async def test_those_behind_it_go_on(database: Database) -> None:
    """Of one conversation two addresses, one of which is still the customer's."""
    lost, kept = await contact(database), await contact(database, "m2")
    rows = [new(lost), new(lost), new(kept)]
    await add(database, *rows)
    await end(database, lost)
    taken = [one.id for _ in rows for one in await claim(database)]
    assert taken == [rows[2].id]
    assert [(await state(database, row.id))["state"] for row in rows] == ["failed", "failed", "sending"]


async def test_where_another_address_was_given_for_answers_the_senders_counts(database: Database) -> None:
    message_id = await contact(database)
    row = new(message_id, handle_kind="comment", handle_value="c1")
    await add(database, row)
    await end(database, message_id)
    assert await claim(database) == []
    assert (await state(database, row.id))["error"] == GONE


async def test_what_answers_nothing_goes_to_its_address_whoever_had_it(database: Database) -> None:
    message_id = await contact(database)
    code = new(None, None, brand="demo")
    await add(database, code)
    await end(database, message_id)
    assert [one.id for one in await claim(database)] == [code.id]
