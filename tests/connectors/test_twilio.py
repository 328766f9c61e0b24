"""Twilio's messages: the signature in all its forms, senders, and what leaves when we answer."""

import hashlib
import hmac
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from connectors.base import Answer, Connector, Outgoing, OutgoingFile, Request
from connectors.conformance.fake_http import FakeHttp, answer
from connectors.conformance.subject import ARRIVED
from connectors.errors import Rejected, SendFailed
from connectors.twilio import Twilio, TwilioSettings
from normalizer.inbound import Handle, InboundMessage, Page, Reply
from tests.subjects.twilio import FORM, NUMBER, SID, SUBJECT, TOKEN, signature

WHATSAPP = "whatsapp:+15005550007"
AGENT = "rcs:regia_demo_agent"
PAGE = "messenger:100200300400"
SERVICE = f"MG{'0' * 31}1"
VECTOR_URL = "https://gw.example/in/twilio/acme?x=1"
VECTOR = b"From=%2B15005550006&Body=Hi+there&To=%2B15005550001&MessageSid=SM1"
SIGNED = "LTqodPCkZiLPkhwxz2Sg6otyTUc="
JSON = '{"hello":"wörld"}'.encode()
TAKEN = answer({"sid": "SM99", "status": "queued"}, 201)
SHARED = {"shared_keys": {"K1": "shared-key"}}


def connector(**changed: Any) -> Connector:
    return SUBJECT.connector(**changed)


def request(body: bytes, url: str, given: str, *, method: str = "POST", kind: str = FORM, **headers: str) -> Request:
    named = {"content-type": kind, "x-twilio-signature": given} | headers
    return Request(method=method, url=url, headers=named, query={}, body=body, received_at=ARRIVED)


def read(form: dict[str, str], **changed: Any) -> InboundMessage:
    body = urlencode({"MessageSid": "SM1", "AccountSid": SID, "From": "+4915112345678", "To": NUMBER, "Body": "x"} | form)
    (found,) = connector(**changed).parse(SUBJECT.request(body.encode())).messages
    return found


def sample(name: str) -> InboundMessage:
    (found,) = connector().parse(SUBJECT.request(SUBJECT.samples[name])).messages
    return found


# Signatures


def test_its_signature_is_that_of_the_document() -> None:
    connector().verify(request(VECTOR, VECTOR_URL, SIGNED))


@pytest.mark.parametrize(
    ("signed", "called"),
    [
        ("https://gw.example/in?a=1", "https://gw.example:443/in?a=1"),
        ("https://gw.example:443/in?a=1", "https://gw.example/in?a=1"),
        ("http://gw.example:80/in", "http://gw.example/in"),
        ("https://gw.example:8443/in", "https://gw.example:8443/in"),
        ("https://[2001:db8::1]:443/in", "https://[2001:db8::1]/in"),
    ],
)
def test_the_default_port_may_be_signed_or_not(signed: str, called: str) -> None:
    connector().verify(request(VECTOR, called, signature(signed, VECTOR, TOKEN)))


@pytest.mark.parametrize(
    ("signed", "called"),
    [
        ("https://gw.example:8443/in", "https://gw.example/in"),
        ("http://gw.example/in", "https://gw.example/in"),
        ("https://gw.example/in", "https://gw.example/in?a=1"),
    ],
)
def test_another_address_is_not_ours(signed: str, called: str) -> None:
    with pytest.raises(Rejected, match="signature_wrong"):
        connector().verify(request(VECTOR, called, signature(signed, VECTOR, TOKEN)))


def test_names_given_twice_count_once_in_the_order_of_their_values() -> None:
    url, body = "https://gw.example/in", b"B=2&B=1&a=3&B=2&%C3%9C=%FF&Empty=&=x"
    text = url.encode() + b"xB1B2Emptya3" + "Ü".encode() + b"\xff"
    made = b64encode(hmac.digest(TOKEN.encode(), text, "sha1")).decode()
    assert made == signature(url, body, TOKEN)
    connector().verify(request(body, url, made))


def test_a_body_that_is_no_form_is_signed_by_its_hash() -> None:
    url = f"{VECTOR_URL}&bodySHA256={hashlib.sha256(JSON).hexdigest()}"
    connector().verify(request(JSON, url, signature(url, b"", TOKEN), kind="application/json"))
    for body, address in ((JSON + b" ", url), (JSON, VECTOR_URL), (b"", url)):
        with pytest.raises(Rejected, match="signature_wrong"):
            connector().verify(request(body, address, signature(address, b"", TOKEN), kind="application/json"))


