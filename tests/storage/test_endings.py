"""The end of blobs, in all orders in which rows that name them and decisions about them can come."""

import asyncio
import threading
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, insert, select

from storage import endings, ledger, removal
from storage.database import Database
from storage.endings import ENDED, ENDING, BlobsEnded
from storage.ledger import Event
from storage.schema import attachments, erased, messages
from tests.erasing.planted import row

A, B, C = ("a" * 64, "b" * 64, "c" * 64)


def name(connection: Connection, blob: str, by: str = "m1") -> None:
    connection.execute(insert(attachments), [row(attachments, id=f"{by} {blob}", message_id=by, sha256=blob)])


async def states(database: Database) -> dict[str, str]:
    query = select(erased.c.id, erased.c.kind).where(erased.c.kind.in_([ENDING, ENDED]))
    return await database.read(lambda connection: {one.id: one.kind for one in connection.execute(query)})


async def finish(database: Database, deleted: list[str]) -> None:
    """What the runner does."""
    unused = await database.write(lambda connection: endings.unused(connection, endings.waiting(connection, 10)))
    await database.write(lambda connection: endings.delete_unused(connection, unused, deleted.extend))


async def end(database: Database, *blobs: str, at_ms: int = 1) -> None:
    await database.write(lambda connection: endings.end(connection, blobs, at_ms))


async def test_what_nobody_names_is_deleted_once(database: Database) -> None:
    await database.write(lambda connection: name(connection, B))
    await end(database, A, B)
    deleted: list[str] = []
    await finish(database, deleted)
    await finish(database, deleted)
    assert (deleted, await states(database)) == ([A], {A: ENDED})


async def test_raw_bytes_are_named_only_where_the_row_has_none(database: Database) -> None:
    def store(connection: Connection) -> None:
        rows = [("in a blob", None, A), ("inline", b"raw", B), ("emptied", None, "")]
        connection.execute(insert(messages), [row(messages, id=id_, raw=raw, raw_sha256=sha) for id_, raw, sha in rows])

    await database.write(store)
    await end(database, A, B)
    deleted: list[str] = []
    await finish(database, deleted)
    assert deleted == [B]


async def test_a_commit_waits_for_a_blob_that_is_ending(database: Database) -> None:
    await end(database, A)
    with pytest.raises(BlobsEnded) as refused:
        await database.write(lambda connection: endings.check(connection, [A, B], {}))
    assert refused.value.seen == {}
    await database.write(lambda connection: endings.check(connection, [B], {}))


async def test_a_commit_names_a_deleted_blob_only_after_it_was_put_again(database: Database) -> None:
    await end(database, A)
    await finish(database, [])
    for put_since in ({}, {A: 0}, {B: 1}):
        with pytest.raises(BlobsEnded) as refused:
            await database.write(lambda connection, seen=put_since: endings.check(connection, [A], seen))  # type: ignore[misc]
        assert refused.value.seen == {A: 1}
    await database.write(lambda connection: endings.check(connection, [A], {A: 1}))
    assert await states(database) == {}
    await database.write(lambda connection: endings.check(connection, [A], {}))


async def test_every_end_has_a_token_of_its_own(database: Database) -> None:
    """Also where a clock goes backwards: what was put after the first end was put before the second."""
    await end(database, A, at_ms=50)
    await finish(database, [])
    await end(database, A, at_ms=20)
    await finish(database, [])
    with pytest.raises(BlobsEnded) as refused:
        await database.write(lambda connection: endings.check(connection, [A], {A: 50}))
    assert refused.value.seen[A] > 50


async def test_what_cannot_be_deleted_stays_to_be_done(database: Database) -> None:
    await end(database, A)

    def broken(_: Sequence[str]) -> None:
        raise OSError("no disk")

    unused = await database.write(lambda connection: endings.unused(connection, [A]))
    with pytest.raises(OSError, match="no disk"):
        await database.write(lambda connection: endings.delete_unused(connection, unused, broken))
    assert await states(database) == {A: ENDING}


