"""WhatsApp Cloud API: what each captured webhook becomes, and what leaves when we answer."""

import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from connectors.base import Answer, ApprovedTemplate, Outgoing, OutgoingFile, Parsed, Request
from connectors.conformance.fake_http import FakeHttp, answer
from connectors.errors import HttpFailed, MediaUnavailable, Rejected, SendCode, SendFailed
from connectors.whatsapp import WhatsApp, WhatsAppSettings
from normalizer.inbound import (
    Button,
    Call,
    Handle,
    InboundAttachment,
    InboundMessage,
    Location,
    Page,
    Reaction,
    SharedContact,
    Thread,
)

SAMPLES = Path(__file__).parents[1] / "samples" / "whatsapp"
SETTINGS: dict[str, Any] = {
    "type": "whatsapp",
    "app_secret": "regia-app-secret",
    "verify_token": "regia-verify",
    "access_token": "regia-access",
    "accounts": {
        "106540352242922": {"brand": "masterpro", "number": "+390212345678"},
        "206540352242999": {"brand": "panco", "channel": "whatsapp_uk"},
    },
}
ARRIVED = datetime(2026, 11, 21, 18, 2, 12, tzinfo=UTC)
WRITTEN = datetime(2026, 11, 21, 18, 2, 11, tzinfo=UTC)
SHA256 = "a4b4cd04c8694262fd8d0a5e030995e896f67ac05767e0b60318e4a89353b61c"
ANNA = Handle("phone", "+393331234567", "verified")
ANNA_ID = Handle("whatsapp_user", "106540352242922:IT.13491208655302741918", "verified")


def connector(**changed: Any) -> WhatsApp:
    return WhatsApp("whatsapp-it", WhatsAppSettings.model_validate({**SETTINGS, **changed}), now=lambda: ARRIVED)


def signature(body: bytes, secret: str = "regia-app-secret") -> str:
    return "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()


def delivery(body: bytes, **headers: str) -> Request:
    return Request(
        method="POST",
        url="https://gw.example/webhooks/whatsapp-it",
        headers={"x-hub-signature-256": signature(body), **headers},
        query={},
        body=body,
        received_at=ARRIVED,
    )


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.json").read_bytes()


def read(name: str) -> Parsed:
    return connector().parse(delivery(sample(name)))


def read_document(document: Any) -> Parsed:
    return connector().parse(delivery(json.dumps(document).encode()))


def message_of(name: str) -> InboundMessage:
    parsed = read(name)
    assert not parsed.unreadable
    (message,) = parsed.messages
    return message


# --- the address and the signature ------------------------------------------------------------------------------------


def challenge(method: str = "GET", **query: str) -> Request:
    parameters = {f"hub.{key}": value for key, value in query.items()}
    return Request(method=method, url="https://gw.example/", headers={}, query=parameters, body=b"", received_at=ARRIVED)


def test_the_challenge_is_answered_bare() -> None:
    asked = challenge(mode="subscribe", verify_token="regia-verify", challenge="1158201444")
    assert connector().handshake(asked) == Answer(status=200, body=b"1158201444", content_type="text/plain")


@pytest.mark.parametrize(
    "query",
    [
        {"mode": "subscribe", "verify_token": "wrong", "challenge": "1"},
        {"mode": "unsubscribe", "verify_token": "regia-verify", "challenge": "1"},
        {"mode": "subscribe", "challenge": "1"},
        {"mode": "subscribe", "verify_token": "regia-verify"},
        {"mode": "subscribe", "verify_token": "régia-verify\udcff", "challenge": "1"},
        {},
    ],
)
def test_another_handshake_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(Rejected) as caught:
        connector().handshake(challenge(**query))
    assert (caught.value.code, caught.value.status) == ("handshake_refused", 403)


def test_a_delivery_is_no_handshake() -> None:
    assert connector().handshake(delivery(b"{}")) is None


def test_the_published_vector_verifies() -> None:
    body = '{"hello":"wörld"}'.encode()
    known = "sha256=27108134c2cdd8e9aabee8811ad1b324bb3cccd5671816dbf1d8d44b7495e3c1"
    connector().verify(delivery(body, **{"x-hub-signature-256": known}))
    with pytest.raises(Rejected, match="signature_wrong"):
        connector().verify(delivery(body, **{"x-hub-signature-256": known.removeprefix("sha256=")}))


@pytest.mark.parametrize("secrets", [["old", "regia-app-secret"], ["regia-app-secret", "new"]])
def test_any_of_several_secrets_verifies(secrets: list[str]) -> None:
    connector(app_secret=secrets).verify(delivery(b"{}"))
    with pytest.raises(Rejected, match="signature_wrong"):
        connector(app_secret=["old", "new"]).verify(delivery(b"{}"))


# --- what a message says ----------------------------------------------------------------------------------------------


def attachment(reference: str, content_type: str, **more: Any) -> InboundAttachment:
    return InboundAttachment(reference=reference, content_type=content_type, sha256=SHA256, **more)


