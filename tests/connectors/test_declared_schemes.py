"""Signatures, handshakes and acknowledgements that a description names."""

import base64
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.base import Answer, Request
from connectors.conformance.subject import ARRIVED, post
from connectors.declared.connector import Webhook
from connectors.declared.settings import WebhookSettings
from connectors.errors import Rejected
from tests.providers import standard_webhooks as independent
from tests.subjects.webhook import WHSEC

BODY = b'{"type":"message.received"}'
AT = datetime.fromtimestamp(1700000000, UTC)
SECRET = "regia-webhook-secret"
MESSAGE = {"external_id": "event.id", "sender": {"kind": "visitor", "id": "event.from"}}


def webhook(signature: dict[str, Any], *, describe: dict[str, Any] | None = None, **settings: Any) -> Webhook:
    described = {"channel": "test", "signature": signature, "message": MESSAGE, **(describe or {})}
    entry = {"type": "webhook", "brand": "demo", "secret": SECRET, "describe": described, **settings}
    return Webhook("test", WebhookSettings.model_validate(entry))


def request(headers: dict[str, str], body: bytes = BODY, at: datetime = AT) -> Request:
    return post(body, at, headers, name="test")


def hexed(content: bytes, algorithm: str = "sha256") -> str:
    return hmac.digest(SECRET.encode(), content, algorithm).hex()


def refusal(connector: Webhook, given: Request) -> str | None:
    try:
        connector.verify(given)
    except Rejected as rejected:
        return rejected.code
    return None


STANDARD = {"scheme": "standard_webhooks"}


def standard(connector_secret: Any = WHSEC) -> Webhook:
    return webhook(STANDARD, secret=connector_secret)


def test_the_vector_of_standard_webhooks() -> None:
    signature = "v1,eITGSlQsIt9lcSycZ74vHeeyNMy3ge+1ySYrz6Orea0="
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1700000000", "webhook-signature": signature}
    assert refusal(standard(), request(headers)) is None
    assert refusal(standard(), request(headers | {"webhook-id": "msg_2"})) == "signature_wrong"
    assert refusal(standard(), request(headers | {"webhook-timestamp": "1700000001"})) == "signature_wrong"


@pytest.mark.parametrize("prefix", ["webhook", "svix"])
@pytest.mark.parametrize("noise", [False, True])
def test_an_independent_signer_is_understood(prefix: str, noise: bool) -> None:
    other = "whsec_" + base64.b64encode(b"b" * 32).decode()
    headers = independent.headers_for(BODY, [other, WHSEC], message_id="m", timestamp=1700000000, prefix=prefix, noise=noise)
    assert refusal(standard(), request(headers)) is None
    assert refusal(standard([other]), request(headers)) is None
    assert refusal(standard("whsec_" + base64.b64encode(b"c" * 32).decode()), request(headers)) == "signature_wrong"


@pytest.mark.parametrize(("seconds", "code"), [(-301, "signature_stale"), (-300, None), (300, None), (301, "signature_stale")])
def test_a_time_may_be_five_minutes_off(seconds: int, code: str | None) -> None:
    headers = independent.headers_for(BODY, [WHSEC], message_id="m", timestamp=1700000000 + seconds)
    assert refusal(standard(), request(headers)) == code


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_header_of_standard_webhooks_is_needed(name: str) -> None:
    headers = independent.headers_for(BODY, [WHSEC], message_id="m", timestamp=1700000000)
    del headers[name]
    assert refusal(standard(), request(headers)) == "signature_missing"


@pytest.mark.parametrize("stamp", ["", "x", "1700000000x", "-1", "9" * 400, "\udcff"])
def test_a_signed_time_that_is_none_is_refused(stamp: str) -> None:
    key = base64.b64decode(WHSEC.removeprefix("whsec_"))
    signed = b".".join((b"m", stamp.encode("utf-8", "replace"), BODY))
    signature = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    headers = {"webhook-id": "m", "webhook-timestamp": stamp, "webhook-signature": signature}
    assert refusal(standard(), request(headers)) in {"signature_stale", "signature_missing"}


