"""Erasing from the tables alone: everything of one customer, and nothing of anybody else."""

import hashlib
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from storage import books, endings, erased, erasure, family, outbox
from storage.database import Database
from storage.erasure import Act, Part
from storage.journal_file import JournalFile
from storage.schema import audit, conversations, customers, handles, messages, outgoing, ticket_events
from tests.erasing.planted import JOURNAL, NOW, Planted, everything, holding, row

ANNA, BRUNO = ("ANNA", "+393331234567"), ("BRUNO", "+393337654321")


async def planted(database: Database, *people: Planted, messages_: int = 3) -> None:
    def work(connection: Connection) -> None:
        for person in people:
            person.write(connection, messages_)

    await database.write(work)


async def erase(database: Database, person: Planted, limit: int = 100, at_ms: int = NOW + 9) -> list[Part]:
    """All transactions until the customer is gone."""
    parts: list[Part] = []
    act = Act(f"act_erase_{person.name}", "token", at_ms)
    while not parts or not parts[-1].last:
        part = await database.write(lambda connection: erasure.finish(connection, person.id, act, limit))
        if part is None:
            break
        parts.append(part)
    return parts


ELSEWHERE = {"quarantine", "signals", "local_messages", "kpi_changes"}
NOTED: dict[str, list[tuple[Any, ...]]] = {"kpi_changes": []}
"""What is only noted to be counted anew."""


def of_others(rows: dict[str, list[tuple[Any, ...]]], person: Planted) -> dict[str, list[tuple[Any, ...]]]:
    """Rows that are not this person's; those that an erase writes itself left out."""
    own = (*person.secrets, person.id, person.name)
    kept = {name: [one for one in each if not holding({"": [one]}, *own)] for name, each in rows.items()}
    return {name: each for name, each in kept.items() if name not in ("erased", "audit", "events", "event_ids", *NOTED)}


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_everything_goes_and_everything_of_others_stays(database: Database, limit: int) -> None:
    anna, bruno = Planted(*ANNA), Planted(*BRUNO)
    await planted(database, anna, bruno)
    before = await everything(database)
    parts = await erase(database, anna, limit)
    after = await everything(database)
    assert sorted(id_ for part in parts for id_ in part.envelopes) == sorted(anna.messages)
    assert [part.last for part in parts] == [*([False] * (len(parts) - 1)), True]
    assert all(len(part.envelopes) <= limit for part in parts)
    # Found by their bytes, and the queues' copies by their ids: not from here. What changed for figures goes later.
    assert set(holding(after, *anna.secrets)) <= ELSEWHERE
    assert holding(after, f"app {anna.tag}") == {"signals": 1}, "nothing but its bytes says whose it is"
    assert of_others(before, anna) | {"local_messages": []} == of_others(after, anna) | {"local_messages": []}
    assert holding(after | NOTED, *bruno.secrets) == holding(before | NOTED, *bruno.secrets)


async def test_what_is_told_of_it_afterwards(database: Database) -> None:
    anna = Planted(*ANNA)
    await planted(database, anna)
    await erase(database, anna)
    ids = [*anna.messages, anna.id, anna.below, "att_ANNA_0", "att_ANNA_2", anna.outgoing[0]]
    found = await database.read(lambda connection: erased.kinds(connection, ids))
    assert found == dict.fromkeys(anna.messages, "message") | {
        anna.id: "customer",
        anna.below: "customer",
        "att_ANNA_0": "attachment",
        "att_ANNA_2": "attachment",
    }
    logged = await database.read(lambda connection: connection.execute(select(audit)).mappings().all())
    assert [(one["id"], one["action"], one["actor"], one["customer_id"]) for one in logged] == [
        ("act_erase_ANNA", "erased", "token", anna.id)
    ]


async def test_the_books_balance_after_it(database: Database) -> None:
    anna, bruno = Planted(*ANNA), Planted(*BRUNO)
    await planted(database, anna, bruno)
    files = [JournalFile(f"{JOURNAL}_{one.name}", one.seq, ()) for one in (anna, bruno)]
    before = await database.read(lambda connection: books.count(connection, files))
    assert (before.balance, before.removed) == (True, 0)
    parts = await erase(database, anna, 2)
    after = await database.read(lambda connection: books.count(connection, files))
    told = sum(part.removed.signals for part in parts)
    assert (after.balance, after.removed, told) == (True, len(anna.messages) + 3, 3)
    late = [JournalFile(files[0].id, 1, ()), files[1]]
    assert (await database.read(lambda connection: books.count(connection, late))).balance
    here = await database.read(lambda connection: books.count(connection, files[1:]))
    assert (here.balance, here.removed, here.elsewhere) == (True, 0, anna.seq)


async def test_a_second_time_there_is_nothing(database: Database) -> None:
    anna = Planted(*ANNA)
    await planted(database, anna)
    await erase(database, anna)
    before = await everything(database)
    assert await erase(database, anna) == []
    assert await database.write(lambda connection: erasure.slice_(connection, anna.id, NOW, 10)) is None
    assert await everything(database) == before


