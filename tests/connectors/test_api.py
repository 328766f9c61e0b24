"""The JSON channel: what each contact of an app, a counter or a phone desk becomes, and every way it is refused."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from connectors.api import Api
from connectors.api_settings import ApiSettings
from connectors.base import Request
from connectors.errors import Rejected
from normalizer.inbound import Call, Handle, InboundMessage, Location, Page

SAMPLES = Path(__file__).parents[1] / "samples" / "api"
SETTINGS: dict[str, Any] = {
    "tokens": ["desk-token-2026", "desk-token-2025"],
    "brand": "demo",
    "brands": ["panco"],
    "channels": ["in_app", "shop_counter", "phone_desk"],
    "fields": {"order": {"max_length": 20}, "total": {"type": "number"}},
    "trusted_proofs": ["agent"],
}
ARRIVED = datetime(2026, 11, 21, 18, 2, 12, tzinfo=UTC)
ANNA = {"handle": {"kind": "email", "value": "anna@example.it"}}


def api(**changed: Any) -> Api:
    return Api("desk", ApiSettings.model_validate({**SETTINGS, **changed}))


def post(body: bytes, **headers: str) -> Request:
    given_headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(
        method="POST",
        url="https://gw.example/v1/messages/desk",
        headers={"content-type": "application/json", **given_headers},
        query={},
        body=body,
        received_at=ARRIVED,
    )


def contact(**changed: Any) -> bytes:
    return json.dumps({"sender": ANNA, "text": "Ciao", **changed}).encode()


def only(request: Request, **changed: Any) -> InboundMessage:
    (message,) = api(**changed).parse(request).messages
    return message


def refused(request: Request, **changed: Any) -> Rejected:
    with pytest.raises(Rejected) as caught:
        api(**changed).parse(request)
    return caught.value


CASES: list[tuple[str, dict[str, Any]]] = [
    (
        "counter_visit.json",
        {
            "kind": "visit",
            "channel": "shop_counter",
            "text": "Ha riportato la padella al banco di Milano.",
            "fields": {"order": "IT-2231", "total": 89.9},
            "sent_at": datetime(2026, 11, 21, 18, 2, 11, tzinfo=UTC),
            "language": "it",
            "order_key": "phone:+393331234567",
        },
    ),
    (
        "phone_call.json",
        {
            "kind": "call",
            "channel": "phone_desk",
            "external_id": "call-991",
            "event_key": "id:call-991",
            "call": Call(direction="inbound", state="answered", duration=184, recording="https://pbx.example/rec/184.ogg"),
        },
    ),
    (
        "in_app.json",
        {
            "kind": "text",
            "channel": "in_app",
            "text": "The app says “payment refused”\nbut my card works",
            "page": Page(url="https://app.example/checkout", title="Checkout"),
            "sent_at": ARRIVED,
        },
    ),
    ("with_file.json", {"kind": "media", "text": None}),
    ("location.json", {"brand": "panco", "location": Location(latitude=45.4642, longitude=9.19, name="Negozio di Milano")}),
]


@pytest.mark.parametrize(("name", "expected"), CASES)
def test_each_sample_becomes_one_contact(name: str, expected: dict[str, Any]) -> None:
    body = (SAMPLES / name).read_bytes()
    message = only(post(body))
    assert {key: getattr(message, key) for key in expected} == expected
    assert (message.raw, message.raw_content_type) == (body, "application/json")


VIA: list[tuple[str, Handle | None]] = [
    ("counter_visit.json", Handle("phone", "+393331234567", "agent")),
    ("phone_call.json", Handle("phone", "+390212345678", "claimed")),
    ("in_app.json", Handle("email", "grace@example.com", "claimed")),
    ("with_file.json", None),
]


@pytest.mark.parametrize(("name", "via"), VIA)
def test_where_an_answer_goes(name: str, via: Handle | None) -> None:
    assert only(post((SAMPLES / name).read_bytes())).reply.via == via


def test_handles_are_claims_unless_a_trusted_clerk_knows_the_person() -> None:
    body = (SAMPLES / "counter_visit.json").read_bytes()
    sender = only(post(body)).sender
    assert sender.handle == Handle("phone", "+393331234567", "agent")
    assert sender.claims == (Handle("email", "anna@example.it", "claimed"),)
    assert refused(post(body), trusted_proofs=[]).fields.keys() == {"sender.handle.proof"}
    verified = contact(sender={"handle": {"kind": "email", "value": "anna@example.it", "proof": "verified"}})
    assert refused(post(verified)).fields.keys() == {"sender.handle.proof"}


def test_an_alias_that_was_only_typed_is_a_claim() -> None:
    number = {"kind": "phone", "value": "+393331234567"}
    agent = {"kind": "app_user", "value": "77", "proof": "agent"}
    sender = {**ANNA, "aliases": [number, agent], "claims": [{"kind": "email", "value": "other@example.it"}]}
    message = only(post(contact(kind="form", sender=sender, reply_via=number)))
    assert message.sender.aliases == (Handle("app_user", "77", "agent"),)
    assert message.sender.claims == (
        Handle("phone", "+393331234567", "claimed"),
        Handle("email", "other@example.it", "claimed"),
    )
    assert message.reply.via == Handle("phone", "+393331234567", "claimed")
    wrong = {**ANNA, "aliases": [agent, {"kind": "email", "value": "x"}]}
    assert refused(post(contact(sender=wrong))).fields.keys() == {"sender.aliases.1.value"}


def test_files_come_in_base64() -> None:
    (file,) = only(post((SAMPLES / "with_file.json").read_bytes())).attachments
    assert (file.filename, file.content_type) == ("scontrino.jpg", "image/jpeg")
    assert file.content is not None
    assert (file.content[:2], len(file.content)) == (b"\xff\xd8", 22)


@pytest.mark.parametrize(
    "header", ["Bearer desk-token-2026", "bearer  desk-token-2025 ", "BEARER desk-token-2026"], ids=["new", "old", "upper"]
)
def test_every_configured_token_opens(header: str) -> None:
    api().verify(post(b"", authorization=header))


TOKENS = [
    ("", "token_missing"),
    ("Bearer", "token_missing"),
    ("Bearer ", "token_missing"),
    ("Basic ZGVzazp0b2tlbg==", "token_missing"),
    ("desk-token-2026", "token_missing"),
    ("Bearer desk-token-202", "token_unknown"),
    ("Bearer desk-token-20266", "token_unknown"),
    ("Bearer è\udcff", "token_unknown"),
]


@pytest.mark.parametrize(("header", "code"), TOKENS)
def test_other_callers_are_refused(header: str, code: str) -> None:
    with pytest.raises(Rejected) as caught:
        api().verify(post(b"", authorization=header))
    assert (caught.value.code, caught.value.status) == (code, 401)
    assert "desk-token" not in caught.value.detail


def test_the_same_key_is_the_same_contact() -> None:
    first, again = (only(post(contact(), idempotency_key="order 1/a")) for _ in range(2))
    assert first.event_key == again.event_key == "key:order 1/a"
    named = only(post(contact(external_id="c-1"), idempotency_key="k"))
    assert (named.event_key, named.external_id) == ("key:k", "c-1")
    assert [
        only(one).exact for one in (post(contact(), idempotency_key="k"), post(contact(external_id="c")), post(contact()))
    ] == [
        True,
        True,
        False,
    ], "a key of the caller's stands for one content"
    assert only(post(contact(text="a"))).event_key != only(post(contact(text="b"))).event_key


@pytest.mark.parametrize("key", ["", "x" * 201, "è", "a\nb", "\udcff"])
def test_a_key_that_cannot_be_kept_is_refused(key: str) -> None:
    assert refused(post(contact(), idempotency_key=key)).code == "malformed"


FIELDS: list[tuple[dict[str, Any], set[str]]] = [
    ({"sender": None}, {"sender"}),
    ({"text": " \n"}, {"body"}),
    ({"kind": "edit"}, {"kind"}),
    ({"kind": "location"}, {"body"}),
    ({"kind": "form", "text": None}, {"body"}),
    ({"channel": "fax", "brand": "other", "txt": 1}, {"channel", "brand", "txt"}),
    ({"sent_at": "2026-11-21T18:00:00"}, {"sent_at"}),
    ({"sent_at": "0001-01-01T00:00:00+14:00"}, {"sent_at"}),
    ({"sent_at": 1767225600}, {"sent_at"}),
    ({"text": 5, "subject": ["a"]}, {"text", "subject"}),
    ({"fields": {"total": "1.234", "order": "x" * 21, "colour": "red"}}, {"fields.total", "fields.order", "fields.colour"}),
    ({"fields": {"total": [1], "bad name!": 1}, "channel": "fax"}, {"fields.total", "fields.?", "channel"}),
    (
        {"sender": {"handle": {"kind": "email", "value": "anna"}, "claims": [{"kind": "phone", "value": "1"}]}},
        {"sender.handle.value", "sender.claims.0.value"},
    ),
    ({"sender": {"handle": {"kind": "app_user", "value": "a\u0000b"}}}, {"sender.handle.value"}),
    (
        {"sender": {"handle": {"kind": "App User", "value": "a", "proof": "sure"}}},
        {"sender.handle.kind", "sender.handle.proof"},
    ),
    ({"reply_via": {"kind": "email", "value": "other@example.it"}}, {"reply_via"}),
    ({"reply_via": {"kind": "email", "value": "other"}}, {"reply_via.value"}),
    ({"attachments": [{"content": "%%%"}, {"content": "YQ"}]}, {"attachments.0.content", "attachments.1.content"}),
    ({"attachments": [{"content": "TVo=", "filename": "a.exe"}, {"content": ""}]}, {"attachments.0", "attachments.1"}),
    ({"attachments": [{"content": "YQ==", "filename": "a.txt"}] * 6}, {"attachments"}),
    ({"location": {"latitude": 91, "longitude": 0}}, {"location.latitude"}),
    ({"call": {"duration": -1, "recording": "ftp://x"}}, {"call.duration", "call.recording"}),
    ({"page": {"url": "javascript:alert(1)"}}, {"page.url"}),
    ({"language": "italiano!"}, {"language"}),
    ({"external_id": ""}, {"external_id"}),
]


@pytest.mark.parametrize(("changed", "names"), FIELDS)
def test_everything_to_correct_is_said_at_once(changed: dict[str, Any], names: set[str]) -> None:
    error = refused(post(contact(**changed)))
    assert (error.code, error.status) == ("invalid_fields", 400)
    assert error.fields.keys() == names
    assert all(error.fields.values())


def test_advice_names_no_value() -> None:
    error = refused(post(contact(text=None, sent_at="S3CRET", language="S3CRET!", attachments=[{"content": "S3CRET!"}])))
    assert "S3CRET" not in str(error.fields) + str(error)


BROKEN = [
    b"",
    b"[]",
    b"null",
    b'"x"',
    b'{"sender":',
    b"\xff",
    b'{"text":"\\ud83d"}',
    b"[" * 100_000,
    b'{"a":' * 2000 + b"1" + b"}" * 2000,
    b'{"a":' + b"9" * 10_000 + b"}",
]


@pytest.mark.parametrize("body", BROKEN, ids=lambda body: repr(body[:12]))
def test_broken_bodies_are_refused(body: bytes) -> None:
    assert refused(post(body)).code == "malformed"


@pytest.mark.parametrize("number", ["NaN", "1e999", "-Infinity", "1" + "0" * 400])
def test_numbers_that_are_none(number: str) -> None:
    body = contact().replace(b"}", b"}", 1)[:-1] + f', "fields": {{"total": {number}}}}}'.encode()
    assert refused(post(body)).fields.keys() == {"fields.total"}


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_only_json_is_taken(content_type: str) -> None:
    assert refused(post(contact(), content_type=content_type)).status == 415


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
KEYS = ("sender", "kind", "brand", "channel", "text", "subject", "fields", "call", "location", "page", "attachments", "sent_at")


@given(st.dictionaries(st.sampled_from([*KEYS, "external_id", "language", "reply_via", "x"]), ANYTHING, max_size=3))
def test_whatever_is_sent_is_taken_or_refused(changed: dict[str, Any]) -> None:
    try:
        outcome = only(post(contact(**changed))).sender.handle.value
    except Rejected as error:
        outcome = error.code
    assert outcome in ("anna@example.it", "invalid_fields", "malformed")


BAD_SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"tokens": []}, "tokens"),
    ({"tokens": ["a", " "]}, "a token is empty"),
    ({"channels": []}, "channels"),
    ({"channels": ["Shop Counter"]}, "channels"),
    ({"trusted_proofs": ["verified"]}, "trusted_proofs"),
    ({"token": "x"}, "token"),
]


@pytest.mark.parametrize(("changed", "words"), BAD_SETTINGS)
def test_settings_that_cannot_work_are_refused(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        api(**changed)


def test_tokens_do_not_show() -> None:
    assert "desk-token" not in repr(api().settings)
