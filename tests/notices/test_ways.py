"""Notices by Telegram and to a web address: real requests to what stands for both."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from regia.runners import noticing
from regia.runners.noticing import Poster
from regia.runners.outgoing import Sending
from storage import removal
from storage.schema import messages, notices, outgoing
from tests.contacts import inbound, phone
from tests.notices.conftest import KEY, Make, at
from tests.providers.standard_webhooks import FakeReceiver
from tests.providers.telegram import TelegramBot

CHAT = "\nnotices: {lists: {workshop: {telegram: {chat: -1001234}, by: bot, when: at_once}}}\n"
HOOK = """
notices:
  lists:
    workshop: {webhook: {url: "${URL}", secrets: ["${HOOK}"]}, when: at_once, snippet: true}
    logistics@example.it: {email: [logistics@example.it], by: mail, when: at_once}
"""


class Killed(BaseException):
    """The process ends here."""


NOON = at("2026-11-27T12:00")


async def until(is_so: Callable[[], Any]) -> None:
    async with asyncio.timeout(30):
        while not is_so():
            await asyncio.sleep(0.02)


async def test_a_chat_is_told(make: Make) -> None:
    async with TelegramBot() as bot:
        shop = await make(CHAT, bot_url=bot.url)
        await shop.take(inbound("m1", text="Ho una garanzia"))
        sending = Sending(shop.gateway)
        sending.start()
        try:
            await shop.look(NOON)
            await until(lambda: bot.accepted)
        finally:
            await sending.stop()
        [sent] = bot.accepted
        assert str(sent.to) == "-1001234"
        assert str(sent.text).startswith("Nuovo contatto: Garanzia, whatsapp (R-")
        assert bot.refused == []


async def test_a_web_address_gets_each_notice_signed(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    async with FakeReceiver([KEY]) as receiver:
        shop = await make(HOOK, URL=receiver.hook)
        await shop.take(inbound("m1", text="Ho una garanzia"), inbound("m2", phone("+393330000002"), text="reso"))
        await shop.look(NOON)
        clock = {"now": NOON / 1000}
        posters = [Poster(shop.gateway, now=lambda: clock["now"]) for _ in range(2)]
        monkeypatch.setattr(noticing.webhooks, "headers_of", _of_today(noticing.webhooks.headers_of))
        receiver.fail(500, b"")
        assert await posters[0].look() == 1
        assert receiver.accepted == []
        assert len(await shop.rows(outgoing)) == 1, "it holds up nobody else"
        assert (await posters[0].look(), await posters[1].look()) == (0, 0)
        clock["now"] += 6
        receiver.hang()  # taken, and the answer is lost
        assert sum(await asyncio.gather(*(one.look() for one in posters))) == 1
        [told] = receiver.accepted
        assert told.extra["body"]["type"] == "regia.notice.v1"
        data = told.extra["body"]["data"]
        assert (data["list"], data["kind"], data["total"]) == ("workshop", "single", 1)
        [contact] = data["contacts"]
        assert (contact["label"], contact["snippet"], contact["channel"]) == ("Garanzia", "Ho una garanzia", "whatsapp")
        clock["now"] += 31
        assert await posters[1].look() == 1
        assert (len(receiver.accepted), receiver.repeated) == (1, [told.id])
        [row] = [one for one in await shop.rows(notices) if one["list"] == "workshop"]
        assert (row["state"], row["body"], row["attempts"]) == ("sent", None, 3)
        clock["now"] += 100_000
        assert await posters[0].look() == 0


async def test_one_that_was_killed_is_posted_again(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    async with FakeReceiver([KEY]) as receiver:
        shop = await make(HOOK, URL=receiver.hook)
        await shop.take(inbound("m1", text="Ho una garanzia"))
        await shop.look(NOON)
        monkeypatch.setattr(noticing.webhooks, "headers_of", _of_today(noticing.webhooks.headers_of))
        killed = Poster(shop.gateway, now=lambda: NOON / 1000)

        async def dies(*_: Any) -> None:
            raise Killed

        with monkeypatch.context() as broken:
            broken.setattr(killed, "_post", dies)
            with pytest.raises(Killed):
                await killed.look()
        assert await Poster(shop.gateway, now=lambda: NOON / 1000 + 60).look() == 0
        assert await Poster(shop.gateway, now=lambda: NOON / 1000 + noticing.TAKEN).look() == 1
        assert len(receiver.accepted) == 1


def _of_today(real: Callable[..., dict[str, str]]) -> Callable[..., dict[str, str]]:
    """The receiver looks at a clock of its own."""
    return lambda id_, _, body, keys: real(id_, int(time.time()), body, keys)


DIGEST = """
notices:
  lists:
    workshop: {webhook: {url: "${URL}", secrets: ["${HOOK}"]}, digest: {every_minutes: 5}, snippet: true}
"""


async def test_one_that_was_tried_stays_the_same_without_who_is_erased(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its taker may have it, and knows it by its id: the others must not come to it under another."""
    async with FakeReceiver([KEY]) as receiver:
        shop = await make(DIGEST, URL=receiver.hook)
        await shop.take(inbound("m1", text="Garanzia rossa"), inbound("m2", phone("+393330000002"), text="Garanzia blu"))
        await shop.entered(NOON)
        await shop.look(NOON + 300_000)
        clock = {"now": NOON / 1000 + 300}
        poster = Poster(shop.gateway, now=lambda: clock["now"])
        monkeypatch.setattr(noticing.webhooks, "headers_of", _of_today(noticing.webhooks.headers_of))
        receiver.fail(500, b"")
        assert await poster.look() == 1
        [before] = await shop.rows(notices)
        query = select(messages.c.id).where(messages.c.external_id == "m1")
        erased = await shop.database.read(lambda one: one.execute(query).scalar_one())
        await shop.database.write(lambda one: removal.remove_messages(one, [erased], NOON))
        assert b"rossa" not in b"".join(row["body"] or b"" for row in await shop.rows(notices))
        await shop.look(NOON + 600_000)
        clock["now"] += 60
        assert await poster.look() == 1
        [told] = receiver.accepted
        assert (told.id, await shop.kinds()) == (before["id"], [("digest", 1)])
        data = told.extra["body"]["data"]
        assert [contact["snippet"] for contact in data["contacts"]] == ["Garanzia blu"]
        assert (data["total"], data["counts"]) == (1, [{"category": "Garanzia", "count": 1}])
