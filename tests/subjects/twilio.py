"""Twilio's messages, for the conformance suite and the samples."""

import base64
import hmac
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote_to_bytes

from connectors import twilio
from connectors.base import Outgoing, Request
from connectors.conformance.fake_http import answer
from connectors.conformance.subject import ARRIVED, Replying, Subject, post, read_samples
from normalizer.inbound import Handle

SID = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
TOKEN = "regia-twilio-token"
NUMBER = "+15005550006"
FORM = "application/x-www-form-urlencoded; charset=UTF-8"


def signature(url: str, body: bytes, token: str, algorithm: str = "sha1") -> str:
    """Twilio Docs, "Validating requests": the address, then name and value of each distinct field, sorted."""
    pairs = [pair.partition(b"=") for pair in body.replace(b"+", b" ").split(b"&") if pair]
    distinct = {(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in pairs}
    text = url.encode() + b"".join(name + value for name, value in sorted(distinct))
    return base64.b64encode(hmac.digest(token.encode(), text, algorithm)).decode()


def signed(body: bytes, token: str, at: datetime, name: str) -> Request:
    headers = {"X-Twilio-Signature": signature(f"https://gw.example/webhooks/{name}", body, token)}
    return post(body, at, headers, name=name, content_type=FORM)


def sign(body: bytes, secret: str, at: datetime) -> Request:
    return signed(body, secret, at, "twilio")


def _refusal(code: int) -> dict[str, object]:
    return {"code": code, "message": "refused", "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": 400}


SUBJECT = Subject(
    channel=twilio.CHANNEL,
    settings={
        "type": "twilio",
        "account_sid": SID,
        "auth_token": TOKEN,
        "accounts": {
            NUMBER: {"brand": "demo"},
            "whatsapp:+15005550007": {"brand": "demo"},
            "rcs:regia_demo_agent": {"brand": "demo"},
            "messenger:100200300400": {"brand": "demo"},
        },
    },
    samples=read_samples(Path(__file__).parents[1] / "samples" / "twilio"),
    sign=sign,
    secret_key="auth_token",
    secret=TOKEN,
    signature="X-Twilio-Signature",
    contact="sms",
    more={"global_keys": True},  # a SID is Twilio's own, for all numbers
    replying=Replying(
        outgoing=Outgoing(
            to=Handle("phone", "+4915112345678", "verified"),
            text="La padella è partita oggi.",
            account=NUMBER,
            in_reply_to="SM00000000000000000000000000000001",
            token="0f0c6c2e-5b1f-4b8e-9c53-3a5f4b1c7a10",
            last_inbound_at=ARRIVED,
        ),
        taken=answer({"sid": "SM00000000000000000000000000000099", "status": "queued"}, 201),
        told=[
            (answer(_refusal(20429), 429), "rate_limited"),
            (answer(_refusal(21610), 400), "blocked_by_user"),
            (answer(_refusal(21211), 400), "invalid_recipient"),
            (answer(_refusal(20003), 401), "auth"),
            (answer({}, 503), "retryable"),
        ],
    ),
)
