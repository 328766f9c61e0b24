"""When promises begin, end, stand and go on, and what is told of them: on both databases."""

import asyncio
from dataclasses import replace
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection, select

from desk.sla.beginning import ALWAYS
from desk.sla.views import listed, report
from router.model import Sla
from router.working_time import WorkingTime
from storage import sla
from storage.database import Database
from storage.outbox import PENDING
from storage.removal import remove_messages
from storage.schema import events, outgoing, sla_timers, targets
from storage.sla import Wanted
from tests.erasing.planted import row
from tests.sla.story import PROMISED, START, Story, at

REPLIES = replace(PROMISED, resolution=None)
URGENT = Sla(first_reply=300, next_reply=300)


@pytest.fixture
async def story(database: Database) -> Story:
    return await Story(database).begin()


async def test_the_first_contact_begins_and_further_ones_do_not_begin_anew(story: Story) -> None:
    assert await story.contact(0) == {"first_reply": 60, "resolution": 600}
    assert await story.contact(30) == {"first_reply": 60, "resolution": 600}
    assert await story.timers() == ["first_reply m1 running", "resolution m1 running", "next_reply m2 waiting"]


async def test_nothing_begins_without_a_promise_or_for_what_nobody_waits_for(story: Story) -> None:
    assert await story.contact(0, None) == {}
    assert await story.contact(1, waits=False) == {}
    assert await story.timers() == []


@pytest.mark.parametrize("by", ["reply", "ticket"])
async def test_an_answer_ends_it_and_the_next_contact_waits_for_the_next_one(story: Story, by: str) -> None:
    await story.contact(0, REPLIES)
    await (story.sent(30) if by == "reply" else story.ticket("updated", 30, answered=True))
    assert await story.timers() == [f"first_reply m1 ended {by} 30"]
    assert await story.contact(100, REPLIES) == {"next_reply": 220}
    await story.sent(250)
    assert await story.timers() == [f"first_reply m1 ended {by} 30", "next_reply m2 ended reply 150"]


async def test_what_answers_by_itself_is_no_answer(story: Story) -> None:
    await story.contact(0, REPLIES)
    await story.sent(1, automatic=True)
    await story.ticket("assigned", 2)
    assert await story.timers() == ["first_reply m1 running"]


async def test_an_answer_that_is_heard_of_after_the_next_contact(story: Story) -> None:
    """Sent before it, and told behind it: what was written since waits for the next answer."""
    await story.contact(0, REPLIES)
    await story.contact(10, REPLIES)
    await story.contact(31, REPLIES)
    await story.contact(40, REPLIES)
    await story.sent(30)
    assert await story.timers() == ["first_reply m1 ended reply 30", "next_reply m3 running", "next_reply m4 waiting"]
    await story.sent(45)
    assert await story.timers() == ["first_reply m1 ended reply 30", "next_reply m3 ended reply 14"]


async def test_several_answers_that_are_heard_of_late(story: Story) -> None:
    await story.contact(0, REPLIES)
    await story.contact(20, REPLIES)
    await story.contact(40, REPLIES)
    await story.sent(10)
    await story.sent(30)
    assert await story.timers() == [*("first_reply m1 ended reply 10", "next_reply m2 ended reply 10", "next_reply m3 running")]
    assert await story.contact(50, REPLIES) == {"next_reply": 160}


async def test_a_shorter_promise_takes_the_place_of_a_longer_one(story: Story) -> None:
    await story.contact(0, REPLIES)
    assert await story.contact(10, URGENT, category="gas") == {"first_reply": 15}
    assert (await story.timers())[:2] == ["first_reply m1 ended replaced 10", "first_reply m2 running"]
    assert await story.contact(58, URGENT) == {"first_reply": 15}, "that one is over already"
    await story.sent(12)
    assert await story.contact(20, REPLIES) == {"next_reply": 63}


async def test_who_was_answered_before_anything_was_promised_waits_for_the_next_answer(story: Story) -> None:
    await story.contact(0, None)
    sent = {"conversation_id": "con_1", "message_id": "m1", "state": "sent"}

    def answer(connection: Connection) -> None:
        connection.execute(outgoing.insert(), [row(outgoing, id="out_1", **sent, automatic=True)])

    await story.database.write(answer)
    assert await story.contact(5, REPLIES) == {"first_reply": 65}
    other = await Story(story.database, "con_2").begin()
    await other.contact(0, None, id="n1")
    sent["conversation_id"] = "con_2"
    await story.database.write(
        lambda connection: connection.execute(outgoing.insert(), [row(outgoing, id="out_2", **sent, automatic=False)])
    )
    assert await other.contact(5, REPLIES, id="n2") == {"next_reply": 125}