ANSWERED = Thread(in_reply_to="wamid.HBgMOUR1")
CONTENT: dict[str, dict[str, Any]] = {
    "text": {"kind": "text", "text": "Vorrei restituire la padella, è arrivata graffiata 🍳"},
    "text_answer": {"kind": "text", "text": "Sì, quello.", "thread": ANSWERED},
    "text_forwarded": {
        "kind": "text",
        "text": "Guardate questa offerta",
        "fields": {"whatsapp_forwarded": True, "whatsapp_frequently_forwarded": True},
    },
    "text_product": {
        "kind": "text",
        "text": "È disponibile in rosso?",
        "thread": Thread(in_reply_to="wamid.HBgMOUR2"),
        "fields": {"whatsapp_catalog": "194836987003835", "whatsapp_product": "PAN-28"},
    },
    "text_referral": {
        "kind": "text",
        "text": "Buongiorno, vorrei informazioni",
        "page": Page(url="https://fb.me/3cr4WqqkvPL", title="Padelle in ghisa"),
        "fields": {
            "referral_type": "ad",
            "referral_id": "120212345678",
            "referral_body": "Solo questa settimana",
            "referral_click_id": "ARAkLkA8rmlF",
            "referral_media": "image",
            "referral_image": "https://scontent.example/ad.jpg",
        },
    },
    "text_group": {
        "kind": "text",
        "text": "Qui il gruppo del condominio",
        "fields": {"whatsapp_group": "Y2FwaV9ncm91cDox"},
    },
    "image": {
        "kind": "media",
        "text": "Ecco il graffio",
        "attachments": (attachment("2754859441498128", "image/jpeg", caption="Ecco il graffio"),),
    },
    "video": {"kind": "media", "attachments": (attachment("2754859441498129", "video/mp4"),)},
    "document": {
        "kind": "media",
        "text": "La fattura",
        "attachments": (attachment("2754859441498130", "application/pdf", filename="fattura 2231.pdf", caption="La fattura"),),
    },
    "sticker": {"kind": "media", "attachments": (attachment("2754859441498131", "image/webp"),)},
    "audio": {"kind": "media", "attachments": (attachment("2754859441498132", "audio/mpeg"),)},
    "audio_spoken": {
        "kind": "media",
        "attachments": (attachment("2754859441498133", "audio/ogg; codecs=opus"),),
        "fields": {"whatsapp_voice": True},
    },
    "voice": {
        "kind": "media",
        "attachments": (attachment("2754859441498134", "audio/ogg; codecs=opus"),),
        "fields": {"whatsapp_voice": True},
    },
    "location": {
        "kind": "location",
        "location": Location(
            latitude=45.4641943,
            longitude=9.1896346,
            name="Duomo",
            address="Piazza del Duomo, Milano",
            url="https://duomo.example",
        ),
    },
    "location_bare": {"kind": "location", "location": Location(latitude=45.0, longitude=-9.5)},
    "contacts": {
        "kind": "contact",
        "contacts": (
            SharedContact(name="Bruno Verdi", phones=("+39 333 765 4321", "393330000001"), emails=("bruno@example.it",)),
            SharedContact(name="Officina"),
        ),
    },
    "button": {"kind": "postback", "text": "Sì, confermo", "button": Button(id="confirm:2231", title="Sì, confermo")},
    "interactive_button": {
        "kind": "postback",
        "text": "Avvia reso",
        "button": Button(id="return:start", title="Avvia reso"),
        "thread": Thread(in_reply_to="wamid.HBgMOUR3"),
    },
    "interactive_list": {
        "kind": "postback",
        "text": "Milano",
        "button": Button(id="shop:milano", title="Milano"),
        "fields": {"whatsapp_description": "Via Torino 12"},
    },
    "interactive_flow": {
        "kind": "form",
        "text": "Inviato",
        "fields": {
            "flow_token": "tok1",
            "order": "IT-2231",
            "total": 89.9,
            "gift": False,
            "reasons": ["damaged", "late"],
            "address": '{"city":"Milano"}',
            "note": None,
        },
    },
    "interactive_flow_broken": {"kind": "form", "text": "Inviato", "fields": {"whatsapp_response": '{"order": '}},
    "interactive_call_permission": {"kind": "postback", "button": Button(id="call_permission:accept")},
    "interactive_lost": {"kind": "unsupported", "fields": {"whatsapp_type": "interactive", "whatsapp_error": 131051}},
    "interactive_new": {
        "kind": "postback",
        "button": Button(id="1"),
        "fields": {"whatsapp_type": "interactive.poll_reply"},
    },
    "reaction": {"kind": "reaction", "reaction": Reaction(emoji="👍🏽"), "refers_to": "wamid.HBgMOUR4"},
    "reaction_removed": {"kind": "reaction", "reaction": Reaction(emoji=None), "refers_to": "wamid.HBgMOUR4"},
    "reaction_removed_missing": {"kind": "reaction", "reaction": Reaction(emoji=None), "refers_to": "wamid.HBgMOUR4"},
    "order": {
        "kind": "form",
        "text": "Consegna sabato, per favore",
        "fields": {
            "order_catalog": "194836987003835",
            "order_products": ["PAN-28", "LID-28"],
            "order_quantities": [2.0, 1.0],
            "order_prices": [29.95, 9.9],
            "order_currency": "EUR",
            "order_total": 69.8,
        },
    },
    "edit": {"kind": "edit", "text": "Vorrei restituire due padelle", "refers_to": "wamid.HBgMORIG"},
    "edit_caption": {
        "kind": "edit",
        "text": "Il graffio, più nitido",
        "refers_to": "wamid.HBgMORIG",
        "attachments": (attachment("2754859441498135", "image/jpeg", caption="Il graffio, più nitido"),),
    },
    "revoke": {"kind": "delete", "refers_to": "wamid.HBgMORIG"},
    "calls": {"kind": "call", "call": Call(direction="inbound", state="ringing")},
    "unsupported": {"kind": "unsupported", "fields": {"whatsapp_type": "poll_creation", "whatsapp_error": 131051}},
    "unknown_kind": {"kind": "unsupported", "fields": {"whatsapp_type": "holo_call"}},
    "image_lost": {"kind": "unsupported", "fields": {"whatsapp_type": "image", "whatsapp_error": 131052}},
}
_FRAME = {"event_key", "external_id", "brand", "channel", "account", "sender", "order_key", "raw", "raw_content_type"}
_FRAME |= {"sent_at", "reply"}


