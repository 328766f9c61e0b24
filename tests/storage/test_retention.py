"""Removing what is old, step by step, on both databases: what is younger stays, and the books balance."""

import hashlib
import json
from typing import Any

import pytest
from sqlalchemy import Connection, Table, func, insert, select, update

from storage import books, endings, events, retention
from storage.database import Database
from storage.events import NewEvent
from storage.journal_file import JournalFile
from storage.retention import Before, Place, Step
from storage.schema import (
    attachments,
    challenges,
    conversations,
    customers,
    erased,
    forgotten,
    mentions,
    messages,
    notice_items,
    notices,
    operations,
    outgoing,
    outgoing_parts,
    quarantine,
    repeats,
    signals,
    surveys,
    targets,
    ticket_events,
)
from storage.schema import events as event_table
from tests.erasing.planted import JOURNAL, NOW, Planted, count, row

OLD = Before(NOW + 3, {})
"""Of the messages of a person, which come a millisecond apart, the first three."""


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PAGE", 2)


async def anna(database: Database, messages_: int = 6, name: str = "ANNA", brand: str = "demo") -> Planted:
    """All published, and nothing to be sent."""
    person = Planted(name, f"+39333123{len(name)}{len(brand)}", brand)

    def work(connection: Connection) -> None:
        person.write(connection, messages_)
        connection.execute(update(targets).values(state="published"))
        connection.execute(update(outgoing).values(told_ms=NOW))

    await database.write(work)
    return person


async def go(database: Database, step: Step, before: Before, now_ms: int = NOW + 9) -> int:
    """A whole pass; how many rows."""
    removed, place = 0, ()
    next_: Place | None = place
    while next_ is not None:
        place = next_
        done = await database.write(lambda connection, place=place: step(connection, before, place, now_ms))  # type: ignore[misc]
        removed, next_ = removed + done.removed, done.place
    return removed


async def balanced(database: Database, *people: Planted) -> books.Books:
    files = [JournalFile(f"{JOURNAL}_{one.name}", one.seq, ()) for one in people]
    found = await database.read(lambda connection: books.count(connection, files))
    assert found.balance, found.as_data()
    return found


async def ids(database: Database, table: Table) -> set[str]:
    return set(await database.read(lambda connection: connection.execute(select(table.c.id)).scalars().all()))


async def test_messages_go_with_what_hangs_on_them_and_customers_stay(database: Database) -> None:
    person = await anna(database)
    history = [{"id": id_, "snippet": person.tag} for id_ in person.messages]
    history += [{"id": f"answer {id_}", "answers": id_, "snippet": person.tag} for id_ in person.messages]
    both = update(customers).values(history=json.dumps(history))
    await database.write(lambda connection: connection.execute(both))
    before = await database.read(lambda connection: connection.execute(select(customers)).mappings().all())
    assert await go(database, retention.old_messages, OLD) == 3
    assert await ids(database, messages) == set(person.messages[3:])
    assert await ids(database, attachments) == {f"att_ANNA_{number}" for number in (3, 4, 5)}
    assert await count(database, targets) == 6
    after = await database.read(lambda connection: connection.execute(select(customers)).mappings().all())
    for one, other in zip(before, after, strict=True):
        assert dict(one) | {"history": ""} == dict(other) | {"history": ""}
        left = person.messages[3:]
        assert [each["id"] for each in json.loads(other["history"])] == left + [f"answer {id_}" for id_ in left]
    assert await count(database, outgoing) == 2, "they have a time of their own"
    assert (await balanced(database, person)).removed == 3
    assert await go(database, retention.old_messages, OLD) == 0


async def test_blobs_end_with_the_last_message_that_names_them(database: Database) -> None:
    person = await anna(database)
    await go(database, retention.old_messages, OLD)

    def unused(connection: Connection) -> list[str]:
        return endings.unused(connection, endings.waiting(connection, 10))

    assert await database.write(unused) == [hashlib.sha256(person.large + b"1").hexdigest()]


async def test_what_somebody_still_waits_for_stays(database: Database) -> None:
    person = await anna(database)

    def open_(connection: Connection) -> None:
        connection.execute(update(targets).where(targets.c.message_id == person.messages[0]).values(state="pending"))
        waits = {"conversation_id": person.conversation, "message_id": person.messages[1], "connector": "mail"}
        connection.execute(insert(outgoing), [row(outgoing, id="open", **waits)])

    await database.write(open_)
    assert await go(database, retention.old_messages, OLD) == 1
    assert await ids(database, messages) == {*person.messages[:2], *person.messages[3:]}


async def test_brands_have_times_of_their_own(database: Database) -> None:
    mine, theirs, kept = [await anna(database, 4, name, brand) for name, brand in (("A", "demo"), ("B", "late"), ("C", "ever"))]
    before = Before(NOW + 3, {"late": NOW + 1, "ever": None})
    assert before.latest == NOW + 3
    assert await go(database, retention.old_messages, before) == 4
    assert await ids(database, messages) == {mine.messages[3], *theirs.messages[1:], *kept.messages}
    assert Before(None, {"late": NOW + 2, "ever": None}).latest == NOW + 2
    assert await go(database, retention.old_messages, Before(None, {"late": NOW + 2})) == 1
    await balanced(database, mine, theirs, kept)


