"""What customers are told of their tickets: once, in the right words, and only where an automatic answer may go."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, update

from desk import loops
from identity import tickets
from identity.tickets import News, Said
from regia.runners import following
from regia.runners.events import Events
from regia.runners.noticing import Noticing
from regia.watch.metrics import CUSTOMER_NOTICES
from storage.schema import conversations, messages, outgoing
from tests.contacts import email, inbound
from tests.notices.conftest import Make, Shop, at, figures

TOLD = """
notices:
  customers:
    - {on: opened, template: opened, categories: [warranty]}
    - {on: closed, template: closed, brands: [demo], channels: [whatsapp]}
"""
NOON = at("2026-11-27T12:00")


class Desk:
    """A ticket system beside one node."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    async def say(self, event: str, *, minutes: int = 0, agent: str | None = None) -> None:
        query = select(conversations.c.id).order_by(conversations.c.id)
        conversation = await self.shop.database.read(lambda one: one.execute(query).scalars().first())
        said = Said(event=event, agent=agent)  # type: ignore[arg-type]  # as a test writes it
        news = News(ticket="T-7", said=said, at_ms=NOON + minutes * 60_000, conversation=conversation)
        await self.shop.database.write(lambda one: tickets.tell(one, news, actor="desk", now_ms=NOON))

    async def settled(self) -> list[str]:
        """Texts of what was queued, once all was followed."""
        await asyncio.sleep(1.5)
        return [row["text"] for row in await self.shop.rows(outgoing)]


@pytest.fixture
async def desk(make: Make, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(following, "EVERY", 0.05)
    monkeypatch.setattr(loops, "AN_HOUR_TO_A_SENDER", 100)
    shops = [await make(TOLD), await make(TOLD, node="n2")]
    parts: list[Any] = [kind(shop.gateway) for shop in shops for kind in (Noticing, Events)]
    for part in parts:
        part.start()
    await asyncio.sleep(1)
    yield Desk(shops[0])
    await asyncio.gather(*(part.stop() for part in parts))


async def test_each_event_is_told_once(desk: Desk) -> None:
    before = figures(CUSTOMER_NOTICES)
    await desk.shop.take(inbound("m1", text="Ho una garanzia"))
    await desk.say("opened")
    await desk.say("opened")
    assert await desk.settled() == ["Il ticket T-7 è aperto."]
    await desk.say("closed", minutes=10)
    [_, closed] = await desk.settled()
    assert closed.startswith("Il ticket T-7 è chiuso (Garanzia, R-")
    await desk.say("closed", minutes=11)  # another time, and no news
    await desk.say("opened", minutes=-5)  # late
    await desk.say("assigned", minutes=12, agent="giulia")  # nobody is told
    assert len(await desk.settled()) == 2
    after = figures(CUSTOMER_NOTICES)
    counted = {key: count - before.get(key, 0) for key, count in after.items() if count != before.get(key, 0)}
    assert counted == {("opened", "queued"): 1, ("closed", "queued"): 1, ("closed", "again"): 1, ("opened", "late"): 1}
    rows = await desk.shop.rows(outgoing)
    assert [(row["author"], row["automatic"], row["handle_value"]) for row in rows] == [
        ("ticket/opened", True, "+393331234567"),
        ("ticket/closed", True, "+393331234567"),
    ]


@pytest.mark.parametrize(
    ("contact", "event", "reason"),
    [
        ({"text": "Ciao"}, "opened", None),
        ({"text": "garanzia", "channel": "sms"}, "closed", None),
        ({"text": "garanzia", "handle": email()}, "closed", "claimed"),
        ({"text": "garanzia", "automated": "list"}, "closed", "automated_mail"),
        ({"text": "garanzia", "brand": "other", "connector": "form"}, "closed", "cannot_send"),
    ],
)
async def test_who_is_not_told(desk: Desk, contact: dict[str, Any], event: str, reason: str | None) -> None:
    before = figures(CUSTOMER_NOTICES).get((event, reason or ""), 0)
    given = dict(contact)
    await desk.shop.take(inbound("m1", given.pop("handle", None), **{k: v for k, v in given.items() if k != "connector"}),
                         connector=given.get("connector", "whatsapp"))  # fmt: skip
    await desk.say(event)
    assert await desk.settled() == []
    if reason is not None:
        assert figures(CUSTOMER_NOTICES)[event, reason] == before + 1


async def test_one_limit_is_that_of_all_automatic_answers(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "AN_HOUR_TO_A_SENDER", 1)
    await desk.shop.take(inbound("m1", text="Ho una garanzia"))
    await desk.say("opened")
    assert len(await desk.settled()) == 1
    await desk.say("closed", minutes=1)
    assert len(await desk.settled()) == 1
    await desk.shop.database.write(lambda one: one.execute(update(outgoing).values(created_ms=NOON - 7_200_000)))
    await desk.say("reopened", minutes=2)
    await desk.say("closed", minutes=3)
    assert len(await desk.settled()) == 2
    assert len(await desk.shop.rows(messages)) == 1
