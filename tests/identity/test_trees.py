"""Trees of three: what an unmerge gives back, and what is left where somebody goes. On SQLite and on PostgreSQL."""

from typing import Any

import pytest

from identity.links import Proved, prove, release
from identity.people import Identified
from identity.policy import Policy
from identity.profiles import set_facts
from identity.tickets import News, Said, tell
from normalizer.inbound import Handle
from storage import erasure, removal, schema
from storage.database import Database
from tests.contacts import email, message, phone, user
from tests.identity.batches import POLICY, identify, rows
from tests.identity.test_merges import NOW, customer, merge, one, unmerge

DAY_MS = 86_400_000


async def test_a_conversation_opened_below_a_middle_one_goes_with_its_words(database: Database) -> None:
    a, b, c = [await one(database, f"m{name}", user(name), hours=hours) for hours, name in enumerate("abc")]
    await merge(database, b.customer.id, c.customer.id)
    words = await one(database, "m4", user("c"), hours=500)
    await merge(database, a.customer.id, b.customer.id)
    await unmerge(database, c.customer.id)
    stored = {row["id"]: row["customer_id"] for row in await rows(database, schema.conversations)}
    assert stored[words.conversation.id] == c.customer.id
    assert (await one(database, "m5", user("a"), hours=501)).conversation.id != words.conversation.id
    assert (await one(database, "m6", user("c"), hours=502)).conversation.id == words.conversation.id


async def test_a_conversation_whose_opener_was_removed(database: Database) -> None:
    upper, lower = await one(database, "m1", user("t")), await one(database, "m2", user("c"), hours=1)
    await merge(database, upper.customer.id, lower.customer.id, top=upper.customer.id)
    talk = (await one(database, "m3", user("t"), hours=2)).conversation.id
    gone = [str(message("m2", user("c")).id)]
    await database.write(lambda connection: removal.remove_messages(connection, gone, NOW))
    await unmerge(database, lower.customer.id)
    assert (await one(database, "m4", user("c"), hours=3)).conversation.id != talk


async def test_erased_nothing_is_left_on_the_row_between(database: Database) -> None:
    a, b = [await one(database, f"m{name}", user(name), hours=hours) for hours, name in enumerate("ab")]
    c = await one(database, "mc", user("c"), hours=3, text="PLANTED words", sender_name="Planted Rossi")
    await merge(database, b.customer.id, c.customer.id)
    await merge(database, a.customer.id, b.customer.id)
    await unmerge(database, c.customer.id)
    act = erasure.Act("act_x", "desk", NOW)
    await database.write(lambda connection: erasure.finish(connection, c.customer.id, act, 100))
    assert "planted" not in repr(await rows(database, schema.customers)).lower()


async def test_a_conversation_is_nobodys_who_has_not_written_in_it(database: Database) -> None:
    top, left, right = [await one(database, f"m{name}", user(name), hours=hours) for hours, name in enumerate("tlr")]
    for each in (left, right):
        await merge(database, top.customer.id, each.customer.id, top=top.customer.id)
    talks = [await one(database, f"n{name}", user(name), hours=500) for name in "lr"]
    (both,) = {each.conversation.id for each in talks}
    for each in (left, right):
        await unmerge(database, each.customer.id)
    stored = {row["id"]: row["customer_id"] for row in await rows(database, schema.conversations)}
    assert stored[both] in (left.customer.id, right.customer.id)


@pytest.mark.parametrize("gone", ["upper", "lower"])
async def test_erased_a_conversation_of_two_tells_of_the_other_only(database: Database, gone: str) -> None:
    upper, lower = await one(database, "m1", user("a")), await one(database, "m2", phone(), hours=1)
    await merge(database, upper.customer.id, lower.customer.id, top=upper.customer.id)
    talks = [await one(database, f"m{hours}", phone(), channel="app", hours=hours, reply_to="m1") for hours in (3, 4)]
    both = talks[0].conversation.id
    assert {upper.conversation.id, talks[1].conversation.id} == {both}
    await database.write(lambda connection: tell(connection, _closed(both), actor="desk", now_ms=NOW))
    await unmerge(database, lower.customer.id)
    left = {"upper": lower, "lower": upper}[gone]
    erased = {"upper": upper, "lower": lower}[gone]
    act = erasure.Act("act_x", "desk", NOW)
    await database.write(lambda connection: erasure.finish(connection, erased.customer.id, act, 100))
    (row,) = [row for row in await rows(database, schema.conversations) if row["id"] == both]
    used, hours = {"upper": ('["app"]', (3, 4)), "lower": ('["whatsapp"]', (0, 0))}[gone]
    at = tuple(NOW + 3_600_000 * each for each in hours)
    assert (row["customer_id"], row["split"], row["channels"]) == (left.customer.id, True, used)
    assert (row["messages"], row["opened_ms"], row["last_ms"]) == (1 + (gone == "upper"), *at)
    assert {row["reason"] for row in await rows(database, schema.ticket_events)} == {None}


