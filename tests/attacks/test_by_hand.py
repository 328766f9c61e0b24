"""Attacks by hand, and defects found on the way, that were repaired: see FOUND.md for those that were not."""

from sqlalchemy import select

from identity import merges
from identity.holding import Held
from storage.database import Database
from storage.schema import customers, handles
from tests.contacts import email, message, phone, user
from tests.identity.batches import POLICY, identify, ids, rows

NOW = 1_795_284_000_000


async def _merge(database: Database, one: str, other: str, top: str | None = None) -> None:
    await database.write(lambda c: merges.merge(c, one, other, actor="giulia", now_ms=NOW, policy=POLICY, top=top))


async def _unmerge(database: Database, one: str) -> None:
    await database.write(lambda c: merges.unmerge(c, one, actor="giulia", now_ms=NOW, policy=POLICY))


async def test_a_customer_below_keeps_to_who_is_at_the_top(database: Database) -> None:
    """A below B, then B below C by itself in a batch that also writes A (it learns a name by A's handle)."""
    (a,) = await identify(database, message("a", user("IT.a")))
    (b,) = await identify(database, message("b", phone("+390000000002")))
    (c,) = await identify(database, message("c", email("c@posta.test", verified=True), hours=-5))
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
