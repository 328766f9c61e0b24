"""Two versions of Regia on one database: the older one writes nothing into what a newer one has migrated."""

import asyncio
import threading

import pytest
from sqlalchemy import Connection, create_engine, insert, select, text

from storage.database import MIGRATING, Database, OtherSchema
from storage.migrate import knows, schema, upgrade
from storage.schema import rulesets

NEWER = "9999"


def set_revision(connection: Connection, revision: str) -> None:
    connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})


def revision(connection: Connection) -> str:
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def one_row(connection: Connection) -> None:
    connection.execute(insert(rulesets), [{"hash": "a", "sources": "", "created_ms": 0}])


def hashes(connection: Connection) -> list[str]:
    return list(connection.execute(select(rulesets.c.hash)).scalars())


def test_what_this_version_knows() -> None:
    assert knows(schema())
    assert knows("0001")
    assert not knows(NEWER)


async def test_a_newer_database_is_refused_in_words(database: Database) -> None:
    await database.write(lambda connection: set_revision(connection, NEWER))
    try:
        with pytest.raises(
            OtherSchema, match=f"newer version of Regia .* schema {NEWER}.* knows {schema()}.*install that version"
        ):
            upgrade(database.engine)
        assert await database.read(revision) == NEWER
    finally:
        await database.write(lambda connection: set_revision(connection, schema()))


async def test_a_node_writes_nothing_once_another_has_migrated(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    try:
        database.expect(schema())
        await database.write(one_row)
        await database.ping()
        other = create_engine(postgresql_url)
        with other.begin() as connection:
            set_revision(connection, NEWER)
        for call in (database.write(hashes), database.write_apart(hashes), database.ping()):
            with pytest.raises(OtherSchema, match=f"schema {NEWER}, and this one writes {schema()}"):
                await call
        assert await database.read(hashes) == ["a"], "reading goes on"
        with other.begin() as connection:
            set_revision(connection, schema())
        other.dispose()
        await database.ping()
        assert await database.write(hashes) == ["a"]
    finally:
        await database.close()


async def test_who_waited_for_a_migration_sees_what_it_did(postgresql_url: str) -> None:
    """The lock first, then the look: the other way round a write could fall between the two."""
    database, other = Database(postgresql_url), create_engine(postgresql_url)
    database.expect(schema())
    try:
        with other.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATING})
            waiting = asyncio.ensure_future(database.write(one_row))
            await asyncio.sleep(0.3)
            assert not waiting.done()
            set_revision(connection, NEWER)
        with pytest.raises(OtherSchema):
            await waiting
        assert await database.read(hashes) == []
    finally:
        with other.begin() as connection:
            set_revision(connection, schema())
        other.dispose()
        await database.close()


async def test_a_migration_waits_for_what_is_being_written(postgresql_url: str) -> None:
    database, other = Database(postgresql_url), create_engine(postgresql_url)
    database.expect(schema())
    began, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        began.set()
        assert go_on.wait(10)
        one_row(connection)

    try:
        writing = asyncio.ensure_future(database.write(slow))
        assert await asyncio.to_thread(began.wait, 10)
        migrating = asyncio.ensure_future(asyncio.to_thread(upgrade, other))
        await asyncio.sleep(0.3)
        assert not migrating.done()
        go_on.set()
        await writing
        await migrating
    finally:
        go_on.set()
        other.dispose()
        await database.close()
