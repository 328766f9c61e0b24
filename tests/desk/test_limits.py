"""What no sign of a program gives away: answers to our automatic mails, and limits that hold whoever writes."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import update

from connectors.email.contact import MARKED
from desk import loops
from desk.refusals import Refused
from desk.replies import Reply, queue
from identity.ids import new_id
from normalizer.inbound import Handle, Thread
from normalizer.inbound import Reply as Way
from storage import automatic
from storage.database import Database
from storage.schema import outgoing
from tests.answered import store
from tests.contacts import email, phone
from tests.desk.test_loops import CHANNELS, HOUR, NOW, SECOND, answer, refusal, rows

OURS = "regia.x.0f@demo.example"
EVA = email("eva@example.it")


async def sent(database: Database, *, automatic: bool, conversation: str = "") -> None:
    """A mail of ours left to Eva, two hours ago."""
    message_id = await store(database, "first", EVA, conversation=conversation)
    id_ = await answer(database, message_id, automatic=automatic, now_ms=NOW - 2 * HOUR)
    values = update(outgoing).where(outgoing.c.id == id_).values(state="sent", external_id=OURS)
    await database.write(lambda connection: connection.execute(values))


@pytest.mark.parametrize(
    "addresses",
    [
        ("anna+0@example.it", "anna+1@example.it", "anna@example.it"),
        ("anna@example.it", "anna+ticket7@example.it"),
        ("anna@example.it", "Anna@Example.it"),
        ("anna+a+b@example.it", "anna+c@example.it"),
    ],
)
async def test_an_address_is_one_with_and_without_what_follows_a_plus(database: Database, addresses: tuple[str, ...]) -> None:
    ids = [await store(database, f"m{number}", email(address)) for number, address in enumerate(addresses)]
    assert [await refusal(database, each) for each in ids] == [None, *["once_an_hour"] * (len(ids) - 1)]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (email("+1@example.it"), email("+2@example.it"), False),
        (email("anna@example.it"), email("anna@sub.example.it"), False),
        (phone("+391"), phone("+392"), False),
        (phone("+391"), phone("+391"), True),
    ],
)
def test_what_else_is_one_address(one: Handle, other: Handle, same: bool) -> None:
    assert (loops.bare(one) == loops.bare(other)) is same


@pytest.mark.parametrize(
    ("thread", "automatic", "reason"),
    [
        (Thread(in_reply_to=OURS), True, "answers_automatic"),
        (Thread(in_reply_to="x@y", references=("a@b", OURS)), True, "answers_automatic"),
        (Thread(in_reply_to=OURS), False, None),
        (Thread(in_reply_to="x@y", references=("a@b",)), True, None),
        (Thread(), True, None),
    ],
)
async def test_what_answers_an_automatic_mail_gets_none(
    database: Database, thread: Thread, automatic: bool, reason: str | None
) -> None:
    await sent(database, automatic=automatic)
    message_id = await store(database, "m1", email("another@other.example"), thread=thread)
    assert await refusal(database, message_id) == reason
    assert await refusal(database, message_id, automatic=False) is None, "a person may answer"


@pytest.mark.parametrize(("automatic", "reason"), [(True, "answers_automatic"), (False, None)])
async def test_whoever_writes_to_the_mark_of_an_automatic_mail_gets_none(
    database: Database, automatic: bool, reason: str | None
) -> None:
    conversation = new_id("con")
    await sent(database, automatic=automatic, conversation=conversation)
    message_id = await store(database, "m1", email("ticket7@other.example"), fields={MARKED: conversation})
    assert await refusal(database, message_id) == reason


@pytest.mark.parametrize(
    ("limit", "addresses", "connectors", "reason"),
    [
        ("AN_HOUR_TO_A_DOMAIN", "{}@posta.example", ("mail",), "domain_limit"),
        ("AN_HOUR_TO_A_DOMAIN", "{}@posta.example", ("mail", "other"), "domain_limit"),
        ("AN_HOUR_TO_A_DOMAIN", "x@{}.example", ("mail",), None),
        ("AN_HOUR_OF_A_CONNECTOR", "x@{}.example", ("mail",), "connector_limit"),
        ("AN_HOUR_OF_A_CONNECTOR", "x@{}.example", ("mail", "other"), None),
    ],
)
async def test_limits_of_an_hour(
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    *,
    limit: str,
    addresses: str,
    connectors: tuple[str, ...],
    reason: str | None,
) -> None:
    monkeypatch.setattr(loops, limit, 3)
    monkeypatch.setattr(automatic, "_PAGE", 2)
    ids = [
        await store(database, f"m{number}", email(addresses.format(number)), connector=connectors[number % len(connectors)])
        for number in range(4)
    ]
    for each in ids[:3]:
        assert await refusal(database, each) is None
    assert await refusal(database, ids[3], automatic=False) is None
    assert await refusal(database, ids[3], now_ms=NOW + HOUR - SECOND) == reason
    later = await store(database, "later", email(addresses.format("later")))
    assert await refusal(database, later, now_ms=NOW + HOUR) is None


@pytest.mark.parametrize(
    ("sender", "via", "goes_to"),
    [
        (email(), email("eva@example.it"), email()),
        (email(verified=True), email("eva@example.it"), email(verified=True)),
        (email(), email("eva@example.it", verified=True), email("eva@example.it", verified=True)),
        (phone(), email("eva@example.it"), email("eva@example.it")),
    ],
)
async def test_an_automatic_answer_goes_to_no_address_that_was_only_named(
    database: Database, sender: Handle, via: Handle, goes_to: Handle
) -> None:
    message_id = await store(database, "m1", sender, reply=Way(via=via))
    await answer(database, message_id)
    await answer(database, message_id, automatic=False)
    found = [Handle(row["handle_kind"], row["handle_value"], row["handle_proof"]) for row in await rows(database)]
    assert found == [goes_to, via]


@pytest.mark.parametrize("subject", ["a\nBcc: x@y.it", "a\r", "a\u2028b", "a\x00"])
async def test_a_subject_that_no_header_can_hold_is_refused_at_once(database: Database, subject: str) -> None:
    reply = Reply(message_id=await store(database, "m1"), text="Ciao", author="rule", subject=subject)
    with pytest.raises(Refused, match="line break"):
        await database.write(lambda connection: queue(connection, reply, CHANNELS, NOW))
    assert await rows(database) == []


async def test_two_nodes_at_once_count_a_connector_together(
    database: Database, filled_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "AN_HOUR_OF_A_CONNECTOR", 2)
    ids = [await store(database, f"m{number}", email(f"x@{number}.example")) for number in range(6)]
    other = Database(filled_url)
    try:
        nodes: list[Any] = [database, other] * 3
        found = await asyncio.gather(*(refusal(node, each) for node, each in zip(nodes, ids, strict=True)))
    finally:
        await other.close()
    assert sorted(map(str, found)) == ["None", "None", *["connector_limit"] * 4]


async def bounded(database: Database, message_id: str, key: str, now_ms: int = NOW) -> None:
    """What a survey asks."""
    reply = Reply(text="Voto?", author="survey/closed", message_id=message_id, automatic=True, key=key, asker=loops.BOUNDED)
    await database.write(lambda connection: queue(connection, reply, CHANNELS, now_ms, bounded=True))


async def test_a_survey_is_held_back_by_no_limit_and_counts_in_none(database: Database) -> None:
    await sent(database, automatic=True)
    first = await store(database, "m1", EVA, thread=Thread(in_reply_to=OURS))
    for number in range(7):
        await bounded(database, first, f"srv_{number}")
    other = await store(database, "m2", EVA)
    assert await refusal(database, other) is None, "the next acknowledgement goes out"
    assert await refusal(database, other) == "once_an_hour"


@pytest.mark.parametrize(
    ("handle", "more", "reason"),
    [
        (EVA, {"automated": "auto_reply"}, "automated_mail"),
        (email("help@demo.example"), {}, "own_address"),
        (Handle("unknown_sender", "x", "claimed"), {}, "not_allowed"),
    ],
)
async def test_what_holds_back_a_survey_too(database: Database, handle: Handle, more: dict[str, Any], reason: str) -> None:
    message_id = await store(database, "m1", handle, **more)
    with pytest.raises(Refused) as refused:
        await bounded(database, message_id, "srv_1")
    assert refused.value.reason == reason
