"""Transactions as functions, on both databases, and what is the database's fault and what a value's."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, event, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from storage import database as database_module
from storage import engines, migrate
from storage.database import Database, DatabaseUnavailable
from storage.schema import messages, rulesets
from tests.servers.postgresql import PostgreSQLServer
from tests.servers.process import free_port

SECRET = "anna@example.it"
REFUSED = (DBAPIError, OverflowError, UnicodeEncodeError)
"""Everything a driver says of a value; none of it is a `DatabaseUnavailable`."""


def ruleset(name: str, sources: str = "") -> dict[str, object]:
    return {"hash": name, "sources": sources, "created_ms": 0}


async def add(database: Database, name: str, sources: str = "") -> None:
    await database.write(lambda connection: connection.execute(insert(rulesets), [ruleset(name, sources)]))


async def names(database: Database) -> list[str]:
    query = select(rulesets.c.hash).order_by(rulesets.c.hash)
    return await database.read(lambda connection: list(connection.execute(query).scalars()))


async def test_what_was_written_is_read(database: Database) -> None:
    await add(database, "a")
    assert await names(database) == ["a"]


async def test_an_error_of_the_work_undoes_all_of_it(database: Database) -> None:
    def work(connection: object) -> None:
        connection.execute(insert(rulesets), [ruleset("a")])  # type: ignore[attr-defined]
        raise LookupError("no")

    with pytest.raises(LookupError):
        await database.write(work)
    assert await names(database) == []
    await add(database, "b")
    assert await names(database) == ["b"]


async def test_writes_are_done_one_after_the_other_in_their_order(database: Database) -> None:
    order: list[int] = []
    threads: set[int] = set()

    def work(number: int) -> int:
        order.append(number)
        threads.add(threading.get_ident())
        return number

    results = await asyncio.gather(*(database.write(lambda _, n=number: work(n)) for number in range(50)))  # type: ignore[misc]
    assert results == order == list(range(50))
    assert len(threads) == 1


async def test_a_reading_transaction_sees_one_moment(database: Database) -> None:
    """The books count the same rows in several statements while the gateway writes."""
    await add(database, "a")
    first, go_on = threading.Event(), threading.Event()
    count = select(func.count()).select_from(rulesets)

    def read(connection: object) -> list[int]:
        before = connection.execute(count).scalar_one()  # type: ignore[attr-defined]
        first.set()
        assert go_on.wait(20)
        return [before, connection.execute(count).scalar_one()]  # type: ignore[attr-defined]

    reading = asyncio.create_task(database.read(read))
    await asyncio.to_thread(first.wait, 20)
    await add(database, "b")
    go_on.set()
    assert await reading == [1, 1]
    assert await names(database) == ["a", "b"]


async def test_a_reader_does_not_stop_the_writer(database: Database) -> None:
    go_on = threading.Event()
    reading = asyncio.create_task(
        database.read(lambda connection: (connection.execute(select(rulesets)).all(), go_on.wait(20)))
    )
    await asyncio.wait_for(add(database, "a"), 10)
    go_on.set()
    await reading


class TestAValueIsNoOutage:
    """Only what may pass by itself is `DatabaseUnavailable`; a value that never fits is the message's own error."""

    @pytest.mark.parametrize(
        "row",
        [ruleset("a") | {"created_ms": None}, ruleset("a") | {"created_ms": 2**70}],
        ids=["missing", "integer too large"],
    )
    async def test_on_both(self, database: Database, row: dict[str, object]) -> None:
        with pytest.raises(REFUSED):
            await database.write(lambda connection: connection.execute(insert(rulesets), [row]))
        await add(database, "b")

    @pytest.mark.parametrize("value", ["half \ud83d", "zero \x00"])
    async def test_a_text_that_is_none(self, database: Database, value: str) -> None:
        if database.is_sqlite and "\x00" in value:
            await add(database, value)  # SQLite takes it, and gives it back
            assert await names(database) == [value]
            return
        with pytest.raises(REFUSED):
            await add(database, value)

    async def test_a_key_too_long_for_an_index(self, database: Database) -> None:
        """PostgreSQL calls it an operational error; tried again for ever it would stop the pipeline."""
        noise = "".join(chr(0x4E00 + (number * 7919) % 20_000) for number in range(5_000))
        if database.is_sqlite:
            await add(database, noise)
            return
        with pytest.raises(DBAPIError):
            await add(database, noise)
        await add(database, "b")
        assert await names(database) == ["b"]

    async def test_an_error_names_no_value(self, database: Database) -> None:
        await add(database, SECRET)
        with pytest.raises(DBAPIError) as raised:
            await add(database, SECRET, SECRET)
        assert SECRET not in str(raised.value).partition("DETAIL")[0]


