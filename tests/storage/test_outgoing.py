"""Outgoing messages: taken by one node, in the order of their conversation, and settled once, on both databases."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, delete, update

from storage import outgoing, outgoing_ends, outgoing_parts, outgoing_tries
from storage.database import Database
from storage.outgoing import NewOutgoing
from storage.outgoing_tries import Claimed, Tried
from storage.schema import messages
from storage.schema import outgoing as table
from tests.answered import store

NOW = 1_790_000_000_000
HOUR = 3_600_000


def new(message_id: str | None = "none", conversation: str | None = "con_1", **more: Any) -> NewOutgoing:
    fields: dict[str, Any] = {
        "id": str(uuid4()),
        "connector": "mail",
        "message_id": message_id,
        "conversation_id": conversation,
        "handle_kind": "email",
        "handle_value": "anna@example.it",
        "handle_proof": "claimed",
        "author": "desk",
        "automatic": False,
        "subject": None,
        "text": "Ciao",
        "html": None,
        "created_ms": NOW,
    }
    return NewOutgoing(**(fields | more))


async def add(database: Database, *rows: NewOutgoing) -> None:
    def work(connection: Connection) -> None:
        for row in rows:
            outgoing.add(connection, row)

    await database.write(work)


async def claim(database: Database, node: str = "n1", *, now_ms: int = NOW, limit: int = 10) -> list[Claimed]:
    return await database.write(
        lambda connection: outgoing_tries.claim(connection, "mail", node, now_ms=now_ms, lost_ms=now_ms + HOUR, limit=limit)
    )


async def settle(database: Database, row: Claimed, state: str, node: str = "n1", **values: Any) -> bool:
    fields = {"state": state, "ended_ms": NOW} | values
    tried = [Tried(row=row, values=fields)]
    return await database.write(lambda connection: outgoing_tries.settle(connection, node, tried)) == {row.id}


async def state(database: Database, id_: str) -> Any:
    row = await database.read(lambda connection: outgoing.find(connection, id_))
    assert row is not None
    return row


async def test_what_is_queued_is_claimed_with_what_it_answers(database: Database) -> None:
    message_id = await store(database, "m1")
    row = new(message_id, html="<p>Ciao", subject="Re: Padella", automatic=True)
    await add(database, row)
    [claimed] = await claim(database)
    assert {name: getattr(claimed, name) for name in row.__dataclass_fields__} == {
        name: getattr(row, name) for name in row.__dataclass_fields__
    }
    assert (claimed.attempts, claimed.first_ms) == (1, NOW)
    assert claimed.envelope is not None
    assert b"Padella rotta" in claimed.envelope
    assert (await state(database, row.id))["state"] == "sending"
    assert await claim(database) == []


async def test_what_it_answers_may_be_gone(database: Database) -> None:
    await add(database, new(await store(database, "m1")))
    await database.write(lambda connection: connection.execute(delete(messages)))
    [claimed] = await claim(database)
    assert claimed.envelope is None


async def test_one_of_a_conversation_at_a_time(database: Database) -> None:
    first, second, other = new(), new(), new(conversation="con_2")
    await add(database, first, second, other)
    claimed = await claim(database)
    assert [row.id for row in claimed] == [first.id, other.id]
    assert await settle(database, claimed[0], "queued", due_ms=NOW + 5)
    assert await claim(database, now_ms=NOW + 4) == [], "it waits for its turn, and the second for it"
    [again] = await claim(database, now_ms=NOW + 5)
    assert (again.id, again.attempts, again.first_ms) == (first.id, 2, NOW)
    assert await settle(database, again, "failed")
    assert [row.id for row in await claim(database)] == [second.id], "an end holds nothing back"


async def test_what_cannot_leave_elsewhere_holds_up_nothing(database: Database) -> None:
    """A reply to an address that was only typed waits for its next try; the chat of the same conversation goes on."""
    elsewhere = new(brand="demo", handle_value="typo@example.it")
    await add(database, elsewhere, new(connector="chat", handle_kind="chat", handle_value="site:x"), new())
    (first, own) = await claim(database)
    assert (first.id, own.handle_value) == (elsewhere.id, "anna@example.it")
    assert await database.read(lambda one: outgoing_tries.due(one, NOW, ["chat"])) == {"chat"}
    await settle(database, first, outgoing.QUEUED, ended_ms=None, due_ms=NOW + HOUR)
    assert await database.read(lambda one: outgoing_tries.due(one, NOW, ["chat"])) == {"chat"}


async def test_what_another_node_has_tried_since_is_not_taken(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read, then tried and put back by another, then locked: it was not due, and how often it was tried is not known."""
    await add(database, row := new())
    locked = outgoing_tries._still_queued

    def meanwhile(connection: Connection, ids: Any) -> dict[str, int]:
        tries = {"attempts": 1, "due_ms": NOW + HOUR}
        connection.execute(update(table).where(table.c.id == row.id).values(tries))
        return locked(connection, ids)

    monkeypatch.setattr(outgoing_tries, "_still_queued", meanwhile)
    assert await claim(database) == []
    monkeypatch.undo()
    assert [one.attempts for one in await claim(database, now_ms=NOW + HOUR)] == [2]


