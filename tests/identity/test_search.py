"""Customers found as somebody types, previews of merges, and the timeline with what happened between messages. All on
SQLite and on PostgreSQL."""

from typing import Any

import pytest
from sqlalchemy import select

from identity import merges
from identity.people import Identified
from identity.views import claimed as claims_view
from identity.views import preview
from identity.views.cards import cards, newest
from identity.views.claimed import claimed
from identity.views.search import search
from identity.views.stream import channels, stream
from normalizer.inbound import Handle, reference_number
from storage.database import Database
from storage.schema import audit, customers, handles, suggestions
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


async def test_by_an_address_that_was_only_typed(database: Database) -> None:
    visitor = Handle("chat", "site:visitor-1", "verified")
    claims = (
        email("luisa.nuova@example.it"),
        Handle("phone", "+393331234567", "claimed"),
        Handle("chat", "site:other", "claimed"),
    )
    who = await one(database, "m1", visitor, claims=claims, sender_name="Luisa")
    for typed in ("luisa.nuova@example.it", "Luisa.Nuova@EXAMPLE.it", "333 1234567"):
        for whole in (False, True):
            (hit,) = await database.read(lambda it, t=typed, w=whole: search(it, t, spaces=["demo"], whole=w))
            assert (hit.customer, hit.how) == (who.customer.id, "claim"), typed
    assert await found(database, "site:other") == [], "an id of a browser is no address"
    assert await database.read(lambda it: search(it, "luisa.nuova@example.it", spaces=["shop"])) == ()


async def test_who_owns_an_address_is_found_before_who_only_typed_it(database: Database) -> None:
    said = await one(database, "m1", phone(), claims=(email("luisa@example.it"),))
    owner = await one(database, "m2", email("luisa@example.it", verified=True))
    assert said.customer.id != owner.customer.id
    assert await found(database, "luisa@example.it") == [owner.customer.id, said.customer.id]


async def test_one_typed_address_links_nobody_and_pairs_nobody(database: Database) -> None:
    for name in ("m1", "m2"):
        await one(database, name, Handle("chat", f"site:{name}", "verified"), claims=(email("both@example.it"),))
    assert len(await found(database, "both@example.it")) == 2
    assert await database.read(lambda it: it.execute(select(suggestions.c.id)).all()) == []


async def test_claimed_addresses_of_a_customer_and_where_they_stand(database: Database) -> None:
    mine = email("anna@example.it", verified=True)
    who = await one(database, "m1", mine, claims=(email("anna@example.it"), email("b@example.it")))
    await one(database, "m2", mine, hours=1, claims=(email("b@example.it"), Handle("phone", "+393331234567", "claimed")))
    shown = await database.read(lambda it: claimed(it, who.customer.id))
    latest = str(message("m2", mine).id)
    said = sorted((each.handle.kind, each.handle.value, each.handle.proof, each.message) for each in shown)
    assert said == [("email", "b@example.it", "claimed", latest), ("phone", "+393331234567", "claimed", latest)]


async def test_whoever_types_many_addresses_shows_the_latest(database: Database) -> None:
    for number in range(25):
        who = await one(database, f"m{number}", phone(), hours=number, claims=(email(f"anna{number}@example.it"),))
    shown = await database.read(lambda it: claimed(it, who.customer.id))
    assert [each.handle.value for each in shown] == [f"anna{number}@example.it" for number in range(24, 4, -1)]


async def test_an_address_of_many_has_no_claims(database: Database) -> None:
    """Each of those who write by it types their own: the answer to one is not offered to another."""
    for name in ("anna", "bruno"):
        form = email("noreply@forms.example", verified=True)
        who = await one(database, name, form, of_many=True, claims=(email(f"{name}@example.it"),))
    assert await database.read(lambda it: claimed(it, who.customer.id)) == ()


async def test_the_first_claim_is_shown_however_much_was_written_since(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims_view, "_LATEST", 1)
    who = await one(database, "m1", phone(), claims=(email("b@example.it"),))
    await one(database, "m2", phone(), hours=1)
    (shown,) = await database.read(lambda it: claimed(it, who.customer.id))
    assert (shown.handle.value, shown.message) == ("b@example.it", str(message("m1", phone()).id))


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
