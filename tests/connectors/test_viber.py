"""Viber: its signature, and what leaves when we answer."""

import json
from dataclasses import replace
from typing import Any

import pytest

from connectors.base import Connector, Outgoing, OutgoingFile
from connectors.conformance.fake_http import FakeHttp, answer
from connectors.conformance.subject import ARRIVED, post
from connectors.errors import Rejected, SendFailed
from normalizer.inbound import Button, Handle, InboundMessage, SharedContact
from tests.subjects.viber import SUBJECT

HELLO = '{"hello":"wörld"}'.encode()
SIGNED = "7dd4fd525c54490aeafdfd4fed6704e174aaede13f1049982acdc1015f3836a7"
TAKEN = answer({"status": 0, "status_message": "ok", "message_token": 5741311803571721087})
URL = "https://chatapi.viber.com/pa/send_message"
PDF = OutgoingFile(filename="cennik.pdf", content_type="application/pdf", content=b"%PDF", url="https://files.example/1")


def connector(**changed: Any) -> Connector:
    return SUBJECT.connector(**changed)


def message(**changed: Any) -> Outgoing:
    assert SUBJECT.replying is not None
    return replace(SUBJECT.replying.outgoing, **changed)


def read(name: str) -> InboundMessage:
    (found,) = connector().parse(SUBJECT.request(SUBJECT.samples[name])).messages
    return found


def test_its_signature_is_that_of_the_document() -> None:
    connector().verify(post(HELLO, ARRIVED, {"X-Viber-Content-Signature": SIGNED}, name="viber"))
    with pytest.raises(Rejected, match="signature_wrong"):
        connector().verify(post(HELLO, ARRIVED, {"X-Viber-Content-Signature": SIGNED.upper()}, name="viber"))


def test_viber_is_told_nothing_that_it_could_show() -> None:
    told = connector().acknowledge(SUBJECT.request(SUBJECT.samples["conversation_started"]))
    assert told is not None
    assert (told.status, told.body, told.content_type) == (200, b"{}", "application/json")


def test_who_wrote_and_how_to_answer() -> None:
    found = read("text")
    assert (found.brand, found.channel, found.account) == ("demo", "viber", None)
    assert found.sender.handle == Handle("viber_user", "Kq8f/3Zt+Lw01xYb7HgR2A==", "verified")
    assert found.event_key == "5741311803588498346"
    assert found.fields == {"viber_country": "RO", "viber_language": "ro"}
    assert found.reply.until is None


def test_what_has_a_place_of_its_own() -> None:
    assert read("contact").contacts == (SharedContact(name="Radu Pop", phones=("+40712345678",)),)
    assert read("text_keyboard").fields["viber_tracking_data"] == "flow=menu;step=2"
    assert read("sticker").fields["viber_sticker"] == 46105
    location = read("location_as_text").location
    assert location is not None
    assert location.address == "Harbour 1"


@pytest.mark.parametrize(("sample", "states"), [("delivered_inbound", ["delivered"]), ("text", [])])
def test_delivery_of_a_users_own_message_has_a_key_of_its_own(sample: str, states: list[str]) -> None:
    parsed = connector().parse(SUBJECT.request(SUBJECT.samples[sample]))
    keys = [one.event_key for one in parsed.statuses]
    assert [one.state for one in parsed.statuses] == states
    assert "5741311803588498346" not in keys


@pytest.mark.parametrize(
    ("description", "error"),
    [
        ("receiverNotSubscribed", "blocked_by_user:6"),
        ("tooManyRequests", "rate_limited:12"),
        ("Ana Popescu left", "unknown"),
        ("failure", "unknown"),
        (None, "unknown"),
        ({"code": 6}, "unknown"),
    ],
)
def test_why_a_message_failed_is_told_without_words_of_others(description: Any, error: str) -> None:
    body = json.loads(SUBJECT.samples["failed"]) | {"desc": description}
    (status,) = connector().parse(SUBJECT.request(json.dumps(body).encode())).statuses
    assert (status.state, status.error) == ("failed", error)


@pytest.mark.parametrize("token", ["5741311803588498346", 5741311803588498346])
def test_a_token_is_the_same_as_a_number_and_as_a_text(token: Any) -> None:
    body = json.loads(SUBJECT.samples["text"]) | {"message_token": token}
    (found,) = connector().parse(SUBJECT.request(json.dumps(body).encode())).messages
    assert found.event_key == "5741311803588498346"


@pytest.mark.parametrize("token", ["", "x", "1" * 21, "٣", "-1", 1.5, True])
def test_a_token_that_is_none_is_kept(token: Any) -> None:
    body = json.loads(SUBJECT.samples["text"]) | {"message_token": token}
    assert len(connector().parse(SUBJECT.request(json.dumps(body).encode())).unreadable) == 1


def test_a_link_is_not_said_twice() -> None:
    body = json.loads(SUBJECT.samples["url_with_text"])
    body["message"]["text"] = "vezi https://shop.example/p/PAN-28 !"
    (found,) = connector().parse(SUBJECT.request(json.dumps(body).encode())).messages
    assert found.text == "vezi https://shop.example/p/PAN-28 !"


