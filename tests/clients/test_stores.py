"""The stores of ids, each against its real server: once, both or neither, and what is said when the server is away."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from redis.asyncio import Redis

from regia_consumer import AlreadyDone, Dedupe, Retry, SqlDedupe, Unavailable
from regia_consumer.postgresql import PostgresDedupe, claim, judge, make_table
from regia_consumer.redis import RedisDedupe
from regia_consumer.sqlite import SqliteDedupe
from tests.servers.postgresql import PostgreSQLServer
from tests.servers.redis import RedisServer

Effect = Callable[[Any, str], Awaitable[None]]


@dataclass(frozen=True)
class Kind:
    """`effect` works in the transaction, `effects` counts what was committed. Redis has no transaction to work in."""

    make: Callable[[], Dedupe[Any]]
    effect: Effect
    effects: Callable[[], int]
    transactional: bool = True


async def _sqlite_effect(connection: sqlite3.Connection, envelope_id: str) -> None:
    connection.execute("INSERT INTO effects VALUES (?, 0)", [envelope_id])


async def _postgresql_effect(connection: Any, envelope_id: str) -> None:
    await connection.execute("INSERT INTO effects VALUES (%s)", [envelope_id])


def libpq(database_url: str) -> str:
    return database_url.replace("postgresql+psycopg", "postgresql")


@pytest.fixture(params=["sqlite", "postgresql", "redis"])
async def kind(request: pytest.FixtureRequest) -> AsyncIterator[Kind]:
    made: list[Any] = []

    def keep(store: Any) -> Any:
        made.append(store)
        return store

    if request.param == "sqlite":
        path: Path = request.getfixturevalue("work")
        yield Kind(lambda: keep(SqliteDedupe(path)), _sqlite_effect, lambda: _count_sqlite(path))
    elif request.param == "postgresql":
        url = libpq(request.getfixturevalue("database_url"))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE TABLE effects (id text)")
        yield Kind(lambda: keep(PostgresDedupe(url)), _postgresql_effect, lambda: _count_postgresql(url))
    else:
        client, seen = Redis.from_url(request.getfixturevalue("redis_url")), list[str]()

        async def effect(_claim: Any, envelope_id: str) -> None:
            seen.append(envelope_id)

        yield Kind(lambda: RedisDedupe(client, processing_seconds=1), effect, lambda: len(seen), transactional=False)
        await client.aclose()
    for store in made:
        await store.close()


def _count_sqlite(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("SELECT count(*) FROM effects").fetchone()[0])
    finally:
        connection.close()


def _count_postgresql(url: str) -> int:
    with psycopg.connect(url) as connection:
        (count,) = connection.execute("SELECT count(*) FROM effects").fetchone() or (-1,)
    return int(count)


async def handle(store: Dedupe[Any], kind: Kind, queue: str = "q", envelope_id: str = "1", *, fail: bool = False) -> bool:
    """Whether it was new."""
    try:
        async with store.once(queue, envelope_id) as transaction:
            await kind.effect(transaction, envelope_id)
            await asyncio.sleep(0.02)
            if fail:
                raise LookupError
    except AlreadyDone:
        return False
    return True


async def test_once_for_each_queue_and_envelope(kind: Kind) -> None:
    store = kind.make()
    await store.ready()
    assert await handle(store, kind)
    assert not await handle(store, kind)
    assert not await handle(kind.make(), kind), "another process knows it too"
    assert await handle(store, kind, "another queue")
    assert await handle(store, kind, "q", "2")
    assert kind.effects() == 3


async def test_what_failed_is_not_done(kind: Kind) -> None:
    store = kind.make()
    with pytest.raises(LookupError):
        await handle(store, kind, fail=True)
    if kind.transactional:
        assert kind.effects() == 0
    assert await handle(store, kind)


async def test_of_several_at_once_one_does_it(kind: Kind) -> None:
    stores = [kind.make() for _ in range(3)]
    new = await asyncio.gather(*(handle(stores[number % 3], kind) for number in range(12)))
    assert sum(new) == 1
    assert kind.effects() == 1


async def test_who_waits_for_one_that_fails_does_it(kind: Kind) -> None:
    first, second, begun = kind.make(), kind.make(), asyncio.Event()

    async def failing() -> None:
        async with first.once("q", "1") as transaction:
            await kind.effect(transaction, "1")
            begun.set()
            await asyncio.sleep(0.3)
            raise LookupError

    async def waiting() -> bool:
        await begun.wait()
        return await handle(second, kind)

    failed, new = await asyncio.gather(failing(), waiting(), return_exceptions=True)
    assert isinstance(failed, LookupError)
    assert new is True


async def test_cancelled_work_is_not_done(kind: Kind) -> None:
    store = kind.make()
    with suppress(TimeoutError):
        async with asyncio.timeout(0.2), store.once("q", "1") as transaction:
            await kind.effect(transaction, "1")
            await asyncio.sleep(60)
    if kind.transactional:
        assert kind.effects() == 0
    assert await handle(store, kind)


async def test_old_ids_can_be_forgotten(work: Path, database_url: str) -> None:
    stores: list[Any] = [SqliteDedupe(work), PostgresDedupe(libpq(database_url))]
    for store in stores:
        async with store.once("q", "1"):
            pass
        assert await store.forget(timedelta(days=1)) == 0
        assert await store.forget(timedelta(seconds=-2)) == 1
        async with store.once("q", "1"):
            pass
        await store.close()


async def test_postgresql_away_is_said_so_and_it_goes_on_afterwards(postgresql: PostgreSQLServer, database_url: str) -> None:
    store = PostgresDedupe(libpq(database_url))
    async with store.once("q", "1"):
        pass
    postgresql.kill()
    try:
        for _ in range(2):
            with pytest.raises(Unavailable, match=r"PostgreSQL: \w+Error|PostgreSQL: AdminShutdown"):
                await store.ready()
    finally:
        postgresql.restart()
    await store.ready()
    async with store.once("q", "2"):
        pass
    await store.close()


async def test_a_deadlock_of_postgresql_is_tried_again() -> None:
    assert isinstance(judge(psycopg.errors.DeadlockDetected()), Retry)
    assert isinstance(judge(psycopg.errors.SerializationFailure()), Retry)
    assert isinstance(judge(psycopg.errors.AdminShutdown()), Unavailable)
    assert isinstance(judge(psycopg.errors.DiskFull()), Unavailable)
    assert judge(psycopg.errors.QueryCanceled()) is None
    assert judge(psycopg.errors.UniqueViolation()) is None
    assert judge(KeyError()) is None


async def test_any_transactions_can_be_used(database_url: str) -> None:
    """As a pool's `connection` is: a context manager that commits at its end."""

    async def connect() -> psycopg.AsyncConnection[tuple[Any, ...]]:
        return await psycopg.AsyncConnection.connect(libpq(database_url))

    async with await connect() as connection:
        await make_table(connection)

    @asynccontextmanager
    async def begin() -> AsyncIterator[psycopg.AsyncConnection[tuple[Any, ...]]]:
        async with await connect() as connection:
            yield connection

    store = SqlDedupe(begin, claim, judge)
    async with store.once("q", "1") as transaction:
        assert transaction.info.transaction_status is psycopg.pq.TransactionStatus.INTRANS
    with pytest.raises(AlreadyDone):
        async with store.once("q", "1"):
            pass


