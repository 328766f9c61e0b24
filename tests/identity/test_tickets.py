"""What ticket systems tell of conversations, and what comes of it. Every test on SQLite and on PostgreSQL."""

import itertools
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, update

from identity import merges, tickets
from identity.people import Identified
from identity.ticket_refusals import TicketRefused
from identity.tickets import AGAIN_MS, EVENTS, News, Said, Taken, TicketEvent
from normalizer.event import TYPES
from storage import erased, schema
from storage.database import Database
from tests.contacts import START, message, phone, user
from tests.identity.batches import POLICY, identify, rows

NOW = int(START.timestamp() * 1000) + 3_600_000
SECOND = 1_000


def news(event: TicketEvent, ticket: str = "T-1", **more: Any) -> News:
    words = {name: more.pop(name) for name in ("agent", "product", "reason", "url") if name in more}
    return News(ticket=ticket, said=Said(event=event, **words), **more)


async def tell(database: Database, told: News, *, now_ms: int = NOW) -> Taken:
    return await database.write(lambda connection: tickets.tell(connection, told, actor="token/desk", now_ms=now_ms))


async def state(database: Database, conversation: str) -> tuple[str | None, bool]:
    """Ticket, and whether it is open."""
    (row,) = [row for row in await rows(database, schema.conversations) if row["id"] == conversation]
    return row["ticket"], row["open"]


async def refused(database: Database, told: News) -> str:
    before = [await rows(database, table) for table in (schema.ticket_events, schema.conversations, schema.events)]
    with pytest.raises(TicketRefused) as error:
        await tell(database, told)
    assert before == [await rows(database, table) for table in (schema.ticket_events, schema.conversations, schema.events)]
    return error.value.reason


async def one(database: Database, name: str = "m1", *arguments: Any, **more: Any) -> Identified:
    (found,) = await identify(database, message(name, *arguments, **more))
    return found