@pytest.mark.parametrize("place", ["1e999", '"north"', "true", "null"])
def test_a_place_that_is_no_number_is_kept(place: str) -> None:
    body = SUBJECT.samples["location"].replace(b"44.4267674", place.encode())
    parsed = connector().parse(SUBJECT.request(body))
    assert (len(parsed.messages), len(parsed.unreadable)) == (0, 1)


COMMON = {
    "receiver": "Kq8f/3Zt+Lw01xYb7HgR2A==",
    "sender": {"name": "Regia"},
    "tracking_data": "0f0c6c2e-5b1f-4b8e-9c53-3a5f4b1c7a10",
}
JPEG = OutgoingFile(filename="a.jpg", content_type="image/jpeg", content=b"jpeg", url="https://files.example/a.jpg")
MP4 = OutgoingFile(filename="a.mp4", content_type="video/mp4", content=b"mp4", url="https://files.example/a.mp4")
BIG = OutgoingFile(filename="b.jpg", content_type="image/jpeg", content=b"x" * 1_000_001, url="https://files.example/b.jpg")
KEYBOARD = {
    "Type": "keyboard",
    "Buttons": [
        {"ActionType": "reply", "ActionBody": "ret-1", "Text": "Da"},
        {"ActionType": "reply", "ActionBody": "Nu", "Text": "Nu"},
    ],
}
BUTTONS = (Button(id="ret-1", title="Da"), Button(title="Nu"))


@pytest.mark.parametrize(
    ("changed", "contents"),
    [
        ({}, [{"type": "text", "text": "Coletul a plecat azi."}]),
        ({"buttons": BUTTONS}, [{"type": "text", "text": "Coletul a plecat azi.", "keyboard": KEYBOARD}]),
        ({"text": "", "files": (JPEG,)}, [{"type": "picture", "text": "", "media": "https://files.example/a.jpg"}]),
        ({"text": "", "files": (MP4,)}, [{"type": "video", "media": "https://files.example/a.mp4", "size": 3}]),
        (
            {"text": "Lista", "files": (PDF,), "buttons": BUTTONS},
            [
                {"type": "text", "text": "Lista"},
                {
                    "type": "file",
                    "media": "https://files.example/1",
                    "size": 4,
                    "file_name": "cennik.pdf",
                    "keyboard": KEYBOARD,
                },
            ],
        ),
        (
            {"text": "", "files": (BIG,)},
            [{"type": "file", "media": "https://files.example/b.jpg", "size": 1_000_001, "file_name": "b.jpg"}],
        ),
    ],
)
async def test_what_leaves(changed: dict[str, Any], contents: list[dict[str, Any]]) -> None:
    http = FakeHttp(*[TAKEN] * len(contents))
    sent = await connector().send(message(**changed), http)
    assert sent.external_ids == ("5741311803571721087",) * len(contents)
    assert [call.json for call in http.calls] == [{**COMMON, **content} for content in contents]
    assert {(call.method, call.url, call.headers["X-Viber-Auth-Token"]) for call in http.calls} == {
        ("POST", URL, "regia-viber-token")
    }


@pytest.mark.parametrize("text", ["😀" * 9000, "\x1b" * 9000, "è " * 9000, '"' * 9000])
async def test_no_request_is_longer_than_viber_takes(text: str) -> None:
    http = FakeHttp(*[TAKEN] * 20)
    await connector().send(message(text=f"a{text}b"), http)
    assert all(len(json.dumps(call.json, ensure_ascii=False).encode()) <= 30_000 for call in http.calls)
    assert all(len(call.json["text"]) <= 7000 for call in http.calls)


async def test_a_keyboard_that_does_not_fit_leaves_nothing() -> None:
    http = FakeHttp()
    many = tuple(Button(id="x" * 2000, title=f"n{number}") for number in range(20))
    with pytest.raises(SendFailed) as failed:
        await connector().send(message(buttons=many), http)
    assert (failed.value.code, http.calls) == ("too_large", [])


async def test_the_new_token_sends_while_it_is_changed() -> None:
    http = FakeHttp(TAKEN)
    await connector(auth_token=["new-token", "regia-viber-token"]).send(message(), http)
    assert http.calls[0].headers["X-Viber-Auth-Token"] == "new-token"


async def test_an_answer_without_a_token_is_unknown() -> None:
    with pytest.raises(SendFailed) as failed:
        await connector().send(message(), FakeHttp(answer({"status": 0})))
    assert failed.value.code == "unknown"


async def test_files_come_from_vibers_hosts_only() -> None:
    http = FakeHttp(file=b"jpeg")
    fetched = await connector().fetch("https://dl-media.viber.com/a.jpg", None, http)
    assert fetched.content == b"jpeg"
    assert (http.calls[0].hosts, http.calls[0].headers) == ((".viber.com",), {})
