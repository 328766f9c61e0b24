"""The descriptions that ship with Regia, for the conformance suite and the samples. Signed as the documents say."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from connectors import declared
from connectors.base import Outgoing, Request
from connectors.conformance.fake_http import answer
from connectors.conformance.subject import ARRIVED, Replying, Sign, Subject, post, read_samples
from normalizer.inbound import Handle

SAMPLES: Final = Path(__file__).parents[1] / "samples"
SECRET: Final = "regia-webhook-secret"
WHSEC: Final = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
WORKSPACE: Final = "ws_regia"
BUSINESS: Final = "urn:biz:5f0c1a9e-regia-4c1b-8a77-000000000001"
_NAMED: Final[Mapping[str, str]] = {"message_no_id": "msg_2mXa03", "message_created": "msg_2mXa01"}
"""Deliveries of Standard Webhooks whose id an expectation asks for."""


def sign_chat(body: bytes, secret: str, at: datetime) -> Request:
    stamp = str(int(at.timestamp()))
    signature = hmac.digest(secret.encode(), stamp.encode() + b"." + body, "sha256").hex()
    return post(body, at, {"X-Chat-Signature": signature, "X-Chat-Timestamp": stamp}, name="webhook")


def sign_marketplace(body: bytes, secret: str, at: datetime) -> Request:
    signature = base64.b64encode(hmac.digest(secret.encode(), body, "sha1")).decode()
    return post(body, at, {"X-Marketplace-Signature": signature}, name="webhook")


def sign_reviews(body: bytes, secret: str, at: datetime) -> Request:
    return post(body, at, {"Authorization": f"Bearer {secret}"}, name="webhook")


def sign_apple(body: bytes, secret: str, at: datetime) -> Request:
    named = base64.b64encode(f"apple:{secret}".encode()).decode()
    return post(body, at, {"Authorization": f"Basic {named}"}, name="webhook")


def sign_standard(body: bytes, secret: str, at: datetime) -> Request:
    """The id of a delivery stays the same over retries: here it follows from the body, unless the sample has its own."""
    known = {samples_of("standard_webhooks")[name]: identifier for name, identifier in _NAMED.items()}
    identifier = known.get(body, f"msg_{hashlib.sha256(body).hexdigest()[:20]}")
    stamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    signed = b".".join((identifier.encode(), stamp.encode(), body))
    signature = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    headers = {"webhook-id": identifier, "webhook-timestamp": stamp, "webhook-signature": signature}
    return post(body, at, headers, name="webhook")


@cache
def samples_of(folder: str) -> dict[str, bytes]:
    return read_samples(SAMPLES / folder)


def _subject(description: str, sign: Sign, *, echo: str | None = None, folder: str | None = None, **more: Any) -> Subject:
    folder = folder or f"webhooks/{description}"
    settings = {"type": "webhook", "description": description, "secret": SECRET, **more.pop("settings")}
    return Subject(
        channel=declared.CHANNEL,
        settings=settings,
        samples=samples_of(folder),
        sign=sign,
        secret_key="secret",
        secret=settings["secret"],
        more={"samples": folder, "echo": echo},
        **more,
    )


CHAT: Final = _subject(
    "chat_saas",
    sign_chat,
    echo="bot_only",
    settings={"token": "regia-chat-token", "accounts": {WORKSPACE: {"brand": "demo"}}},
    signature="X-Chat-Signature",
    contact="one_message",
    batch="visitor_and_agent",
    stale_after=300,
    replying=Replying(
        outgoing=Outgoing(
            to=Handle("chat_visitor", f"{WORKSPACE}:vis_51c7", "claimed"),
            text="Paczka jest w drodze.",
            account=WORKSPACE,
            in_reply_to="msg_0001",
            token="0f0c6c2e-5b1f-4b8e-9c53-3a5f4b1c7a10",
            last_inbound_at=ARRIVED,
        ),
        taken=answer({"message": {"id": "msg_9001"}}, 201),
        told=[
            (answer({"error": {"code": "visitor_blocked"}}, 403), "blocked_by_user"),
            (answer({"error": {"code": "visitor_unknown"}}, 404), "invalid_recipient"),
            (answer({"error": {"code": "text_too_long"}}, 422), "too_large"),
            (answer({"error": {"code": "something_new"}}, 400), "unsupported"),
            (answer({}, 401), "auth"),
            (answer({}, 503), "retryable"),
        ],
        repeatable=True,
    ),
)

MARKETPLACE: Final = _subject(
    "marketplace",
    sign_marketplace,
    echo="our_own",
    settings={"accounts": {"seller-regia": {"brand": "demo"}}},
    signature="X-Marketplace-Signature",
    contact="one",
    batch="two_buyers",
)

REVIEWS: Final = _subject(
    "review_site",
    sign_reviews,
    echo="our_reply",
    settings={"brand": "demo"},
    signature="Authorization",
    contact="two_stars",
    signed_body=False,
)

APPLE: Final = _subject(
    "apple_messages",
    sign_apple,
    echo="our_own",
    settings={"user": "apple", "accounts": {BUSINESS: {"brand": "demo"}}},
    signature="Authorization",
    contact="text",
    signed_body=False,
)

STANDARD: Final = _subject(
    "standard_webhooks",
    sign_standard,
    folder="standard_webhooks",
    settings={"secret": WHSEC, "brand": "demo"},
    signature="webhook-signature",
    contact="message_created",
    stale_after=300,
)

SUBJECTS: Final = (CHAT, MARKETPLACE, REVIEWS, APPLE, STANDARD)
