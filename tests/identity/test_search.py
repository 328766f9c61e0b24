"""Customers found as somebody types, previews of merges, and the timeline with what happened between messages. All on
SQLite and on PostgreSQL."""

from typing import Any

import pytest
from sqlalchemy import select

from identity import merges
from identity.people import Identified
from identity.views import preview
from identity.views.cards import cards, newest
from identity.views.search import search
from identity.views.stream import channels, stream
from normalizer.inbound import Handle, reference_number
from storage.database import Database
from storage.schema import audit, customers, handles
from tests.contacts import START, email, message, phone
from tests.identity.batches import POLICY, identify

NOW = int(START.timestamp() * 1000)
BY: dict[str, Any] = {"actor": "staff/stf_1", "now_ms": NOW, "policy": POLICY}


async def one(database: Database, name: str, handle: Handle, **more: Any) -> Identified:
    (found,) = await identify(database, message(name, handle, **more))
    return found


async def found(database: Database, typed: str, **more: Any) -> list[str]:
    hits = await database.read(lambda connection: search(connection, typed, spaces=["demo"], **more))
    return [hit.customer for hit in hits]


async def test_by_parts_and_by_the_whole(database: Database) -> None:
    mail = email("nicolo.rossi@example.it", verified=True)
    first = await one(database, "m1", mail, sender_name="Nicolò Rossi", fields={"order": "IT-2231"})
    second = await one(database, "m2", phone("+393331234567"), sender_name="ÉLISE Dupont")
    table = [
        ("nicolo.r", first, False),
        ("Nicolo.R", first, False),
        ("rossi@ex", first, False),
        ("nicolo ross", first, False),
        ("rossi nicolò", first, False),
        ("333 12", second, False),
        ("+39333", second, False),
        ("1234567", second, False),
        ("dupont", second, False),
        ("NICOLO.rossi@EXAMPLE.it", first, True),
        ("0039 333 1234567", second, True),
        ("IT 2231", first, True),
        (first.customer.id, first, True),
        (reference_number(message("m1", mail).id), first, True),
        (str(message("m1", mail).id), first, True),
    ]
    for typed, expected, whole in table:
        assert await found(database, typed) == [expected.customer.id], typed
        assert await found(database, typed, whole=True) == ([expected.customer.id] if whole else []), typed
    for typed in ("", " ", "n", "%", "%%%", "___", "\\\\\\", "rossi bianchi", "zzz"):
        assert await found(database, typed) == [], typed


async def test_whoever_was_merged_is_found_at_the_top_and_listed_once(database: Database) -> None:
    first = await one(database, "m1", email("a@example.it", verified=True), sender_name="Anna Neri")
    second = await one(database, "m2", phone(), sender_name="Anna Neri")
    ids = (first.customer.id, second.customer.id)
    assert await database.read(lambda connection: newest(connection, limit=5)) == sorted(ids, reverse=True)
    await database.write(lambda connection: merges.merge(connection, *ids, top=ids[0], **BY))
    assert await found(database, "anna neri") == [ids[0]]
    assert await found(database, phone().value) == [ids[0]]
    assert await database.read(lambda connection: newest(connection, limit=5)) == [ids[0]]
    assert await database.read(lambda connection: newest(connection, limit=5, before=ids[0])) == []
    (card,) = await database.read(lambda connection: cards(connection, ids[:1]))
    assert [one.value for one in card.addresses] == ["a@example.it", phone().value]
    items = await database.read(lambda connection: stream(connection, ids[0], cut=str, limit=1))
    assert sorted(item.sort for item in items.items) == ["act", "message"]
    assert await database.read(lambda connection: channels(connection, ids[0])) == ["whatsapp"]


async def test_a_preview_says_what_happens_and_leaves_nothing(database: Database) -> None:
    first = await one(database, "m1", email("a@example.it", verified=True), sender_name="Anna Neri")
    second = await one(database, "m2", phone(), sender_name="Carlo Blu")
    ids = (first.customer.id, second.customer.id)
    before = await everything(database)
    shown = await database.write(lambda connection: preview.merge(connection, *ids, top=ids[1], **BY))
    assert await everything(database) == before
    assert (shown.upper.id, shown.lower.id, shown.conflicts, shown.crm_ids) == (ids[1], ids[0], ("names_differ",), ())
    assert [link.value for link in shown.moved] == ["a@example.it"]
    await database.write(lambda connection: merges.merge(connection, *ids, top=ids[1], **BY))
    after = await database.read(lambda connection: preview.profile(connection, ids[1], policy=POLICY, now_ms=NOW))
    assert (after.name, after.messages, after.links) == (shown.after.name, shown.after.messages, shown.after.links)

    before = await everything(database)
    apart = await database.write(lambda connection: preview.unmerge(connection, ids[0], **BY))
    assert await everything(database) == before
    assert [link.value for link in apart.back] == ["a@example.it"]
    assert (apart.child.name, apart.rest.name, apart.before.messages, apart.split) == ("Anna Neri", "Carlo Blu", 2, 0)


async def everything(database: Database) -> list[Any]:
    tables = (customers, handles, audit)
    return [await database.read(lambda one, table=table: one.execute(select(table)).all()) for table in tables]


@pytest.mark.parametrize("typed", ["a" * 5_000, "\x00", "🙂🙂", "+", "R-", "'; --"])
async def test_whatever_is_typed(database: Database, typed: str) -> None:
    assert await found(database, typed) == []