async def test_many_are_settled_at_once_each_as_it_ended(database: Database) -> None:
    await add(database, *(new(conversation=None, secret=number == 3) for number in range(5)))
    first, second, third, fourth, fifth = await claim(database)
    assert await settle(database, fifth, "failed")
    tried = [
        Tried(row=second, values={"state": "sent", "ended_ms": NOW, "external_id": "2"}, parts=("2", "2b")),
        Tried(row=first, values={"state": "sent", "ended_ms": NOW, "external_id": "1"}),
        Tried(row=third, values={"state": "queued", "due_ms": NOW + 5, "error": "retryable: later"}),
        Tried(row=fourth, values={"state": "failed", "ended_ms": NOW, "error": "blocked: no"}),
        Tried(row=fifth, values={"state": "sent", "ended_ms": NOW}),
    ]
    kept = await database.write(lambda connection: outgoing_tries.settle(connection, "n1", tried))
    assert kept == {first.id, second.id, third.id, fourth.id}, "the fifth had its end"
    rows = [await state(database, row.id) for row in (first, second, third, fourth, fifth)]
    assert [(row["state"], row["external_id"], row["error"], row["text"]) for row in rows] == [
        ("sent", "1", None, "Ciao"),
        ("sent", "2", None, "Ciao"),
        ("queued", None, "retryable: later", "Ciao"),
        ("failed", None, "blocked: no", ""),
        ("failed", None, None, "Ciao"),
    ]
    assert await database.read(lambda connection: set(outgoing_parts.parts_of(connection, second.id))) == {"2", "2b"}


@pytest.mark.parametrize("end", ["sent", "failed", "unknown"])
async def test_an_end_is_final(database: Database, end: str) -> None:
    await add(database, new())
    [claimed] = await claim(database)
    assert await settle(database, claimed, end)
    assert not await settle(database, claimed, "sent" if end == "failed" else "failed")
    assert await claim(database, now_ms=NOW + 10 * HOUR) == []
    assert (await state(database, claimed.id))["state"] == end


async def test_only_the_node_and_try_that_took_it_settle_it(database: Database) -> None:
    await add(database, new())
    [first] = await claim(database)
    assert not await settle(database, first, "sent", node="n2")
    assert await settle(database, first, "queued", due_ms=NOW)
    await claim(database)
    assert not await settle(database, first, "sent"), "a late answer of an earlier try"


async def test_two_nodes_never_take_the_same(database: Database, filled_url: str) -> None:
    await add(database, *(new(conversation=f"con_{number}") for number in range(40)))
    other = Database(filled_url)
    try:
        taken = await asyncio.gather(
            *(claim(one, node, limit=7) for _ in range(5) for one, node in ((database, "n1"), (other, "n2")))
        )
    finally:
        await other.close()
    ids = [row.id for rows in taken for row in rows]
    assert len(ids) == len(set(ids))
    left = await claim(database, limit=100)
    assert len(ids) + len(left) == 40


async def test_who_has_something_to_send(database: Database) -> None:
    await add(
        database, new(), new(conversation="con_2", connector="wa", created_ms=NOW + 9), new(conversation="c3", connector="x")
    )

    async def due(now_ms: int) -> set[str]:
        return await database.read(lambda connection: outgoing_tries.due(connection, now_ms, ["mail", "wa"]))

    assert await due(NOW - 1) == set()
    assert await due(NOW) == {"mail"}
    assert await due(NOW + 9) == {"mail", "wa"}
    await claim(database)
    assert await due(NOW) == set()


async def test_a_node_that_starts_knows_nothing_of_what_it_was_sending(database: Database) -> None:
    await add(database, *(new(conversation=f"con_{number}") for number in range(3)))
    [mine] = await claim(database, limit=1)
    [others] = await claim(database, "n2", limit=1)

    async def lose(now_ms: int, *, started: bool) -> int:
        return await database.write(lambda connection: outgoing_ends.lose(connection, "n1", now_ms, started=started))

    assert await lose(NOW + HOUR - 1, started=False) == 0
    assert await lose(NOW + HOUR - 1, started=True) == 1
    assert (await state(database, mine.id))["state"] == "unknown"
    assert (await state(database, others.id))["state"] == "sending"
    assert await lose(NOW + HOUR, started=False) == 1, "a node that never came back"
    assert (await state(database, others.id))["state"] == "unknown"
    assert not await settle(database, others, "sent", node="n2")
    assert len(await claim(database)) == 1, "what was queued only is sent"


