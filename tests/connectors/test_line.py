"""LINE: where an answer goes, and events without an id."""

import json
from typing import Any

import pytest

from connectors.base import Connector, Parsed
from normalizer.inbound import Handle
from tests.subjects.line import SUBJECT

BOT = "U0000000000000000000000000000reg1"
GROUP = Handle("line_group", f"{BOT}:Ca56f94637c8b7a695f4e3d2c1b0a9f8e", "verified")
ROOM = Handle("line_group", f"{BOT}:Ra8dbf4673c1d2e3f405162738495a6b7", "verified")


def connector() -> Connector:
    return SUBJECT.connector()


def changed(name: str, **event: Any) -> Parsed:
    """What a sample becomes with other values in its event."""
    document = json.loads(SUBJECT.samples[name])
    document["events"][0] |= event
    return connector().parse(SUBJECT.request(json.dumps(document).encode()))


@pytest.mark.parametrize(
    ("sample", "via"),
    [
        ("text", None),
        ("text_group_mention", GROUP),
        ("text_group_no_user", GROUP),
        ("postback_group", GROUP),
        ("text_room", ROOM),
    ],
)
def test_an_answer_goes_where_it_was_written(sample: str, via: Handle | None) -> None:
    (found,) = connector().parse(SUBJECT.request(SUBJECT.samples[sample])).messages
    assert found.reply.via == via
    assert found.sender.handle.kind == ("line_group" if sample == "text_group_no_user" else "line_user")


def test_an_event_without_an_id_is_known_by_what_it_says() -> None:
    name = "text_without_event_id"
    (first,) = changed(name).messages
    again = changed(name, deliveryContext={"isRedelivery": True}, replyToken="another").messages
    assert [one.event_key for one in again] == [first.event_key]
    assert changed(name, timestamp=1).messages[0].event_key != first.event_key


def test_changing_menus_is_an_event_and_a_tap_is_a_contact() -> None:
    assert [event.type for event in changed("postback_rich_menu").events] == ["postback"]
    for params in ({"datetime": "2026-12-25T01:00"}, {}, None, 5):
        (found,) = changed("postback_rich_menu", postback={"data": "tab=orders", "params": params}).messages
        assert found.kind == "postback"