def content_of(message: InboundMessage) -> dict[str, Any]:
    """Everything a message says about itself that is not at its default."""
    named = {field.name: field for field in msgspec.structs.fields(InboundMessage) if field.name not in _FRAME}
    held = {name: getattr(message, name) for name in named}
    return {name: value for name, value in held.items() if value not in (None, False, (), {}, Thread())}


@pytest.mark.parametrize("name", CONTENT)
def test_content(name: str) -> None:
    assert content_of(message_of(name)) == CONTENT[name]


def test_the_frame_of_a_message() -> None:
    message = message_of("text")
    assert message.event_key == message.external_id == "wamid.HBgMMzkzMzMxTXT1"
    assert (message.brand, message.channel, message.account) == ("masterpro", "whatsapp", "+390212345678")
    assert (message.sent_at, message.order_key) == (WRITTEN, "phone:+393331234567")
    assert (message.raw, message.raw_content_type) == (sample("text"), "application/json")
    assert (message.reply.until, message.reply.allowed[:2]) == (WRITTEN + timedelta(hours=24), ("text", "image"))


@pytest.mark.parametrize(
    ("name", "key", "about"),
    [
        ("edit", "wamid.HBgMMzkzMzMxEDI1", "wamid.HBgMORIG"),
        ("revoke", "wamid.HBgMMzkzMzMxREV1", "wamid.HBgMORIG"),
        ("reaction", "wamid.HBgMMzkzMzMxREA1", "wamid.HBgMMzkzMzMxREA1"),
    ],
)
def test_an_edit_and_a_deletion_share_the_id_of_their_message_and_have_keys_of_their_own(
    name: str, key: str, about: str
) -> None:
    message = message_of(name)
    assert (message.event_key, message.external_id) == (key, about)


@pytest.mark.parametrize(
    ("name", "handles", "shown"),
    [
        ("text", [ANNA, ANNA_ID], "Anna Bianchi"),
        ("text_user_id_only", [Handle("whatsapp_user", "106540352242922:DE.81234", "verified")], "Ada"),
        (
            "text_from_user_id",
            [
                Handle("whatsapp_user", "106540352242922:US.13491208655302741918", "verified"),
                Handle("whatsapp_parent_user", "US.ENT.506847293015824", "verified"),
            ],
            "sam.w",
        ),
        (
            "text_phone_in_contact",
            [
                Handle("phone", "+33612345678", "verified"),
                Handle("whatsapp_user", "106540352242922:FR.771", "verified"),
                Handle("whatsapp_parent_user", "FR.ENT.9", "verified"),
            ],
            "Zoé",
        ),
    ],
)
def test_senders(name: str, handles: list[Handle], shown: str) -> None:
    sender = message_of(name).sender
    assert [sender.handle, *sender.aliases] == handles
    assert sender.name == shown


@pytest.mark.parametrize(
    ("name", "sent_at", "until"),
    [
        ("timestamp_milliseconds", WRITTEN + timedelta(milliseconds=500), WRITTEN + timedelta(hours=24, milliseconds=500)),
        ("timestamp_bad", None, ARRIVED + timedelta(hours=24)),
    ],
)
def test_time_stamps(name: str, sent_at: datetime | None, until: datetime) -> None:
    message = message_of(name)
    assert (message.sent_at, message.reply.until) == (sent_at, until)


def test_what_a_group_says_is_answered_in_the_group() -> None:
    group = Handle("whatsapp_group", "106540352242922:Y2FwaV9ncm91cDox", "verified")
    assert message_of("text_group").reply.via == group
    assert message_of("text").reply.via is None


@pytest.mark.parametrize("items", [[5], ["x", {"product_retailer_id": 7, "quantity": 1}], [{"product_retailer_id": "P"}]])
def test_an_order_without_product_or_quantity_is_kept(items: list[Any]) -> None:
    document = json.loads(sample("order"))
    document["entry"][0]["changes"][0]["value"]["messages"][0]["order"]["product_items"] = items
    assert len(read_document(document).unreadable) == 1


