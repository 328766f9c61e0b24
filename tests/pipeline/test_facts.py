"""What rules may ask about a message that has a history. On SQLite and on PostgreSQL."""

from typing import Any

import msgspec
from sqlalchemy import update

from normalizer.message import Attachment, Message
from regia.pipeline.facts import facts
from storage import schema
from storage.database import Database
from tests.contacts import email, message
from tests.identity.batches import identify
from tests.identity.replied import replied


async def asked(database: Database, written: Message) -> dict[str, Any]:
    (identified,) = await identify(database, written)
    return dict(facts(written, identified, {}))


async def test_files(database: Database) -> None:
    files = [("image/png", 10), ("application/pdf", None), (None, 5), ("AUDIO/ogg", 1)]
    attachments = tuple(
        Attachment(id=str(number), state="stored", content_type=kind, size=size) for number, (kind, size) in enumerate(files)
    )
    found = await asked(database, msgspec.structs.replace(message("m1"), attachments=attachments))
    assert (found["attachments.count"], found["attachments.size"]) == (4, 16)
    assert found["attachments.kinds"] == ("image", "document", "other", "audio")


async def test_a_conversation_that_goes_on(database: Database) -> None:
    mail = email(verified=True)
    first = await asked(database, message("m1", mail))
    assert (first["conversation.messages"], first["conversation.age"], first["conversation.reopened"]) == (0, 0.0, False)
    later = await asked(database, message("m2", mail, hours=3))
    assert (later["conversation.messages"], later["conversation.age"], later["conversation.reopened"]) == (1, 3.0, False)
    assert (later["history.contacts"], later["history.day"], later["history.week"]) == (1, 1, 1)


async def test_a_conversation_that_had_ended(database: Database) -> None:
    mail = email(verified=True)
    await asked(database, message("m1", mail))
    by_time = await asked(database, message("m2", mail, hours=100 * 24, reply_to="m1"))
    assert (by_time["conversation.reopened"], by_time["conversation.messages"]) == (True, 1)
    assert (by_time["history.day"], by_time["history.week"], by_time["history.contacts"]) == (0, 0, 1)
    await database.write(lambda connection: connection.execute(update(schema.conversations).values(open=False)))
    by_ticket = await asked(database, message("m3", mail, hours=100 * 24 + 1, reply_to="m2"))
    assert by_ticket["conversation.reopened"] is True
    after = await asked(database, message("m4", mail, hours=100 * 24 + 2))
    assert (after["conversation.reopened"], after["history.day"]) == (False, 2)


async def test_what_we_answered_is_no_contact(database: Database) -> None:
    mail = email(verified=True)
    await asked(database, message("m1", mail))
    for number in range(3):
        await replied(database, "m1", f"out_{number}", hours=1 + number)
    after = await asked(database, message("m2", mail, hours=5))
    assert (after["history.contacts"], after["history.day"], after["history.week"]) == (1, 1, 1)
    assert (after["history.last_category"], after["history.unanswered"], after["customer.messages"]) == ("general", 0, 1)