async def test_who_stands_below_is_not_erased_alone(database: Database) -> None:
    anna = Planted(*ANNA)
    await planted(database, anna)
    before = await everything(database)
    with pytest.raises(family.StandsBelow) as refused:
        await database.write(lambda connection: erasure.slice_(connection, anna.below, NOW, 10))
    assert refused.value.root_id == anna.id
    assert anna.id not in str(refused.value)
    assert await everything(database) == before


async def test_a_conversation_with_the_words_of_two_is_the_other_ones_from_now_on(database: Database) -> None:
    """Merged, talked in by both, unmerged: it was Anna's, and Bruno's words stay in it."""
    anna, bruno = Planted(*ANNA), Planted(*BRUNO)
    await planted(database, anna, bruno)

    def talk(connection: Connection) -> None:
        both = (conversations.c.id == anna.conversation, conversations.c.id == bruno.conversation)
        connection.execute(update(conversations).where(both[0] | both[1]).values(split=True, messages=4))
        his, hers = messages.c.id == bruno.messages[0], messages.c.id == anna.messages[0]
        connection.execute(update(messages).where(his).values(conversation_id=anna.conversation))
        connection.execute(update(messages).where(hers).values(conversation_id=bruno.conversation))
        reply = {"conversation_id": anna.conversation, "message_id": bruno.messages[0], "connector": "mail"}
        connection.execute(insert(outgoing), [row(outgoing, id="out_to_bruno", **reply)])

    await database.write(talk)
    await erase(database, anna, 2)
    found = await database.read(lambda connection: connection.execute(select(conversations)).mappings().all())
    assert {one["id"]: (one["customer_id"], one["split"]) for one in found} == {
        anna.conversation: (bruno.id, True),
        bruno.conversation: (bruno.id, True),
    }
    assert {one["id"]: one["messages"] for one in found}[anna.conversation] == 1
    told = await database.read(lambda connection: connection.execute(select(ticket_events)).mappings().all())
    assert {one["conversation_id"]: (one["agent"], one["reason"], one["url"]) for one in told} == {
        anna.conversation: ("giulia", None, None),
        bruno.conversation: ("giulia", None, None),
    }
    left = await database.read(lambda connection: connection.execute(select(outgoing.c.id)).scalars().all())
    assert "out_to_bruno" in left
    assert not set(anna.outgoing) & set(left)


async def test_an_answer_whose_message_was_removed_before(database: Database) -> None:
    anna, bruno = Planted(*ANNA), Planted(*BRUNO)
    await planted(database, anna, bruno)

    def age(connection: Connection) -> None:
        connection.execute(messages.delete().where(messages.c.id.in_([anna.messages[0], bruno.messages[0]])))
        # Bruno's answer lies in a conversation of Anna's that an unmerge has split.
        connection.execute(update(conversations).where(conversations.c.id == anna.conversation).values(split=True))
        his = outgoing.c.id == bruno.outgoing[0]
        connection.execute(update(outgoing).where(his).values(conversation_id=anna.conversation))

    await database.write(age)
    (part,) = await erase(database, anna)
    assert part.removed.outgoing == 2
    left = await database.read(lambda connection: connection.execute(select(outgoing.c.id)).scalars().all())
    assert sorted(left) == bruno.outgoing


async def test_the_relay_finds_nothing_more_to_publish(database: Database) -> None:
    anna, bruno = Planted(*ANNA), Planted(*BRUNO)
    await planted(database, anna, bruno)
    (part,) = await erase(database, anna)
    assert part.removed.unpublished == 3
    left = await database.read(lambda connection: outbox.pending(connection, "n1", after=0, limit=100))
    assert {one.message_id for one in left} == set(bruno.messages)


async def test_blobs_end_that_only_this_customer_named(database: Database) -> None:
    """The file is anybody's who also sent it; Bruno has a large message of the same bytes."""
    anna, bruno = Planted(*ANNA), Planted(*BRUNO)
    bruno.file = anna.file
    await planted(database, anna, bruno)
    await erase(database, anna, 1)

    def ending(connection: Connection) -> tuple[list[str], list[str]]:
        waiting = endings.waiting(connection, 10)
        return waiting, endings.unused(connection, waiting)

    waiting, unused = await database.write(ending)
    contents = (anna.large + b"1", anna.sent, anna.file)
    large, sent, shared = (hashlib.sha256(content).hexdigest() for content in contents)
    assert sorted(waiting) == sorted([large, sent, shared])
    assert unused == sorted([large, sent])


async def test_somebody_merged_meanwhile_is_not_left_behind(database: Database) -> None:
    """As a merge does it: below, and its links too."""
    anna, bruno = Planted(*ANNA), Planted(*BRUNO)
    await planted(database, anna, bruno)

    def merge(connection: Connection) -> None:
        below = customers.c.id.in_([bruno.id, bruno.below])
        connection.execute(update(customers).where(below).values(root_id=anna.id))
        connection.execute(update(customers).where(customers.c.id == bruno.id).values(merged_into=anna.id))
        connection.execute(update(handles).where(handles.c.customer_id == bruno.id).values(customer_id=anna.id))

    await database.write(merge)
    await erase(database, anna, 2)
    after = await everything(database)
    assert set(holding(after, *anna.secrets, *bruno.secrets)) <= ELSEWHERE
    assert after["customers"] == after["handles"] == after["conversations"] == []