async def test_raw_bytes_go_and_messages_stay(database: Database) -> None:
    person = await anna(database)
    assert await go(database, retention.old_raw, OLD) == 3
    assert await go(database, retention.old_raw, OLD) == 0
    query = select(messages.c.raw, messages.c.raw_sha256).order_by(messages.c.received_ms)
    found = await database.read(lambda connection: connection.execute(query).all())
    assert [tuple(one) for one in found[:3]] == [(None, "")] * 3
    assert all(one.raw_sha256 for one in found[3:])
    large = hashlib.sha256(person.large + b"1").hexdigest()
    assert await database.read(lambda connection: endings.waiting(connection, 9)) == [large]
    assert (await balanced(database, person)).published == 6


async def test_files_go_and_messages_stay(database: Database) -> None:
    person = await anna(database)
    assert await go(database, retention.old_attachments, OLD) == 3
    assert await ids(database, attachments) == {f"att_ANNA_{number}" for number in (3, 4, 5)}
    gone = await database.read(lambda c: c.execute(select(erased.c.id).where(erased.c.kind == "attachment")).scalars().all())
    assert set(gone) == {f"att_ANNA_{number}" for number in (0, 1, 2)}
    assert (await balanced(database, person)).published == 6


@pytest.mark.parametrize(("step", "table"), [(retention.old_quarantine, quarantine), (retention.old_signals, signals)])
async def test_what_was_held_and_told(database: Database, step: Step, table: Table) -> None:
    person = await anna(database)
    number = await count(database, table)
    two = sorted(await ids(database, table))[:2]
    await database.write(lambda c: c.execute(update(table).where(table.c.id.in_(two)).values(received_ms=NOW + 5)))
    other = update(table).where(table.c.id == two[1]).values(connector="kept")
    await database.write(lambda connection: connection.execute(other))
    assert await go(database, step, Before(NOW + 5, {"kept": None})) == number - 2
    assert await ids(database, table) == set(two)
    assert await go(database, step, Before(NOW + 6, {"kept": None})) == 1
    assert (await balanced(database, person)).removed == number - 1


async def test_messages_out_that_are_over(database: Database) -> None:
    person = await anna(database)

    def more(connection: Connection) -> None:
        gone = connection.execute(select(outgoing.c.id)).scalars().all()
        connection.execute(update(outgoing).values(created_ms=NOW, message_id=person.messages[0], automatic=False))
        shown = [{"id": id_, "answers": person.messages[0], "snippet": person.tag} for id_ in (*gone, "open")]
        connection.execute(update(customers).values(history=json.dumps(shown)))
        new = [("open", NOW, None, "mail"), ("young", NOW + 5, NOW + 6, "mail"), ("kept", NOW, NOW, "kept")]
        rows = [row(outgoing, id=id_, created_ms=at, told_ms=told, connector=name) for id_, at, told, name in new]
        connection.execute(insert(outgoing), rows)

    await database.write(more)
    assert await go(database, retention.old_outgoing, Before(NOW + 5, {"kept": None})) == 2
    assert await ids(database, outgoing) == {"open", "young", "kept"}
    assert await count(database, outgoing_parts) == 0
    left = await database.read(lambda connection: connection.execute(select(customers.c.history)).scalars().all())
    assert [[each["id"] for each in json.loads(one)] for one in left] == [["open"], ["open"]]


async def test_ids_of_what_is_gone_are_only_counted(database: Database) -> None:
    person = await anna(database)
    await go(database, retention.old_messages, OLD, now_ms=NOW + 9)
    assert await go(database, retention.old_ids, Before(NOW + 9, {})) == 0
    assert await go(database, retention.old_ids, Before(NOW + 10, {})) == 6
    assert await count(database, erased) == 2, "blobs that are still to be deleted"
    assert (await balanced(database, person)).removed == 3


async def test_repeats_are_only_counted(database: Database) -> None:
    person = await anna(database)
    rows = [("a", number, NOW + number) for number in range(1, 6)] + [("b", 1, NOW + 1), ("c", 1, NOW + 9)]
    found = [{"journal": journal, "seq": seq, "event_id": "e", "received_ms": at} for journal, seq, at in rows]
    await database.write(lambda connection: connection.execute(insert(repeats), found))
    assert await go(database, retention.old_repeats, Before(NOW + 5, {})) == 5
    left = await database.read(lambda c: c.execute(select(repeats.c.journal, repeats.c.seq)).all())
    assert sorted(map(tuple, left)) == [("a", 5), ("c", 1)]
    counted = await database.read(lambda c: c.execute(select(forgotten.c.journal, forgotten.c.events)).all())
    assert dict(map(tuple, counted)) == {"a": 4, "b": 1}
    await balanced(database, person)