async def test_a_blob_that_was_put_for_nothing_ends(database: Database) -> None:
    await database.write(lambda connection: name(connection, A))
    await database.write(lambda connection: endings.end_unused(connection, [A, B], 1))
    assert await states(database) == {B: ENDING}


async def test_emptying_raw_bytes_twice(database: Database) -> None:
    rows = [row(messages, id="m1", raw=None, raw_sha256=A), row(messages, id="m2", raw=b"x", raw_sha256=B)]
    await database.write(lambda connection: connection.execute(insert(messages), rows))
    for emptied in (2, 0):
        assert await database.write(lambda connection: removal.empty_raw(connection, ["m1", "m2"], 1)) == emptied
    assert await states(database) == {A: ENDING}


class TestOnTwoNodes:
    """PostgreSQL: transactions that are open at the same time. On SQLite there are none."""

    async def test_a_decision_waits_for_a_commit_that_did_not_see_the_end(self, postgresql_url: str) -> None:
        """It looked before, and names the blob after: had the decision not waited, the blob would be gone."""
        one, other = Database(postgresql_url), Database(postgresql_url)
        looked, goes_on = threading.Event(), threading.Event()

        def commit(connection: Connection) -> None:
            ledger.enter(connection, [Event("e", "jrn", 1, 0)])
            endings.check(connection, [A], {})
            looked.set()
            assert goes_on.wait(20)
            name(connection, A)

        committing = asyncio.create_task(one.write(commit))
        await asyncio.to_thread(looked.wait, 20)
        await end(other, A)
        deciding = asyncio.create_task(other.write(lambda connection: endings.unused(connection, [A])))
        await asyncio.sleep(0.3)
        assert not deciding.done()
        goes_on.set()
        await committing
        assert await deciding == []
        assert await states(other) == {}
        await asyncio.gather(one.close(), other.close())

    async def test_an_end_that_comes_while_another_node_decides_is_not_lost(self, postgresql_url: str) -> None:
        """The decision saw a row of the neighbour's; she is erased before it is committed."""
        one, other = Database(postgresql_url), Database(postgresql_url)
        decided, goes_on = threading.Event(), threading.Event()
        await one.write(lambda connection: name(connection, A, "neighbour"))
        await end(one, A)

        def decide(connection: Connection) -> list[str]:
            found = endings.unused(connection, [A])
            decided.set()
            assert goes_on.wait(20)
            return found

        deciding = asyncio.create_task(one.write(decide))
        await asyncio.to_thread(decided.wait, 20)
        erasing = asyncio.create_task(other.write(lambda connection: removal.remove_attachments(connection, ["neighbour"], 2)))
        await asyncio.sleep(0.3)
        goes_on.set()
        assert await deciding == []
        assert await erasing == 1
        assert await states(one) == {A: ENDING}
        await asyncio.gather(one.close(), other.close())

    async def test_two_nodes_do_not_delete_the_same(self, postgresql_url: str) -> None:
        """Else the slower one would delete what was put again after the faster one."""
        one, other = Database(postgresql_url), Database(postgresql_url)
        await end(one, A)
        started, goes_on = threading.Event(), threading.Event()
        deleted: list[tuple[str, list[str]]] = []

        def slowly(blobs: Sequence[str]) -> None:
            started.set()
            assert goes_on.wait(20)
            deleted.append(("one", list(blobs)))

        first = asyncio.create_task(one.write(lambda connection: endings.delete_unused(connection, [A], slowly)))
        await asyncio.to_thread(started.wait, 20)
        second = asyncio.create_task(
            other.write(
                lambda connection: endings.delete_unused(connection, [A], lambda blobs: deleted.append(("other", list(blobs))))
            )
        )
        await asyncio.sleep(0.3)
        goes_on.set()
        assert (await first, await second, deleted) == (1, 0, [("one", [A])])
        await asyncio.gather(one.close(), other.close())