@pytest.mark.parametrize("price", [None, "29,95", [], True])
def test_a_price_only_decorates(price: Any) -> None:
    document = json.loads(sample("order"))
    items = document["entry"][0]["changes"][0]["value"]["messages"][0]["order"]["product_items"]
    items[0]["item_price"] = price
    (message,) = read_document(document).messages
    assert message.fields["order_prices"] == [None, 9.9]
    assert "order_total" not in message.fields
    items[1]["item_price"] = price
    (message,) = read_document(document).messages
    assert "order_prices" not in message.fields


def test_accounts_say_brand_and_channel() -> None:
    message = message_of("account_second")
    assert (message.brand, message.channel, message.account) == ("panco", "whatsapp_uk", "206540352242999")


def test_the_brands_are_those_of_the_accounts() -> None:
    assert connector().brands == {"masterpro", "panco"}


# --- what is no contact -----------------------------------------------------------------------------------------------


def test_receipts() -> None:
    parsed = read("statuses")
    assert not parsed.messages
    assert [(status.external_id, status.state) for status in parsed.statuses] == [
        ("wamid.OUT1", "sent"),
        ("wamid.OUT1", "delivered"),
        ("wamid.OUT1", "read"),
        ("wamid.OUT2", "played"),
        ("wamid.OUT3", "deleted"),
        ("wamid.OUT4", "other:warmed"),
    ]
    first = parsed.statuses[0]
    assert (first.event_key, first.token) == ("wamid.OUT1:sent:1795284140", "reply-0001")
    assert (first.brand, first.account, first.recipient) == ("masterpro", "+390212345678", "393331234567")
    assert first.at == datetime(2026, 11, 21, 18, 2, 20, tzinfo=UTC)
    assert len({status.event_key for status in parsed.statuses}) == 6


def test_a_failure_names_its_reason() -> None:
    (status,) = read("status_failed").statuses
    assert (status.state, status.error) == ("failed", "window_closed:131047")


def test_members_of_a_group_report_each_for_himself() -> None:
    assert len({status.event_key for status in read("status_group").statuses}) == 2


def test_an_echo_is_no_contact() -> None:
    parsed = read("echoes")
    assert not parsed.messages
    (echo,) = parsed.statuses
    assert (echo.state, echo.external_id, echo.recipient) == ("echo", "wamid.ECH1", "393331234567")


def test_what_becomes_of_an_echo_has_a_key_of_its_own() -> None:
    body = (SAMPLES.parent / "whatsapp_2026" / "echoes_revoke_edit.json").read_bytes()
    revoked, edited = connector().parse(delivery(body)).statuses
    assert (revoked.event_key, revoked.external_id, revoked.state) == ("wamid.ECHO9:deleted", "wamid.ECHO1", "deleted")
    assert (edited.event_key, edited.external_id, edited.state) == ("wamid.ECHO8:edit", "wamid.ECHO2", "echo")


def test_a_number_that_changed() -> None:
    (event,) = read("system_number").events
    assert event.moved is not None
    assert (event.moved.old.value, event.moved.new.value) == ("+393331234567", "+393339999999")
    assert {event.moved.old.proof, event.moved.new.proof} == {"verified"}
    (other,) = read("status_call").events
    assert other.moved is None


@pytest.mark.parametrize(
    ("name", "kind", "account"),
    [
        ("system_number", "system.user_changed_number", "+390212345678"),
        ("status_call", "call.ringing", "+390212345678"),
        ("account_errors", "messages", "+390212345678"),
        ("template_update", "message_template_status_update", None),
    ],
)
def test_events(name: str, kind: str, account: str | None) -> None:
    parsed = read(name)
    assert not parsed.messages
    assert not parsed.statuses
    (event,) = parsed.events
    brand = "masterpro" if account else None
    assert (event.type, event.account, event.brand, event.raw) == (kind, account, brand, sample(name))


def test_the_key_of_a_change_is_the_same_in_whatever_company_it_comes() -> None:
    alone = read("template_update").events[0]
    other, document = json.loads(sample("text")), json.loads(sample("template_update"))
    document["entry"].append(other["entry"][0])
    assert read_document(document).events[0].event_key == alone.event_key


# --- many at once, and damage -----------------------------------------------------------------------------------------


def test_everything_of_a_mixed_request_is_found() -> None:
    parsed = read("mixed")
    assert [message.external_id[-4:] for message in parsed.messages] == ["MIX1", "MIX2", "MIX3"]
    assert [message.sender.name for message in parsed.messages] == ["Anna Bianchi", "Bruno Verdi", None]
    assert [message.brand for message in parsed.messages] == ["masterpro", "masterpro", "panco"]
    assert [status.state for status in parsed.statuses] == ["read"]
    assert [event.type for event in parsed.events] == ["account_update"]
    assert not parsed.unreadable


