"""Trees of three: what an unmerge gives back, and what is left where somebody goes. On SQLite and on PostgreSQL."""

from typing import Any

from identity.links import Proved, prove
from identity.people import Identified
from identity.profiles import set_facts
from storage import erasure, removal, schema
from storage.database import Database
from tests.contacts import email, message, phone, user
from tests.identity.batches import POLICY, rows
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