@pytest.mark.parametrize("secret", ["whsec_c2hvcnQ=", "whsec_!!", "short", "whsec_" + base64.b64encode(b"a" * 65).decode()])
def test_a_key_of_standard_webhooks_has_24_to_64_bytes(secret: str) -> None:
    with pytest.raises(ValidationError, match="24 to 64 bytes"):
        standard(secret)


STAMPED = {"scheme": "hmac", "header": "X-Sig", "signed": "{timestamp}.{body}", "timestamp": {"header": "X-Time"}}
IN_ONE = {**STAMPED, "parameter": "v1", "timestamp": {"parameter": "t"}}
GOOD = hexed(b"1700000000." + BODY)


@pytest.mark.parametrize(
    ("scheme", "headers", "code"),
    [
        ({"scheme": "hmac", "header": "X-Sig"}, {"X-Sig": hexed(BODY)}, None),
        ({"scheme": "hmac", "header": "X-Sig", "algorithm": "sha512"}, {"X-Sig": hexed(BODY, "sha512")}, None),
        ({"scheme": "hmac", "header": "X-Sig", "prefix": "sha256="}, {"X-Sig": "sha256=" + hexed(BODY)}, None),
        ({"scheme": "hmac", "header": "X-Sig", "prefix": "sha256="}, {"X-Sig": hexed(BODY)}, "signature_wrong"),
        ({"scheme": "hmac", "header": "X-Sig", "signed": "{{{body}}}"}, {"X-Sig": hexed(b"{" + BODY + b"}")}, None),
        (
            {"scheme": "hmac", "header": "X-Sig", "signed": "{method} {url}\n{body}"},
            {"X-Sig": hexed(b"POST https://gw.example/webhooks/test\n" + BODY)},
            None,
        ),
        (STAMPED, {"X-Sig": GOOD, "X-Time": "1700000000"}, None),
        (STAMPED, {"X-Sig": GOOD}, "signature_missing"),
        (STAMPED, {"X-Sig": GOOD, "X-Time": "1700000001"}, "signature_wrong"),
        (STAMPED, {"X-Sig": hexed(b"1699999000." + BODY), "X-Time": "1699999000"}, "signature_stale"),
        (STAMPED, {"X-Sig": hexed(b"2023-11-14T22:13:20Z." + BODY), "X-Time": "2023-11-14T22:13:20Z"}, None),
        (STAMPED, {"X-Sig": hexed(b"1700000000000." + BODY), "X-Time": "1700000000000"}, None),
        (IN_ONE, {"X-Sig": f"t=1700000000,v1={GOOD}"}, None),
        (IN_ONE, {"X-Sig": f"t=1700000000, v1=00, v1={GOOD}, v0=x"}, None),
        (IN_ONE, {"X-Sig": f"t=1,v1=00, t=1700000000,v1={GOOD}"}, "signature_wrong"),
        (IN_ONE, {"X-Sig": f"v1={GOOD}"}, "signature_missing"),
        (IN_ONE, {"X-Sig": "t=1700000000"}, "signature_missing"),
        ({"scheme": "token", "header": "X-Token"}, {"X-Token": SECRET}, None),
        ({"scheme": "token", "header": "X-Token", "prefix": "Bearer "}, {"X-Token": SECRET}, "signature_wrong"),
    ],
)
def test_hmac_and_token(scheme: dict[str, Any], headers: dict[str, str], code: str | None) -> None:
    assert refusal(webhook(scheme), request(headers)) == code


@pytest.mark.parametrize(
    ("pair", "code"),
    [
        (f"apple:{SECRET}", None),
        (f"pear:{SECRET}", "signature_wrong"),
        ("apple:", "signature_wrong"),
        (f":apple:{SECRET}", "signature_wrong"),
    ],
)
def test_basic(pair: str, code: str | None) -> None:
    connector = webhook({"scheme": "basic"}, user="apple")
    assert refusal(connector, request({"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"})) == code
    assert refusal(connector, request({"Authorization": f"Bearer {base64.b64encode(pair.encode()).decode()}"})) is not None