async def test_the_clock_of_a_resolution_stands_while_the_ticket_waits_for_the_customer(story: Story) -> None:
    await story.contact(0)
    await story.ticket("opened", 1)
    await story.ticket("paused", 60)
    assert (await story.timers())[1] == "resolution m1 paused"
    await story.look(2_000)
    assert [one for one in await story.told() if "resolution" in one] == []
    await story.ticket("resumed", 1060)
    assert await story.contact(1061) == {"first_reply": 60, "resolution": 1600}
    await story.ticket("paused", 1100)
    assert await story.contact(1200) == {"first_reply": 60, "resolution": 1700}, "who writes waits again"
    await story.ticket("closed", 1201)
    assert (await story.timers())[:2] == ["first_reply m1 ended closed 1201", "resolution m1 ended closed 101"]
    await story.ticket("reopened", 1301)
    assert (await story.timers())[1] == "resolution m1 running"
    await story.ticket("closed", 1311)
    assert (await story.timers())[1] == "resolution m1 ended closed 111"


async def test_news_that_is_older_than_what_was_heard_changes_nothing(story: Story) -> None:
    await story.contact(0)
    await story.ticket("closed", 50)
    await story.ticket("paused", 30)
    await story.ticket("opened", 10)
    assert (await story.timers())[1] == "resolution m1 ended closed 50"


async def test_a_ticket_that_waits_while_it_is_closed_stays_closed(story: Story) -> None:
    await story.contact(0)
    await story.ticket("closed", 50)
    await story.ticket("resumed", 60)
    await story.ticket("paused", 61)
    assert (await story.timers())[1] == "resolution m1 ended closed 50"


async def test_a_warning_and_a_breach_each_once(story: Story) -> None:
    await story.contact(0, REPLIES)
    assert (await story.look(47.9)).more is False
    assert await story.told() == []
    for minutes in (48, 48, 59.9):
        await story.look(minutes)
    assert await story.told() == ["warning first_reply m1 48"]
    first = await story.look(60)
    assert (dict(first.breaches), first.copies) == ({("general", "first_reply"): 1}, 1)
    assert dict((await story.look(61)).breaches) == {}
    await story.look(20)  # a clock that was set back
    assert await story.told() == ["warning first_reply m1 48", "breached first_reply m1 60"]


async def test_both_at_once_where_nobody_looked_for_long(story: Story) -> None:
    await story.contact(0)
    await story.look(10_000)
    assert await story.told() == [
        *("warning first_reply m1 48", "breached first_reply m1 60"),
        *("warning resolution m1 480", "breached resolution m1 600"),
    ]


async def test_what_is_answered_in_time_is_not_told_however_late_it_is_looked_at(story: Story) -> None:
    await story.contact(0, REPLIES)
    await story.sent(59)
    await story.look(10_000)
    assert await story.told() == []


async def test_what_an_event_says_and_the_copies_that_it_makes(story: Story) -> None:
    await story.contact(0, REPLIES)
    await story.look(60)

    def read(connection: Connection) -> tuple[Any, Any]:
        bodies = connection.execute(select(events.c.body).order_by(events.c.position)).scalars()
        copies = connection.execute(select(targets).where(targets.c.state == PENDING)).mappings()
        return [orjson.loads(body) for body in bodies], [dict(one) for one in copies]

    (warning, breach), (copy,) = await story.database.read(read)
    about = {
        "promise": "first_reply",
        "due": breach["time"],
        "conversation": "con_1",
        "message": "m1",
        "customer": "cus_top",
        "ticket": "T-1",
        "category": "general",
        "channel": "email",
        "owners": ["desk@demo.example"],
    }
    assert warning["data"] == about | {"notify": ["lead@demo.example"], "priority": 2, "copied_to": []}
    assert breach["data"] == about | {"notify": ["boss@demo.example"], "priority": 9, "copied_to": ["recovery"]}
    assert (copy["message_id"], copy["target"], copy["order_key"], copy["node"]) == ("m1", "recovery", "k", "n1")


