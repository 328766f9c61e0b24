"""Finds that are not repaired: run by path, `pytest tests/attacks/found_numbers.py`. See FOUND.md."""

from datetime import timedelta

from sqlalchemy import Connection

from identity import links
from normalizer.inbound import Handle
from storage.database import Database
from tests.contacts import START, message, phone
from tests.identity.batches import POLICY, identify

DAY = 24
APP = Handle("app_user", "shop:1", "verified")
NUMBER = phone("+390000000001")


async def test_a_change_to_a_number_that_somebody_had_joins_nobody(database: Database) -> None:
    """The victim gave the number up a month ago; the stranger, who has it now, moves his WhatsApp to it."""
    await identify(database, message("v1", NUMBER, text="Il mio segreto"))
    await identify(database, message("s1", phone("+390000000002"), hours=29 * DAY))
    now_ms = int((START + timedelta(days=30)).timestamp() * 1000)

    def move(connection: Connection) -> links.Proved | None:
        old = phone("+390000000002")
        return links.changed(connection, "demo", old, NUMBER, evidence="e", now_ms=now_ms, policy=POLICY)

    await database.write(move)
    (stranger,) = await identify(database, message("s2", NUMBER, hours=30 * DAY + 1))
    assert all("segreto" not in one.snippet for one in stranger.history)
