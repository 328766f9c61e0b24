"""The signers of Meta, Telegram and Twilio agree with the vectors of CHANNELS 0, and `deliver` sends what they signed."""

import hashlib
import json

import pytest

from tests.providers import graph, telegram, twilio
from tests.providers.calling import receiving
from tests.providers.twilio_webhooks import signed_text, with_body_hash

VECTOR = '{"hello":"wörld"}'.encode()
TWILIO_URL = "https://gw.example/in/twilio/acme?x=1"
TWILIO_FORM = {"From": "+15005550006", "Body": "Hi there", "To": "+15005550001", "MessageSid": "SM1"}
TWILIO_TEXT = "https://gw.example/in/twilio/acme?x=1BodyHi thereFrom+15005550006MessageSidSM1To+15005550001"
TWILIO_SIGNATURE = "LTqodPCkZiLPkhwxz2Sg6otyTUc="


async def test_meta_signs_what_it_sends() -> None:
    assert graph.sign(VECTOR, "regia-app-secret") == "sha256=27108134c2cdd8e9aabee8811ad1b324bb3cccd5671816dbf1d8d44b7495e3c1"
    async with receiving() as gateway:
        await graph.deliver(gateway.url, VECTOR, "regia-app-secret")
        await graph.deliver(gateway.url, {"a": "ö/"}, "regia-app-secret")
        reply = await graph.handshake(gateway.url, "verify", "C1")
    vector, escaped, shake = gateway.requests
    assert vector[3]["X-Hub-Signature-256"].endswith("e3c1")
    assert (vector[2], escaped[2], reply.body) == (VECTOR, b'{"a":"\\u00f6\\/"}', b"C1")
    assert shake[1] == "/in?hub.mode=subscribe&hub.challenge=C1&hub.verify_token=verify"


@pytest.mark.parametrize(("secret", "expected"), [("s3cret", "s3cret"), (None, None)])
async def test_telegram_sends_its_secret(secret: str | None, expected: str | None) -> None:
    async with receiving() as gateway:
        await telegram.deliver(gateway.url, {"update_id": 1, "message": {"text": "wörld"}}, secret)
    method, _, body, headers = gateway.requests[0]
    assert (method, headers.get("X-Telegram-Bot-Api-Secret-Token")) == ("POST", expected)
    assert json.loads(body)["message"] == {"text": "wörld"}


def test_twilio_signs_the_url_and_the_sorted_form() -> None:
    pairs = list(TWILIO_FORM.items())
    assert signed_text(TWILIO_URL, pairs).decode() == TWILIO_TEXT
    assert twilio.sign(TWILIO_URL, pairs, "regia-twilio-token") == TWILIO_SIGNATURE
    assert signed_text("u", [("B", "2"), ("B", "1"), ("a", "3"), ("B", "2")]) == b"uB1B2a3"


async def test_twilio_posts_forms_signed_for_the_public_url() -> None:
    async with receiving() as gateway:
        await twilio.deliver(gateway.url, TWILIO_FORM, "regia-twilio-token", public_url=TWILIO_URL)
        await twilio.deliver(gateway.url, TWILIO_FORM, None, public_url=TWILIO_URL, shared_key=("K1", "shared"))
        await twilio.deliver(gateway.url, TWILIO_FORM, None)
    sha1, sha256, unsigned = (headers for _, _, _, headers in gateway.requests)
    assert gateway.requests[0][2] == b"From=%2B15005550006&Body=Hi+there&To=%2B15005550001&MessageSid=SM1"
    assert sha1["X-Twilio-Signature"] == TWILIO_SIGNATURE
    assert sha256["X-Twilio-Webhooks-Signature-Settings"] == "key=K1,algorithm=HMAC_SHA256"
    assert sha256["X-Twilio-Signature"] == twilio.sign_sha256(TWILIO_URL, TWILIO_FORM.items(), "shared")
    assert "X-Twilio-Signature" not in unsigned


async def test_twilio_posts_json_with_its_hash_and_gets_with_the_form_in_the_url() -> None:
    async with receiving() as gateway:
        await twilio.deliver_json(gateway.url, VECTOR, "regia-twilio-token", public_url=TWILIO_URL)
        await twilio.deliver_get(gateway.url, {"To": "whatsapp:+1 5"}, "regia-twilio-token")
    posted, got = gateway.requests
    public = f"{TWILIO_URL}&bodySHA256={hashlib.sha256(VECTOR).hexdigest()}"
    assert with_body_hash(TWILIO_URL, VECTOR) == public
    assert posted[1] == f"/in?bodySHA256={hashlib.sha256(VECTOR).hexdigest()}"
    assert posted[3]["X-Twilio-Signature"] == twilio.sign(public, [], "regia-twilio-token")
    assert (got[0], got[1]) == ("GET", "/in?To=whatsapp%3A%2B1+5")
    assert got[3]["X-Twilio-Signature"] == twilio.sign(f"{gateway.url}?To=whatsapp%3A%2B1+5", [], "regia-twilio-token")