async def test_many_are_told_page_by_page(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.sla.telling.AT_ONCE", 2)
    for number in range(3):
        other = await Story(story.database, f"con_{number + 5}").begin()
        await other.contact(number, URGENT, id=f"o{number}")
    assert [(await story.look(60)).more for _ in range(3)] == [True, False, False]
    assert [one for one in await story.told() if one.startswith("breached")] == [
        f"breached first_reply o{number} {5 + number}" for number in range(3)
    ]


async def test_a_calendar_without_time_promises_nothing(story: Story) -> None:
    class Never(WorkingTime):
        def after(self, start_ms: int, working_ms: int) -> int:
            from router.calendars import OutOfReach

            raise OutOfReach

    assert await story.contact(0, REPLIES, hours=Never()) == {}
    assert ALWAYS.after(1, 2) == 3


async def test_another_that_was_faster_is_not_undone(story: Story) -> None:
    await story.contact(0)

    def race(connection: Connection) -> list[bool]:
        one, two = (sla.of_conversations(connection, ["con_1"])[0] for _ in range(2))
        one.state = two.state = "ended"
        return [sla.save(connection, one), sla.save(connection, two)]

    assert await story.database.write(race) == [True, False]


async def test_it_goes_with_the_contact_that_began_it(story: Story) -> None:
    await story.contact(0)
    await story.contact(1)
    await story.database.write(lambda connection: remove_messages(connection, ["m1"], START))
    assert await story.timers() == ["next_reply m2 waiting"]


async def test_the_list_and_the_report(story: Story) -> None:
    await story.contact(0, category="general")
    await story.sent(30)
    await story.ticket("paused", 60)
    other = await Story(story.database, "con_2").begin()
    await other.contact(0, REPLIES, id="n1", category="returns")
    await other.sent(90)
    await other.contact(100, REPLIES, id="n2", category="returns")
    third = await Story(story.database, "con_3").begin()
    await third.contact(5, REPLIES, id="k1", category="returns")
    await third.ticket("closed", 15)
    fourth = await Story(story.database, "con_4").begin()
    await fourth.contact(100, REPLIES, id="j1", category="returns")
    now = at(170)

    def read(connection: Connection, **wanted: Any) -> Any:
        return listed(connection, Wanted(**wanted), now, limit=2)

    page = await story.database.read(read)
    assert [(one.message, one.promise, one.state) for one in page.items] == [
        ("j1", "first_reply", "overdue"),
        ("n2", "next_reply", "running"),
    ]
    rest = await story.database.read(lambda one: listed(one, Wanted(), now, cursor=page.cursor, limit=2))
    assert [(one.message, one.state, one.due_ms, one.left) for one in rest.items] == [("m1", "paused", None, 540 * 60)]
    assert rest.cursor is None
    late = await story.database.read(lambda one: read(one, late_ms=now, category="returns"))
    assert [one.message for one in late.items] == ["j1"]
    kept = await story.database.read(lambda one: report(one, Wanted(), now))
    shown = [
        (one.category, one.promise, one.kept, one.missed, one.dropped, one.running, one.overdue, one.median, one.p90)
        for one in kept
    ]
    assert shown == [
        ("general", "first_reply", 1, 0, 0, 0, 0, 1800, 1800),
        ("general", "resolution", 0, 0, 0, 1, 0, None, None),
        ("returns", "first_reply", 0, 1, 1, 0, 1, 5400, 5400),
        ("returns", "next_reply", 0, 0, 0, 1, 0, None, None),
    ]
    since = await story.database.read(lambda one: report(one, Wanted(since_ms=at(100), category="returns"), now))
    assert [(one.promise, one.overdue + one.running) for one in since] == [("first_reply", 1), ("next_reply", 1)]
    assert await story.database.read(lambda one: sla.overdue(one, now)) == {("returns", "first_reply"): 1}


async def test_no_timer_is_without_an_escalation_that_can_be_read(story: Story) -> None:
    await story.contact(0, Sla(first_reply=60))
    found = await story.database.read(lambda one: one.execute(select(sla_timers.c.escalation)).scalar_one())
    assert orjson.loads(found) == {"owners": ["desk@demo.example"], "warning": None, "breach": None}


async def test_two_nodes_that_tell_at_once_tell_each_once(story: Story, filled_url: str) -> None:
    for number in range(40):
        other = await Story(story.database, f"con_{number + 5}").begin()
        await other.contact(0, REPLIES, id=f"o{number}")
    second = Story(Database(filled_url))
    try:
        await asyncio.gather(*(one.look(60) for one in (story, second) * 3))
    finally:
        await second.database.close()
    found = await story.told()
    assert len(found) == len(set(found)) == 80


async def test_hearing_and_telling_at_once_leave_one_truth(story: Story, filled_url: str) -> None:
    """An answer that is heard while another node tells: whoever comes second sees what the first has done."""
    second = Story(Database(filled_url))
    try:
        for number in range(8):
            talk, same = (
                await Story(story.database, f"con_{number + 5}").begin(),
                Story(second.database, f"con_{number + 5}"),
            )
            await talk.contact(0, REPLIES, id=f"o{number}")
            await asyncio.gather(talk.sent(59), same.look(60))
    finally:
        await second.database.close()
    assert {line.partition(" ended ")[2] for line in await story.timers()} == {"reply 59"}