def test_a_form_in_the_address_is_signed_with_it() -> None:
    url = "https://gw.example/webhooks/twilio?" + SUBJECT.samples["sms"].decode()
    got = request(b"", url, signature(url, b"", TOKEN), method="GET", kind="")
    connector().verify(got)
    (found,) = connector().parse(got).messages
    assert found.text == "Where is my parcel?"
    assert connector().reread(found.raw, found.raw_content_type, ARRIVED).messages == (found,)


def test_get_is_taken_only_where_the_settings_say_so() -> None:
    assert connector().methods == {"POST"}
    assert connector(get_deliveries=True).methods == {"GET", "POST"}


def test_a_shared_key_signs_in_place_of_the_token() -> None:
    made = signature(VECTOR_URL, VECTOR, "shared-key", "sha256")
    named = {"x-twilio-webhooks-signature-settings": "key=K1,algorithm=HMAC_SHA256"}
    connector(**SHARED).verify(request(VECTOR, VECTOR_URL, made, **named))


@pytest.mark.parametrize(
    ("named", "key", "algorithm"),
    [
        ("key=K1,algorithm=HMAC_SHA512", "shared-key", "sha512"),
        ("key=K1,algorithm=HMAC_SHA1", TOKEN, "sha1"),
        ("key=K1", "shared-key", "sha256"),
        ("", TOKEN, "sha1"),
        ("key=K2,algorithm=HMAC_SHA256", "shared-key", "sha256"),
        ("key=K1,algorithm=HMAC_SHA256", TOKEN, "sha256"),
        ("algorithm=HMAC_SHA256,,=", TOKEN, "sha256"),
    ],
)
def test_an_unknown_algorithm_or_key_is_refused(named: str, key: str, algorithm: str) -> None:
    made = signature(VECTOR_URL, VECTOR, key, algorithm)
    with pytest.raises(Rejected, match="signature_wrong"):
        connector(**SHARED).verify(request(VECTOR, VECTOR_URL, made, **{"x-twilio-webhooks-signature-settings": named}))


def test_a_form_with_too_many_fields_is_refused() -> None:
    body = b"&".join(b"a=%d" % number for number in range(1001))
    with pytest.raises(Rejected, match="malformed"):
        connector().verify(request(body, VECTOR_URL, signature(VECTOR_URL, body, TOKEN)))
    (kept,) = connector().parse(request(body, VECTOR_URL, "")).unreadable
    assert (kept.reason, kept.raw) == ("undecodable", body)


def test_the_answer_is_a_document_that_sends_nothing() -> None:
    told = connector().acknowledge(SUBJECT.request(SUBJECT.samples["sms"]))
    assert told == Answer(body=b'<?xml version="1.0" encoding="UTF-8"?><Response/>', content_type="text/xml")


# Who wrote, to whom


@pytest.mark.parametrize(
    ("name", "channel", "account", "handle"),
    [
        ("sms", "sms", NUMBER, Handle("phone", "+4915112345678", "verified")),
        ("sms_short_code", "sms", NUMBER, Handle("sms_sender", f"{NUMBER}:72975", "claimed")),
        ("sms_alphanumeric_sender", "sms", NUMBER, Handle("sms_sender", f"{NUMBER}:ParcelDemo", "claimed")),
        ("whatsapp_text", "whatsapp", WHATSAPP, Handle("phone", "+4915112345678", "verified")),
        ("whatsapp_sender_bare", "whatsapp", WHATSAPP, Handle("phone", "+4915112345678", "verified")),
        ("whatsapp_username", "whatsapp", WHATSAPP, Handle("twilio_user", f"{WHATSAPP}:US.1234", "verified")),
        ("rcs_text", "rcs", AGENT, Handle("phone", "+4915112345678", "verified")),
        ("rcs_sender_without_prefix", "rcs", AGENT, Handle("phone", "+4915112345678", "verified")),
        ("messenger_text", "messenger", PAGE, Handle("messenger_user", "100200300400:2345678901234567", "verified")),
    ],
)
def test_senders(name: str, channel: str, account: str, handle: Handle) -> None:
    found = sample(name)
    assert (found.channel, found.account, found.sender.handle) == (channel, account, handle)


def test_an_id_beside_the_number_is_an_alias() -> None:
    assert sample("whatsapp_phone_and_user_id").sender.aliases == (Handle("twilio_user", f"{WHATSAPP}:DE.81234", "verified"),)


def test_a_sender_of_a_third_kind_is_kept_in_quarantine() -> None:
    body = urlencode({"MessageSid": "SM1", "AccountSid": SID, "From": "viber:17", "To": NUMBER, "Body": "x"})
    (kept,) = connector().parse(SUBJECT.request(body.encode())).unreadable
    assert (kept.reason, kept.content_type) == ("unreadable", FORM)


