"""Who is asked, who is not and why, and that nobody is asked twice."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from desk.surveys import asking
from desk.surveys.survey import SKIPS
from identity import tickets
from identity.tickets import News, Said
from normalizer.inbound import Reply
from storage import events, following
from storage.database import Database
from storage.schema import conversations, customers, handles
from storage.schema import surveys as table
from tests.contacts import email, phone
from tests.erasing.planted import row as a_row
from tests.surveys.conftest import Open, other
from tests.surveys.shop import DAY, HOUR, MINUTE, Shop

OVER = Reply(until=datetime.now(UTC) - timedelta(hours=1))
Make = Callable[[Shop], Awaitable[None]]


async def unanswered(it: Shop) -> None:
    await it.write("Vorrei un rimborso")
    await it.ticket("closed")


async def answered_elsewhere(it: Shop) -> None:
    await it.write("Vorrei un rimborso")
    await it.ticket("updated", answered=True)
    await it.ticket("closed")


async def closed_weeks_ago(it: Shop) -> None:
    """The ticket system tells of it only now."""
    await it.write("Vorrei un rimborso")
    await it.answer()
    last = (await it.messages())[-1]
    news = News(ticket="T1", said=Said(event="closed"), at_ms=it.now_ms() - 21 * DAY, message=last["id"])
    await it.database.write(lambda one: tickets.tell(one, news, actor="token/helpdesk", now_ms=it.now_ms()))
    # An old closing leaves what was written since open: nobody has answered that in this ticket.
    await it.database.write(lambda one: one.execute(update(conversations).values(open=False)))


async def of(it: Shop, **more: Any) -> None:
    await it.closed(**more)


@pytest.mark.parametrize(
    ("make", "settings", "skipped"),
    [
        (lambda it: of(it, reason="SPAM"), {}, "excepted"),
        (lambda it: of(it, reason="spam"), {"except_reasons": ["test"]}, None),
        (unanswered, {}, "not_answered"),
        (unanswered, {"only_answered": False}, None),
        (answered_elsewhere, {}, None),
        (closed_weeks_ago, {}, "late"),
        (lambda it: of(it, connector="mail", handle=email("help@demo.example")), {}, "own_address"),
    ],
)
async def test_who_is_not_asked(shop: Open, make: Make, settings: dict[str, Any], skipped: str | None) -> None:
    it = shop(**settings)
    await it.begin()
    await make(it)
    await it.follow()
    assert await it.states() == [("skipped", skipped) if skipped else ("asked", None)]
    assert bool(await it.said()) is (skipped is None)


@pytest.mark.parametrize(
    ("contact", "skipped"),
    [
        ({"automated": "honeypot"}, "discarded"),
        ({"automated": "list"}, "automated_mail"),
        ({"backlog": True}, "backlog"),
        ({"reply": OVER}, "window_closed"),
        ({"reply": Reply(allowed=())}, "not_allowed"),
        ({"connector": "form"}, "cannot_send"),
    ],
)
async def test_contacts_that_are_not_asked(shop: Open, contact: dict[str, Any], skipped: str) -> None:
    it = shop(only_answered=False)
    await it.begin()
    await it.write("Vorrei un rimborso", **contact)
    await it.ticket("closed")
    await it.follow()
    assert await it.states() == [("skipped", skipped)]
    assert await it.said() == []


@pytest.mark.parametrize("settings", [{"brands": ["other"]}, {"categories": ["general"]}, {"channels": ["telegram"]}])
async def test_a_ticket_that_no_survey_is_for(shop: Open, settings: dict[str, Any]) -> None:
    it = shop(**settings)
    await it.begin()
    await it.closed()
    await it.follow()
    assert await it.rows() == []


async def test_the_last_contact_that_can_be_answered_is(shop: Open) -> None:
    """The one after it is a program's, and the last one's time is over."""
    it = shop()
    await it.begin()
    await it.write("Vorrei un rimborso", channel="telegram", connector="telegram")
    await it.write("Fuori sede", automated="auto_reply")
    await it.answer()
    await it.ticket("closed")
    await it.follow()
    assert [(one["connector"], one["state"]) for one in await it.rows()] == [("telegram", "asked")]


async def test_it_waits_and_is_withdrawn_where_the_ticket_is_opened_again(shop: Open) -> None:
    it = shop(delay_minutes=10)
    await it.begin()
    await it.closed()
    await it.follow()
    assert await it.states() == [("planned", None)]
    await it.ticket("reopened")
    await it.follow()
    it.ahead_ms += HOUR
    await it.follow()
    assert await it.states() == [("skipped", "goes_on")]
    await it.ticket("closed")
    await it.follow()
    it.ahead_ms += HOUR
    await it.follow()
    assert [state for state, _ in await it.states()] == ["skipped", "asked"]


async def test_who_has_written_since_is_not_asked(shop: Open) -> None:
    it = shop(delay_minutes=10)
    await it.begin()
    await it.closed()
    await it.follow()
    it.ahead_ms += MINUTE
    await it.write("E l'altra padella?")
    it.ahead_ms += HOUR
    await it.follow()
    assert await it.states() == [("skipped", "goes_on")]


async def test_what_was_due_long_ago_is_not_asked(shop: Open) -> None:
    it = shop(delay_minutes=10)
    await it.begin()
    await it.closed()
    await it.follow()
    it.ahead_ms += 2 * DAY
    await it.follow()
    assert await it.states() == [("skipped", "late")]


async def test_once_in_a_period(shop: Open) -> None:
    it = shop(every_days=30)
    await it.begin()
    await it.closed()
    await it.closed("Un'altra cosa", "T2", connector="telegram")
    await it.follow()
    assert await it.states() == [("asked", None), ("skipped", "asked_lately")]
    it.ahead_ms += 31 * DAY
    await it.closed("Eccomi di nuovo", "T3")
    await it.follow()
    assert [state for state, _ in await it.states()] == ["expired", "skipped", "asked"]


async def test_once_in_a_period_also_for_those_who_are_one_by_now(shop: Open) -> None:
    """Both are planned as two customers, and merged before they are asked."""
    it = shop(delay_minutes=10)
    await it.begin()
    await it.closed()
    await it.closed("Anche io", "T2", handle=phone("+393339999999"), connector="telegram")
    await it.follow()
    assert [state for state, _ in await it.states()] == ["planned", "planned"]

    def merge(connection: Connection) -> None:
        one, two = connection.execute(select(customers.c.id).order_by(customers.c.id)).scalars()
        below = customers.c.id == two
        connection.execute(update(customers).where(below).values(root_id=one, merged_into=one))
        connection.execute(update(handles).where(handles.c.customer_id == two).values(customer_id=one))

    await it.database.write(merge)
    it.ahead_ms += HOUR
    await it.follow()
    assert await it.states() == [("asked", None), ("skipped", "asked_lately")]
    assert len(await it.said()) == 1


async def test_one_that_is_not_configured_any_more(shop: Open) -> None:
    it = shop(delay_minutes=10)
    await it.begin()
    await it.closed()
    await it.follow()
    it.surveys.named.clear()  # type: ignore[attr-defined]  # a dictionary in these tests
    it.ahead_ms += HOUR
    await it.follow()
    assert await it.states() == [("skipped", "not_configured")]


async def test_one_that_fails_holds_up_no_other(shop: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    it = shop()
    await it.begin()
    await it.closed()
    await it.closed("Anche io", "T2", handle=phone("+393339999999"))
    first = asking.wording.first
    seen: list[str] = []

    def failing(surveys: Any, survey: Any, row: Any) -> Any:
        seen.append(row["id"])
        if len(seen) == 1:
            raise KeyError("a defect")
        return first(surveys, survey, row)

    monkeypatch.setattr(asking.wording, "first", failing)
    await it.follow()
    assert await it.states() == [("skipped", "internal"), ("asked", None)]


class Killed(BaseException):
    """As a process ends: nothing catches it."""


@pytest.mark.parametrize("place", ["planned", "queued", "asked"])
async def test_killed_at_any_step_nobody_is_asked_twice(shop: Open, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    it = shop()
    await it.begin()
    await it.closed()
    name, module = {
        "planned": ("add", asking.rows),
        "queued": ("queue", asking.replies),
        "asked": ("change", asking.rows),
    }[place]
    real = getattr(module, name)

    def done_and_killed(*arguments: Any, **more: Any) -> None:
        real(*arguments, **more)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(module, name, done_and_killed)
        with pytest.raises(Killed):
            await it.follow()
    assert await it.said() == []
    await it.follow()
    await it.follow()
    assert (await it.states(), len(await it.said())) == ([("asked", None)], 1)


async def test_two_nodes_at_once_ask_once(shop: Open, database: Database) -> None:
    it = shop(delay_minutes=10)
    await it.begin()
    for number in range(4):
        await it.closed("Vorrei un rimborso", f"T{number}", handle=phone(f"+39333000000{number}"))
    second = other(database)
    try:
        await database.write(lambda connection: events.number(connection, it.now_ms()))

        def follow(connection: Connection) -> following.Followed:
            return following.follow(connection, "surveys", ("regia.ticket.closed.v1",), it.work.act, it.now_ms())

        await asyncio.gather(database.write(follow), second.write(follow))
        assert [state for state, _ in await it.states()] == ["planned"] * 4
        it.ahead_ms += HOUR
        await asyncio.gather(*(it.follow(one) for one in (database, second)))
    finally:
        await second.close()
    assert [state for state, _ in await it.states()] == ["asked"] * 4
    assert len(await it.said()) == 4


async def test_one_customer_is_locked_in_a_transaction(shop: Open) -> None:
    it = shop(delay_minutes=10)
    await it.begin()
    await it.closed()
    await it.closed("Anche io", "T2", handle=phone("+393339999999"))
    await it.follow()
    it.ahead_ms += HOUR
    assert await it.database.write(lambda one: it.work.due(one, it.now_ms()))
    assert sorted(state for state, _ in await it.states()) == ["asked", "planned"]
    assert await it.database.write(lambda one: it.work.due(one, it.now_ms()))
    assert not await it.database.write(lambda one: it.work.due(one, it.now_ms()))
    assert [state for state, _ in await it.states()] == ["asked", "asked"]


async def test_the_reasons_are_explained() -> None:
    assert all(text and not text.endswith(".") for text in SKIPS.values())


async def test_an_answer_is_expired_in_time_and_told_where_it_was_begun(shop: Open) -> None:
    it = shop()
    await it.begin()
    await it.closed()
    await it.closed("Anche io", "T2", handle=phone("+393339999999"))
    await it.follow()
    await it.write("2")
    it.ahead_ms += 7 * DAY + HOUR
    await it.follow()
    assert [state for state, _ in await it.states()] == ["partly", "expired"]
    [told] = await it.told()
    assert (told["answers"], told["words"], told["complete"]) == ([{"question": "satisfaction", "value": 2}], False, False)


async def test_a_survey_that_is_gone_from_the_configuration_is_closed_without_its_words(shop: Open) -> None:
    it = shop()
    answers = '{"score": 4, "comment": "parole"}'
    one = a_row(table, id="srv_1", name="gone", brand="demo", ticket="T1", state="asked", due_ms=1, answers=answers)
    await it.database.write(lambda connection: connection.execute(insert(table), [one]))
    await it.follow()
    [told] = await it.told()
    assert (told["answers"], told["words"], told["complete"]) == ([{"question": "score", "value": 4}], True, False)