async def test_what_has_no_connector_any_more_ends(database: Database) -> None:
    old, young = new(connector="gone"), new(connector="gone", created_ms=NOW + 1, conversation="con_2")
    await add(database, old, young, new(conversation="con_3"))
    ended = await database.write(lambda connection: outgoing_ends.orphan(connection, "n1", ["mail"], NOW + HOUR, NOW + 1))
    assert ended == 1
    assert (await state(database, old.id))["state"] == "failed"
    assert (await state(database, young.id))["state"] == "queued"


async def test_an_end_is_told_once_by_the_node_that_knows_it(database: Database) -> None:
    message_id = await store(database, "m1")
    await add(database, new(message_id), new(conversation="con_2"))
    sent, open_ = await claim(database)
    await database.write(lambda connection: outgoing_tries.name(connection, {sent.id: "1@demo.example"}))
    await settle(database, sent, "sent")

    async def untold(node: str, before_ms: int = 0) -> list[outgoing_ends.Ended]:
        return await database.read(lambda connection: outgoing_ends.untold(connection, node, 10, before_ms))

    [ended] = await untold("n1")
    assert (ended.id, ended.state, ended.external_id, ended.brand, ended.channel, ended.account) == (
        sent.id,
        "sent",
        "1@demo.example",
        "demo",
        "email",
        "help@demo.example",
    )
    assert await untold("n2") == []
    await database.write(lambda connection: outgoing_ends.tell(connection, [replace(ended, state="unknown")], NOW))
    assert await untold("n1") == [ended]  # it has come to another end since it was read
    await database.write(lambda connection: outgoing_ends.tell(connection, [ended], NOW))
    assert await untold("n1") == []
    assert await settle(database, open_, "failed")
    [ended] = await untold("n1")
    assert (ended.id, ended.brand) == (open_.id, None)
    at_ms = (await state(database, open_.id))["ended_ms"]
    assert await untold("n2", at_ms) == []
    [ended] = await untold("n2", at_ms + 1)  # of a node that told it to nobody for so long there may be none any more
    assert ended.id == open_.id


async def test_the_last_ones_are_shown_first(database: Database) -> None:
    rows = [new(conversation=f"con_{number}") for number in range(3)]
    await add(database, *rows)
    await claim(database, limit=1)

    async def recent(limit: int, wanted: str | None = None) -> list[str]:
        return [row["id"] for row in await database.read(lambda connection: outgoing.recent(connection, limit, wanted))]

    assert await recent(2) == [rows[2].id, rows[1].id]
    assert await recent(9, "sending") == [rows[0].id]
    assert await database.read(lambda connection: outgoing.find(connection, "nothing")) is None


@pytest.mark.parametrize(
    ("ended", "told", "state_after", "told_anew"),
    [
        ("unknown", True, "sent", True),
        ("unknown", False, "unknown", False),
        ("failed", True, "failed", False),
        ("sent", True, "sent", False),
    ],
)
async def test_a_message_is_recognised_by_our_own_id(
    database: Database, ended: str, told: bool, state_after: str, told_anew: bool
) -> None:
    """The answer with its id was lost, and a status of the provider brings both: then it is known what became of it."""
    row = new()
    await add(database, row)
    [claimed] = await claim(database)
    await settle(database, claimed, ended, error="no answer")
    read = await database.read(lambda connection: outgoing_ends.untold(connection, "n1", 10, 0))
    await database.write(lambda connection: outgoing_ends.tell(connection, read, NOW))
    named = [
        outgoing_parts.Named("mail", row.id, "their-1", taken=told),
        outgoing_parts.Named("mail", row.id, "their-2", taken=False),
        outgoing_parts.Named("another", row.id, "foreign", taken=True),
        outgoing_parts.Named("mail", "nobody", "their-3", taken=True),
    ]
    for _ in range(2):  # a status that comes again changes nothing
        await database.write(lambda connection: outgoing_parts.recognise(connection, named))
    found = await state(database, row.id)
    assert (found["external_id"], found["state"]) == ("their-1", state_after)
    assert (found["told_ms"] is None) is told_anew
    parts = await database.read(lambda connection: outgoing_parts.parts_of(connection, row.id))
    assert sorted(parts) == ["their-1", "their-2"]