def test_a_messaging_service_stands_for_its_numbers_but_not_for_whatsapp() -> None:
    accounts = {"accounts": {SERVICE: {"brand": "demo", "name": "shop"}}}
    assert read({"MessagingServiceSid": SERVICE}, **accounts).account == "shop"
    body = urlencode({"MessageSid": "SM1", "AccountSid": SID, "From": "whatsapp:+491", "To": WHATSAPP, "Body": "x"})
    (kept,) = connector(**accounts).parse(SUBJECT.request(f"{body}&MessagingServiceSid={SERVICE}".encode())).unreadable
    assert kept.reason == "unknown_account"


def test_a_messaging_service_stands_for_agents_of_rcs_and_answers_from_there() -> None:
    accounts = {"accounts": {SERVICE: {"brand": "demo"}}}
    found = read({"From": "rcs:+4915112345678", "To": AGENT, "MessagingServiceSid": SERVICE}, **accounts)
    assert (found.channel, found.account, found.sender.handle) == ("rcs", SERVICE, PHONE)


@pytest.mark.parametrize(
    ("more", "accounts", "account"),
    [
        ({"MessagingServiceSid": SERVICE}, (SERVICE, NUMBER), SERVICE),
        ({}, (NUMBER,), NUMBER),
        ({}, (SERVICE,), SERVICE),
        ({"From": AGENT, "To": "rcs:+4915112345678", "MessagingServiceSid": SERVICE}, (SERVICE, NUMBER), SERVICE),
        ({}, (SERVICE, NUMBER), None),
        ({"MessagingServiceSid": SERVICE}, (NUMBER,), None),
    ],
)
def test_a_status_without_a_sender_is_the_services_or_the_only_accounts(
    more: dict[str, str], accounts: tuple[str, ...], account: str | None
) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": "failed", "AccountSid": SID, "To": "+4915112345678", "ErrorCode": "30006"}
    known = {one: {"brand": "demo"} for one in accounts}
    parsed = connector(accounts=known).parse(SUBJECT.request(urlencode(form | more).encode()))
    assert [(one.state, one.account) for one in parsed.statuses] == ([("failed", account)] if account else [])
    assert [one.reason for one in parsed.unreadable] == ([] if account else ["unknown_account"])


def test_a_number_without_quotes_in_the_settings_gets_its_plus_back() -> None:
    settings = TwilioSettings.model_validate({**SUBJECT.settings, "accounts": {15005550006: {"brand": "demo"}}})
    assert list(settings.accounts) == [NUMBER]
    with pytest.raises(ValueError, match="without blanks"):
        connector(accounts={"+1 500 5550006": {"brand": "demo"}})


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("sms", Reply(allowed=("text", "image", "video", "audio"))),
        ("sms_opt_out_stop", Reply(allowed=())),
        ("sms_opt_out_start", Reply(allowed=("text", "image", "video", "audio"))),
        ("sms_short_code", Reply(allowed=())),
        (
            "whatsapp_text",
            Reply(allowed=("text", "image", "video", "audio", "document"), until=ARRIVED + timedelta(hours=24)),
        ),
        (
            "messenger_text",
            Reply(allowed=("text", "image", "video", "audio", "document"), until=ARRIVED + timedelta(hours=24)),
        ),
        ("rcs_text", Reply(allowed=("text", "image", "video", "audio", "document"))),
    ],
)
def test_how_it_may_be_answered(name: str, reply: Reply) -> None:
    assert sample(name).reply == reply


def test_what_stands_around_a_message() -> None:
    assert sample("sms_opt_out_stop").fields["twilio_opt_out"] == "STOP"
    assert sample("sms_us_geography").fields["twilio_messaging_service"] == SERVICE
    assert sample("whatsapp_forwarded").fields["twilio_frequently_forwarded"] is True
    assert sample("whatsapp_flow").fields["flow_size"] == "L"
    chosen = sample("whatsapp_flow_choices").fields
    assert {name: value for name, value in chosen.items() if name.startswith("flow_")} == {
        "flow_name": "Ada",
        "flow_topics": ["late", "broken"],
        "flow_count": 4,
    }
    found = sample("whatsapp_referral")
    assert found.page == Page(url="https://fb.me/x", title="Chat with us")
    assert (found.fields["referral_id"], found.fields["referral_click_id"]) == ("120200000000000001", "ARAkL")


