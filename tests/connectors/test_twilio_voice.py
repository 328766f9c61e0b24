"""Twilio's calls: what a caller hears, who may have called, what makes a repeat, and recordings."""

from base64 import b64encode
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

from connectors.base import Connector, Request
from connectors.conformance.fake_http import FakeHttp
from connectors.conformance.subject import ARRIVED
from connectors.errors import MediaUnavailable
from connectors.media import Fetched
from normalizer.inbound import Handle, InboundAttachment, InboundMessage, Reply
from tests.subjects.twilio import FORM, NUMBER, SID, TOKEN
from tests.subjects.twilio_voice import SUBJECT

WHATSAPP = "whatsapp:+15005550007"
URL = "https://gw.example/webhooks/twilio_voice"
EMPTY = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
RECORDING = f"https://api.twilio.com/2010-04-01/Accounts/{SID}/Recordings/RE00000000000000000000000000000001"


def connector(**changed: Any) -> Connector:
    return SUBJECT.connector(**changed)


def sample(name: str) -> InboundMessage:
    (found,) = connector().parse(SUBJECT.request(SUBJECT.samples[name])).messages
    return found


def told(request: Request, **changed: Any) -> str:
    answer = connector(**changed).acknowledge(request)
    assert answer is not None
    assert (answer.status, answer.content_type) == (200, "text/xml")
    root = ElementTree.fromstring(answer.body)  # noqa: S314  # our own answer
    assert root.tag == "Response"
    return answer.body.decode().removeprefix('<?xml version="1.0" encoding="UTF-8"?>')


# What a caller hears

SAY = '<Say language="en-US">Please leave a message.</Say>'
RECORD = f'<Record action="{URL}" maxLength="120" finishOnKey="#" transcribe="true" transcribeCallback="{URL}"/>'


@pytest.mark.parametrize(
    ("changed", "verbs"),
    [
        ({}, SAY + RECORD),
        ({"record": False}, SAY),
        ({"say": None, "record": False}, "<Reject/>"),
        (
            {"say": 'Lasciate "un" messaggio <dopo> il tono & grazie', "language": "it-IT", "record": False},
            '<Say language="it-IT">Lasciate "un" messaggio &lt;dopo&gt; il tono &amp; grazie</Say>',
        ),
        (
            {"say": None, "transcribe": False, "longest": 30},
            f'<Record action="{URL}" maxLength="30" finishOnKey="#"/>',
        ),
    ],
)
def test_a_new_call_is_told_what_the_settings_say(changed: dict[str, Any], verbs: str) -> None:
    assert told(SUBJECT.request(SUBJECT.samples["ringing"]), **changed) == f"<Response>{verbs}</Response>"


def test_callbacks_go_to_our_public_address() -> None:
    asked = SUBJECT.request(SUBJECT.samples["ringing"])
    posted = Request(method="POST", url=f"{URL}?a=1&b=2", headers=asked.headers, query={}, body=asked.body, received_at=ARRIVED)
    assert f'action="{URL}?a=1&amp;b=2"' in told(posted)
    got = Request(method="GET", url=f"{URL}?{asked.body.decode()}", headers={}, query={}, body=b"", received_at=ARRIVED)
    assert f'action="{URL}"' in told(got)


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name in SUBJECT.samples
        if not name.startswith(("ringing", "caller", "minimal", "malformed", "account", "unknown_fields"))
    ),
)
def test_whatever_only_tells_something_begins_no_second_voicemail(name: str) -> None:
    answer = connector().acknowledge(SUBJECT.request(SUBJECT.samples[name]))
    assert answer is not None
    assert answer.body == EMPTY


@pytest.mark.parametrize("body", [b"", b"\xff", b"&" * 5000 + b"a=1", b"=".join([b"&a"] * 2000)])
def test_something_else_is_answered_with_nothing(body: bytes) -> None:
    answer = connector().acknowledge(SUBJECT.request(body))
    assert answer is not None
    assert answer.body == EMPTY


# Who called


