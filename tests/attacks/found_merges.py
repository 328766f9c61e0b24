"""Finds that are not repaired yet: run by path, `pytest tests/attacks/found_merges.py`. See FOUND.md."""

from sqlalchemy import select

from identity import merges
from identity.holding import Held
from normalizer.inbound import Handle
from storage.database import Database
from storage.schema import customers, handles
from tests.contacts import email, message, phone, user
from tests.identity.batches import POLICY, identify, ids, rows

APP = Handle("app_user", "shop:u-1", "verified")
NOW = 1_795_284_000_000


async def _merge(database: Database, one: str, other: str, top: str | None = None) -> None:
    await database.write(lambda c: merges.merge(c, one, other, actor="giulia", now_ms=NOW, policy=POLICY, top=top))


async def _unmerge(database: Database, one: str) -> None:
    await database.write(lambda c: merges.unmerge(c, one, actor="giulia", now_ms=NOW, policy=POLICY))


async def test_what_a_stranger_proves_while_mistaken_for_the_victim_goes_with_him(database: Database) -> None:
    """Victim and stranger are merged by mistake. Then the stranger's token joins his app to his phone, by themselves: his
    app goes below whoever is at the top, who is the victim. The unmerge leaves it there."""
    (victim,) = await identify(database, message("v1", email(verified=True), text="Il mio segreto"))
    (stranger,) = await identify(database, message("s1", phone()))
    (app,) = await identify(database, message("s2", APP, channel="app"))
    await _merge(database, victim.customer.id, stranger.customer.id, top=victim.customer.id)
    await identify(database, message("s3", APP, aliases=[phone()], channel="app"))
    await _unmerge(database, stranger.customer.id)
    (later,) = await identify(database, message("s4", APP, channel="app"))
    assert later.customer.id != victim.customer.id
    assert all("segreto" not in one.snippet for one in later.history)


async def test_a_customer_below_keeps_to_who_is_at_the_top(database: Database) -> None:
    """A below B, then B below C by itself in a batch that also writes A (it learns a name by A's handle)."""
    (a,) = await identify(database, message("a", user("IT.a")))
    (b,) = await identify(database, message("b", phone("+390000000002")))
    (c,) = await identify(database, message("c", email("c@posta.test", verified=True)))
    await _merge(database, a.customer.id, b.customer.id, top=b.customer.id)
    first = message("x", user("IT.a"), aliases=[email("c@posta.test", verified=True)], sender_name="Anna Bianchi", hours=1)
    (found,) = await identify(database, first)
    assert found.customer.id in (b.customer.id, c.customer.id)
    roots = {row["id"]: (row["root_id"], row["merged_into"]) for row in await rows(database, customers)}
    assert {root for root, _ in roots.values()} == {found.customer.id}, roots
    await database.read(lambda connection: Held(connection, (a.customer.id,)))


async def test_after_that_the_merge_can_be_undone(database: Database) -> None:
    ids_ = []
    for number, handle in enumerate((user("IT.a"), phone("+390000000002"), email("c@posta.test", verified=True))):
        ids_ += ids(await identify(database, message(f"m{number}", handle, hours=-number)))
    await _merge(database, ids_[0], ids_[1], top=ids_[1])
    both = [email("c@posta.test", verified=True)]
    await identify(database, message("x", user("IT.a"), aliases=both, sender_name="Anna Bianchi", hours=1))
    await _unmerge(database, ids_[0])
    owners = await database.read(lambda c: c.execute(select(handles.c.value, handles.c.customer_id)).all())
    assert len({owner for _, owner in owners}) == 2