LONG = "Dies ist eine lange Nachricht, die in mehreren Teilen kam und keine Lücken hat."


@pytest.mark.parametrize(
    ("sid", "body", "more", "text"),
    [
        ("MM1", b64encode(LONG.encode()).decode(), {}, LONG),
        ("SM1", b64encode(LONG.encode()).decode(), {}, None),
        ("MM1", b64encode(LONG.encode()).decode(), {"MediaUrl0": "https://api.twilio.com/1"}, None),
        ("MM1", b64encode(b"a short text").decode(), {}, None),
        ("MM1", b64encode(bytes(range(100))).decode(), {}, None),
        ("MM1", b64encode(b"\xff" * 90).decode(), {}, None),
        ("MM1", LONG, {}, None),
    ],
)
def test_only_what_is_surely_base64_is_decoded(sid: str, body: str, more: dict[str, str], text: str | None) -> None:
    assert read({"MessageSid": sid, "Body": body, **more}).text == (text or body)


@pytest.mark.parametrize("latitude", ["nan", "inf", "91", "", "north", "1e999"])
def test_a_place_that_is_none_costs_no_message(latitude: str) -> None:
    found = read({"To": WHATSAPP, "Latitude": latitude, "Longitude": "13.4"})
    assert (found.kind, found.text, found.location) == ("text", "x", None)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("status_undelivered", "invalid_recipient:30003"),
        ("status_failed", "blocked_by_user:21610"),
        ("status_whatsapp_window", "window_closed:63016"),
        ("status_failed_without_code", None),
    ],
)
def test_why_a_message_failed(name: str, error: str | None) -> None:
    (status,) = connector().parse(SUBJECT.request(SUBJECT.samples[name])).statuses
    assert (status.state, status.error) == ("failed", error)


@pytest.mark.parametrize("code", ["0", "30003x", "-1", "9" * 5000, "²"])
def test_an_error_code_that_is_none_is_left_out(code: str) -> None:
    body = SUBJECT.samples["status_failed_without_code"] + urlencode({"": "", "ErrorCode": code}).encode()
    (status,) = connector().parse(SUBJECT.request(body)).statuses
    assert status.error is None


# Sending

USER = Handle("twilio_user", f"{WHATSAPP}:US.1234", "verified")
PHONE = Handle("phone", "+4915112345678", "verified")
ON_PAGE = Handle("messenger_user", "100200300400:23", "verified")
API = f"https://api.twilio.com/2010-04-01/Accounts/{SID}/Messages.json"


def message(**changed: Any) -> Outgoing:
    assert SUBJECT.replying is not None
    return replace(SUBJECT.replying.outgoing, text="Ciao", last_inbound_at=datetime.now(UTC), **changed)


def file(number: int, size: int = 1, kind: str = "image/jpeg") -> OutgoingFile:
    return OutgoingFile(filename="f", content_type=kind, content=b"x" * size, url=f"https://files.example/{number}")