ASKED = {"handshake": {"method": "GET", "token": "hub.verify_token", "challenge": "hub.challenge"}}
TOKEN = {"scheme": "token", "header": "X-Token"}


def asked(**query: str) -> Request:
    given = {f"hub.{name}": value for name, value in query.items()}
    return replace(request({}, b""), method="GET", query=given)


def test_a_challenge_by_get_is_echoed_to_who_knows_the_token() -> None:
    connector = webhook(TOKEN, describe=ASKED, verify_token=["old-token", "new-token"])
    for token in ("old-token", "new-token"):
        assert connector.handshake(asked(verify_token=token, challenge="<b>42")) == Answer(body=b"<b>42")
    for query in ({"verify_token": "x", "challenge": "42"}, {"challenge": "42"}):
        with pytest.raises(Rejected) as refused:
            connector.handshake(asked(**query))
        assert refused.value.code == "handshake_refused"
    assert connector.handshake(asked(verify_token="new-token")) is None
    assert connector.handshake(request({"X-Token": SECRET})) is None
    with pytest.raises(ValidationError, match="verify_token"):
        webhook(TOKEN, describe=ASKED)


def test_a_posted_challenge_is_echoed_once_it_is_signed() -> None:
    posted = {"method": "POST", "challenge": "body.challenge", "when": "body.type == 'test'", "answer": {"echo": "{challenge}"}}
    connector = webhook(TOKEN, describe={"handshake": posted})
    test = b'{"type":"test","challenge":"\\"}42"}'
    answer = connector.handshake(request({"X-Token": SECRET}, test))
    assert answer == Answer(body=b'{"echo":"\\"}42"}', content_type="application/json")
    with pytest.raises(Rejected) as refused:
        connector.handshake(request({"X-Token": "x"}, test))
    assert refused.value.code == "signature_wrong"
    for body in (b'{"type":"other","challenge":"42"}', b'{"type":"test"}', b'{"type":"test","challenge":7}', b"[", b"[]"):
        assert connector.handshake(request({"X-Token": SECRET}, body)) is None


@pytest.mark.parametrize(
    ("described", "answer"),
    [
        (None, None),
        ({"status": 202}, Answer(status=202)),
        ({"body": "EVENT_RECEIVED"}, Answer(body=b"EVENT_RECEIVED")),
        ({"body": {"ok": True, "of": ["a"]}}, Answer(body=b'{"ok":true,"of":["a"]}', content_type="application/json")),
    ],
)
def test_deliveries_are_acknowledged_as_described(described: dict[str, Any] | None, answer: Answer | None) -> None:
    connector = webhook(TOKEN, describe={"acknowledge": described} if described else None)
    assert connector.acknowledge(request({"X-Token": SECRET})) == answer


@pytest.mark.parametrize(
    ("signature", "words"),
    [
        ({"scheme": "none"}, "scheme"),
        ({"scheme": "hmac", "header": "X-Sig", "signed": "{timestamp}", "timestamp": {"header": "X-Time"}}, "must hold {body}"),
        ({"scheme": "hmac", "header": "X-Sig", "timestamp": {"header": "X-Time"}}, "one needs the other"),
        ({"scheme": "hmac", "header": "X-Sig", "signed": "{timestamp}{body}"}, "one needs the other"),
        ({**STAMPED, "timestamp": {"header": "X-Time", "parameter": "t"}}, "header or parameter"),
        ({"scheme": "basic"}, "set user"),
    ],
)
def test_a_signature_that_would_prove_nothing_is_refused(signature: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        webhook(signature)


def test_a_chat_signed_earlier_than_it_arrives() -> None:
    stamp = str(int((ARRIVED - timedelta(seconds=299)).timestamp()))
    headers = {"X-Sig": hexed(stamp.encode() + b"." + BODY), "X-Time": stamp}
    assert refusal(webhook(STAMPED), request(headers, at=ARRIVED)) is None
