"""What is heard out of its order, of another ticket, or of another customer: on both databases."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, insert, update

from desk.sla.waiting import heal
from storage import sla_around
from storage.database import Database
from storage.removal import remove_messages
from storage.schema import conversations, handles, messages, outgoing, ticket_events
from tests.erasing.planted import row
from tests.sla.story import PROMISED, START, Story, at

REPLIES = replace(PROMISED, resolution=None)


@pytest.fixture
async def story(database: Database) -> Story:
    return await Story(database).begin()


async def plant(story: Story, table: Any, **values: Any) -> None:
    await story.database.write(lambda connection: connection.execute(insert(table), [row(table, **values)]))


async def test_a_contact_that_is_committed_while_the_answer_before_it_is_heard(story: Story) -> None:
    await story.contact(0, REPLIES)
    await story.contact(40, REPLIES, meanwhile=30)
    assert await story.timers() == ["first_reply m1 ended reply 30", "next_reply m2 waiting"]
    assert await story.contact(50, REPLIES) == {}, "it does not overtake the one before it"
    await story.database.write(heal)
    left = ["first_reply m1 ended reply 30", "next_reply m2 running", "next_reply m3 waiting"]
    assert await story.timers() == left
    await story.database.write(heal)
    assert await story.timers() == left


@pytest.mark.parametrize("by", ["reply", "ticket", "ended", "gone"])
async def test_what_waits_behind_nothing_and_was_answered_is_over(story: Story, by: str) -> None:
    await story.contact(0, REPLIES)
    await story.contact(40, REPLIES, meanwhile=45 if by == "ended" else 30)
    if by == "reply":
        sent = {"conversation_id": "con_1", "state": "sent", "automatic": False, "ended_ms": at(41)}
        await plant(story, outgoing, id="out_1", **sent)
    elif by == "ticket":
        await plant(story, ticket_events, id="t1", conversation_id="con_1", answered=True, at_ms=at(41))
    elif by == "gone":
        await story.database.write(lambda one: one.execute(conversations.delete()))
    await story.database.write(heal)
    assert await story.timers() == [f"first_reply m1 ended reply {45 if by == 'ended' else 30}"]


async def test_what_waits_follows_one_that_was_erased(story: Story) -> None:
    await story.contact(0, REPLIES)
    await story.contact(1, REPLIES)
    await story.database.write(lambda connection: remove_messages(connection, ["m1"], START))
    await story.database.write(heal)
    assert await story.timers() == ["next_reply m2 running"]


async def test_a_closing_that_is_heard_of_after_the_next_contact(story: Story) -> None:
    await story.contact(0, REPLIES)
    await story.contact(40, REPLIES)
    await story.ticket("closed", 30)
    assert await story.timers() == ["first_reply m1 ended closed 30", "next_reply m2 running"]


@pytest.mark.parametrize("promised", [None, REPLIES], ids=["unpromised", "promised"])
async def test_a_pause_that_is_heard_of_after_the_customer_wrote(story: Story, promised: Any) -> None:
    """Also where that was answered already."""
    await story.contact(0)
    await story.sent(10)
    await story.contact(70, promised)
    if promised is not None:
        await story.sent(75)
        await story.database.write(lambda one: one.execute(update(messages).values(awaits_answer=False)))
    await story.ticket("paused", 60)
    assert (await story.timers())[1] == "resolution m1 running"
    await story.ticket("closed", 100)
    assert (await story.timers())[1] == "resolution m1 ended closed 90"


@pytest.mark.parametrize("values", [{"discarded_by": "spam"}, {"repeat_of": "m1"}, {"awaits_answer": False}], ids=str)
async def test_what_waits_for_no_answer_ends_no_pause(story: Story, values: dict[str, Any]) -> None:
    await story.contact(0)
    await story.contact(70, None)
    await story.database.write(lambda one: one.execute(update(messages).where(messages.c.id == "m2").values(values)))
    await story.ticket("paused", 60)
    assert (await story.timers())[1] == "resolution m1 paused"


@pytest.mark.parametrize("word", ["closed", "paused"])
async def test_another_ticket_changes_nothing(story: Story, word: str) -> None:
    await story.contact(0)
    await story.ticket(word, 30, ticket="T-0")
    assert await story.timers() == ["first_reply m1 running", "resolution m1 running"]


async def test_news_of_a_ticket_that_took_the_place_of_another(story: Story) -> None:
    """What was heard of the one before is no measure of it, and its pause is over."""
    await story.contact(0)
    await story.ticket("paused", 90)
    other = update(conversations).values(ticket="T-2")
    await story.database.write(lambda connection: connection.execute(other))
    await story.ticket("opened", 80, ticket="T-2")
    assert (await story.timers())[1] == "resolution m1 running"
    await story.ticket("closed", 50, ticket="T-2")
    assert (await story.timers())[1] == "resolution m1 running", "older than its own"
    await story.ticket("closed", 100, ticket="T-2")
    assert (await story.timers())[1] == "resolution m1 ended closed 100"


async def test_who_was_answered_in_the_ticket_system_before_anything_was_promised(story: Story) -> None:
    await story.contact(0, None)
    await plant(story, ticket_events, id="t1", conversation_id="con_1", answered=False, at_ms=at(1))
    assert not await story.database.read(lambda one: sla_around.was_answered(one, "con_1"))
    await plant(story, ticket_events, id="t2", conversation_id="con_1", answered=True, at_ms=at(2))
    assert await story.contact(5, REPLIES) == {"next_reply": 125}


async def two(story: Story) -> None:
    """A conversation that an unmerge left with words of Anna (`m1`) and Bea (`m2`)."""

    def write(connection: Connection) -> None:
        for name in ("anna", "bea"):
            connection.execute(insert(handles), [row(handles, id=f"h_{name}", customer_id=name, key=name)])
        connection.execute(update(conversations).values(split=True))

    await story.database.write(write)
    await story.contact(0, REPLIES, handle_id="h_anna")
    await story.contact(5, REPLIES, handle_id="h_bea")


async def test_a_reply_to_one_of_two_customers_ends_nothing_of_the_other(story: Story) -> None:
    await two(story)
    await story.sent(10, message="m1")
    assert await story.timers() == ["first_reply m1 ended reply 10", "next_reply m2 running"]
    await story.sent(20, message="m1")
    assert (await story.timers())[1] == "next_reply m2 running"
    await story.sent(30, message="m2")
    assert (await story.timers())[1] == "next_reply m2 ended reply 25"


async def test_a_reply_to_who_waits_behind_the_other(story: Story) -> None:
    await two(story)
    await story.sent(10, message="m2")
    assert await story.timers() == ["first_reply m1 running"]


async def test_a_ticket_answers_only_who_waits_no_longer(story: Story) -> None:
    await two(story)
    await story.ticket("updated", 10, answered=True)
    assert await story.timers() == ["first_reply m1 running", "next_reply m2 waiting"]
    heard = update(messages).where(messages.c.id == "m1").values(awaits_answer=False)
    await story.database.write(lambda connection: connection.execute(heard))
    await story.ticket("updated", 11, answered=True)
    assert await story.timers() == ["first_reply m1 ended ticket 11", "next_reply m2 running"]