def test_the_raw_element_of_a_mixed_request_gives_the_same_again() -> None:
    parsed = read("mixed")
    for found, part in [(item, "messages") for item in parsed.messages] + [(item, "statuses") for item in parsed.statuses]:
        again = connector().parse(delivery(found.raw))
        assert getattr(again, part) == (found,)
        assert len(again.messages) + len(again.statuses) + len(again.events) + len(again.unreadable) == 1


NO_ID = "expected 1 to 512 characters without control characters"


def broken(index: int, *way: Any, value: Any) -> Any:
    """The mixed request with one wrong value inside the message at `index` of its first change."""
    document = json.loads(sample("mixed"))
    messages = document["entry"][0]["changes"][0]["value"]["messages"]
    if not way:
        messages[index] = value
        return document
    part = messages[index]
    for key in way[:-1]:
        part = part[key]
    part[way[-1]] = value
    return document


@pytest.mark.parametrize(
    ("document", "detail"),
    [
        (broken(0, value=None), "messages[0]: expected an object"),
        (broken(0, value="text"), "messages[0]: expected an object"),
        (broken(0, "id", value=17), "messages[0].id: expected a string"),
        (broken(0, "id", value=""), f"messages[0].id: {NO_ID}"),
        (broken(0, "id", value="wamid.\x00"), f"messages[0].id: {NO_ID}"),
        (broken(0, "id", value="w" * 513), f"messages[0].id: {NO_ID}"),
        (broken(0, "type", value="te\x00xt"), f"messages[0].type: {NO_ID}"),
        (broken(0, "context", value={"id": "wamid.\x00"}), f"messages[0].context.id: {NO_ID}"),
        (broken(0, "from", value="3" * 5000), f"messages[0].from: {NO_ID}"),
        (broken(0, "from_user_id", value="IT.\x00"), f"messages[0].from_user_id: {NO_ID}"),
        (broken(0, "type", value=None), "messages[0].type: expected a string"),
        (broken(0, "text", value=[]), "messages[0].text: expected an object"),
        (broken(0, "text", "body", value={}), "messages[0].text.body: expected a string"),
        (broken(0, "from", value=None), "messages[0].from: expected a phone number, or a user id in from_user_id"),
        (broken(0, "from", value=393331234567), "messages[0].from: expected a string"),
    ],
)
def test_a_damaged_message_is_kept_and_its_neighbours_survive(document: Any, detail: str) -> None:
    parsed = read_document(document)
    assert [message.external_id[-4:] for message in parsed.messages] == ["MIX2", "MIX3"]
    assert (len(parsed.statuses), len(parsed.events)) == (1, 1)
    (kept,) = parsed.unreadable
    assert (kept.reason, kept.detail) == ("unreadable", f"entry[0].changes[0].value.{detail}")
    damaged = document["entry"][0]["changes"][0]["value"]["messages"][0]
    (change,) = json.loads(kept.raw)["entry"][0]["changes"]
    assert change["value"]["messages"] == [damaged]
    assert change["value"]["metadata"]["phone_number_id"] == "106540352242922"


@pytest.mark.parametrize(
    "damage",
    [
        lambda document: document["entry"].insert(0, None),
        lambda document: document["entry"].insert(0, {"id": "1", "changes": {}}),
        lambda document: document["entry"][0]["changes"].insert(0, []),
        lambda document: document["entry"][0]["changes"].insert(0, {"field": 1, "value": {}}),
        lambda document: document["entry"][0]["changes"].insert(0, {"field": "messages", "value": []}),
        lambda document: document["entry"][0]["changes"].insert(0, {"field": "messages", "value": {"messages": {}}}),
    ],
)
def test_a_damaged_entry_or_change_is_kept_and_its_neighbours_survive(damage: Any) -> None:
    document = json.loads(sample("mixed"))
    damage(document)
    parsed = read_document(document)
    assert (len(parsed.messages), len(parsed.statuses), len(parsed.events)) == (3, 1, 1)
    assert [kept.reason for kept in parsed.unreadable] == ["unreadable"]


def test_decoration_of_a_wrong_type_is_left_out() -> None:
    document = json.loads(sample("text_referral"))
    value = document["entry"][0]["changes"][0]["value"]
    value["contacts"] = [5, {"wa_id": "393331234567", "profile": {"name": ["Anna"]}}]
    value["messages"][0] |= {"context": [], "referral": 5, "group_id": {}}
    (message,) = read_document(document).messages
    assert (message.sender.name, message.page, message.thread, message.fields) == (None, None, Thread(), {})


@pytest.mark.parametrize("value", [True, "45,46", "north", "1e5", "9" * 400, "", None, []])
def test_a_place_without_a_number_is_not_guessed(value: Any) -> None:
    document = json.loads(sample("location"))
    document["entry"][0]["changes"][0]["value"]["messages"][0]["location"]["latitude"] = value
    (kept,) = read_document(document).unreadable
    assert kept.detail.endswith("location.latitude: expected a number")


def test_a_change_with_empty_arrays_is_an_event() -> None:
    document = json.loads(sample("text"))
    document["entry"][0]["changes"][0]["value"]["messages"] = []
    assert [event.type for event in read_document(document).events] == ["messages"]


