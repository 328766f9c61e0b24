"""Finds that are not repaired: run by path, `pytest tests/attacks/found_numbers.py`. See FOUND.md."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from desk.refusals import Refused
from desk.replies import Reply, queue
from identity import links
from normalizer.inbound import Handle
from storage import outgoing
from storage.database import Database
from tests.attacks.attacks_desk import CHANNELS
from tests.attacks.truth import Contact
from tests.attacks.world import World
from tests.contacts import START, inbound, message, phone
from tests.identity.batches import POLICY, identify

DAY = 24
APP = Handle("app_user", "shop:1", "verified")
NUMBER = phone("+390000000001")


async def test_a_number_that_only_tokens_still_name_is_not_kept_alive(database: Database) -> None:
    """The victim gave the number up; the shop has never asked again, and says in every token that it is confirmed. Nobody
    has written from it for 480 days."""
    (victim,) = await identify(database, message("v1", NUMBER, text="Il mio segreto"))
    for number in range(24):
        named = message(f"a{number}", APP, aliases=[NUMBER], channel="app", hours=20 * DAY * number, text="Il mio segreto")
        await identify(database, named)
    (stranger,) = await identify(database, message("s1", NUMBER, hours=480 * DAY))
    assert stranger.customer.id != victim.customer.id


async def test_a_token_that_names_a_number_of_before_joins_nobody(database: Database) -> None:
    """The number has gone to the stranger (`recycled`). The victim's next token joins the two, by themselves."""
    await identify(database, message("v1", NUMBER, text="Il mio segreto"))
    (victim,) = await identify(database, message("a1", APP, aliases=[NUMBER], channel="app"))
    (stranger,) = await identify(database, message("s1", NUMBER, hours=400 * DAY))
    assert stranger.customer.id != victim.customer.id
    await identify(database, message("a2", APP, aliases=[NUMBER], channel="app", hours=401 * DAY))
    (again,) = await identify(database, message("s2", NUMBER, hours=402 * DAY))
    assert all("segreto" not in one.snippet for one in again.history)


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


async def test_an_answer_to_who_had_the_number_goes_to_nobody_else(database: Database) -> None:
    """By SMS, which can be answered at any time."""
    world = World([database], "found")
    world.truth.belongs(NUMBER, "victim")
    (asked,) = await world.commit([_sms("victim", "Qual è il mio codice?")])
    world.now += timedelta(days=400)
    world.truth.handed_on(NUMBER, "stranger", world.now_ms)
    (stranger,) = await world.commit([_sms("stranger", "Ciao")])
    assert asked is not None
    assert stranger is not None
    assert asked.customer != stranger.customer
    reply = Reply(message_id=asked.id, text="È 4711", author="giulia")
    with pytest.raises(Refused):
        await database.write(lambda c: outgoing.find(c, queue(c, reply, CHANNELS, world.now_ms)))


def _sms(by: str, text: str) -> Contact:
    contact = inbound(f"{by}-1", NUMBER, channel="sms", text=text)
    return Contact(by=by, kind="by hand", connector="sms", inbound=contact, answers=NUMBER)
