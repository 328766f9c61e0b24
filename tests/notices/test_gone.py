"""A contact that is erased before its notice has left is not in it, and the others are told."""

import pytest
from sqlalchemy import select, update

from storage import removal
from storage.schema import messages, notice_items, notices, outgoing
from tests.contacts import inbound, phone
from tests.notices.conftest import Make, Shop, at

DIGEST = """
notices:
  owners: {by: mail, snippet: true, digest: {every_minutes: 5}}
"""
NOON = at("2026-11-27T12:00")
WORDS = "reso della padella rossa"


async def digest_of_two(make: Make) -> tuple[Shop, str]:
    shop: Shop = await make(DIGEST)
    await shop.take(inbound("m1", text=WORDS), inbound("m2", phone("+393330000002"), text="rimborso"))
    await shop.entered(NOON)
    await shop.look(NOON + 300_000)
    query = select(messages.c.id).where(messages.c.external_id == "m1")
    return shop, await shop.database.read(lambda one: one.execute(query).scalar_one())


async def test_a_notice_that_waits_is_told_anew_without_it(make: Make) -> None:
    shop, id_ = await digest_of_two(make)
    [before] = await shop.rows(outgoing)
    assert WORDS in before["text"]
    await shop.database.write(lambda one: removal.remove_messages(one, [id_], NOON))
    assert (await shop.rows(outgoing), await shop.rows(notices)) == ([], [])
    assert await shop.items() == [("logistics@example.it", "contact", True)]
    await shop.look(NOON + 300_001)
    [after] = await shop.rows(outgoing)
    assert WORDS not in after["text"] + after["html"]
    assert await shop.kinds() == [("digest", 1)]


@pytest.mark.parametrize("state", ["sending", "sent"])
async def test_one_that_leaves_stays_as_it_is(make: Make, state: str) -> None:
    shop, id_ = await digest_of_two(make)
    await shop.database.write(lambda one: one.execute(update(outgoing).values(state=state)))
    await shop.database.write(lambda one: removal.remove_messages(one, [id_], NOON))
    assert await shop.kinds() == [("digest", 2)]
    assert [row["message_id"] == id_ for row in await shop.rows(notice_items)] == [False]
