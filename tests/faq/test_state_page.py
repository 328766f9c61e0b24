"""The page of a contact's state: what it says at each point, what it never says, and links that are not ours."""

import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import insert, select, update

from regia.faq_settings import StatePage
from regia.http.state_page import RATE
from storage import schema
from tests.erasing.planted import row as a_row
from tests.faq.shop import Shop, shop
from tests.http.served import DESK, HELPDESK, SITE, worked_off

SECRET = "a padella that nobody must read of"
SECONDS = 1000


class Contact:
    """One that came by the form, or by a program that vouches for its sender."""

    def __init__(self, opened: Shop, id_: str, path: str) -> None:
        self.shop, self.id, self.path = opened, id_, path

    async def row(self) -> dict[str, Any]:
        query = select(schema.messages).where(schema.messages.c.id == self.id)
        database = self.shop.gateway.stores.database
        return dict(await database.read(lambda connection: connection.execute(query).mappings().one()))

    async def get(self, status: int = 200, lang: str = "it") -> LexborHTMLParser:
        path = self.path.partition("?")[0]
        answer = await self.shop.client.get(
            path, params={"lang": lang}, headers={"X-Forwarded-For": f"10.0.0.{secrets.randbelow(250)}"}
        )
        text = await answer.text()
        assert answer.status == status, text
        for unsaid in (
            SECRET,
            "anna@example.it",
            "Bianchi",
            "giulia",
            self.id,
            (await self.row_or_none() or {}).get("customer_id"),
        ):
            assert not unsaid or unsaid not in text
        return LexborHTMLParser(text)

    async def row_or_none(self) -> dict[str, Any] | None:
        query = select(schema.messages).where(schema.messages.c.id == self.id)
        database = self.shop.gateway.stores.database
        found = await database.read(lambda connection: connection.execute(query).mappings().one_or_none())
        return None if found is None else dict(found)

    async def steps(self, lang: str = "it") -> list[str]:
        return [node.text() for node in (await self.get(lang=lang)).css(".steps b")]

    async def tell(self, event: str, **more: Any) -> None:
        body = {"event": event, "ticket": "T-1", "message": self.id, **more}
        answer = await self.shop.client.post("/v1/tickets", json=body, headers=HELPDESK)
        assert answer.status == 200, await answer.text()

    async def answered(self, **own: Any) -> None:
        """As if an agent had answered, and it was sent."""
        row, now_ms = await self.row(), time.time_ns() // 1_000_000
        usual = {"id": str(uuid4()), "message_id": self.id, "conversation_id": row["conversation_id"], "state": "sent"}
        usual |= {"automatic": False, "handle_kind": "email", "author": "giulia", "text": SECRET, "ended_ms": now_ms + SECONDS}
        one = a_row(schema.outgoing, **(usual | {"created_ms": now_ms, "due_ms": now_ms, "told_ms": now_ms} | own))
        await self.shop.gateway.stores.database.write(lambda connection: connection.execute(insert(schema.outgoing), [one]))


async def written(opened: Shop, **more: str) -> Contact:
    data = {"name": "Anna Bianchi", "email": "anna@example.it", "message": SECRET, "topic": "other", **more}
    answer = await opened.client.post("/forms/form", json=data)
    assert answer.status == 202, await answer.text()
    told = await answer.json()
    await worked_off(opened.gateway)
    return Contact(opened, told["id"], told["state_url"].partition("/state/")[1] + told["state_url"].partition("/state/")[2])


async def vouched(opened: Shop, text: str = SECRET) -> Contact:
    body = {"sender": {"handle": {"kind": "email", "value": "anna@example.it", "proof": "agent"}}, "text": text}
    answer = await opened.client.post("/v1/messages/desk", json=body, headers=DESK)
    assert answer.status == 202, await answer.text()
    id_ = (await answer.json())["id"]
    await worked_off(opened.gateway)
    link = opened.gateway.links.state(id_)
    return Contact(opened, id_, f"/state/{link.rpartition('/')[2]}")


