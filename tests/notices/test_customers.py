"""What customers are told of their tickets: once, in the right words, and only where an automatic answer may go."""

import asyncio
import time
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from desk import loops
from identity import tickets
from identity.tickets import News, Said
from regia import telling
from regia.runners import following
from regia.runners.events import Events
from regia.runners.noticing import Noticing
from regia.watch.metrics import CUSTOMER_NOTICES
from storage.database import DatabaseUnavailable
from storage.schema import conversations, cursors, messages, outgoing
from storage.schema import events as feed
from tests.contacts import email, inbound
from tests.notices.conftest import Make, Shop, figures

TOLD = """
notices:
  customers:
    - {on: opened, template: opened, categories: [warranty]}
    - {on: closed, template: closed, brands: [demo], channels: [whatsapp]}
    - {on: closed, template: closed, brands: [demo], channels: [email]}
    - {on: paused, template: opened}
    - {on: resumed, template: opened}
"""
NOON = time.time_ns() // 1_000_000
"""Of today: what is older is not told."""
DAY = 24 * 60


class Desk:
    """A ticket system beside one node."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    async def say(self, event: str, *, minutes: int = 0, agent: str | None = None) -> None:
        conversation = await self.conversation()
        said = Said(event=event, agent=agent)  # type: ignore[arg-type]  # as a test writes it
        news = News(ticket="T-7", said=said, at_ms=NOON + minutes * 60_000, conversation=conversation)
        await self.shop.database.write(lambda one: tickets.tell(one, news, actor="desk", now_ms=NOON))

    async def conversation(self) -> str:
        query = select(conversations.c.id).order_by(conversations.c.id).limit(1)
        return await self.shop.database.read(lambda one: one.execute(query).scalar_one())

    async def settled(self) -> list[str]:
        """Texts of what was queued, once all was followed."""
        until = time.monotonic() + 30
        while not await self.shop.database.read(_all_followed):
            assert time.monotonic() < until, "events are not followed"
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.2)  # figures are counted after the commit
        return [row["text"] for row in await self.shop.rows(outgoing)]


def _all_followed(connection: Connection) -> bool:
    numbers = list(connection.execute(select(feed.c.number)).scalars())
    places = connection.execute(select(cursors.c.place).where(cursors.c.name.startswith("follow/"))).scalars()
    return None not in numbers and all(int(place) >= max(numbers, default=0) for place in places)


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
        ({"text": "Ciao"}, "opened", "no_notice"),
        ({"text": "garanzia", "channel": "sms"}, "closed", "no_notice"),
        ({"text": "garanzia", "handle": email()}, "closed", "claimed"),
        ({"text": "garanzia", "automated": "list"}, "closed", "automated_mail"),
        ({"text": "garanzia", "brand": "other", "connector": "form"}, "closed", "cannot_send"),
        ({"text": "spam"}, "closed", "discarded"),
    ],
)
async def test_who_is_not_told(desk: Desk, contact: dict[str, Any], event: str, reason: str) -> None:
    before = figures(CUSTOMER_NOTICES).get((event, reason), 0)
    given = dict(contact)
    await desk.shop.take(inbound("m1", given.pop("handle", None), **{k: v for k, v in given.items() if k != "connector"}),
                         connector=given.get("connector", "whatsapp"))  # fmt: skip
    await desk.say(event)
    assert await desk.settled() == []
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


async def test_one_event_is_one_transaction(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits are held by event: several in one transaction would be held in an order that others do not keep."""
    acted: list[str] = []
    real = telling._superseded

    def superseded(connection: Connection, id_: str, *more: int) -> str | None:
        acted.append(id_)
        if len(acted) == 2:
            raise DatabaseUnavailable("away")
        return real(connection, id_, *more)

    monkeypatch.setattr(telling, "_superseded", superseded)
    monkeypatch.setattr(following, "_PAUSES", (0.05,))
    await desk.shop.take(inbound("m1", text="Ho una garanzia"))
    conversation = await desk.conversation()
    said = (Said(event="opened"), Said(event="closed"))
    news = [News(ticket="T-7", said=one, at_ms=NOON + place, conversation=conversation) for place, one in enumerate(said)]
    await desk.shop.database.write(lambda one: [tickets.tell(one, each, actor="desk", now_ms=NOON) for each in news])
    await desk.settled()
    first, second, again = acted
    assert second == again != first


async def told(desk: Desk, before: Counter[tuple[str, ...]]) -> list[tuple[str, str]]:
    """What became of each since then, in alphabetical order."""
    await desk.settled()
    return sorted((Counter(figures(CUSTOMER_NOTICES)) - before).elements())  # type: ignore[arg-type]  # of two labels


@pytest.mark.parametrize(
    ("minutes", "outcome"),
    [(-DAY - 5, "late"), (-DAY + 120, "queued")],  # the clock of these tests stands still while others run
)
async def test_what_happened_long_ago_is_no_news(desk: Desk, minutes: int, outcome: str) -> None:
    before = Counter(figures(CUSTOMER_NOTICES))
    await desk.shop.take(inbound("m1", text="Ho una garanzia"))
    await desk.say("closed", minutes=minutes)
    assert await told(desk, before) == [("closed", outcome)]


@pytest.mark.parametrize(
    ("events", "outcomes"),
    [
        ([("paused", 30)], ["queued"]),
        ([("paused", -30)], ["late"]),  # the contact came since
        ([("paused", 30), ("paused", 31)], ["again", "queued"]),
        ([("paused", 30), ("resumed", 31), ("paused", 32)], ["queued"] * 3),
        ([("resumed", 32), ("paused", 31)], ["late", "queued"]),
        ([("closed", 32), ("paused", 31)], ["late", "queued"]),
        ([("paused", 31), ("opened", 30)], ["queued"] * 2),  # it is open also while it waits
    ],
)
async def test_tickets_that_wait_for_the_customer(desk: Desk, events: list[tuple[str, int]], outcomes: list[str]) -> None:
    before = Counter(figures(CUSTOMER_NOTICES))
    await desk.shop.take(inbound("m1", text="Ho una garanzia"))
    for event, minutes in events:
        await desk.say(event, minutes=minutes)
        await desk.settled()
    assert sorted(outcome for _, outcome in await told(desk, before)) == outcomes


async def test_what_a_rule_discarded_is_not_the_last_contact(desk: Desk) -> None:
    await desk.shop.take(inbound("m1", text="Ho una garanzia"))
    await desk.shop.take(inbound("m2", text="spam"))
    await desk.say("opened")
    assert await desk.settled() == ["Il ticket T-7 è aperto."]
    answered = select(messages.c.external_id).join(outgoing, outgoing.c.message_id == messages.c.id)
    assert await desk.shop.database.read(lambda one: one.execute(answered).scalars().all()) == ["m1"]


async def test_an_answer_to_a_mail_of_ours_makes_no_ticket_mute(desk: Desk) -> None:
    """A ticket's event begins the notice, not what the customer wrote; the limits hold all the same."""
    before = Counter(figures(CUSTOMER_NOTICES))
    mail = {"channel": "email", "text": "garanzia", "account": "help@demo.example"}
    await desk.shop.take(inbound("m1", email(verified=True), **mail), connector="mail")
    await desk.say("opened")
    assert len(await desk.settled()) == 1
    await desk.shop.database.write(lambda one: one.execute(update(outgoing).values(external_id="ours@demo.example")))
    answer = inbound("m2", email(verified=True), reply_to="ours@demo.example", **mail)
    await desk.shop.take(answer, connector="mail")
    await desk.say("closed", minutes=1)
    assert await told(desk, before) == [("closed", "queued"), ("opened", "queued")]
