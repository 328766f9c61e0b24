"""Replies are queued for the handle that wrote, and automatic ones never in a loop, on both databases."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from desk.refusals import REFUSALS, Refused
from desk.replies import Channels, Reply, queue
from identity.ids import new_id
from normalizer.inbound import Handle
from normalizer.inbound import Reply as Way
from storage.database import Database
from storage.schema import outgoing
from tests.answered import store
from tests.contacts import START, email, phone

NOW = int(START.timestamp() * 1000)
SECOND, HOUR = 1000, 3_600_000
DAY = 24 * HOUR
OURS = {"help@demo.example", "info@demo.example"}
CHANNELS = Channels(can_send=lambda name: name != "form", own=lambda handle: handle.value in OURS)


async def answer(database: Database, message_id: str, *, now_ms: int = NOW, automatic: bool = True, text: str = "Ciao") -> str:
    reply = Reply(message_id=message_id, text=text, author="rule", automatic=automatic)
    return (await database.write(lambda connection: queue(connection, reply, CHANNELS, now_ms))).id


async def refusal(database: Database, message_id: str, **more: Any) -> str | None:
    try:
        await answer(database, message_id, **more)
    except Refused as refused:
        return refused.reason if str(refused) == REFUSALS[refused.reason] else "another text"
    return None


async def rows(database: Database) -> list[dict[str, Any]]:
    def work(connection: Connection) -> list[dict[str, Any]]:
        return [dict(row) for row in connection.execute(select(outgoing).order_by(outgoing.c.position)).mappings()]

    return await database.read(work)


VIA = email("anna.private@example.it")


@pytest.mark.parametrize(
    ("handle", "way", "goes_to"),
    [
        (email(), Way(), email()),
        (email(verified=True), Way(), email(verified=True)),
        (email(), Way(via=VIA), VIA),
        (phone(), Way(), phone()),
    ],
)
async def test_a_reply_goes_to_the_handle_that_wrote_or_was_given(
    database: Database, handle: Handle, way: Way, goes_to: Handle
) -> None:
    message_id = await store(database, "m1", handle, reply=way, claims=(email("other@example.it"),))
    id_ = await answer(database, message_id, automatic=False)
    [row] = await rows(database)
    assert Handle(row["handle_kind"], row["handle_value"], row["handle_proof"]) == goes_to
    assert (row["id"], row["message_id"], row["state"], row["connector"]) == (id_, message_id, "queued", "mail")


@pytest.mark.parametrize(
    ("handle", "more", "automatic", "reason"),
    [
        (email(), {"automated": "auto_reply"}, True, "automated_mail"),
        (email(), {"automated": "list"}, True, "automated_mail"),
        (email(), {"automated": "auto_reply"}, False, None),
        (email("info@demo.example"), {}, True, "own_address"),
        (email("info@demo.example"), {}, False, None),
        (email(), {"reply": Way(via=email("help@demo.example"))}, True, "own_address"),
        (email(), {"reply": Way(allowed=())}, True, "not_allowed"),
        (email(), {"reply": Way(allowed=())}, False, "not_allowed"),
        (Handle("unknown_sender", "unknown:1", "claimed"), {}, True, "not_allowed"),
        (email(), {"connector": "form"}, False, "cannot_send"),
        (email(), {"reply": Way(until=START)}, False, None),
    ],
)
async def test_what_may_be_answered(
    database: Database, handle: Handle, more: dict[str, Any], automatic: bool, reason: str | None
) -> None:
    message_id = await store(database, "m1", handle, **more)
    assert await refusal(database, message_id, automatic=automatic) == reason
    assert len(await rows(database)) == (reason is None)


async def test_what_is_refused_to_everybody(database: Database) -> None:
    message_id = await store(database, "m1", reply=Way(until=START))
    assert await refusal(database, message_id, automatic=False, now_ms=NOW + SECOND) == "window_closed"
    assert await refusal(database, message_id, automatic=False, text=" \n") == "no_text"
    assert await refusal(database, "0" * 36, automatic=False) == "unknown_message"


@pytest.mark.parametrize(
    ("later", "reason"),
    [
        ({}, None),
        ({"account": "info@demo.example"}, "window_closed"),
        ({"channel": "chat"}, "window_closed"),
        ({"handle": email("bruno@example.it")}, "window_closed"),
        ({"customer": "cus_another"}, "window_closed"),
    ],
)
async def test_the_customers_last_contact_opens_the_time(database: Database, later: dict[str, Any], reason: str | None) -> None:
    """People answer the first message of a conversation; what counts is when the same customer last wrote to the same place."""
    first = await store(database, "m1", customer="cus_1", reply=Way(until=START + timedelta(hours=24)))
    more = {"customer": "cus_1", "hours": 29, "reply": Way(until=START + timedelta(hours=53)), **later}
    await store(database, "m2", more.pop("handle", None), **more)
    assert await refusal(database, first, automatic=False, now_ms=NOW + 30 * HOUR) == reason


async def test_an_address_of_its_own_has_its_own_time(database: Database) -> None:
    """A later message opens no old comment."""
    way = Way(until=START + timedelta(hours=24), via=Handle("facebook_comment", "1:77_88", "verified"))
    first = await store(database, "m1", customer="cus_1", reply=way)
    await store(database, "m2", customer="cus_1", hours=29, reply=Way(until=START + timedelta(hours=53)))
    assert await refusal(database, first, automatic=False, now_ms=NOW + 30 * HOUR) == "window_closed"


async def test_one_automatic_answer_to_a_sender_in_an_hour(database: Database) -> None:
    first, second = [await store(database, name) for name in ("m1", "m2")]
    other = await store(database, "m3", email("bruno@example.it"))
    assert await refusal(database, first) is None
    assert await refusal(database, second, now_ms=NOW + HOUR - SECOND) == "once_an_hour"
    assert await refusal(database, second, now_ms=NOW + HOUR - SECOND, automatic=False) is None, "a person is not counted"
    assert await refusal(database, other, now_ms=NOW + HOUR - SECOND) is None
    assert await refusal(database, second, now_ms=NOW + HOUR) is None


async def test_what_a_person_wrote_is_not_counted(database: Database) -> None:
    message_id = await store(database, "m1")
    assert await refusal(database, message_id, automatic=False) is None
    assert await refusal(database, message_id) is None


async def test_the_hour_is_the_address_s_not_the_sender_s(database: Database) -> None:
    """Many senders with one address for answers would make us write to it without end."""
    for number in range(3):
        id_ = await store(database, f"m{number}", phone(f"+3933312345{number}"), reply=Way(via=VIA))
        assert await refusal(database, id_) == (None if number == 0 else "once_an_hour")


async def test_five_automatic_answers_in_a_conversation_a_day(database: Database) -> None:
    conversation = new_id("con")
    ids = [await store(database, f"m{number}", email(f"{number}@example.it"), conversation=conversation) for number in range(7)]
    for number in range(5):
        assert await refusal(database, ids[number], now_ms=NOW + number * HOUR) is None
    assert await refusal(database, ids[5], now_ms=NOW + DAY - SECOND) == "five_a_day"
    assert await refusal(database, ids[5], now_ms=NOW + DAY) is None, "the first is a day old"
    assert await refusal(database, ids[6], now_ms=NOW + DAY) == "five_a_day"


async def test_an_answer_that_failed_counts_too(database: Database) -> None:
    """The other side may have it although we heard otherwise."""
    message_id = await store(database, "m1")
    await answer(database, message_id)
    await database.write(lambda connection: connection.execute(update(outgoing).values(state="failed")))
    assert await refusal(database, message_id) == "once_an_hour"


async def test_two_nodes_at_once_queue_one(database: Database, filled_url: str) -> None:
    message_id = await store(database, "m1")
    other = Database(filled_url)
    try:
        found = await asyncio.gather(*(refusal(one, message_id) for one in (database, other) * 4))
    finally:
        await other.close()
    assert sorted(map(str, found)) == ["None", *["once_an_hour"] * 7]
    assert len(await rows(database)) == 1
