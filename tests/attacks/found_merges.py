"""Finds that are not repaired yet: run by path, `pytest tests/attacks/found_merges.py`. See FOUND.md."""

from identity import merges
from normalizer.inbound import Handle
from storage.database import Database
from tests.contacts import email, message, phone
from tests.identity.batches import POLICY, identify

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
    await identify(database, message("s2", APP, channel="app"))
    await _merge(database, victim.customer.id, stranger.customer.id, top=victim.customer.id)
    await identify(database, message("s3", APP, aliases=[phone()], channel="app"))
    await _unmerge(database, stranger.customer.id)
    (later,) = await identify(database, message("s4", APP, channel="app"))
    assert later.customer.id != victim.customer.id
    assert all("segreto" not in one.snippet for one in later.history)