@pytest.mark.parametrize(
    ("name", "handle"),
    [
        ("ringing", Handle("phone", "+4915112345678", "claimed")),
        ("outbound_completed", Handle("phone", "+4915112345678", "claimed")),
        ("caller_sip", Handle("sip", "sip:ada@office.sip.example.com", "claimed")),
        ("caller_client", Handle("twilio_client", f"{SID}:client:ada_s", "verified")),
        ("dial_leg_to_our_line", Handle("phone", "+4915112345678", "claimed")),
        ("dial_leg_forwarded_from_our_line", Handle("phone", "+4915112345678", "claimed")),
        *(
            (name, Handle("unknown_caller", "CA00000000000000000000000000000014", "claimed"))
            for name in ("caller_anonymous", "caller_anonymous_number", "caller_anonymous_upper_case", "caller_restricted")
        ),
    ],
)
def test_a_caller_id_proves_nobody_and_a_hidden_one_is_nobody_else(name: str, handle: Handle) -> None:
    found = sample(name)
    assert (found.sender.handle, found.reply) == (handle, Reply(allowed=()))
    assert (found.channel, found.account) == ("voice", NUMBER)


@pytest.mark.parametrize(
    ("form", "handle"),
    [
        ({}, Handle("phone", "+4915112345678", "verified")),
        ({"From": "whatsapp:DE.81234"}, Handle("twilio_user", f"{WHATSAPP}:DE.81234", "verified")),
        ({"Direction": "outbound-api", "From": WHATSAPP, "To": "whatsapp:+491"}, Handle("unknown_caller", "CA1", "claimed")),
        ({"Direction": "outbound-api", "From": WHATSAPP, "To": "whatsapp:+49151"}, Handle("phone", "+49151", "verified")),
        ({"From": "whatsapp:anonymous"}, Handle("unknown_caller", "CA1", "claimed")),
        ({"To": NUMBER}, Handle("unknown_caller", "CA1", "claimed")),
    ],
)
def test_whatsapp_has_verified_who_calls_a_sender_of_whatsapp(form: dict[str, str], handle: Handle) -> None:
    call = {"CallSid": "CA1", "AccountSid": SID, "From": "whatsapp:+4915112345678", "To": WHATSAPP, "CallStatus": "ringing"}
    (found,) = connector().parse(SUBJECT.request(urlencode(call | form).encode())).messages
    assert (found.sender.handle, found.channel) == (handle, "voice")


# Legs of calls, and who took one


@pytest.mark.parametrize(("sample", "word"), [("dial_leg_of_a_caller", "dial_leg"), ("answered_by", "answered_by")])
@pytest.mark.parametrize(("brands", "brand"), [(("demo",), "demo"), (("demo", "demo"), "demo"), (("demo", "other"), None)])
def test_what_is_no_contact_is_an_event(sample: str, word: str, brands: tuple[str, ...], brand: str | None) -> None:
    (event,) = connector(accounts=lines(*brands)).parse(SUBJECT.request(SUBJECT.samples[sample])).events
    assert (event.type, event.brand, event.account) == (word, brand, NUMBER if len(brands) == 1 else None)


def test_a_leg_without_a_parent_of_a_line_that_is_not_ours_is_kept() -> None:
    body = SUBJECT.samples["dial_leg_of_a_caller"].replace(b"ParentCallSid", b"Other")
    (kept,) = connector().parse(SUBJECT.request(body)).unreadable
    assert kept.reason == "unknown_account"


# What makes a repeat


def test_every_state_has_a_key_of_its_own() -> None:
    call = "CA00000000000000000000000000000001"
    keys = {name: sample(name).event_key for name in ("ringing", "in_progress", "completed")}
    assert keys == {"ringing": f"{call}:ringing", "in_progress": f"{call}:in-progress", "completed": f"{call}:completed"}
    assert {sample(name).external_id for name in keys} == {call}