async def test_words_go_and_other_mentions_stay(database: Database) -> None:
    reasons = [("same_words", NOW), ("same_words", NOW + 5), ("same_order", NOW), ("similar_name", NOW)] * 3
    rows = [row(mentions, key=f"k{n}", handle_id="h", reason=why, at_ms=at) for n, (why, at) in enumerate(reasons)]
    await database.write(lambda connection: connection.execute(insert(mentions), rows))
    assert await go(database, retention.old_words, Before(NOW + 5, {})) == 3
    assert await count(database, mentions) == 9


async def test_the_log_of_what_was_done_by_hand(database: Database) -> None:
    rows = [row(operations, id=f"o{at}", begun_ms=NOW + at) for at in range(5)]
    await database.write(lambda connection: connection.execute(insert(operations), rows))
    assert await go(database, retention.old_operations, Before(NOW + 3, {})) == 3
    assert await ids(database, operations) == {"o3", "o4"}


async def test_what_lists_were_told(database: Database) -> None:
    items = [row(notice_items, list="owners", message_id=f"m{at}", entered_ms=NOW + at) for at in range(5)]
    made = [row(notices, id=f"n{at}", outgoing="[]", created_ms=NOW + at) for at in range(5)]
    await database.write(lambda connection: connection.execute(insert(notice_items), items))
    await database.write(lambda connection: connection.execute(insert(notices), made))
    assert await go(database, retention.old_notices, Before(NOW + 3, {})) == 6
    assert await ids(database, notices) == {"n3", "n4"}
    left = select(notice_items.c.message_id)
    assert await database.read(lambda connection: set(connection.execute(left).scalars())) == {"m3", "m4"}


async def test_proofs_that_were_asked_for(database: Database) -> None:
    rows = [row(challenges, id=f"c{at}", created_ms=NOW + at, handle_value="x") for at in range(5)]
    await database.write(lambda connection: connection.execute(insert(challenges), rows))
    assert await go(database, retention.old_challenges, Before(NOW + 3, {})) == 3
    assert await ids(database, challenges) == {"c3", "c4"}


async def test_what_ticket_systems_told(database: Database) -> None:
    rows = [row(ticket_events, id=f"{brand}{at}", space=brand, received_ms=NOW + at) for at in range(5) for brand in "ab"]
    await database.write(lambda connection: connection.execute(insert(ticket_events), rows))
    assert await go(database, retention.old_tickets, Before(None, {"a": NOW + 3})) == 3
    assert await go(database, retention.old_tickets, Before(NOW + 1, {"a": NOW + 4})) == 2
    assert await ids(database, ticket_events) == {"a4", "b1", "b2", "b3", "b4"}


async def test_surveys_that_came_to_their_end(database: Database) -> None:
    rows = [
        row(
            surveys,
            id=f"{brand}{at}{state}",
            brand=brand,
            received_ms=NOW + at,
            state=state,
            ticket_event=f"{brand}{at}{state}",
        )
        for at in range(3)
        for brand in "ab"
        for state in ("asked", "expired")
        for name in (f"{brand}{at}{state}",)
    ]
    await database.write(lambda connection: connection.execute(insert(surveys), rows))
    assert await go(database, retention.old_surveys, Before(NOW + 1, {"a": NOW + 2})) == 3
    assert sorted(one for one in await ids(database, surveys) if "expired" in one) == ["a2expired", "b1expired", "b2expired"]
    assert len([one for one in await ids(database, surveys) if "asked" in one]) == 6


async def test_events_that_were_published(database: Database) -> None:
    def tell(connection: Connection) -> None:
        events.add(connection, [NewEvent(f"e{at}", "t", "s", NOW + at, b"{}") for at in range(5)])
        events.number(connection, NOW)
        events.mark(connection, 4, NOW)

    await database.write(tell)
    assert await go(database, retention.old_events, Before(NOW + 3, {})) == 3
    assert await ids(database, event_table) == {"e3", "e4"}


async def test_everything_at_once_keeps_customers_and_conversations(database: Database) -> None:
    person = await anna(database)
    all_: list[Step] = [
        *(retention.old_messages, retention.old_raw, retention.old_attachments, retention.old_quarantine),
        *(retention.old_signals, retention.old_outgoing, retention.old_ids, retention.old_words, retention.old_challenges),
        retention.old_tickets,
    ]
    for step in all_:
        await go(database, step, Before(NOW + 10**6, {}))
    tables: list[Any] = [messages, attachments, targets, quarantine, signals, outgoing, challenges, mentions, ticket_events]
    assert [await count(database, table) for table in tables] == [0] * len(tables)
    assert (await count(database, customers), await count(database, conversations)) == (2, 1)
    found = await balanced(database, person)
    assert (found.removed, found.accepted) == (person.seq, person.seq)
    query = select(func.count()).select_from(erased).where(erased.c.kind != endings.ENDING)
    assert await database.read(lambda connection: connection.execute(query).scalar_one()) == 0
