"""Messages out that answer nothing: they wait for nobody, leave in time or not at all, and their secrets do not stay."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import Connection, delete, text

from storage import automatic, outgoing, outgoing_ends, outgoing_tries
from storage.database import Database
from storage.outgoing import NewOutgoing
from storage.schema import outgoing as table
from tests.storage.test_outgoing import HOUR, NOW, add, claim, new, settle, state

WORDS = "Il tuo codice è 123456"


def unasked(**more: Any) -> NewOutgoing:
    fields = {"message_id": None, "conversation": None, "brand": "demo", "account": "+390212345678", "secret": True}
    return new(**(fields | {"text": WORDS, "html": f"<p>{WORDS}", "until_ms": NOW + HOUR} | more))


async def test_one_waits_for_no_other(database: Database) -> None:
    rows = [unasked() for _ in range(3)]
    await add(database, *rows)
    claimed = await claim(database)
    assert [row.id for row in claimed] == [row.id for row in rows]
    assert {(row.envelope, row.last_inbound_ms, row.conversation_id, row.account) for row in claimed} == {
        (None, None, None, "+390212345678")
    }
    await settle(database, claimed[0], "queued", due_ms=NOW + 5)
    row = await state(database, claimed[0].id)
    assert await database.read(lambda connection: outgoing.waits_for(connection, row, 1)) is None


async def test_what_comes_too_late_does_not_leave(database: Database) -> None:
    late, endless = unasked(until_ms=NOW + 10), unasked(until_ms=None)
    await add(database, late, endless)

    async def due(now_ms: int) -> set[str]:
        return await database.read(lambda connection: outgoing_tries.due(connection, now_ms, ["mail"]))

    async def outlive(now_ms: int) -> int:
        return await database.write(lambda connection: outgoing_ends.outlive(connection, "n1", now_ms))

    assert await outlive(NOW + 9) == 0
    assert [row.id for row in await claim(database, now_ms=NOW + 10)] == [endless.id]
    assert await due(NOW + 10) == set()
    assert await outlive(NOW + 10) == 1
    row = await state(database, late.id)
    assert (row["state"], row["text"], row["error"]) == ("failed", "", "retryable: it could not leave while it was of use")
    assert await outlive(NOW + 11) == 0


async def _settled(end: str, database: Database) -> None:
    [row] = await claim(database)
    assert await settle(database, row, end)


async def _lost(database: Database) -> None:
    await claim(database)
    await database.write(lambda connection: outgoing_ends.lose(connection, "n1", NOW, started=True))


async def _orphaned(database: Database) -> None:
    await database.write(lambda connection: outgoing_ends.orphan(connection, "n1", ["sms"], NOW, NOW + 1))


async def _outlived(database: Database) -> None:
    await database.write(lambda connection: outgoing_ends.outlive(connection, "n1", NOW + HOUR))


ENDS: dict[str, Callable[[Database], Awaitable[None]]] = {
    "sent": lambda database: _settled("sent", database),
    "failed": lambda database: _settled("failed", database),
    "unknown": lambda database: _settled("unknown", database),
    "lost": _lost,
    "orphaned": _orphaned,
    "outlived": _outlived,
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("secret", [True, False])
async def test_no_end_leaves_a_secret(database: Database, end: str, secret: bool) -> None:
    await add(database, row := unasked(secret=secret))
    await ENDS[end](database)
    found = await state(database, row.id)
    assert found["state"] not in ("queued", "sending")
    assert (found["text"], found["html"]) == (("", None) if secret else (WORDS, f"<p>{WORDS}"))


async def test_another_try_still_has_its_words(database: Database) -> None:
    await add(database, unasked())
    [row] = await claim(database)
    await settle(database, row, "queued", due_ms=NOW)
    [again] = await claim(database)
    assert (again.text, again.html) == (WORDS, f"<p>{WORDS}")


async def test_its_end_is_told_of_its_own_brand_and_account(database: Database) -> None:
    await add(database, unasked())
    [row] = await claim(database)
    await settle(database, row, "sent")
    [ended] = await database.read(lambda connection: outgoing_ends.untold(connection, "n1", 10, 0))
    assert (ended.id, ended.brand, ended.account, ended.channel) == (row.id, "demo", "+390212345678", None)


async def test_it_counts_for_no_limit_on_answers_and_is_known_when_it_is_answered(database: Database) -> None:
    await add(database, unasked(automatic=True), new("m1", automatic=True))
    [row, _] = await claim(database)
    await database.write(lambda connection: outgoing_tries.name(connection, {row.id: "code@demo.example"}))

    def lately(connection: Connection) -> tuple[int, list[bool]]:
        answered = [automatic.any_of(connection, ids, None, but="nobody") for ids in ([], ["x@y"], ["code@demo.example"])]
        return len(automatic.since(connection, NOW - 1, but="nobody")), answered

    assert await database.read(lately) == (1, [False, False, True])


async def test_positions_are_never_given_again(database: Database) -> None:
    """SQLite's table was made anew by a migration."""
    await add(database, unasked())
    first = await database.read(lambda connection: connection.execute(text("SELECT max(position) FROM outgoing")).scalar_one())
    await database.write(lambda connection: connection.execute(delete(table)))
    await add(database, unasked())
    again = await database.read(lambda connection: connection.execute(text("SELECT max(position) FROM outgoing")).scalar_one())
    assert again == first + 1


async def test_what_somebody_asked_for_can_be_left_out(database: Database) -> None:
    await add(database, new("m1", automatic=True, reply_key="regia/survey\n1"))
    [row] = await claim(database)
    await database.write(lambda connection: outgoing_tries.name(connection, {row.id: "survey@demo.example"}))

    def known(connection: Connection) -> list[bool]:
        return [automatic.any_of(connection, ["survey@demo.example"], None, but=but) for but in ("regia/survey", "nobody")]

    assert await database.read(known) == [False, True]
