"""`Database.close` while the database hangs: it ends soon, nothing is half committed, and the process ends."""

import asyncio
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, insert, select, text

from storage.database import Database, DatabaseUnavailable
from storage.schema import rulesets
from tests.servers.process import free_port

ROW = {"hash": "a", "sources": "", "created_ms": 0}
LOCKED = textwrap.dedent("""
    import asyncio, sys, time
    from sqlalchemy import text
    from storage.database import Database, DatabaseUnavailable

    async def main():
        database = Database(sys.argv[1])
        work = lambda connection: connection.execute(text("INSERT INTO rulesets VALUES ('a', '', 0)"))
        writes = [asyncio.create_task(database.write(work)) for _ in range(3)]
        await asyncio.sleep(0.3)
        begun = time.monotonic()
        await database.close()
        results = await asyncio.gather(*writes, return_exceptions=True)
        assert all(isinstance(result, DatabaseUnavailable) for result in results), results
        print("closed", begun, flush=True)

    asyncio.run(main())
""")


def add(connection: Connection) -> None:
    connection.execute(insert(rulesets), [ROW])


async def stored(url: str) -> list[str]:
    database = Database(url)
    try:
        return await database.read(lambda connection: list(connection.execute(select(rulesets.c.hash)).scalars()))
    finally:
        await database.close()


def ends_soon(url: str) -> None:
    """A process that writes to this database, and closes it, ends."""
    done = subprocess.run([sys.executable, "-c", LOCKED, url], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    word, begun = done.stdout.split()
    assert word == "closed"
    assert time.monotonic() - float(begun) < 5


async def test_a_process_ends_though_the_file_is_locked(tmp_path: Path, migrated_sqlite: Path) -> None:
    path = tmp_path / "regia.sqlite"
    path.write_bytes(migrated_sqlite.read_bytes())
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await asyncio.to_thread(ends_soon, f"sqlite:///{path}")
    other.execute("ROLLBACK")
    other.close()
    assert await stored(f"sqlite:///{path}") == []


async def test_a_process_ends_though_a_table_is_locked(postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url.replace("+psycopg", "")) as other:
        other.execute("LOCK TABLE rulesets IN ACCESS EXCLUSIVE MODE")
        await asyncio.to_thread(ends_soon, postgresql_url)
        other.rollback()
    assert await stored(postgresql_url) == []


async def test_a_process_ends_though_a_server_takes_connections_and_says_nothing() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    port = free_port()
    server = await asyncio.start_server(silent, "127.0.0.1", port)
    await asyncio.to_thread(ends_soon, f"postgresql://regia@127.0.0.1:{port}/regia")
    server.close()


async def test_a_statement_that_runs_long_is_stopped_and_undone(database: Database, filled_url: str) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    begun = threading.Event()

    def work(connection: Connection) -> None:
        add(connection)
        begun.set()
        connection.execute(text(endless))

    writing = asyncio.create_task(database.write(work))
    await asyncio.to_thread(begun.wait, 20)
    await asyncio.wait_for(database.close(), 5)
    with pytest.raises(DatabaseUnavailable):
        await writing
    assert await stored(filled_url) == []


async def test_work_that_goes_on_after_it_was_given_up_commits_nothing(database: Database, filled_url: str) -> None:
    go_on, ended = threading.Event(), threading.Event()

    def work(connection: Connection) -> None:
        go_on.wait(20)
        try:
            add(connection)
        finally:
            ended.set()

    writing = asyncio.create_task(database.write(work))
    await asyncio.sleep(0.1)
    await asyncio.wait_for(database.close(), 5)
    with pytest.raises(DatabaseUnavailable):
        await writing
    go_on.set()
    await asyncio.to_thread(ended.wait, 20)
    assert await stored(filled_url) == []


async def test_what_is_waiting_is_finished_first(database: Database, filled_url: str) -> None:
    slow = asyncio.create_task(database.write(lambda connection: time.sleep(0.1)))
    writing = asyncio.create_task(database.write(add))
    await asyncio.sleep(0)
    await database.close()
    await asyncio.gather(slow, writing)
    assert await stored(filled_url) == ["a"]


async def test_after_it_nothing_is_taken(database: Database) -> None:
    await database.close()
    for call in (database.read, database.write):
        with pytest.raises(DatabaseUnavailable):
            await call(add)
    await database.close()
