"""Ids of what is gone: known for a time, then only counted."""

from sqlalchemy import Connection, select

from storage import erased, ledger
from storage.database import Database
from storage.ledger import Event
from storage.schema import erased as table
from storage.schema import event_ids, forgotten


async def enter(database: Database, *numbers: int, journal: str = "jrn_a") -> None:
    events = [Event(f"e{number}", journal, number, 0) for number in numbers]
    await database.write(lambda connection: ledger.enter(connection, events))


async def counted(database: Database) -> tuple[set[str], set[str], dict[str, int]]:
    """Ids of events, ids of what is erased, and the number of forgotten events by journal."""

    def work(connection: Connection) -> tuple[set[str], set[str], dict[str, int]]:
        known, gone = (set(connection.execute(select(one.c.id)).scalars()) for one in (event_ids, table))
        return known, gone, {row.journal: row.events for row in connection.execute(select(forgotten))}

    return await database.read(work)


async def test_what_is_asked_for_is_known_to_be_gone(database: Database) -> None:
    await database.write(lambda connection: erased.add(connection, "attachment", ["att_1", "att_2"], 5))
    assert await database.read(lambda connection: erased.is_erased(connection, "att_1"))
    assert not await database.read(lambda connection: erased.is_erased(connection, "att_3"))
    assert await database.read(lambda connection: erased.kinds(connection, [])) == {}
    await database.write(lambda connection: erased.add(connection, "message", ["att_1"], 6))
    assert await database.read(lambda connection: erased.kinds(connection, ["att_1", "x"])) == {"att_1": "attachment"}


async def test_ids_are_forgotten_in_small_steps_and_stay_counted(database: Database) -> None:
    await enter(database, *range(1, 6))
    await enter(database, 6, 7, journal="jrn_b")
    kinds: tuple[erased.Kind, ...] = ("message", "quarantine", "signal", "message", "message", "message")
    for number, kind in enumerate(kinds, start=1):
        ids, at_ms = [f"e{number}"], number
        await database.write(lambda connection, k=kind, i=ids, a=at_ms: erased.add(connection, k, i, a))  # type: ignore[misc]
    await database.write(lambda connection: erased.add(connection, "customer", ["cus_1"], 1))
    assert await database.write(lambda connection: erased.forget(connection, 6, 1)) == 4
    known, gone, numbers = await counted(database)
    assert (known, gone, numbers) == ({"e4", "e5", "e6", "e7"}, {"e4", "e5", "e6"}, {"jrn_a": 3})
    assert await database.write(lambda connection: erased.forget(connection, 7, 100)) == 3
    assert await database.write(lambda connection: erased.forget(connection, 7, 100)) == 0
    assert await counted(database) == ({"e7"}, set(), {"jrn_a": 5, "jrn_b": 1})


async def test_an_event_is_a_repeat_until_its_id_is_forgotten(database: Database) -> None:
    await enter(database, 1)
    await database.write(lambda connection: erased.add(connection, "message", ["e1"], 5))
    again = [Event("e1", "jrn_b", 9, 0)]
    assert await database.write(lambda connection: ledger.enter(connection, again)) == ["repeat"]
    await database.write(lambda connection: erased.forget(connection, 6, 10))
    assert await database.write(lambda connection: ledger.enter(connection, again)) == ["new"]


def test_providers_ids_are_kept_as_digests() -> None:
    assert erased.sent_id("mail", "anna@example.it") == erased.sent_id("mail", "anna@example.it")
    assert "anna" not in erased.sent_id("mail", "anna@example.it")
    assert erased.sent_id("mail", "x") != erased.sent_id("post", "x")
