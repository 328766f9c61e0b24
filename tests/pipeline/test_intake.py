"""The way in: everything a request held is durable, or nothing is and the provider is told so."""

from pathlib import Path
from typing import Any

import pytest

from connectors.base import ChannelEvent, Parsed, Status, Unreadable
from connectors.errors import Rejected
from normalizer.inbound import InboundAttachment, envelope_id
from regia.pipeline.accepted import AcceptedMessage, decode, entries
from regia.pipeline.intake import Intake
from storage.journal import Journal
from tests.contacts import START, email, inbound, phone, user
from tests.pipeline.conftest import Line

STATUS = Status(event_key="k", external_id="k", brand="demo", channel="whatsapp", account=None, state="read", raw=b"{}")
EVENT = ChannelEvent(event_key="k", type="t", account=None, raw=b"{}")
LOST = Unreadable(reason="undecodable", raw=b"k", content_type="text/plain", detail="x")


async def test_receipts_stand_in_the_order_of_the_contacts(line: Line) -> None:
    parsed = Parsed(
        messages=(inbound("b"), inbound("a"), inbound("b")), statuses=(STATUS,), events=(EVENT,), unreadable=(LOST,)
    )
    found = await line.intake.accept("whatsapp", parsed)
    assert [receipt.id for receipt in found.messages] == [envelope_id("whatsapp", key) for key in ("b", "a", "b")]
    assert [receipt.repeat for receipt in found.messages] == [False, False, True]
    assert len(found.everything) == 6


async def test_a_request_that_held_nothing(line: Line) -> None:
    found = await line.intake.accept("whatsapp", Parsed())
    assert (list(found.messages), list(found.everything), line.journal.last_seq) == ([], [], 0)


async def test_one_key_of_a_contact_a_status_and_an_event_are_three_things() -> None:
    parsed = Parsed(messages=(inbound("k"),), statuses=(STATUS,), events=(EVENT,), unreadable=(LOST,))
    assert len({entry.id for entry in entries("whatsapp", parsed, START)}) == 4
    assert len({entry.id for name in ("one", "two") for entry in entries(name, parsed, START)}) == 8


async def test_no_separator_joins_a_connector_and_a_key() -> None:
    tricky = [("a", "status\n\nk"), ("a", "event\n\nk"), ("a", "k\nstatus")]
    ids = {entry.id for name, key in tricky for entry in entries(name, Parsed(messages=(inbound(key),)), START)}
    ids |= {entry.id for entry in entries("a", Parsed(statuses=(STATUS,), events=(EVENT,)), START)}
    assert len(ids) == 5


async def test_a_contact_comes_back_from_the_journal_as_it_was(line: Line) -> None:
    contact = inbound(
        "m1",
        phone(),
        aliases=[user()],
        claims=[email()],
        fields={"total": 89.9, "list": ["a", 1, None, True], "n": 2**63},
        attachments=(InboundAttachment(content=bytes(range(256))), InboundAttachment(reference="x")),
        sent_at=START,
        raw=bytes(range(256)),
    )
    await line.accept(contact)
    (row,) = await line.journal.pending()
    accepted = decode(row.payload)
    assert isinstance(accepted, AcceptedMessage)
    assert (accepted.connector, accepted.message) == ("whatsapp", contact)
    assert row.kind == "media"


@pytest.mark.parametrize(
    "broken",
    [
        {"text": "half \ud83d"},
        {"order_key": "\ud83d"},
        {"event_key": "\ud83d"},
        {"fields": {"n": 2**70}},
        {"fields": {"n": -(2**64)}},
    ],
    ids=["text", "order key", "event key", "large", "small"],
)
async def test_a_value_that_cannot_be_written_down_is_held_not_refused(line: Line, broken: dict[str, Any]) -> None:
    """The provider would send it again for ever, and its neighbours with it."""
    line.start()
    found = await line.intake.accept("whatsapp", Parsed(messages=(inbound("m1"), inbound("m2", **broken), inbound("m3"))))
    assert len(found.messages) == 3
    await line.idle()
    assert sorted(await line.envelopes()) == ["m1", "m3"]
    assert await line.held() == [("parser_failed", b'{"id":"m2"}')]
    assert (await line.books()).balance


async def test_after_stop_everything_is_refused(line: Line) -> None:
    line.intake.stop()
    with pytest.raises(Rejected) as raised:
        await line.accept(inbound("m1"))
    assert (raised.value.code, raised.value.status) == ("unavailable", 503)
    assert line.journal.last_seq == 0


async def test_a_journal_that_cannot_be_written(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "j.sqlite")
    intake = Intake(journal)
    await journal.close()
    with pytest.raises(Rejected) as raised:
        await intake.accept("whatsapp", Parsed(messages=(inbound("m1"),)))
    assert (raised.value.status, raised.value.retry_after) == (503, 5)


@pytest.mark.parametrize("exact", [True, False])
async def test_a_repeat_tells_whether_it_is_the_same(line: Line, exact: bool) -> None:
    """A provider may write the same event a little differently; a key that the caller chose stands for one content."""
    first, same, other = [
        (await line.intake.accept("desk", Parsed(messages=(inbound("key", raw=raw, exact=exact),)))).messages[0]
        for raw in (b"one", b"one", b"two")
    ]
    assert [(one.repeat, one.same) for one in (first, same, other)] == [(False, True), (True, True), (True, not exact)]
