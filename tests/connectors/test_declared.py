"""What is particular to reading by a description. How the shipped ones read their samples is held by the table of samples."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.base import Parsed
from connectors.conformance.subject import ARRIVED, post
from connectors.declared.connector import Webhook
from connectors.declared.settings import WebhookSettings
from normalizer.inbound import Handle, InboundMessage, Reply
from tests.subjects import webhook as subjects

MESSAGE: dict[str, Any] = {"external_id": "event.id", "sender": {"kind": "visitor", "id": "event.from"}, "text": "event.text"}
EVENT = {"id": "m1", "from": "u1", "text": "ciao"}


def webhook(message: dict[str, Any] | None = None, /, **described: Any) -> Webhook:
    whole = {"channel": "test", "signature": {"scheme": "basic"}, "message": {**MESSAGE, **(message or {})}, **described}
    mine = {"accounts": {"a1": {"brand": "demo"}}} if "account" in described else {"brand": "demo"}
    entry = {"type": "webhook", "secret": "x", "user": "u", "describe": whole, **mine}
    return Webhook("test", WebhookSettings.model_validate(entry))


def parse(connector: Webhook, body: Any, **headers: str) -> Parsed:
    return connector.parse(post(json.dumps(body).encode(), ARRIVED, headers, name="test"))


def one(connector: Webhook, body: Any, **headers: str) -> InboundMessage:
    parsed = parse(connector, body, **headers)
    (message,) = parsed.messages or pytest.fail(str(parsed.unreadable))
    return message


def test_raw_is_the_body_as_it_came_or_the_smallest_that_holds_the_event() -> None:
    connector = webhook(events="body.data.items", account="body.account")
    event = {"from": "u1", "text": "x"}
    body = {"account": "a1", "data": {"items": [{"id": 1, **event}, 7, {"id": 2, **event}], "next": None}, "v": 1}
    parsed = parse(connector, body)
    small = [json.loads(message.raw) for message in parsed.messages]
    assert small == [{**body, "data": {"items": [{"id": number, **event}], "next": None}} for number in (1, 2)]
    assert [json.loads(kept.raw)["data"]["items"] for kept in parsed.unreadable] == [[7]]
    assert parsed.unreadable[0].detail == "body.data.items[1]: expected an object"
    alone = b'{ "account": "a1", "data": {"items": [{"id": 1, "from": "u1", "text": "x"}]} }'
    assert connector.parse(post(alone, ARRIVED, {}, name="test")).messages[0].raw == alone


def test_raw_is_the_whole_body_where_the_list_is_no_plain_path() -> None:
    connector = webhook(events="body.groups[].items[]")
    body = {"groups": [{"items": [{**EVENT, "id": "m1"}]}, {"items": [{**EVENT, "id": "m2"}]}]}
    parsed = parse(connector, body)
    assert [json.loads(message.raw) for message in parsed.messages] == [body, body]
    assert [message.external_id for message in parsed.messages] == ["m1", "m2"]


@pytest.mark.parametrize(
    ("key", "event", "other", "same"),
    [
        (None, {}, {}, True),
        (None, {}, {"text": "b"}, False),
        ("event.id", {}, {"text": "b"}, True),
        ("event.id", {}, {"id": "m2"}, False),
        ("event.nothing", {}, {"text": "b"}, False),
        (["event.id", "event.text"], {}, {"from": "u2"}, True),
        (["event.id", "event.text"], {}, {"text": "b"}, False),
        ("event.n", {"n": 1}, {"n": 1, "text": "b"}, True),
    ],
)
def test_what_makes_an_event_a_repeat(key: Any, event: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    connector = webhook(**({"key": key} if key else {}))
    first, second = (one(connector, {**EVENT, **changed}).event_key for changed in (event, other))
    assert (first == second) is same


def test_headers_are_kept_for_a_later_reading() -> None:
    connector = subjects.STANDARD.connector()
    body = subjects.STANDARD.samples["message_no_id"]
    (message,) = connector.parse(subjects.STANDARD.request(body)).messages
    assert (message.event_key, message.external_id) == ("msg_2mXa03", "msg_2mXa03")
    assert message.raw_content_type == "application/json; webhook-id=msg_2mXa03"
    assert connector.reread(message.raw, message.raw_content_type, ARRIVED).messages == (message,)
    strange = webhook(key='headers."x-id"')
    message = one(strange, EVENT, **{"x-id": 'a;b="c" ü'})
    assert message.event_key == 'a;b="c" ü'
    assert strange.reread(message.raw, message.raw_content_type, ARRIVED).messages == (message,)


@pytest.mark.parametrize(
    ("kind", "described", "becomes"),
    [
        ("new", {}, "text"),
        ("strange", {}, "unsupported"),
        ("strange", {"otherwise": "ignore"}, "event"),
        ("closed", {}, "event"),
        ("new", {"echo_when": "event.bot"}, "text"),
        ("sent", {}, "echo"),
        ("strange", {"echo_when": "event.id"}, "echo"),
        ("closed", {"echo_when": "event.id"}, "event"),
        ("seen", {"echo_when": "event.id"}, "read"),
        ("frozen", {}, "other:frozen"),
    ],
)
def test_words_become_kinds(kind: str, described: dict[str, Any], becomes: str) -> None:
    kinds = {"new": "message", "closed": "ignore", "sent": "echo", "seen": "status", "frozen": "status"}
    status = {"state": "event.kind", "states": {"seen": "read"}}
    parsed = parse(webhook(kind="event.kind", kinds=kinds, status=status, **described), {**EVENT, "kind": kind})
    found = [*(message.kind for message in parsed.messages), *(one.state for one in parsed.statuses)]
    assert found + ["event"] * len(parsed.events) == [becomes]
    if becomes == "unsupported":
        assert parsed.messages[0].fields == {"test_type": "strange"}


@pytest.mark.parametrize(
    ("asked", "given", "kind"),
    [
        ({"location": {"latitude": "event.la", "longitude": "event.lo"}}, {"la": 45.07, "lo": 7}, "location"),
        ({"attachments": "event.files[].{url: @}"}, {"files": ["https://f.example/1"]}, "media"),
        ({"attachments": "event.files"}, {"files": [], "text": "x"}, "text"),
        ({"button": {"id": "event.tap", "title": "event.label"}}, {"tap": 7, "label": "Sì"}, "postback"),
        ({"reaction": "event.emoji", "refers_to": "event.about"}, {"emoji": "👍", "about": "m0"}, "reaction"),
        ({"call": {"state": "event.call", "duration": "event.s"}}, {"call": "missed", "s": 12}, "call"),
    ],
)
def test_a_message_is_told_apart_by_what_it_holds(asked: dict[str, Any], given: dict[str, Any], kind: str) -> None:
    assert one(webhook(asked), {"id": "m1", "from": "u1", **given}).kind == kind


def test_a_message_that_holds_nothing_is_kept_with_the_reason() -> None:
    (kept,) = parse(webhook(), {"id": "m1", "from": "u1"}).unreadable
    assert kept.detail == "body: message.text: expected a text, or attachments, a location, a button, a reaction or a call"


@pytest.mark.parametrize(
    ("changed", "detail"),
    [
        ({"id": None}, "body: message.external_id: expected a string"),
        ({"id": 1.5}, "body: message.external_id: expected a string"),
        ({"id": "a\nb"}, "body: message.external_id: expected 1 to 512 characters without control characters"),
        ({"from": {"id": 1}}, "body: message.sender.id: expected a string"),
        ({"text": ["x"]}, "body: message.text: expected a string"),
        ({"la": "x", "lo": 1}, "body: message.location.latitude: expected a number"),
        ({"word": 5}, "body: message.subject: expected values that its expression can work with"),
    ],
)
def test_a_wrong_type_where_it_counts_is_kept_with_its_place(changed: dict[str, Any], detail: str) -> None:
    asked = {"location": {"latitude": "event.la", "longitude": "event.lo"}, "subject": "join('', [event.word || ''])"}
    parsed = parse(webhook(asked), {**EVENT, **changed})
    assert [kept.detail for kept in parsed.unreadable] == [detail]


def test_a_wrong_type_where_it_only_decorates_is_left_out() -> None:
    asked = {
        "sender": {
            "kind": "visitor",
            "id": "event.from",
            "name": "event.x",
            "claims": {"email": "event.x", "phone": "event.x"},
        },
        "sent_at": "event.x",
        "language": "event.x",
        "html": "event.x",
        "page": {"url": "event.x"},
        "in_reply_to": "event.x",
        "attachments": "event.x",
        "fields": {"x": "event.x"},
    }
    for wrong in ({"a": [1]}, [{"a": {}}], True):
        message = one(webhook(asked), {**EVENT, "x": wrong})
        assert (message.sender.name, message.sender.claims, message.sent_at, message.language) == (None, (), None, None)
        assert (message.html, message.page, message.thread.in_reply_to, message.attachments[1:]) == (None, None, None, ())
        assert message.fields == ({"x": True} if wrong is True else {})


@pytest.mark.parametrize(
    ("sent_at", "given", "wanted"),
    [
        ("event.at", "2026-11-21T19:03:20+01:00", "2026-11-21T18:03:20+00:00"),
        ("event.at", "2026-11-21T18:03:20.123456Z", "2026-11-21T18:03:20.123456+00:00"),
        ("event.at", 1795284200, "2026-11-21T18:03:20+00:00"),
        ("event.at", "1795284200500", "2026-11-21T18:03:20.500000+00:00"),
        ({"at": "event.at", "zone": "Europe/Rome"}, "2026-11-21 19:03:20", "2026-11-21T18:03:20+00:00"),
        (
            {"at": "event.at", "format": "%d.%m.%Y %H:%M", "zone": "Europe/Rome"},
            "21.07.2026 19:03",
            "2026-07-21T17:03:00+00:00",
        ),
        ({"at": "event.at", "format": "%Y%m%d"}, 20261121, "2026-11-21T00:00:00+00:00"),
        ({"at": "event.at", "format": "%d.%m.%Y"}, "31.02.2026", None),
        ("event.at", "yesterday", None),
        ("event.at", "0001-01-01T00:00:00+23:00", None),
        ("event.at", "9999-12-31T23:59:59-23:00", None),
        ("event.at", 1e300, None),
    ],
)
def test_times(sent_at: Any, given: Any, wanted: str | None) -> None:
    found = one(webhook({"sent_at": sent_at}), {**EVENT, "at": given}).sent_at
    assert found == (datetime.fromisoformat(wanted) if wanted else None)
    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize(
    ("described", "given", "claims"),
    [
        ({"email": "event.e"}, {"e": "Anna@Example.ORG "}, (Handle("email", "anna@example.org", "claimed"),)),
        ({"phone": "event.p"}, {"p": "+39 011 1234567"}, (Handle("phone", "+390111234567", "claimed"),)),
        ({"phone": "event.p"}, {"p": "011 1234567"}, ()),
        ({"phone": "event.p", "region": "IT"}, {"p": "011 1234567"}, (Handle("phone", "+390111234567", "claimed"),)),
        ({"email": "event.e"}, {"e": "nobody"}, ()),
    ],
)
def test_addresses_are_claimed_only(described: dict[str, Any], given: dict[str, Any], claims: tuple[Handle, ...]) -> None:
    message = one(webhook({"sender": {"kind": "visitor", "id": "event.from", "claims": described}}), {**EVENT, **given})
    assert message.sender.claims == claims


def test_the_sender_is_scoped_to_the_account_and_vouched_for_only_where_the_description_says_so() -> None:
    assert one(webhook(), EVENT).sender.handle == Handle("visitor", "u1", "claimed")
    vouched = {"sender": {"kind": "visitor", "id": "event.from", "proof": "verified"}}
    message = one(webhook(vouched, account="event.to"), {**EVENT, "to": "a1"})
    assert (message.sender.handle, message.account) == (Handle("visitor", "a1:u1", "verified"), "a1")


def test_a_mail_address_that_becomes_another_mailboxs_is_a_claim() -> None:
    connector = webhook({"sender": {"id": "event.from", "kind": "email", "proof": "verified"}})
    handles = [one(connector, {**EVENT, "from": each}).sender.handle for each in ("Kevin@example.it", "\u212aevin@example.it")]
    assert handles == [Handle("email", "kevin@example.it", proof) for proof in ("verified", "claimed")]


@pytest.mark.parametrize("proof", ["claimed", "verified"])
@pytest.mark.parametrize(
    ("sender", "given", "wanted"),
    [
        ({"kind": "email"}, "Anna@Example.ORG", Handle("email", "anna@example.org", "claimed")),
        ({"kind": "email"}, "anna", None),
        ({"kind": "phone"}, "+39 011 1234567", Handle("phone", "+390111234567", "claimed")),
        ({"kind": "phone"}, "011 1234567", None),
        ({"kind": "phone"}, 390111234567, None),
        ({"kind": "phone", "claims": {"region": "IT"}}, "011 1234567", Handle("phone", "+390111234567", "claimed")),
    ],
)
def test_an_address_as_the_sender_is_that_of_all_channels(sender: dict[str, Any], given: Any, wanted: Any, proof: str) -> None:
    connector = webhook({"sender": {"id": "event.from", "proof": proof, **sender}}, account="event.to")
    parsed = parse(connector, {**EVENT, "to": "a1", "from": given})
    handles = [message.sender.handle for message in parsed.messages]
    assert handles == ([Handle(wanted.kind, wanted.value, proof)] if wanted else [])
    if not wanted:
        assert parsed.unreadable[0].detail == f"body: message.sender.id: expected an address of kind {sender['kind']}"


@pytest.mark.parametrize(
    ("described", "wanted"),
    [
        ({}, "m1"),
        ({"echo": {"external_id": "event.reply.id"}}, "r1"),
        ({"status": {"state": "event.state", "external_id": "event.receipt.message"}}, "m1"),
    ],
)
def test_an_echo_has_an_id_of_its_own(described: dict[str, Any], wanted: str) -> None:
    connector = webhook(kind="event.kind", kinds={"sent": "echo"}, **described)
    (status,) = parse(connector, {**EVENT, "kind": "sent", "reply": {"id": "r1"}}).statuses
    assert (status.state, status.external_id) == ("echo", wanted)


def test_an_edit_shares_the_id_of_what_it_edits() -> None:
    connector = webhook(kind="event.kind", kinds={"edited": "edit", "gone": "delete"})
    for word, kind in (("edited", "edit"), ("gone", "delete")):
        message = one(connector, {**EVENT, "kind": word})
        assert (message.kind, message.external_id, message.refers_to) == (kind, "m1", "m1")
    apart = webhook({"refers_to": "event.of"}, kind="event.kind", kinds={"edited": "edit"})
    message = one(apart, {**EVENT, "kind": "edited", "of": "m0"})
    assert (message.external_id, message.refers_to) == ("m0", "m0")


def test_an_answer_is_allowed_where_the_description_can_send() -> None:
    assert one(webhook(), EVENT).reply == Reply(allowed=())
    send = {"url": "https://x.example", "body": {"text": "{text}"}, "limits": {"text": 100}}
    assert one(webhook(send=send), EVENT).reply == Reply(allowed=("text",))
    windowed = webhook({"sent_at": "event.at"}, send={**send, "window_hours": 24})
    assert one(windowed, {**EVENT, "at": "2026-11-21T18:00:00Z"}).reply.until == datetime(2026, 11, 22, 18, tzinfo=UTC)


def test_what_was_chosen_is_found_among_what_could_be() -> None:
    connector = webhook({"subject": "find(event.items, 'id', event.chosen).title"})
    items = [{"id": 1, "title": "Sì"}, "x", {"id": 2, "title": "No"}]
    assert one(connector, {**EVENT, "items": items, "chosen": 2}).subject == "No"
    assert one(connector, {**EVENT, "items": None, "chosen": 2}).subject is None


def test_markup_is_cleaned_and_read() -> None:
    connector = webhook({"html": "event.markup"})
    message = one(connector, {**EVENT, "text": None, "markup": "<p>Ciao <script>x()</script><b>Anna</b></p>"})
    assert (message.kind, message.text, message.html) == ("text", "Ciao Anna", "<p>Ciao <b>Anna</b></p>")
    assert one(connector, {**EVENT, "markup": "<p>Ciao</p>"}).text == "ciao"


def test_levels_beyond_any_writer_are_kept() -> None:
    deep = b'{"a":' * 1000 + b"1" + b"}" * 1000
    body = b'{"id":"m1","from":"u1","text":"x","deep":' + deep + b"}"
    (kept,) = webhook().parse(post(body, ARRIVED, {}, name="test")).unreadable
    assert (kept.raw, kept.detail) == (body, "event: expected values that are not nested hundreds of levels deep")