def test_a_body_that_is_no_json_is_kept_exactly() -> None:
    (kept,) = connector().parse(delivery(b'{"object": \xff')).unreadable
    assert (kept.reason, kept.raw) == ("undecodable", b'{"object": \xff')


def test_half_an_emoji_costs_nobody_his_message() -> None:
    body = sample("mixed").replace(b'"Primo"', rb'"Primo \\ud83c \ud83c\udf73 \ud83c"')
    parsed = connector().parse(delivery(body))
    assert len(parsed.messages) == 3
    assert parsed.messages[0].text == "Primo \\ud83c 🍳 \ufffd"


def test_nesting_deeper_than_can_be_written_keeps_the_whole_body() -> None:
    deep = "[" * 400 + "]" * 400
    body = sample("mixed").replace(b'"Primo"', f'"Primo"}},"extra":{{"deep":{deep}'.encode())
    first = connector().parse(delivery(body)).messages[0]
    assert (first.text, first.raw) == ("Primo", body)


def test_an_unknown_account_is_kept_for_later() -> None:
    parsed = read("account_unknown")
    assert not parsed.messages
    (kept,) = parsed.unreadable
    assert (kept.reason, kept.raw) == ("unknown_account", sample("account_unknown"))
    assert "999" not in kept.detail


def test_another_product_of_meta_is_not_read_as_whatsapp() -> None:
    (kept,) = connector().parse(delivery(b'{"object":"page","entry":[]}')).unreadable
    assert kept.reason == "unreadable"


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"app_secret": ""}, ("app_secret",)),
        ({"app_secret": []}, ("app_secret",)),
        ({"app_secret": ["good", " "]}, ("app_secret",)),
        ({"verify_token": ""}, ("verify_token",)),
        ({"accounts": {}}, ("accounts",)),
        ({"accounts": {"1": {"brand": "Not A Slug"}}}, ("accounts", "1", "brand")),
        ({"accounts": {"1": {"brand": "a", "number": "0212"}}}, ("accounts", "1", "number")),
        ({"accounts": {key: {"brand": "a", "number": "+390212345678"} for key in "12"}}, ()),
        ({"graph_url": "ftp://graph.facebook.com"}, ("graph_url",)),
        ({"graph_url": "https://graph.facebook.com/?x"}, ("graph_url",)),
        ({"surprise": 1}, ("surprise",)),
    ],
)
def test_settings_are_refused_at_their_place(changed: dict[str, Any], place: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        connector(**changed)
    assert place in [error["loc"] for error in caught.value.errors()]


def test_an_account_id_without_quotes_is_taken() -> None:
    assert list(connector(accounts={106540352242922: {"brand": "masterpro"}}).settings.accounts) == ["106540352242922"]


# --- answers ----------------------------------------------------------------------------------------------------------

ACCEPTED = answer({"messaging_product": "whatsapp", "contacts": [{"input": "1"}], "messages": [{"id": "wamid.OUT9"}]})


GROUP = Handle("whatsapp_group", "106540352242922:Y2FwaV9ncm91cDox", "verified")


def reply(**changed: Any) -> Outgoing:
    values: dict[str, Any] = {
        "to": ANNA,
        "text": "La padella è partita oggi.",
        "account": "+390212345678",
        "in_reply_to": "wamid.HBgMORIG",
        "token": "reply-0001",
        "last_inbound_at": ARRIVED - timedelta(hours=23),
    }
    return Outgoing(**{**values, **changed})


async def test_a_text_leaves_as_the_api_wants_it() -> None:
    http = FakeHttp(ACCEPTED)
    assert (await connector().send(reply(), http)).external_ids == ("wamid.OUT9",)
    (call,) = http.calls
    assert (call.method, call.url) == ("POST", "https://graph.facebook.com/v25.0/106540352242922/messages")
    assert call.headers["Authorization"] == "Bearer regia-access"
    assert call.json == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "393331234567",
        "type": "text",
        "text": {"body": "La padella è partita oggi.", "preview_url": False},
        "context": {"message_id": "wamid.HBgMORIG"},
        "biz_opaque_callback_data": "reply-0001",
    }


async def test_a_user_without_a_number_is_addressed_by_id() -> None:
    http = FakeHttp(ACCEPTED)
    await connector().send(reply(to=ANNA_ID, in_reply_to=None), http)
    sent = http.calls[0].json
    assert sent["recipient"] == "IT.13491208655302741918"
    assert not {"to", "context"} & sent.keys()


async def test_a_group_is_addressed_as_one() -> None:
    http = FakeHttp(ACCEPTED)
    await connector().send(reply(to=GROUP), http)
    sent = http.calls[0].json
    assert (sent["recipient_type"], sent["to"], sent["context"]) == (
        "group",
        "Y2FwaV9ncm91cDox",
        {"message_id": "wamid.HBgMORIG"},
    )