async def left(outgoing: Outgoing, *, parts: int = 1, **changed: Any) -> list[list[tuple[str, str]]]:
    http = FakeHttp(*[TAKEN] * parts)
    await connector(**changed).send(outgoing, http)
    for call in http.calls:
        assert (call.method, call.url, call.form, call.json) == ("POST", API, None, None)
        assert call.headers == {
            "Authorization": f"Basic {b64encode(f'{SID}:{TOKEN}'.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
    return [parse_qsl((call.body or b"").decode(), strict_parsing=True) for call in http.calls]


SMS = [("To", "+4915112345678"), ("From", NUMBER)]
WA = [("To", "whatsapp:+4915112345678"), ("From", WHATSAPP)]


@pytest.mark.parametrize(
    ("outgoing", "bodies"),
    [
        (message(), [[*SMS, ("Body", "Ciao")]]),
        (message(account=WHATSAPP), [[*WA, ("Body", "Ciao")]]),
        (message(account=WHATSAPP, to=USER), [[("To", "whatsapp:US.1234"), ("From", WHATSAPP), ("Body", "Ciao")]]),
        (message(account=AGENT), [[("To", "rcs:+4915112345678"), ("From", AGENT), ("Body", "Ciao")]]),
        (message(account=PAGE, to=ON_PAGE), [[("To", "messenger:23"), ("From", PAGE), ("Body", "Ciao")]]),
        (
            message(files=tuple(file(n) for n in range(11))),
            [
                [*SMS, ("Body", "Ciao")],
                [*SMS, *[("MediaUrl", f"https://files.example/{n}") for n in range(10)]],
                [*SMS, ("MediaUrl", "https://files.example/10")],
            ],
        ),
        (
            message(files=(file(0, 3_000_000), file(1, 3_000_000))),
            [
                [*SMS, ("Body", "Ciao")],
                [*SMS, ("MediaUrl", "https://files.example/0")],
                [*SMS, ("MediaUrl", "https://files.example/1")],
            ],
        ),
        (
            message(account=WHATSAPP, files=(file(0), file(1, 6_000_000, "application/pdf"))),
            [
                [*WA, ("Body", "Ciao")],
                [*WA, ("MediaUrl", "https://files.example/0")],
                [*WA, ("MediaUrl", "https://files.example/1")],
            ],
        ),
    ],
)
async def test_what_leaves(outgoing: Outgoing, bodies: list[list[tuple[str, str]]]) -> None:
    assert await left(outgoing, parts=len(bodies)) == bodies


async def test_a_service_chooses_the_number_and_states_are_told_to_an_address() -> None:
    told = "https://gw.example/webhooks/twilio"
    accounts = {SERVICE: {"brand": "demo"}}
    assert await left(message(account=None), accounts=accounts, status_callback=told) == [
        [("To", "+4915112345678"), ("MessagingServiceSid", SERVICE), ("StatusCallback", told), ("Body", "Ciao")]
    ]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"to": USER}, "invalid_recipient"),
        ({"account": PAGE}, "invalid_recipient"),
        ({"account": WHATSAPP, "to": ON_PAGE}, "invalid_recipient"),
        ({"to": Handle("sms_sender", f"{NUMBER}:72975", "claimed")}, "invalid_recipient"),
        ({"to": Handle("phone", "0151", "claimed")}, "invalid_recipient"),
        ({"account": None}, "unsupported"),
        ({"account": "+19"}, "unsupported"),
        ({"files": (file(0, 6_000_000, "application/pdf"),)}, "too_large"),
    ],
)
async def test_what_cannot_leave(changed: dict[str, Any], code: str) -> None:
    http = FakeHttp()
    with pytest.raises(SendFailed) as caught:
        await connector().send(message(**changed), http)
    assert (caught.value.code, http.calls) == (code, [])


@pytest.mark.parametrize(("account", "closed"), [(WHATSAPP, True), (AGENT, False), (NUMBER, False)])
async def test_only_some_channels_have_a_window(account: str, closed: bool) -> None:
    late = Twilio("twilio", TwilioSettings.model_validate(SUBJECT.settings), now=lambda: ARRIVED + timedelta(hours=25))
    http = FakeHttp(TAKEN)
    outgoing = replace(message(account=account), last_inbound_at=ARRIVED)
    if not closed:
        assert (await late.send(outgoing, http)).external_ids == ("SM99",)
        return
    with pytest.raises(SendFailed, match="window_closed"):
        await late.send(outgoing, http)
    assert http.calls == []


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        (20429, 429, "rate_limited"),
        (63018, 429, "rate_limited"),
        (20003, 401, "auth"),
        (21408, 400, "auth"),
        (21606, 400, "auth"),
        (21211, 400, "invalid_recipient"),
        (21612, 400, "invalid_recipient"),
        (21614, 400, "invalid_recipient"),
        (21610, 400, "blocked_by_user"),
        (21617, 400, "too_large"),
        (63016, 400, "window_closed"),
        (21620, 400, "unsupported"),
        (99999, 400, "unsupported"),
        (None, 429, "rate_limited"),
        (None, 503, "retryable"),
    ],
)
async def test_what_a_refusal_means(number: int | None, status: int, code: str) -> None:
    with pytest.raises(SendFailed) as caught:
        await connector().send(message(), FakeHttp(answer({"code": number, "message": "secret words"}, status)))
    assert (caught.value.code, caught.value.provider_code) == (code, str(number) if number else f"http_{status}")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("said", [{}, {"sid": None}, {"sid": 17}])
async def test_an_answer_without_an_id_is_unknown(said: dict[str, Any]) -> None:
    with pytest.raises(SendFailed, match="unknown"):
        await connector().send(message(), FakeHttp(answer(said, 201)))


@pytest.mark.parametrize(("host", "proven"), [("api.twilio.com", True), ("mms.twiliocdn.com", False), ("evil.example", False)])
async def test_only_the_api_learns_the_token(host: str, proven: bool) -> None:
    http = FakeHttp(file=b"jpeg")
    await connector().fetch(f"https://{host}/2010-04-01/x", None, http)
    (call,) = http.calls
    assert ("Authorization" in call.headers) == proven
    assert call.hosts == ("api.twilio.com", ".twiliocdn.com", "s3-external-1.amazonaws.com")