async def test_sqlite_that_cannot_be_opened_or_is_held_is_away(
    tmp_path: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Unavailable, match="SQLITE_CANTOPEN"):
        await SqliteDedupe(tmp_path / "missing" / "x.sqlite").ready()
    monkeypatch.setattr("regia_consumer.sqlite.BUSY_SECONDS", 0.1)
    store, other = SqliteDedupe(work), sqlite3.connect(work, isolation_level=None)
    await store.ready()
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(Unavailable, match="SQLITE_BUSY"):
        await store.ready()
    other.close()
    await store.ready()
    await store.close()


async def test_a_handler_that_commits_is_told_so(work: Path) -> None:
    store = SqliteDedupe(work)
    with pytest.raises(RuntimeError, match="leave commit and rollback to the consumer"):
        async with store.once("q", "1") as connection:
            connection.commit()
    await store.close()


async def test_redis_away_is_said_so(redis_server: RedisServer, redis_url: str) -> None:
    client = Redis.from_url(redis_url)
    store = RedisDedupe(client)
    await store.ready()
    redis_server.kill()
    try:
        with pytest.raises(Unavailable, match="Redis: ConnectionError"):
            async with store.once("q", "1"):
                pytest.fail("it was not claimed")
    finally:
        redis_server.restart()
    await store.ready()
    await client.aclose()


async def test_an_effect_that_redis_could_not_be_told_of_is_not_repeated(redis_server: RedisServer, redis_url: str) -> None:
    client = Redis.from_url(redis_url)
    store, effects = RedisDedupe(client), list[str]()

    async def handle_while_redis_dies() -> None:
        async with store.once("q", "1"):
            effects.append("done")
            redis_server.kill()

    try:
        with pytest.raises(Unavailable):
            await handle_while_redis_dies()
    finally:
        redis_server.restart()
    for _ in range(2):
        with pytest.raises(AlreadyDone):
            await handle_while_redis_dies()
    assert effects == ["done"]
    await client.aclose()


async def test_a_claim_of_a_dead_process_expires_and_one_of_a_slow_one_does_not(redis_url: str) -> None:
    client = Redis.from_url(redis_url)
    store = RedisDedupe(client, processing_seconds=0.6)
    await client.set("regia:done:q:1", "processing:of somebody who died", px=600)
    order = list[str]()

    async def slow() -> None:
        async with store.once("q", "1"):
            order.append("begun")
            await asyncio.sleep(1.5)
            order.append("done")

    async def second() -> None:
        await asyncio.sleep(0.7)
        with suppress(AlreadyDone):
            async with store.once("q", "1"):
                order.append("again")

    async with asyncio.timeout(30):
        await asyncio.gather(slow(), second())
    assert order in (["begun", "done"], ["again"])
    assert await client.get("regia:done:q:1") == b"done"
    assert await client.pttl("regia:done:q:1") > 86_400_000
    await client.aclose()
