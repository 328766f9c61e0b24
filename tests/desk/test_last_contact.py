"""A reply to a conversation goes to its last contact that can be answered. Every test on SQLite and on PostgreSQL."""

from typing import Any

import pytest
from sqlalchemy import insert, update

from desk.refusals import Refused
from desk.replies import Channels, Reply, queue
from normalizer.inbound import Reply as Allowed
from storage.database import Database
from storage.schema import conversations, handles, messages
from tests.answered import store
from tests.contacts import START, email, phone

NOW = int(START.timestamp() * 1000)
CHANNELS = Channels(can_send=lambda name: name != "form", own=lambda handle: False)
TALK = "con_1"


@pytest.fixture
async def talk(database: Database) -> Database:
    """A conversation, whose first contact is a mail."""
    row = {"id": TALK, "space": "demo", "customer_id": "cus_1", "opened_ms": 0, "last_ms": 0, "messages": 1, "channels": "[]"}
    texts = {column.name: "x" for column in conversations.columns if column.type.python_type is str and not column.nullable}
    await database.write(lambda one: one.execute(insert(conversations).values({**texts, "open": True, **row})))
    await store(database, "m1", email(verified=True), conversation=TALK)
    return database


async def answered(database: Database, **more: Any) -> str:
    """The connector of the contact that is answered."""
    reply = Reply(conversation_id=TALK, text="Ciao", author="giulia", **more)
    queued = await database.write(lambda one: queue(one, reply, CHANNELS, NOW))
    rows = await database.read(lambda one: one.execute(messages.select()).mappings().all())
    return next(row["connector"] for row in rows if row["id"] == queued.message)


async def test_the_last_one(talk: Database) -> None:
    await store(talk, "m2", phone(), conversation=TALK, connector="whatsapp", hours=1)
    assert await answered(talk) == "whatsapp"


async def test_not_one_whose_connector_cannot_send(talk: Database) -> None:
    await store(talk, "m2", phone(), conversation=TALK, connector="form", hours=1)
    assert await answered(talk) == "mail"


async def test_not_one_that_gave_no_address(talk: Database) -> None:
    await store(talk, "m2", phone(), conversation=TALK, connector="whatsapp", hours=1, reply=Allowed(allowed=()))
    assert await answered(talk) == "mail"


async def test_not_one_whose_address_is_somebody_elses_by_now(talk: Database) -> None:
    await store(talk, "m2", phone(), conversation=TALK, customer="cus_1", connector="whatsapp", hours=1)
    (row,) = [row for row in await rows(talk) if row["connector"] == "whatsapp"]
    texts = {column.name: "x" for column in handles.columns if column.type.python_type is str and not column.nullable}
    link = {**texts, "id": row["handle_id"], "since_ms": 0, "seen_ms": 0, "ended_ms": 1}
    await talk.write(lambda one: one.execute(insert(handles).values(link)))
    assert await answered(talk) == "mail"


async def rows(database: Database) -> list[Any]:
    return list(await database.read(lambda one: one.execute(messages.select()).mappings().all()))


async def test_not_one_whose_time_is_over_when_it_leaves(talk: Database) -> None:
    until = START.replace(hour=23)
    await store(talk, "m2", phone(), conversation=TALK, connector="whatsapp", hours=1, reply=Allowed(until=until))
    assert await answered(talk) == "whatsapp"
    assert await answered(talk, not_before_ms=NOW + 24 * 3_600_000) == "mail"


async def test_where_none_can_be_the_reason_is_the_last_ones(talk: Database) -> None:
    await talk.write(lambda one: one.execute(update(messages).values(connector="form")))
    await store(talk, "m2", phone(), conversation=TALK, connector="whatsapp", hours=1, reply=Allowed(allowed=()))
    with pytest.raises(Refused) as refused:
        await answered(talk)
    assert refused.value.reason == "not_allowed"
