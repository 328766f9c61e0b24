"""What shadows say is counted exactly, whoever adds it, and stays bounded."""

from contextlib import suppress

from sqlalchemy import Connection

from storage import shadows
from storage.database import Database
from storage.shadows import CHANGES, EXAMPLES, OTHERS, Counted, Pair

PAIR = Pair("*", "sha256:a", "sha256:b")


def counted(*told: tuple[str, tuple[str, ...]], at_ms: int = 5) -> Counted:
    one = Counted(at_ms, at_ms)
    for id_, changes in told:
        one.add(id_, changes, at_ms)
    return one


async def add(database: Database, one: Counted, pair: Pair = PAIR) -> None:
    await database.write(lambda connection: shadows.add(connection, {pair: one}))


async def found(database: Database) -> Counted:
    return (await database.read(shadows.runs))[PAIR]


async def test_what_is_added_comes_together(database: Database) -> None:
    await add(database, counted(("m1", ("x",)), ("m2", ()), at_ms=5))
    await add(database, counted(("m3", ("x", "y")), at_ms=9))
    await add(database, counted(("m4", ())), Pair("acme", "sha256:a", "sha256:b"))
    one = await found(database)
    assert (one.messages, one.different, one.since_ms, one.last_ms) == (3, 2, 5, 9)
    assert dict(one.changes) == {"x": 2, "y": 1}
    assert one.examples == {"x": ["m1", "m3"], "y": ["m3"]}
    assert len(await database.read(shadows.runs)) == 2


async def test_examples_are_the_first(database: Database) -> None:
    await add(database, counted(*[(f"m{number}", ("x",)) for number in range(EXAMPLES - 1)]))
    await add(database, counted(*[(f"n{number}", ("x",)) for number in range(EXAMPLES)]))
    one = await found(database)
    assert one.examples["x"] == [*(f"m{number}" for number in range(EXAMPLES - 1)), "n0"]
    assert one.changes["x"] == 2 * EXAMPLES - 1


async def test_too_many_kinds_are_counted_together(database: Database) -> None:
    await add(database, counted(*[(f"m{number}", (f"c{number:04}",)) for number in range(CHANGES - 1)]))
    await add(database, counted(("n1", ("d1",)), ("n2", ("d2", "c0001")), ("n3", ("d3",))))
    one = await found(database)
    assert one.changes[OTHERS] == 2
    assert one.changes["c0001"] == 2
    assert one.messages == CHANGES + 2
    assert len(one.changes) == CHANGES + 1


async def test_a_rollback_counts_nothing(database: Database) -> None:
    class Stop(Exception):
        pass

    def work(connection: Connection) -> None:
        shadows.add(connection, {PAIR: counted(("m1", ("x",)))})
        raise Stop

    with suppress(Stop):
        await database.write(work)
    assert await database.read(shadows.runs) == {}


def test_what_could_not_be_stored_is_joined() -> None:
    one = counted(("m1", ("x",)), at_ms=3)
    one.join(counted(("m2", ("x", "y")), at_ms=9))
    assert (one.messages, one.different, one.since_ms, one.last_ms) == (2, 2, 3, 9)
    assert (dict(one.changes), one.examples) == ({"x": 2, "y": 1}, {"x": ["m1", "m2"], "y": ["m2"]})