RECEIVED, WORK = "Abbiamo ricevuto la tua richiesta", "Una persona se ne occupa"
BY_MAIL, CLOSED = "Ti abbiamo risposto con un'e-mail", "La richiesta è stata chiusa"


async def test_a_contact_from_its_coming_to_its_end(shop: Shop) -> None:
    contact = await written(shop)
    assert await contact.steps() == [RECEIVED]
    await contact.tell("opened", agent="giulia", url="https://tickets.example/secret")
    await contact.tell("assigned", agent="giulia")
    assert await contact.steps() == [RECEIVED, WORK]
    await contact.answered()
    assert await contact.steps() == [RECEIVED, WORK, BY_MAIL]
    page = await contact.get()
    assert [node.text() for node in page.css(".now strong")] == ["Risposta inviata"]
    await contact.tell("closed", at=later(5), reason=SECRET)
    assert await contact.steps() == [RECEIVED, WORK, BY_MAIL, CLOSED]
    await contact.tell("reopened", at=later(6))
    await contact.tell("closed", at=later(7))
    reopened = "La richiesta è stata riaperta"
    assert await contact.steps() == [RECEIVED, WORK, BY_MAIL, CLOSED, reopened, CLOSED]
    english = await contact.steps("en")
    assert english[:3] == ["We received your request", "A person is taking care of it", "We answered you by e-mail"]
    moments = [node.text() for node in page.css("time")]
    assert all(", ore " in moment for moment in moments)


def later(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() + seconds))


async def test_the_page_keeps_itself_from_everybody_else(shop: Shop) -> None:
    contact = await written(shop)
    answer = await shop.client.get(contact.path)
    text = await answer.text()
    assert "<script" not in text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "theme.css" in text


async def test_what_is_no_answer_of_a_person(shop: Shop) -> None:
    contact = await written(shop)
    await contact.answered(automatic=True)
    await contact.answered(state="queued", ended_ms=None)
    await contact.answered(state="failed")
    await contact.answered(ended_ms=1)
    assert await contact.steps() == [RECEIVED]


async def test_a_ticket_system_that_has_answered_itself(shop: Shop) -> None:
    contact = await written(shop)
    await contact.tell("opened")
    await contact.tell("updated", answered=True, at=later(3))
    assert await contact.steps() == [RECEIVED, WORK, "Ti abbiamo risposto"]


async def test_a_second_contact_is_in_work_where_its_ticket_is(shop: Shop) -> None:
    first = await written(shop)
    await first.tell("opened")
    second = await written(shop, message="altro")
    assert (await first.row())["conversation_id"] == (await second.row())["conversation_id"]
    assert await second.steps() == [RECEIVED, WORK]


async def test_an_address_that_was_only_typed_hears_nothing_of_answers_to_another_contact(shop: Shop) -> None:
    stranger = await written(shop, message="sono Anna, davvero")
    anna = await written(shop)
    await anna.answered()
    assert await stranger.steps() == [RECEIVED]
    assert await anna.steps() == [RECEIVED, BY_MAIL]