class TestOutage:
    async def test_a_server_that_is_not_there(self, tmp_path: Path) -> None:
        database = Database(f"postgresql://regia@127.0.0.1:{free_port()}/regia")
        for call in (database.read, database.write):
            with pytest.raises(DatabaseUnavailable):
                await call(lambda connection: connection.execute(text("SELECT 1")))
        await database.close()

    async def test_a_connection_that_is_cut_in_the_middle(self, postgresql: PostgreSQLServer, postgresql_url: str) -> None:
        database = Database(postgresql_url)

        def cut(connection: object) -> None:
            connection.execute(insert(rulesets), [ruleset("cut")])  # type: ignore[attr-defined]
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))  # type: ignore[attr-defined]

        with pytest.raises(DatabaseUnavailable):
            await database.write(cut)
        assert "cut" not in await names(database)
        await database.close()

    async def test_a_server_that_only_reads(self, postgresql_url: str) -> None:
        """After a failover the old address may be a standby."""
        database = Database(f"{postgresql_url}?options=-cdefault_transaction_read_only%3Don")
        with pytest.raises(DatabaseUnavailable):
            await add(database, "a")
        await database.close()

    async def test_two_that_wait_for_each_other(self, postgresql_url: str) -> None:
        one, two = Database(postgresql_url), Database(postgresql_url)
        barrier = threading.Barrier(2, timeout=20)
        lock = "SELECT pg_advisory_xact_lock({})"

        def cross(first: int, second: int) -> object:
            def work(connection: object) -> None:
                connection.execute(text("SET LOCAL deadlock_timeout = '50ms'"))  # type: ignore[attr-defined]
                connection.execute(text(lock.format(first)))  # type: ignore[attr-defined]
                barrier.wait()
                connection.execute(text(lock.format(second)))  # type: ignore[attr-defined]

            return work

        results = await asyncio.gather(
            one.write(cross(1, 2)),  # type: ignore[arg-type]
            two.write(cross(2, 1)),  # type: ignore[arg-type]
            return_exceptions=True,
        )
        assert sorted(type(result).__name__ for result in results) == ["DatabaseUnavailable", "NoneType"]
        await one.close()
        await two.close()

    async def test_a_locked_file(self, tmp_path: Path, migrated_sqlite: Path) -> None:
        path = tmp_path / "regia.sqlite"
        path.write_bytes(migrated_sqlite.read_bytes())
        database = Database(f"sqlite:///{path}")
        event.listen(database.engine, "connect", lambda connection, record: connection.execute("PRAGMA busy_timeout = 50"))
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseUnavailable):
            await add(database, "a")
        other.execute("ROLLBACK")
        other.close()
        await add(database, "a")
        await database.close()


def _for_libpq(url: str) -> str:
    return url.replace("+psycopg", "")