async def test_a_long_text_leaves_in_parts() -> None:
    http = FakeHttp(*[answer({"messages": [{"id": f"wamid.P{number}"}]}) for number in range(3)])
    text = " ".join(f"parola{number}" for number in range(900))
    sent = await connector().send(reply(text=text), http)
    assert sent.external_ids == ("wamid.P0", "wamid.P1", "wamid.P2")
    bodies = [call.json["text"]["body"] for call in http.calls]
    assert " ".join(bodies) == text
    assert all(len(body) <= 4096 for body in bodies)
    assert ["context" in call.json for call in http.calls] == [True, False, False]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"last_inbound_at": ARRIVED - timedelta(hours=24, seconds=1)}, "window_closed"),
        ({"to": Handle("email", "anna@example.it", "verified")}, "invalid_recipient"),
        ({"to": Handle("whatsapp_parent_user", "US.ENT.1", "verified")}, "invalid_recipient"),
        ({"to": Handle("phone", "+39 333", "verified")}, "invalid_recipient"),
        ({"to": Handle("whatsapp_group", "106540352242922:", "verified")}, "invalid_recipient"),
        ({"to": GROUP, "buttons": (Button(title="Sì"),)}, "unsupported"),
        ({"account": "+440000000"}, "unsupported"),
        ({"account": None}, "unsupported"),
        ({"text": " \n"}, "unsupported"),
    ],
)
async def test_what_cannot_leave_is_refused_here(changed: dict[str, Any], code: SendCode) -> None:
    http = FakeHttp()
    with pytest.raises(SendFailed) as caught:
        await connector().send(reply(**changed), http)
    assert caught.value.code == code
    assert not http.calls


LATE = ARRIVED - timedelta(hours=24, seconds=1)
APPROVED = ApprovedTemplate(name="order_update", language="it", parameters=("IT-4711",))


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"last_inbound_at": ARRIVED}, "text"),
        ({"last_inbound_at": None}, "text"),
        ({"last_inbound_at": LATE}, "template"),
        ({"last_inbound_at": LATE, "to": GROUP}, "template"),
    ],
)
async def test_an_approved_template_leaves_where_free_texts_may_not(changed: dict[str, Any], kind: str) -> None:
    http = FakeHttp(answer({"messages": [{"id": "wamid.T"}]}))
    await connector().send(reply(template=APPROVED, **changed), http)
    (call,) = http.calls
    assert call.json["type"] == kind
    assert ("context" in call.json) == (kind == "text"), "what it answers may be months old"


@pytest.mark.parametrize("with_it", [{"files": (OutgoingFile(filename="a.pdf", content_type="application/pdf", content=b"x"),)},
                                     {"buttons": (Button(title="Sì"),)}])  # fmt: skip
async def test_nothing_leaves_beside_an_approved_template(with_it: dict[str, Any]) -> None:
    with pytest.raises(SendFailed, match="window_closed"):
        await connector().send(reply(template=APPROVED, last_inbound_at=LATE, **with_it), FakeHttp())


async def test_one_without_parameters() -> None:
    http = FakeHttp(answer({"messages": [{"id": "wamid.T"}]}))
    await connector().send(reply(template=replace(APPROVED, parameters=()), last_inbound_at=LATE), http)
    assert http.calls[0].json["template"] == {"name": "order_update", "language": {"policy": "deterministic", "code": "it"}}


async def test_without_a_token_nothing_leaves() -> None:
    with pytest.raises(SendFailed, match="auth"):
        await connector(access_token=None).send(reply(), FakeHttp())


def graph_error(code: int, status: int = 400, **more: Any) -> Any:
    return answer({"error": {"message": "(#…)", "type": "OAuthException", "code": code, "fbtrace_id": "A", **more}}, status)


@pytest.mark.parametrize(
    ("given", "code", "provider_code"),
    [
        (graph_error(131056), "rate_limited", "131056"),
        (graph_error(130429, 429), "rate_limited", "130429"),
        (graph_error(131016, 500), "retryable", "131016"),
        (graph_error(131047), "window_closed", "131047"),
        (graph_error(131050), "blocked_by_user", "131050"),
        (graph_error(131026), "invalid_recipient", "131026"),
        (graph_error(190, 401), "auth", "190"),
        (graph_error(230, 403), "auth", "230"),
        (graph_error(132000), "unsupported", "132000"),
        (graph_error(190, 200), "auth", "190"),
        (graph_error(999999, 400, is_transient=True), "retryable", "999999"),
        (graph_error(999999, 400), "unsupported", "999999"),
        (graph_error(999999, 200), "unknown", "999999"),
        (answer(b"<html>Bad Gateway</html>", 502), "retryable", "http_502"),
        (answer(b"", 504), "unknown", "http_504"),
        (answer(b"", 429), "rate_limited", "http_429"),
        (answer({"error": {"code": "190"}}, 401), "auth", "http_401"),
        (answer({"messages": []}), "unknown", None),
        (answer(b"not json"), "unknown", None),
        (HttpFailed("timeout", sent=True), "unknown", None),
        (HttpFailed("provider_error", sent=False), "retryable", None),
    ],
)
async def test_failures_have_a_code(given: Any, code: SendCode, provider_code: str | None) -> None:
    with pytest.raises(SendFailed) as caught:
        await connector().send(reply(), FakeHttp(given))
    assert (caught.value.code, caught.value.provider_code) == (code, provider_code)
    assert "regia-access" not in str(caught.value)


