"""What somebody else, or oneself, has just answered is told before more is sent. Every test on SQLite and on PostgreSQL."""

from typing import Any

import pytest
from sqlalchemy import insert

from desk import meanwhile
from desk.meanwhile import JUST_MS, Known, SaidMeanwhile
from desk.replies import Channels, Reply, queue
from storage.database import Database
from storage.schema import handles, messages
from tests.answered import store
from tests.contacts import START, email

NOW = int(START.timestamp() * 1000)
CHANNELS = Channels(can_send=lambda name: True, own=lambda handle: False)
TO = email(verified=True)
GIULIA, MARCO = "staff/giulia", "staff/marco"


@pytest.fixture
async def mail(database: Database) -> tuple[Database, str]:
    """A database with a mail of a customer, and the mail's id."""
    await store(database, "m1", TO, customer="cus_1")
    (row,) = await database.read(lambda one: one.execute(messages.select()).mappings().all())
    texts = {column.name: "x" for column in handles.columns if column.type.python_type is str and not column.nullable}
    link = {**texts, "id": row["handle_id"], "customer_id": "cus_1", "since_ms": 0, "seen_ms": 0}
    await database.write(lambda one: one.execute(insert(handles).values(link)))
    return database, str(row["id"])


async def says(mail: tuple[Database, str], asker: str, text: str, *, at_ms: int = NOW, **more: Any) -> int:
    """Its position, afterwards that of the newest."""
    reply = Reply(text=text, author=asker, message_id=mail[1], key=f"{asker} {text} {at_ms}", asker=asker, **more)
    queued = await mail[0].write(lambda one: queue(one, reply, CHANNELS, at_ms))
    return await mail[0].read(lambda one: meanwhile.newest(one, {queued.id}))


async def told(mail: tuple[Database, str], known: Known, text: str = "Ciao", *, at_ms: int = NOW) -> list[str] | None:
    """What Giulia is told who wants to say something; None where it may go."""
    reply = Reply(text=text, author=GIULIA, message_id=mail[1], key="another", asker=GIULIA)
    try:
        await mail[0].read(lambda one: meanwhile.check(one, reply, TO, known, at_ms))
    except SaidMeanwhile as before:
        return [one.text for one in before.said if before.same == (one.author == GIULIA)]
    return None


async def test_of_what_others_said_since(mail: tuple[Database, str]) -> None:
    assert await mail[0].read(lambda one: meanwhile.newest(one, set())) == 0
    assert await told(mail, Known()) is None
    first = await says(mail, MARCO, "Primo")
    second = await says(mail, MARCO, "Secondo", at_ms=NOW + 1)
    await says(mail, GIULIA, "Altro", at_ms=NOW + 2)
    assert await told(mail, Known()) == ["Primo", "Secondo"]
    assert await told(mail, Known(newest=first)) == ["Secondo"]
    assert await told(mail, Known(newest=second)) is None
    assert await told(mail, Known(), at_ms=NOW + 10 * JUST_MS) == ["Primo", "Secondo"], "however long ago"


async def test_what_was_said_before_the_contact_came_is_not_asked_about(mail: tuple[Database, str]) -> None:
    """A page that shows one channel knows nothing of the answers in others, and need not, of last year's."""
    await says(mail, MARCO, "L'anno scorso", at_ms=NOW - 1)
    assert await told(mail, Known()) is None


async def test_of_the_same_words_of_just_now(mail: tuple[Database, str]) -> None:
    position = await says(mail, GIULIA, "Ciao")
    assert await told(mail, Known(newest=position)) == ["Ciao"]
    assert await told(mail, Known(newest=position), "Ciao!") is None
    assert await told(mail, Known(newest=position, sure=position)) is None
    assert await told(mail, Known(newest=position), at_ms=NOW + JUST_MS) == ["Ciao"]
    assert await told(mail, Known(newest=position), at_ms=NOW + JUST_MS + 1) is None
