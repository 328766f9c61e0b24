"""Messages that answer nothing, through the same sender: when they leave, when not any more, and what is left of them."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from connectors.errors import SendFailed
from desk.outbound import message
from regia.pipeline.accepted import AcceptedStatus, decode
from storage import outgoing
from storage.outgoing import NewOutgoing
from storage.outgoing_tries import Claimed
from storage.schema import outgoing as table
from tests.runners.test_sending import Desk, database, desk

__all__ = ["database", "desk"]

CODE = "Il tuo codice è 123456"
MINUTE = 60.0


async def unasked(desk: Desk, *, minutes: float = 10) -> str:
    now_ms = int(desk.time * 1000)
    new = NewOutgoing(
        id=str(uuid4()),
        connector="mail",
        message_id=None,
        conversation_id=None,
        handle_kind="email",
        handle_value="anna@example.it",
        handle_proof="claimed",
        author="challenge/chl_1",
        automatic=True,
        subject="Conferma",
        text=CODE,
        html=None,
        created_ms=now_ms,
        brand="demo",
        account="help@demo.example",
        until_ms=now_ms + int(minutes * MINUTE * 1000),
        secret=True,
    )
    await desk.database.write(lambda connection: outgoing.add(connection, new))
    return new.id


async def words(desk: Desk) -> list[str]:
    return await desk.database.read(lambda connection: list(connection.execute(select(table.c.text)).scalars()))


async def test_it_leaves_with_what_it_has_itself_and_is_told_without_its_words(desk: Desk) -> None:
    id_ = await unasked(desk)
    await desk.step()
    [sent] = desk.channel.seen
    assert (sent.to.value, sent.text, sent.subject, sent.account, sent.token) == (
        *("anna@example.it", CODE, "Conferma", "help@demo.example"),
        id_,
    )
    assert (sent.in_reply_to, sent.last_inbound_at, sent.conversation, sent.automatic) == (None, None, None, True)
    assert (await desk.states(), await words(desk)) == (["sent"], [""])
    assert await desk.told() == [(id_, "sent", None)]
    [row] = await desk.journal.pending(after=0, limit=10)
    accepted = decode(row.payload)
    assert isinstance(accepted, AcceptedStatus)
    assert (accepted.status.brand, accepted.status.account) == ("demo", "help@demo.example")
    assert b"123456" not in row.payload


async def test_one_that_fails_keeps_nobody_waiting(desk: Desk) -> None:
    desk.channel.answers = [SendFailed("retryable", "later")]
    for _ in range(2):
        await unasked(desk)
    await desk.step()
    assert sorted(await desk.states()) == ["queued", "sent"]


async def test_another_try_that_would_come_too_late_is_not_waited_for(desk: Desk) -> None:
    desk.channel.answers = [SendFailed("retryable", "later")] * 5
    id_ = await unasked(desk)
    for _ in range(4):
        await desk.step(2.5 * MINUTE)
    assert len(desk.channel.seen) == 3
    assert (await desk.states(), await words(desk)) == (["failed"], [""])
    assert await desk.told() == [(id_, "failed", "retryable: later; given up: it would come too late")]


async def test_what_waited_too_long_ends_within_a_minute(desk: Desk) -> None:
    await desk.step()
    id_ = await unasked(desk)
    await desk.step(10 * MINUTE)
    assert desk.channel.seen == []
    assert (await desk.states(), await words(desk)) == (["failed"], [""])
    assert [told[:2] for told in await desk.told()] == [(id_, "failed")]


@pytest.mark.parametrize("message_id", ["m1", None])
def test_a_lost_contact_is_not_the_same_as_none(message_id: str | None) -> None:
    row = Claimed(
        id=str(uuid4()),
        connector="mail",
        message_id=message_id,
        conversation_id=None,
        handle_kind="phone",
        handle_value="+393331234567",
        handle_proof="claimed",
        author="x",
        automatic=True,
        subject=None,
        text=CODE,
        html=None,
        created_ms=1,
        attempts=1,
        first_ms=1,
        envelope=None,
        last_inbound_ms=None,
    )
    if message_id is None:
        assert message(row).text == CODE
    else:
        with pytest.raises(SendFailed, match="not stored any more"):
            message(row)
