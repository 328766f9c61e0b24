"""Messenger and the comments of its pages, for the conformance suite and the samples."""

import hmac
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from connectors import messenger
from connectors.base import Outgoing, Request
from connectors.conformance.fake_http import answer
from connectors.conformance.subject import ARRIVED, Replying, Subject, post, read_samples
from normalizer.inbound import Handle

SAMPLES = Path(__file__).parents[1] / "samples"
PAGE = "109876543210987"
SECRET = "regia-app-secret"


def sign(body: bytes, secret: str, at: datetime) -> Request:
    signature = "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()
    return post(body, at, {"X-Hub-Signature-256": signature}, name="messenger")


SUBJECT = Subject(
    channel=messenger.CHANNEL,
    settings={
        "type": "messenger",
        "app_secret": SECRET,
        "verify_token": "regia-verify",
        "access_token": "regia-page-access",
        "accounts": {PAGE: {"brand": "demo"}, "209876543210988": {"brand": "demo"}},
    },
    samples=read_samples(SAMPLES / "messenger"),
    sign=sign,
    secret_key="app_secret",
    secret=SECRET,
    signature="X-Hub-Signature-256",
    contact="text",
    batch="several",
    # A message id (`mid`) is Meta's own, for all pages.
    more={"echo": "echo", "global_keys": True},
    replying=Replying(
        outgoing=Outgoing(
            to=Handle("messenger_user", f"{PAGE}:7246810121416182", "verified"),
            text="La padella è partita oggi.",
            account=PAGE,
            in_reply_to="m_Wq3kT0yUu8dHc2fZb01",
            token="0f0c6c2e-5b1f-4b8e-9c53-3a5f4b1c7a10",
            last_inbound_at=ARRIVED,
        ),
        taken=answer({"recipient_id": "7246810121416182", "message_id": "m_OUT9"}),
        told=[
            (answer({"error": {"code": 10, "error_subcode": 2018278}}, 403), "window_closed"),
            (answer({"error": {"code": 551, "error_subcode": 1545041}}, 400), "blocked_by_user"),
            (answer({"error": {"code": 100, "error_subcode": 2018001}}, 400), "invalid_recipient"),
            (answer({"error": {"code": 100}}, 400), "unsupported"),
            (answer({"error": {"code": 10}}, 403), "auth"),
            (answer({"error": {"code": 190, "error_subcode": 463}}, 401), "auth"),
            (answer({"error": {"code": 368}}, 400), "auth"),
            (answer({"error": {"code": 613}}, 400), "rate_limited"),
            (answer({"error": {"code": 2}}, 500), "retryable"),
            (answer({"error": {"code": 1200}}, 400), "retryable"),
            (answer(b"", 504), "unknown"),
        ],
    ),
)
COMMENTS = replace(
    SUBJECT,
    # The expectations are about comments; `visitor_posts` has its own test.
    settings={**SUBJECT.settings, "visitor_posts": False},
    samples=read_samples(SAMPLES / "facebook_comments"),
    contact="comment",
    batch="several",
    replying=None,
    more={"samples": "facebook_comments", "echo": "comment_by_page", "global_keys": ("with_messages",)},
)
"""What others write below the posts of a page; answers to it have no window and no buttons."""
