"""Finds that are not repaired: run by path, `pytest tests/attacks/found_trees.py`. See FOUND.md."""

from identity.links import release
from identity.policy import Policy
from normalizer.inbound import Handle
from storage import schema
from storage.database import Database
from tests.contacts import email, message, phone, user
from tests.identity.batches import identify, rows
from tests.identity.test_merges import NOW, merge, one, unmerge

DAY_MS = 86_400_000


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
