"""What the short history of a customer has of our answers. Every test on SQLite and on PostgreSQL."""

from typing import Any

import pytest
from sqlalchemy import Connection, delete

from identity import history, merges
from identity.history import Left
from identity.people import HISTORY, Identified
from normalizer.inbound import Handle
from storage.database import Database
from storage.schema import customers, messages, outgoing
from tests.contacts import message, phone, user
from tests.identity.batches import POLICY, identify, rows
from tests.identity.replied import HOUR, NOW, replied


async def wrote(database: Database, name: str, handle: Handle | None = None, **more: Any) -> Identified:
    (found,) = await identify(database, message(name, handle or phone(), **more))
    return found


async def histories(database: Database) -> dict[str, Any]:
    return {row["id"]: row["history"] for row in await rows(database, customers)}


async def merge(database: Database, top: str, below: str) -> None:
    await database.write(lambda one: merges.merge(one, top, below, actor="desk", now_ms=NOW, policy=POLICY, top=top))


async def unmerge(database: Database, below: str) -> None:
    await database.write(lambda one: merges.unmerge(one, below, actor="desk", now_ms=NOW, policy=POLICY))


def said(found: Identified) -> list[str]:
    return [one.snippet for one in found.history]


async def test_an_answer_stands_between_contacts(database: Database) -> None:
    first = await wrote(database, "m1", text="Dov'è?", channel="email")
    await replied(database, "m1", "out_1", hours=1, text="Arriva\n domani " + "x" * 200)
    await wrote(database, "m2", text="Grazie", hours=2)
    third = await wrote(database, "m3", text="Ancora io", hours=3)
    assert [one.direction for one in third.history] == ["inbound", "outbound", "inbound"]
    ours = third.history[1]
    assert (ours.id, ours.at_ms, ours.channel, ours.category) == ("out_1", NOW + HOUR, "email", "general")
    assert (ours.answers, ours.conversation) == (str(message("m1").id), first.conversation.id)
    assert ours.snippet.startswith("Arriva domani xxx")
    assert len(ours.snippet) <= history.SNIPPET
    assert third.unanswered == 1


@pytest.mark.parametrize(
    "more",
    [{"automatic": True}, {"secret": True}, *({"state": state} for state in ("queued", "sending", "failed", "unknown"))],
    ids=str,
)
async def test_what_does_not_belong_there(database: Database, more: dict[str, Any]) -> None:
    first = await wrote(database, "m1")
    await replied(database, "m1", "out_1", hours=1, **more)
    second = await wrote(database, "m2", hours=2)
    assert [one.id for one in second.history] == [str(message("m1").id)]
    other = await wrote(database, "m3", user())
    await merge(database, other.customer.id, first.customer.id)
    before = await histories(database)
    await unmerge(database, first.customer.id)
    assert "out_1" not in "".join([*before.values(), *(await histories(database)).values()])


async def test_twice_is_once_and_late_is_in_its_place(database: Database) -> None:
    await wrote(database, "m1")
    await replied(database, "m1", "out_2", hours=2)
    await replied(database, "m1", "out_1", hours=1)
    await database.write(lambda one: history.left(one, [Left("out_1", str(message("m1").id), NOW)]))
    second = await wrote(database, "m2", hours=3)
    assert [one.id for one in second.history] == [str(message("m1").id), "out_1", "out_2"]


async def test_neither_contacts_nor_answers_take_the_place_of_others(database: Database) -> None:
    for number in range(HISTORY + 2):
        await wrote(database, f"m{number}", hours=number)
        if number:
            await replied(database, f"m{number}", f"out_{number}", hours=number + 0.5)
    last = await wrote(database, "last", hours=50)
    kept = range(2, HISTORY + 2)
    assert [one.id for one in last.history] == [id_ for n in kept for id_ in (str(message(f"m{n}").id), f"out_{n}")]


async def test_a_contact_that_is_gone_has_no_answer(database: Database) -> None:
    await wrote(database, "m1")
    await database.write(lambda one: one.execute(delete(messages)))
    before = await histories(database)
    await database.write(lambda one: history.left(one, [Left("out_1", str(message("m1").id), NOW)]))
    assert await histories(database) == before


async def test_a_merge_brings_them_together_and_an_unmerge_gives_them_back(database: Database) -> None:
    anna, bruno = await wrote(database, "a1"), await wrote(database, "b1", user(), hours=1)
    pair = anna.customer.id, bruno.customer.id
    await replied(database, "b1", "out_b", hours=3)
    await replied(database, "a1", "out_a", hours=2)
    before = await histories(database)
    await merge(database, *pair)
    together = await wrote(database, "a2", hours=4)
    assert said(together)[2:] == ["Risposta out_a", "Risposta out_b"]
    await database.write(lambda one: one.execute(delete(messages).where(messages.c.id == str(message("a2").id))))
    await unmerge(database, pair[1])
    assert await histories(database) == before


async def test_what_was_answered_while_they_were_one_goes_with_its_contact(database: Database) -> None:
    anna, bruno = await wrote(database, "a1"), await wrote(database, "b1", user(), hours=1)
    pair = anna.customer.id, bruno.customer.id
    await merge(database, *pair)
    await replied(database, "b1", "out_b", hours=2)
    await unmerge(database, pair[1])
    hers, his = await wrote(database, "a2", hours=400), await wrote(database, "b2", user(), hours=400)
    assert [one.direction for one in hers.history] == ["inbound"]
    assert said(his)[1:] == ["Risposta out_b"]


async def test_one_that_is_not_kept_does_not_come_back(database: Database) -> None:
    """Removed by its age while they were one: an unmerge counts anew, by what is stored."""
    anna, bruno = await wrote(database, "a1"), await wrote(database, "b1", user(), hours=1)
    await merge(database, anna.customer.id, bruno.customer.id)
    await replied(database, "b1", "out_b", hours=2)
    await database.write(_forget)
    await unmerge(database, bruno.customer.id)
    assert "out_b" not in "".join((await histories(database)).values())


def _forget(connection: Connection) -> None:
    connection.execute(delete(outgoing))