async def test_a_proven_address_hears_of_the_answer_to_its_later_contact(shop: Shop) -> None:
    first = await vouched(shop)
    second = await vouched(shop, "e allora?")
    assert (await first.row())["conversation_id"] == (await second.row())["conversation_id"]
    await second.answered()
    assert await first.steps() == [RECEIVED, BY_MAIL]
    await first.answered(handle_kind="phone", ended_ms=time.time_ns() // 1_000_000 + 9 * SECONDS)
    assert await second.steps() == [RECEIVED, BY_MAIL]


async def test_a_split_conversation_and_a_robot_show_their_coming_only(shop: Shop) -> None:
    robot = await written(shop, website="x", email="robot@example.it")
    await robot.answered()
    assert await robot.steps() == [RECEIVED]
    contact = await written(shop)
    await contact.tell("opened")
    conversation = (await contact.row())["conversation_id"]
    split = update(schema.conversations).where(schema.conversations.c.id == conversation).values(split=True)
    await shop.gateway.stores.database.write(lambda connection: connection.execute(split))
    assert await contact.steps() == [RECEIVED]


async def test_after_an_erase_it_is_gone(shop: Shop) -> None:
    contact = await written(shop)
    customer = (await contact.row())["customer_id"]
    answer = await shop.client.delete(f"/v1/customers/{customer}", headers=SITE)
    assert answer.status == 200, await answer.text()
    page = await contact.get(410)
    assert "non è più conservata" in page.text()
    assert not page.css(".reference")


async def test_links_that_are_not_ours(shop: Shop) -> None:
    contact = await written(shop)
    token = contact.path.rpartition("/")[2]
    flipped = [f"{token[:place]}{'A' if token[place] != 'A' else 'B'}{token[place + 1 :]}" for place in range(len(token))]
    others = [token[:-1], f"{token}A", token.lower(), contact.id, "%00", "%ff", "x" * 46, "x" * 4000, "..%2f..%2fstate"]
    statuses = set()
    for number, other in enumerate([*flipped, *others]):
        answer = await shop.client.get(f"/state/{other}", headers={"X-Forwarded-For": f"10.1.0.{number}"})
        statuses.add((answer.status, "non esiste" in await answer.text() or "does not exist" in await answer.text()))
    assert statuses == {(404, True)}


async def test_a_link_ends_by_the_configuration(tmp_path: Path, migrated_sqlite: Path) -> None:
    async with shop(tmp_path, migrated_sqlite, state_page=StatePage(days=10, timezone="Pacific/Auckland")) as opened:
        contact = await written(opened)
        now = int(time.time())
        for days, status in ((0, 200), (10, 200), (11, 410), (400, 410), (-2, 404)):
            link = opened.gateway.links.state(contact.id, now=now - days * 86_400)
            answer = await opened.client.get(f"/state/{link.rpartition('/')[2]}")
            assert answer.status == status, days
        assert (
            "Questo link è scaduto"
            in await (
                await opened.client.get(f"/state/{opened.gateway.links.state(contact.id, now=1).rpartition('/')[2]}?lang=it")
            ).text()
        )


async def test_one_that_is_still_on_its_way(shop: Shop) -> None:
    id_, now = str(uuid4()), int(time.time())
    contact = Contact(shop, id_, f"/state/{shop.gateway.links.state(id_).rpartition('/')[2]}")
    assert await contact.steps() == [RECEIVED]
    assert not (await contact.get()).css("time")
    contact.path = f"/state/{shop.gateway.links.state(id_, now=now - 5 * 86_400).rpartition('/')[2]}"
    await contact.get(410)


async def test_who_looks_too_often_waits(shop: Shop) -> None:
    contact = await written(shop)
    statuses = [(await shop.client.get(contact.path)).status for _ in range(RATE.count + 2)]
    assert (statuses[0], statuses[-1]) == (200, 429)


async def test_the_page_that_thanks_leads_to_it(shop: Shop) -> None:
    data = {"email": "anna@example.it", "message": "x", "topic": "other", "language": "en"}
    page = LexborHTMLParser(await (await shop.client.post("/forms/form", data=data, headers={"Accept": "text/html"})).text())
    link = page.css_first("a.action")
    assert link is not None
    answer = await shop.client.get(str(link.attributes["href"]))
    assert "We received your request" in await answer.text()


@pytest.fixture
async def shop_away(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Shop]:
    async with shop(tmp_path, migrated_sqlite) as opened:
        yield opened


async def test_while_the_database_is_away(shop_away: Shop) -> None:
    contact = await written(shop_away)
    await shop_away.gateway.stores.database.close()
    answer = await shop_away.client.get(f"{contact.path}?lang=it")
    assert (answer.status, "non riusciamo a rispondere" in await answer.text()) == (503, True)