class TestWhatComesOfIt:
    async def test_its_ticket_stands_in_what_follows(self, database: Database) -> None:
        first = await one(database)
        told = await tell(database, news("opened", conversation=first.conversation.id))
        assert told == Taken(brand="demo", ticket="T-1", event="opened", at_ms=NOW, conversations=(first.conversation.id,))
        second = await one(database, "m2", hours=1)
        assert (second.conversation.id, second.conversation.ticket) == (first.conversation.id, "T-1")

    async def test_a_message_names_its_conversation(self, database: Database) -> None:
        first = await one(database)
        told = await tell(database, news("updated", message=str(message("m1").id)))
        assert (told.brand, told.conversations) == ("demo", (first.conversation.id,))
        assert await state(database, first.conversation.id) == ("T-1", True)

    async def test_a_closed_one_ends_it_until_somebody_answers(self, database: Database) -> None:
        first = await one(database)
        await tell(database, news("opened", conversation=first.conversation.id))
        for event in ("assigned", "paused", "resumed", "updated", "closed"):
            await tell(database, news(event))  # type: ignore[arg-type]  # literals above
        assert await state(database, first.conversation.id) == ("T-1", False)
        second = await one(database, "m2", hours=2)
        assert second.conversation.id != first.conversation.id
        third = await one(database, "m3", hours=3, reply_to="m1")
        fourth = await one(database, "m4", hours=4)
        assert (third.conversation.id, fourth.conversation.id) == (first.conversation.id,) * 2
        assert await state(database, first.conversation.id) == ("T-1", True)

    async def test_a_reopened_one_is_gone_on_with(self, database: Database) -> None:
        first = await one(database)
        await tell(database, news("closed", conversation=first.conversation.id))
        await tell(database, news("reopened"), now_ms=NOW + 1)
        second = await one(database, "m2", hours=2)
        assert (second.conversation.id, second.conversation.ticket) == (first.conversation.id, "T-1")

    @pytest.mark.parametrize("event", ["assigned", "updated", "paused", "resumed"])
    async def test_what_happens_to_a_closed_one_does_not_open_it(self, database: Database, event: TicketEvent) -> None:
        first = await one(database)
        await tell(database, news("closed", conversation=first.conversation.id))
        await tell(database, news(event, agent="giulia"), now_ms=NOW + 1)
        assert await state(database, first.conversation.id) == ("T-1", False)

    async def test_who_has_written_since_is_not_closed_away(self, database: Database) -> None:
        first = await one(database)
        await tell(database, news("opened", conversation=first.conversation.id))
        await one(database, "m2", hours=2)
        await tell(database, news("closed", at_ms=NOW), now_ms=NOW + 3 * 3_600_000)
        assert await state(database, first.conversation.id) == ("T-1", True)
        await tell(database, news("closed", at_ms=NOW + 3 * 3_600_000), now_ms=NOW + 3 * 3_600_000)
        assert await state(database, first.conversation.id) == ("T-1", False)

    async def test_the_ticket_that_was_opened_last_is_the_conversations(self, database: Database) -> None:
        first = await one(database)
        named = {"conversation": first.conversation.id}
        await tell(database, news("closed", "T-1", at_ms=NOW, **named))
        await tell(database, news("updated", "T-2", at_ms=NOW + 1, **named))
        assert await state(database, first.conversation.id) == ("T-1", False)
        await tell(database, news("opened", "T-2", at_ms=NOW + 2, **named))
        assert await state(database, first.conversation.id) == ("T-2", True)
        for event in ("closed", "reopened", "closed"):
            await tell(database, news(event, "T-1", at_ms=NOW + 3))  # type: ignore[arg-type]  # literals above
        await tell(database, news("opened", "T-1", at_ms=NOW + 1))
        assert await state(database, first.conversation.id) == ("T-2", True)

    async def test_one_ticket_of_several_conversations(self, database: Database) -> None:
        first, other = await one(database), await one(database, "m2", user())
        ids = tuple(sorted((first.conversation.id, other.conversation.id)))
        await tell(database, news("opened", conversation=ids[0], at_ms=NOW))
        assert (await tell(database, news("updated", conversation=ids[1], at_ms=NOW + 1))).conversations == ids
        assert (await tell(database, news("closed", conversation=ids[0], at_ms=NOW + 2))).conversations == ids
        assert [await state(database, id_) for id_ in ids] == [("T-1", False)] * 2

    async def test_one_that_joins_a_closed_ticket_is_closed(self, database: Database) -> None:
        first, other = await one(database), await one(database, "m2", user())
        await tell(database, news("closed", conversation=first.conversation.id, at_ms=NOW))
        await tell(database, news("updated", conversation=other.conversation.id, at_ms=NOW - SECOND))
        assert await state(database, other.conversation.id) == ("T-1", False)

    async def test_nobody_goes_on_in_one_that_is_split(self, database: Database) -> None:
        a, b = await one(database), await one(database, "m2", user())
        so = {"actor": "x", "now_ms": NOW, "policy": POLICY}
        await database.write(lambda connection: merges.merge(connection, a.customer.id, b.customer.id, **so))
        both = [await one(database, f"m{n}", who, hours=0.1) for n, who in ((3, phone()), (4, user()))]
        talk = both[0].conversation.id
        assert both[1].conversation.id == talk
        below = b.customer.id if a.customer.id == both[0].customer.id else a.customer.id
        await database.write(lambda connection: merges.unmerge(connection, below, **so))
        await tell(database, news("opened", conversation=talk))
        assert await state(database, talk) == ("T-1", False)


