"""What is answered waits no longer. Every test on SQLite and on PostgreSQL."""

from sqlalchemy import Connection

from identity import answered, merges
from identity.people import Identified
from normalizer.inbound import Handle
from storage.database import Database
from storage.schema import customers
from tests.contacts import START, message, phone, user
from tests.identity.batches import POLICY, identify, rows

NOW = int(START.timestamp() * 1000)
HOUR = 3_600_000


async def wrote(database: Database, name: str, handle: Handle | None = None, *, hours: float = 0, **more: object) -> Identified:
    (found,) = await identify(database, message(name, handle or phone(), hours=hours, **more))
    return found


async def answer(database: Database, name: str, *, hours: float = 24) -> int | None:
    """A person's answer to a contact has left; how many had waited for it, None where the contact is not stored."""
    id_, until_ms = str(message(name).id), NOW + int(hours * HOUR)

    def work(connection: Connection) -> int | None:
        waiting = answered.hold(connection, id_)
        return None if waiting is None else answered.mark(connection, waiting, until_ms)

    return await database.write(work)


async def waiting(database: Database) -> dict[str, int]:
    return {row["id"]: row["unanswered"] for row in await rows(database, customers)}


async def test_what_was_written_before_the_answer_is_heard(database: Database) -> None:
    first = await wrote(database, "m1")
    await wrote(database, "m2", hours=1)
    await wrote(database, "m3", hours=3)
    assert await answer(database, "m2", hours=2) == 2
    assert await waiting(database) == {first.customer.id: 1}
    assert (await wrote(database, "m4", hours=4)).unanswered == 1
    assert await answer(database, "m2", hours=2) == 0
    assert await waiting(database) == {first.customer.id: 2}


async def test_other_conversations_still_wait(database: Database) -> None:
    first = await wrote(database, "m1")
    second = await wrote(database, "m2", hours=200)
    assert second.conversation.id != first.conversation.id
    assert await answer(database, "m2", hours=300) == 1
    assert await waiting(database) == {first.customer.id: 1}


async def test_what_asks_for_nothing_is_not_counted(database: Database) -> None:
    first = await wrote(database, "m1")
    await wrote(database, "m2", hours=1, kind="reaction", refers_to="m1")
    assert await answer(database, "m1") == 1
    assert await waiting(database) == {first.customer.id: 0}


async def test_a_contact_that_is_gone(database: Database) -> None:
    assert await answer(database, "m1") is None


async def test_after_an_unmerge_each_has_what_was_not_answered(database: Database) -> None:
    """The answer went to one of two who were one then."""
    anna, bruno = await wrote(database, "m1"), await wrote(database, "m2", user())
    pair = anna.customer.id, bruno.customer.id
    await database.write(lambda one: merges.merge(one, *pair, actor="desk", now_ms=NOW, policy=POLICY, top=pair[0]))
    await wrote(database, "m3", user(), hours=1)
    assert (await waiting(database))[pair[0]] == 3
    heard = await answer(database, "m1")
    await database.write(lambda one: merges.unmerge(one, pair[1], actor="desk", now_ms=NOW, policy=POLICY))
    assert sum((await waiting(database)).values()) == 3 - (heard or 0)
    assert (await waiting(database))[pair[0]] == 0
