"""Viber, for the conformance suite and the samples."""

import hmac
from datetime import datetime
from pathlib import Path

from connectors import viber
from connectors.base import Outgoing, Request
from connectors.conformance.fake_http import answer
from connectors.conformance.subject import ARRIVED, Replying, Subject, post, read_samples
from normalizer.inbound import Handle

TOKEN = "regia-viber-token"


def sign(body: bytes, secret: str, at: datetime) -> Request:
    signature = hmac.digest(secret.encode(), body, "sha256").hex()
    return post(body, at, {"X-Viber-Content-Signature": signature}, name="viber")


SUBJECT = Subject(
    channel=viber.CHANNEL,
    settings={"type": "viber", "brand": "demo", "auth_token": TOKEN, "sender_name": "Regia"},
    samples=read_samples(Path(__file__).parents[1] / "samples" / "viber"),
    sign=sign,
    secret_key="auth_token",
    secret=TOKEN,
    signature="X-Viber-Content-Signature",
    contact="text",
    replying=Replying(
        outgoing=Outgoing(
            to=Handle("viber_user", "Kq8f/3Zt+Lw01xYb7HgR2A==", "verified"),
            text="Coletul a plecat azi.",
            account=None,
            in_reply_to="5741311803588498346",
            token="0f0c6c2e-5b1f-4b8e-9c53-3a5f4b1c7a10",
            last_inbound_at=ARRIVED,
        ),
        taken=answer({"status": 0, "status_message": "ok", "message_token": 5741311803571721087}),
        told=[
            (answer({"status": 2, "status_message": "invalidAuthToken"}), "auth"),
            (answer({"status": 3, "status_message": "badData"}), "unsupported"),
            (answer({"status": 5, "status_message": "receiverNotRegistered"}), "invalid_recipient"),
            (answer({"status": 6, "status_message": "receiverNotSubscribed"}), "blocked_by_user"),
            (answer({"status": 12, "status_message": "tooManyRequests"}), "rate_limited"),
            (answer({"status": 99, "status_message": "generalError"}), "retryable"),
            (answer(b"<html>", 503), "retryable"),
            (answer(b"<html>"), "unknown"),
        ],
    ),
)
