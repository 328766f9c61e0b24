"""A telephone exchange: how it proves itself, words of its own, keys, and recordings."""

import json
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from connectors.base import Connector, Request
from connectors.calls import seconds
from connectors.conformance.fake_http import FakeHttp
from connectors.conformance.subject import ARRIVED, post
from connectors.errors import Rejected
from normalizer.inbound import Handle, InboundMessage, Reply
from tests.subjects.pbx import SECRET, SUBJECT

CALL = {"call_id": "c-1", "from": "+393331234567", "to": "+390233300100", "direction": "inbound", "state": "ringing"}


def connector(**changed: Any) -> Connector:
    return SUBJECT.connector(**changed)


def read(event: dict[str, Any], **changed: Any) -> InboundMessage:
    (found,) = connector(**changed).parse(SUBJECT.request(json.dumps(event).encode())).messages
    return found


def proven_by(value: str) -> Request:
    return post(b"", ARRIVED, {"Authorization": value}, name="pbx")


def basic(pair: str) -> str:
    return f"Basic {b64encode(pair.encode()).decode()}"


@pytest.mark.parametrize(
    "value", [f"Bearer {SECRET}", f"bearer  {SECRET}", basic(f"regia:{SECRET}"), basic(f"regia:{SECRET}").replace("B", "b", 1)]
)
def test_it_proves_itself_by_token_or_password(value: str) -> None:
    connector().verify(proven_by(value))


@pytest.mark.parametrize(
    "value",
    [SECRET, "Bearer", "Bearer x", basic(SECRET), basic(f"other:{SECRET}"), basic("regia:x"), "Basic ===", "Basic é", "Basic "],
)
def test_anything_else_is_refused(value: str) -> None:
    with pytest.raises(Rejected, match="signature_wrong"):
        connector().verify(proven_by(value))


def test_the_password_may_hold_a_colon() -> None:
    connector(secret="a:b", user="3cx").verify(proven_by(basic("3cx:a:b")))


def test_words_of_its_own() -> None:
    event = {"uniqueid": "c-1", "call": {"src": "02 1234567", "dst": "+390233300100"}, "way": "EIN", "event": "Gespräch"}
    found = read(
        event,
        fields={"call_id": "uniqueid", "from": "call.src", "to": "call.dst", "direction": "way", "state": "event"},
        states={"gespräch": "in-progress"},
        directions={"ein": "inbound"},
    )
    assert found.call is not None
    assert (found.external_id, found.call.state, found.sender.handle.value) == ("c-1", "in-progress", "+39021234567")


def test_a_name_with_a_point_is_a_name_where_there_is_one() -> None:
    assert read({**CALL, "call.id": "c-9"}, fields={"call_id": "call.id"}).external_id == "c-9"


@pytest.mark.parametrize(
    ("number", "handle"),
    [
        ("+393331234567", Handle("phone", "+393331234567", "claimed")),
        ("0044 20 7946 0000", Handle("phone", "+442079460000", "claimed")),
        ("sip:anna@example.it", Handle("sip", "sip:anna@example.it", "claimed")),
        ("Cabina", Handle("unknown_caller", "Milano:c-1", "claimed")),
        ("201", Handle("unknown_caller", "Milano:c-1", "claimed")),
        ("withheld", Handle("unknown_caller", "Milano:c-1", "claimed")),
        ("NASCOSTO", Handle("unknown_caller", "Milano:c-1", "claimed")),
        ("+266696687", Handle("unknown_caller", "Milano:c-1", "claimed")),
    ],
)
def test_who_called(number: str, handle: Handle) -> None:
    found = read({**CALL, "from": number}, hidden=["nascosto"])
    assert (found.sender.handle, found.reply) == (handle, Reply(allowed=()))
    assert (found.brand, found.channel, found.account) == ("demo", "phone", "Milano")


def test_where_no_direction_is_told_the_settings_give_it() -> None:
    event = {name: value for name, value in CALL.items() if name != "direction"}
    found = read(event, direction="outbound")
    assert found.sender.handle.value == "+390233300100"


def test_a_recording_or_words_that_come_later_are_another_event() -> None:
    ended = {**CALL, "state": "hangup"}
    events = [ended, {**ended, "recording": "https://pbx/1"}, {**ended, "recording": "https://pbx/1", "text": "Pronto"}]
    keys = [read(event).event_key for event in events]
    assert keys[0] == "c-1:completed"
    assert len(set(keys)) == 3
    assert read({**events[1], "agent": "201"}).event_key == keys[1]


@pytest.mark.parametrize(
    ("given", "at"),
    [
        (1767225600, "2026-01-01T00:00:00+00:00"),
        (1767225600.75, "2026-01-01T00:00:00+00:00"),
        ("1767225600123", "2026-01-01T00:00:00.123000+00:00"),
        ("2026-01-01 01:00:00", "2026-01-01T00:00:00+00:00"),
        ("2026-07-01T02:00:00", "2026-07-01T00:00:00+00:00"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00+00:00"),
        ("0001-01-01T00:00:00", None),
        ("9999-12-31T23:59:59", None),
        ("", None),
    ],
)
def test_times(given: Any, at: str | None) -> None:
    found = read({**CALL, "started_at": given}, time_zone="Europe/Rome")
    assert (found.sent_at.isoformat() if found.sent_at else None) == at


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("0", 0),
        ("84", 84),
        ("84.9", 84),
        ("1:24", 84),
        ("01:02:03", 3723),
        ("1:2:3:4", None),
        ("", None),
        (None, None),
        ("-1", None),
        ("²", None),
        ("99999999", None),
        ("9" * 40, None),
    ],
)
def test_durations(given: str | None, number: int | None) -> None:
    assert seconds(given) == number


def test_another_content_type_is_kept() -> None:
    request = replace(SUBJECT.request(b"<call/>"), headers={"content-type": "text/xml"})
    (kept,) = connector().parse(request).unreadable
    assert (kept.reason, kept.raw, kept.content_type) == ("undecodable", b"<call/>", "text/xml")


@pytest.mark.parametrize(
    ("settings", "headers"),
    [
        ({}, {}),
        (
            {"recording_user": "r", "recording_password": "p"},
            {"Authorization": f"Basic {b64encode(b'r:p').decode()}"},
        ),
    ],
)
async def test_a_recording_is_loaded_from_the_hosts_of_the_settings(settings: dict[str, str], headers: dict[str, str]) -> None:
    http = FakeHttp(file=b"RIFF")
    found = await connector(recording_hosts=["pbx.example"], **settings).fetch("https://pbx.example/1.wav", "Milano", http)
    (call,) = http.calls
    assert (found.content, call.hosts, dict(call.headers)) == (b"RIFF", ("pbx.example",), headers)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"time_zone": "Mars/Olympus"}, "Europe/Rome"),
        ({"time_zone": "../etc/passwd"}, "Europe/Rome"),
        ({"recording_user": "r"}, "go together"),
        ({"fields": {"caller": "x"}}, "caller"),
    ],
)
def test_settings_that_cannot_be_meant(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        connector(**changed)
