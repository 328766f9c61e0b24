"""Rows of the quarantine that are driven again, in both databases."""

from sqlalchemy import Connection, select

from storage import ledger, lookup, quarantine
from storage.bulk import insert_rows
from storage.database import Database
from storage.ledger import Event
from storage.schema import event_ids
from storage.schema import quarantine as table


def _hold(connection: Connection, number: int, connector: str, reason: str) -> str:
    id_ = f"00000000-0000-0000-0000-00000000000{number}"
    ledger.enter(connection, [Event(id_, "jrn_a", number, number)])
    row = {"id": id_, "connector": connector, "reason": reason, "detail": "?", "raw": b"raw", "raw_sha256": "x"}
    insert_rows(connection, table, [row | {"content_type": "x/y", "received_ms": number, "attempts": 1, "state": "held"}])
    return id_


async def test_what_is_chosen(database: Database) -> None:
    def work(connection: Connection) -> list[str]:
        return [
            _hold(connection, 1, "a", "unreadable"),
            _hold(connection, 2, "a", "undecodable"),
            _hold(connection, 3, "b", "unreadable"),
        ]

    one, two, three = await database.write(work)
    for chosen, expected in (
        ({}, [one, two, three]),
        ({"connector": "a"}, [one, two]),
        ({"reason": "unreadable"}, [one, three]),
        ({"connector": "a", "reason": "unreadable"}, [one]),
        ({"ids": [three, one, "unknown"]}, [one, three]),
        ({"ids": [three], "connector": "a"}, []),
    ):
        assert await database.read(lambda connection, by=chosen: quarantine.held_ids(connection, **by)) == expected  # type: ignore[misc]
    await database.write(lambda connection: quarantine.redriven(connection, two))
    assert await database.read(quarantine.held_ids) == [one, three]
    shown = await database.read(lambda connection: lookup.quarantined(connection, limit=9))
    assert [row["id"] for row in shown] == [one, three]
    shown = await database.read(lambda connection: lookup.quarantined(connection, limit=9, redriven=True))
    assert [(row["state"], row["attempts"]) for row in shown] == [("held", 1), ("redriven", 2), ("held", 1)]


async def test_attempts_are_counted_and_have_an_end(database: Database) -> None:
    one = await database.write(lambda connection: _hold(connection, 1, "a", "unreadable"))
    await database.write(lambda connection: quarantine.still_held(connection, one, "parser_killed", "too slow"))
    row = await database.read(lambda connection: lookup.held(connection, one))
    assert row is not None
    assert (row["attempts"], row["reason"], row["detail"], row["state"]) == (2, "parser_killed", "too slow", "held")
    await database.write(lambda connection: connection.execute(table.update().values(attempts=32_000)))
    await database.write(lambda connection: quarantine.still_held(connection, one, "parser_killed", "again"))
    row = await database.read(lambda connection: lookup.held(connection, one))
    assert row is not None
    assert (row["attempts"], row["detail"]) == (32_000, "again")


async def test_an_id_is_free_again(database: Database) -> None:
    one = await database.write(lambda connection: _hold(connection, 1, "a", "commit_failed"))
    new = await database.write(lambda connection: quarantine.make_way(connection, one))
    assert await database.read(quarantine.held_ids) == [new]
    ids = await database.read(lambda connection: connection.execute(select(event_ids.c.id, event_ids.c.seq)).all())
    assert list(ids) == [(new, 1)], "its own event is still counted"
    again = Event(one, "jrn_b", 1, 0)
    assert await database.write(lambda connection: ledger.enter(connection, [again])) == ["new"]