def _closed(conversation: str) -> News:
    return News(ticket="T-1", said=Said(event="closed", reason="Anna is cross"), conversation=conversation)


async def test_a_claim_proves_a_number_that_was_silent(database: Database) -> None:
    old, form = await one(database, "m1", phone()), await one(database, "m2", email(), hours=60 * 24)
    done = await _proved(database, form, NOW + 60 * DAY_MS)
    assert (done.outcome, done.customer_id == old.customer.id) == ("linked", False)


async def _proved(database: Database, customer: Identified, now_ms: int) -> Proved:
    more: dict[str, Any] = {"proof": "verified", "evidence": "challenge/1", "actor": "desk", "now_ms": now_ms, "policy": POLICY}
    return await database.write(lambda connection: prove(connection, customer.customer.id, phone(), **more))


async def test_a_crm_id_taken_back_below(database: Database) -> None:
    upper, lower = await one(database, "m1", user("a")), await one(database, "m2", user("b"))
    more: dict[str, Any] = {"actor": "x", "now_ms": NOW, "policy": POLICY}
    await database.write(lambda connection: set_facts(connection, upper.customer.id, "api", {"crm_id": "C-1"}, **more))
    await merge(database, upper.customer.id, lower.customer.id)
    await database.write(lambda connection: set_facts(connection, lower.customer.id, "api", {"crm_id": None}, **more))
    assert (await customer(database, upper.customer.id))["crm_id"] == "C-1"


async def test_the_cap_goes_with_the_home(database: Database) -> None:
    capped, wide = Policy(merges_per_day=1), Policy(merges_per_day=2)
    victim, mistaken = await one(database, "m1", email(verified=True)), await one(database, "m2", phone(), hours=1)
    await merge(database, victim.customer.id, mistaken.customer.id)
    await one(database, "m3", user("x"), hours=2)
    await identify(database, message("m4", user("x"), aliases=[phone()], hours=3), policy=wide)
    await unmerge(database, mistaken.customer.id)
    await one(database, "m5", user("y"), hours=4)
    (mine,) = await identify(database, message("m6", user("y"), aliases=[phone()], hours=5), policy=capped)
    assert mine.match == "ambiguous"
    await one(database, "m7", user("z"), hours=4)
    (his,) = await identify(database, message("m8", user("z"), aliases=[email(verified=True)], hours=5), policy=capped)
    assert his.match == "verified"


async def test_taken_apart_stays_apart_from_the_home(database: Database) -> None:
    victim, mistaken = await one(database, "m1", email(verified=True)), await one(database, "m2", phone(), hours=1)
    await merge(database, victim.customer.id, mistaken.customer.id)
    app = await one(database, "m3", user("x"), hours=2)
    await one(database, "m4", user("x"), aliases=[phone()], hours=3)
    await unmerge(database, app.customer.id)
    await unmerge(database, mistaken.customer.id)
    assert (await one(database, "m5", user("x"), aliases=[phone()], hours=4)).match == "ambiguous"


async def test_claimed_meanwhile_and_accepted(database: Database) -> None:
    anna, form = await one(database, "m1", email(verified=True)), await one(database, "m2", email(), hours=1)
    await merge(database, anna.customer.id, form.customer.id)
    third = await one(database, "m3", email(), hours=2)
    await merge(database, anna.customer.id, third.customer.id)
    await unmerge(database, form.customer.id)
    assert (await one(database, "m4", email(), hours=3)).customer.id != form.customer.id


async def test_an_unrelated_unmerge_begins_nothing(database: Database) -> None:
    anna, form = await one(database, "m1", email(verified=True)), await one(database, "m2", email(), hours=1)
    await merge(database, anna.customer.id, form.customer.id)
    third = await one(database, "m3", email(), hours=2)
    await unmerge(database, form.customer.id)
    call = await one(database, "m5", Handle("phone", "+393330", "claimed"), hours=3)
    (link,) = [row["id"] for row in await rows(database, schema.handles) if row["customer_id"] == third.customer.id]
    await database.write(lambda connection: release(connection, link, actor="desk", now_ms=NOW))
    await merge(database, form.customer.id, call.customer.id)
    await unmerge(database, call.customer.id)
    assert (await one(database, "m6", email(), hours=4)).customer.id != form.customer.id


async def test_an_accepted_claim_that_is_typed_again_is_suggested_again(database: Database) -> None:
    """Also where nobody has a proven link of the address: the two were put together for another reason."""
    anna, form = await one(database, "m1", user("a")), await one(database, "m2", email(), hours=1)
    await merge(database, anna.customer.id, form.customer.id)
    again = await one(database, "m3", email(), hours=2)
    assert again.match == "claimed"
    (made,) = await rows(database, schema.suggestions)
    assert {made["customer_id"], made["owner_id"]} == {again.customer.id, anna.customer.id}
    assert (made["reason"], made["state"]) == ("same_claim", "open")
    await one(database, "m4", email(), hours=3)
    assert len(await rows(database, schema.suggestions)) == 1