class TestOrderAndRepeats:
    @pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=str)
    async def test_any_order_comes_to_the_same(self, database: Database, order: tuple[int, ...]) -> None:
        first = await one(database)
        named = {"conversation": first.conversation.id}
        story = [
            news("opened", at_ms=NOW, **named),
            news("closed", at_ms=NOW + SECOND, **named),
            news("reopened", at_ms=NOW + 2 * SECOND, **named),
            news("closed", at_ms=NOW + 3 * SECOND, **named),
        ]
        latest = -1
        for number in order:
            await tell(database, story[number])
            latest = max(latest, number)
            assert await state(database, first.conversation.id) == ("T-1", latest in (0, 2))
        assert len(await rows(database, schema.ticket_events)) == 4

    @pytest.mark.parametrize("event", EVENTS)
    @pytest.mark.parametrize("at_ms", [None, NOW])
    async def test_a_repeat_is_answered_the_same_and_changes_nothing(
        self, database: Database, event: TicketEvent, at_ms: int | None
    ) -> None:
        first = await one(database)
        told = news(event, conversation=first.conversation.id, agent="giulia", reason="refund", at_ms=at_ms)
        answer = await tell(database, told)
        before = [await rows(database, table) for table in (schema.ticket_events, schema.conversations, schema.events)]
        assert await tell(database, told, now_ms=NOW + AGAIN_MS) == answer
        alone = News(ticket="T-1", said=told.said, at_ms=at_ms)
        assert await tell(database, alone, now_ms=NOW + AGAIN_MS) == answer
        assert before == [await rows(database, table) for table in (schema.ticket_events, schema.conversations, schema.events)]

    async def test_with_its_time_a_repeat_is_one_at_any_time(self, database: Database) -> None:
        first = await one(database)
        story = [
            news("opened", conversation=first.conversation.id, at_ms=NOW),
            news("closed", at_ms=NOW + 1),
            news("reopened", at_ms=NOW + 2),
        ]
        answers = [await tell(database, told) for told in story]
        assert [await tell(database, told, now_ms=NOW + 10**10) for told in story] == answers
        assert await state(database, first.conversation.id) == ("T-1", True)
        assert len(await rows(database, schema.ticket_events)) == 3

    async def test_without_it_only_for_some_minutes_and_as_the_last(self, database: Database) -> None:
        first = await one(database)
        await tell(database, news("closed", conversation=first.conversation.id))
        later = await tell(database, news("closed"), now_ms=NOW + AGAIN_MS + 1)
        assert later.at_ms == NOW + AGAIN_MS + 1
        await tell(database, news("updated"), now_ms=later.at_ms + 1)
        await tell(database, news("closed"), now_ms=later.at_ms + 2)
        await tell(database, news("closed", reason="solved"), now_ms=later.at_ms + 2)
        found = await rows(database, schema.ticket_events)
        assert [row["event"] for row in found] == ["closed", "closed", "updated", "closed", "closed"]

    async def test_what_names_one_more_conversation_is_of_that_one_only(self, database: Database) -> None:
        first, other = await one(database), await one(database, "m2", user())
        told = news("opened", conversation=first.conversation.id, at_ms=NOW)
        before = await tell(database, told)
        both = await tell(database, news("opened", conversation=other.conversation.id, at_ms=NOW))
        assert set(both.conversations) == {first.conversation.id, other.conversation.id}
        assert len(await rows(database, schema.ticket_events)) == 2
        assert set(before.conversations) < set((await tell(database, told)).conversations)

    async def test_a_repeat_is_of_the_conversations_it_was_of(self, database: Database) -> None:
        first, other = await one(database), await one(database, "m2", user())
        told = news("opened", conversation=first.conversation.id, at_ms=NOW)
        answer = await tell(database, told)
        await tell(database, news("updated", conversation=other.conversation.id, at_ms=NOW + 1))
        assert await tell(database, told) == await tell(database, news("opened", at_ms=NOW)) == answer
        assert len(await rows(database, schema.ticket_events)) == 3