class TestAnotherNodeThatFroze:
    """It holds locks in a transaction that it will not end by itself."""

    LOCK = text("SELECT 1 FROM rulesets WHERE hash = 'a' FOR UPDATE")

    @pytest.mark.parametrize(
        ("options", "expected"), [("", ["5s", "15s"]), ("?options=-clock_timeout%3D900ms", ["900ms", "15s"])]
    )
    async def test_the_limits(self, postgresql_url: str, options: str, expected: list[str]) -> None:
        def shown(connection: Connection) -> list[str]:
            names = ("lock_timeout", "idle_in_transaction_session_timeout")
            return [connection.execute(text(f"SHOW {name}")).scalar_one() for name in names]

        database = Database(postgresql_url + options)
        assert await database.write(shown) == expected
        await database.close()

    async def test_a_lock_is_not_waited_for_without_end(self, postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(engines._LIMITS, "lock_timeout", "200ms")
        database = Database(postgresql_url)
        await add(database, "a")
        with psycopg.connect(_for_libpq(postgresql_url)) as other:
            other.execute("SELECT 1 FROM rulesets WHERE hash = 'a' FOR UPDATE")
            with pytest.raises(DatabaseUnavailable, match="LockNotAvailable"):
                await asyncio.wait_for(database.write(lambda connection: connection.execute(self.LOCK)), 10)
        await database.write(lambda connection: connection.execute(self.LOCK))
        await database.close()

    async def test_its_transaction_is_ended_and_it_may_try_again(
        self, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(engines._LIMITS, "idle_in_transaction_session_timeout", "300ms")
        frozen, other = Database(postgresql_url), Database(postgresql_url)
        await add(other, "a")
        locked, thaw = threading.Event(), threading.Event()

        def freeze(connection: Connection) -> None:
            connection.execute(self.LOCK)
            connection.execute(insert(rulesets), [ruleset("b")])
            locked.set()
            thaw.wait(20)
            connection.execute(insert(rulesets), [ruleset("c")])

        freezing = asyncio.create_task(frozen.write(freeze))
        await asyncio.to_thread(locked.wait, 20)
        await asyncio.wait_for(other.write(lambda connection: connection.execute(self.LOCK)), 10)
        thaw.set()
        with pytest.raises(DatabaseUnavailable):
            await freezing
        assert await names(frozen) == ["a"]
        await add(frozen, "b")
        await frozen.close()
        await other.close()

    async def test_one_that_migrates_for_long_is_waited_for(self, postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(engines._LIMITS, "lock_timeout", "200ms")
        database = Database(postgresql_url)
        with psycopg.connect(_for_libpq(postgresql_url)) as other:
            other.execute("SELECT pg_advisory_xact_lock(%s)", (database_module.MIGRATING,))
            upgrading = asyncio.create_task(asyncio.to_thread(migrate.upgrade, database.engine))
            await asyncio.sleep(0.5)
            assert not upgrading.done()
        await upgrading
        await database.close()


async def test_sqlite_is_set_up_to_be_durable_and_to_forget(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new' / 'regia.sqlite'}")

    def pragmas(connection: object) -> list[object]:
        wanted = ("journal_mode", "synchronous", "secure_delete")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in wanted]  # type: ignore[attr-defined]

    assert await database.write(pragmas) == ["wal", 2, 1]
    await database.close()


async def test_a_plain_address_means_the_driver_that_is_here() -> None:
    assert Database("postgresql://regia@127.0.0.1:1/regia").url.drivername == "postgresql+psycopg"


async def test_bytes_come_back_as_they_were(database: Database) -> None:
    envelope = bytes(range(256)) * 5_000
    row = {column.name: "x" for column in messages.columns if column.type.python_type is str}
    row |= {"sequence": 1, "received_ms": 2**41, "envelope": envelope, "explanation": b"", "raw": None}  # type: ignore[dict-item]
    await database.write(lambda connection: connection.execute(insert(messages), [row]))
    found = await database.read(lambda connection: connection.execute(select(messages)).mappings().one())
    assert (bytes(found["envelope"]), found["raw"], found["received_ms"]) == (envelope, None, 2**41)