def test_recordings_and_their_words_have_keys_of_their_own() -> None:
    call, recording = "CA0000000000000000000000000000000a", "RE00000000000000000000000000000001"
    keys = [sample(name).event_key for name in ("record_action", "record_action_hangup", "recording", "transcription")]
    assert keys == [
        f"{call}:in-progress:{recording}",
        f"{call}:completed:{recording}",
        f"{recording}:completed",
        "TR0000000000000000000000000000000a",
    ]


# Recordings


@pytest.mark.parametrize(("name", "has_file"), [("record_action", True), ("recording", True), ("transcription", False)])
def test_a_recording_is_fetched_where_it_is_announced(name: str, has_file: bool) -> None:
    file = InboundAttachment(reference=RECORDING, filename="RE00000000000000000000000000000001.mp3", content_type="audio/mpeg")
    assert sample(name).attachments == ((file,) if has_file else ())
    assert sample("recording_absent").attachments == ()


def lines(*brands: str, **more: str) -> dict[str, dict[str, str]]:
    return {f"+1500555000{number}": {"brand": brand, **more} for number, brand in enumerate(brands, 6)}


@pytest.mark.parametrize(
    ("accounts", "channel", "account"),
    [
        (lines("demo"), "voice", NUMBER),
        (lines("demo", "demo"), "voice", None),
        (lines("demo", "demo", channel="phone"), "phone", None),
        (lines("demo", channel="phone") | {WHATSAPP: {"brand": "demo"}}, "voice", None),
    ],
)
def test_a_recording_of_one_of_several_lines_is_their_brands(accounts: Any, channel: str, account: str | None) -> None:
    request = SUBJECT.request(SUBJECT.samples["recording"])
    (found,) = connector(accounts=accounts).parse(request).messages
    assert (found.brand, found.channel, found.account) == ("demo", channel, account)
    assert found.sender.handle == Handle("unknown_caller", "CA0000000000000000000000000000000a", "claimed")
    assert connector(accounts=accounts).reread(found.raw, found.raw_content_type, ARRIVED).messages == (found,)


def test_a_recording_of_lines_of_several_brands_is_kept() -> None:
    accounts = lines("demo", "other")
    (kept,) = connector(accounts=accounts).parse(SUBJECT.request(SUBJECT.samples["recording"])).unreadable
    assert kept.reason == "unknown_account"


@pytest.mark.parametrize("ending", ["mp3", "wav"])
async def test_a_recording_is_loaded_with_our_token(ending: str) -> None:
    http = FakeHttp(file=b"ID3")
    found: Fetched = await connector(recordings=ending).fetch(RECORDING, None, http)
    (call,) = http.calls
    assert (call.url, found.content) == (f"{RECORDING}.{ending}", b"ID3")
    assert call.headers == {"Authorization": f"Basic {b64encode(f'{SID}:{TOKEN}'.encode()).decode()}"}


@pytest.mark.parametrize(("reason", "retryable"), [("gone", True), ("refused", False)])
async def test_a_recording_that_is_not_there_yet_is_asked_for_again(reason: Any, retryable: bool) -> None:
    with pytest.raises(MediaUnavailable) as caught:
        await connector().fetch(RECORDING, None, FakeHttp(file=MediaUnavailable(reason)))
    assert (caught.value.reason, caught.value.retryable) == (reason, retryable)


@pytest.mark.parametrize(
    ("stamp", "at"),
    [
        ("Thu, 01 Jan 2026 00:00:10 -0000", "2026-01-01T00:00:10+00:00"),
        ("Thu, 01 Jan 2026 01:00:10 +0100", "2026-01-01T00:00:10+00:00"),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("", None),
        (f"Sat, 21 Nov {'9' * 40} 18:02:11 +0000", None),
    ],
)
def test_times(stamp: str, at: str | None) -> None:
    form = {"CallSid": "CA1", "AccountSid": SID, "From": "+491", "To": NUMBER, "CallStatus": "busy", "Timestamp": stamp}
    (found,) = connector().parse(SUBJECT.request(urlencode(form).encode())).messages
    assert (found.sent_at.isoformat() if found.sent_at else None) == at
    assert found.raw_content_type == FORM