async def test_a_provider_that_says_when_is_believed() -> None:
    with pytest.raises(SendFailed) as caught:
        await connector().send(reply(), FakeHttp(answer(b"", 429, {"retry-after": "30"})))
    assert caught.value.retry_after == 30.0


async def test_a_half_sent_text_is_not_repeated() -> None:
    http = FakeHttp(ACCEPTED, graph_error(130429, 429))
    with pytest.raises(SendFailed) as caught:
        await connector().send(reply(text="parola " * 900), http)
    assert (caught.value.code, caught.value.retryable, caught.value.provider_code) == ("unknown", False, "130429")


# --- media ------------------------------------------------------------------------------------------------------------

FOUND = answer({"url": "https://lookaside.fbsbx.com/x?mid=1", "mime_type": "image/jpeg", "sha256": "00", "file_size": 5})


async def test_media_are_fetched_in_two_steps_with_the_token() -> None:
    http = FakeHttp(FOUND, file=b"bytes")
    fetched = await connector().fetch("2754859441498128", "+390212345678", http)
    assert (fetched.content, fetched.content_type) == (b"bytes", "image/jpeg")
    asked, loaded = http.calls
    assert (asked.method, asked.url) == ("GET", "https://graph.facebook.com/v25.0/2754859441498128")
    assert loaded.url == "https://lookaside.fbsbx.com/x?mid=1"
    assert loaded.hosts == ("lookaside.fbsbx.com", "graph.facebook.com")
    assert asked.headers == loaded.headers == {"Authorization": "Bearer regia-access"}


async def test_a_media_id_cannot_leave_its_place_in_the_address() -> None:
    http = FakeHttp(FOUND, file=b"")
    await connector().fetch("../me?fields=id#", None, http)
    assert http.calls[0].url == "https://graph.facebook.com/v25.0/..%2Fme%3Ffields%3Did%23"


@pytest.mark.parametrize(
    ("given", "reason", "retryable"),
    [
        (graph_error(100), "gone", False),
        (answer(b"", 404), "gone", False),
        (graph_error(190, 401), "refused", False),
        (graph_error(4, 400), "provider_error", True),
        (answer(b"", 503), "provider_error", True),
        (answer({"id": "1"}), "provider_error", False),
        (HttpFailed("timeout", sent=True), "timeout", True),
    ],
)
async def test_media_that_cannot_be_had_say_why(given: Any, reason: str, retryable: bool) -> None:
    with pytest.raises(MediaUnavailable) as caught:
        await connector().fetch("2754859441498128", None, FakeHttp(given))
    assert (caught.value.reason, caught.value.retryable) == (reason, retryable)


STRANGE = [
    ("from", "000", "106540352242922:000"),
    ("from", "1234", "106540352242922:1234"),
    ("from", "3" * 16, "106540352242922:" + "3" * 16),
    ("from", "٣٩٣٣٣١٢٣٤٥٦٧", "106540352242922:٣٩٣٣٣١٢٣٤٥٦٧"),
]


@pytest.mark.parametrize(("key", "value", "user"), STRANGE)
def test_only_plain_digits_of_a_possible_length_are_a_phone(key: str, value: str, user: str) -> None:
    document = json.loads(sample("text"))
    part = document["entry"][0]["changes"][0]["value"]
    part["contacts"] = []
    del part["messages"][0]["from_user_id"]
    part["messages"][0][key] = value
    (message,) = read_document(document).messages
    assert (message.sender.handle, message.sender.aliases) == (Handle("whatsapp_user", user, "verified"), ())


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("reaction", ("messages", 0, "reaction", "message_id")),
        ("edit", ("messages", 0, "edit", "original_message_id")),
        ("revoke", ("messages", 0, "revoke", "original_message_id")),
        ("system_number", ("messages", 0, "id")),
        ("system_number", ("messages", 0, "system", "type")),
        ("statuses", ("statuses", 0, "id")),
        ("statuses", ("statuses", 0, "status")),
        ("statuses", ("statuses", 0, "timestamp")),
        ("statuses", ("statuses", 0, "recipient_id")),
        ("echoes", ("message_echoes", 0, "id")),
        ("echoes", ("message_echoes", 0, "to")),
    ],
)
@pytest.mark.parametrize("value", ["a\x00b", "a" * 513])
def test_what_is_no_id_or_type_makes_its_element_unreadable(name: str, way: tuple[Any, ...], value: str) -> None:
    document = json.loads(sample(name))
    part = document["entry"][0]["changes"][0]["value"]
    for key in way[:-1]:
        part = part[key]
    part[way[-1]] = value
    (kept,) = read_document(document).unreadable
    assert (kept.detail or "").endswith(f".{way[-1]}: {NO_ID}")


def test_a_change_whose_field_is_no_word_is_unreadable() -> None:
    document = json.loads(sample("template_update"))
    document["entry"][0]["changes"][0]["field"] = "a\x00"
    (kept,) = read_document(document).unreadable
    assert (kept.detail or "").endswith(f".field: {NO_ID}")