class TestWhichTicket:
    async def test_brands_have_numbers_of_their_own(self, database: Database) -> None:
        first = await one(database)
        other = await one(database, "m2", brand="casa-bella", connector="casa")
        for found in (first, other):
            await tell(database, news("opened", conversation=found.conversation.id))
        assert await refused(database, news("closed")) == "ambiguous_ticket"
        assert (await tell(database, news("closed", brand="casa-bella"))).conversations == (other.conversation.id,)
        assert [await state(database, found.conversation.id) for found in (first, other)] == [("T-1", True), ("T-1", False)]
        assert (await tell(database, news("closed", conversation=first.conversation.id))).brand == "demo"

    async def test_what_is_refused(self, database: Database) -> None:
        first = await one(database)
        known = {"conversation": first.conversation.id}
        assert await refused(database, news("opened")) == "unknown_ticket"
        assert await refused(database, news("opened", brand="demo")) == "unknown_ticket"
        assert await refused(database, news("opened", conversation="con_none")) == "unknown_conversation"
        assert await refused(database, news("opened", brand="other", **known)) == "unknown_conversation"
        assert await refused(database, news("opened", message="none")) == "unknown_message"
        assert await refused(database, news("opened", message=str(message("m1").id), brand="other")) == "unknown_message"
        await tell(database, news("opened", **known))
        assert await refused(database, news("closed", brand="other")) == "unknown_ticket"
        assert await refused(database, news("closed", "T-2")) == "unknown_ticket"

    async def test_a_message_that_was_erased(self, database: Database) -> None:
        await database.write(lambda connection: erased.add(connection, "message", ["m9"], NOW))
        assert await refused(database, news("opened", message="m9")) == "gone"

    async def test_a_conversation_that_is_gone(self, database: Database) -> None:
        first = await one(database)
        await tell(database, news("opened", conversation=first.conversation.id))

        def leave(connection: Connection) -> None:
            connection.execute(schema.conversations.delete())

        await database.write(leave)
        assert await refused(database, news("closed")) == "unknown_ticket"

    async def test_one_whose_customer_was_erased_and_that_is_somebody_elses(self, database: Database) -> None:
        first = await one(database)
        nobodys = update(schema.conversations).values(customer_id="")
        await database.write(lambda connection: connection.execute(nobodys))
        await tell(database, news("closed", conversation=first.conversation.id))
        assert await state(database, first.conversation.id) == ("T-1", False)


class TestWhatIsKeptAndTold:
    async def test_every_word_is_kept(self, database: Database) -> None:
        first = await one(database)
        words = {"agent": "giulia", "product": "PAN-28", "reason": "defect", "url": "https://tickets.example/T-1"}
        await tell(database, news("assigned", conversation=first.conversation.id, at_ms=NOW - 5, **words))
        (row,) = await rows(database, schema.ticket_events)
        expected = words | {"space": "demo", "ticket": "T-1", "conversation_id": first.conversation.id, "event": "assigned"}
        expected |= {"actor": "token/desk", "at_ms": NOW - 5, "received_ms": NOW}
        assert {name: row[name] for name in expected} == expected

    @pytest.mark.parametrize("event", EVENTS)
    async def test_followers_hear_ids_and_none_of_the_words(self, database: Database, event: TicketEvent) -> None:
        first = await one(database)
        words = {"agent": "Giulia Neri", "product": "PAN-28", "reason": "Anna is cross", "url": "https://tickets.example/T-1"}
        await tell(database, news(event, conversation=first.conversation.id, at_ms=NOW - 5, **words))
        (row,) = [row for row in await rows(database, schema.events) if row["type"].startswith("regia.ticket.")]
        body = orjson.loads(bytes(row["body"]))
        assert body["type"] == f"regia.ticket.{event}.v1" in TYPES
        assert (body["source"], body["subject"]) == ("/demo", first.conversation.id)
        assert body["time"] == "2026-11-21T18:59:59.995Z"
        assert body["data"] == {
            "ticket": "T-1", "conversation": first.conversation.id, "customer": first.customer.id, "actor": "token/desk",
        }  # fmt: skip
        assert not any(word.encode() in bytes(row["body"]) for word in words.values())

    async def test_the_customer_is_the_one_at_the_top(self, database: Database) -> None:
        a, b = await one(database), await one(database, "m2", user())
        so = {"actor": "x", "now_ms": NOW, "policy": POLICY}
        more = {"top": b.customer.id}
        await database.write(lambda connection: merges.merge(connection, a.customer.id, b.customer.id, **so, **more))
        await tell(database, news("opened", conversation=a.conversation.id))
        (row,) = [row for row in await rows(database, schema.events) if row["type"].startswith("regia.ticket.")]
        assert orjson.loads(bytes(row["body"]))["data"]["customer"] == b.customer.id
