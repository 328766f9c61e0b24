"""WhatsApp, for the conformance suite and the samples."""

import hmac
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from connectors import whatsapp
from connectors.base import Outgoing, Request
from connectors.conformance.fake_http import answer
from connectors.conformance.subject import ARRIVED, Replying, Subject, post, read_samples
from normalizer.inbound import Handle

SAMPLES = Path(__file__).parents[1] / "samples"
NUMBER = "106540352242922"
SECRET = "regia-app-secret"
_OF_A_PORTFOLIO = ("whatsapp_parent_user",)
"""Ids that hold for all numbers of a business."""


def sign(body: bytes, secret: str, at: datetime) -> Request:
    signature = "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()
    return post(body, at, {"X-Hub-Signature-256": signature}, name="whatsapp")


SUBJECT = Subject(
    channel=whatsapp.CHANNEL,
    settings={
        "type": "whatsapp",
        "app_secret": SECRET,
        "verify_token": "regia-verify",
        "access_token": "regia-access",
        "accounts": {
            NUMBER: {"brand": "masterpro", "number": "+390212345678"},
            "206540352242999": {"brand": "panco", "channel": "whatsapp_uk"},
        },
    },
    samples=read_samples(SAMPLES / "whatsapp"),
    sign=sign,
    secret_key="app_secret",
    secret=SECRET,
    signature="X-Hub-Signature-256",
    contact="text",
    batch="mixed",
    # A message id (`wamid`) is Meta's own, for all numbers.
    more={"echo": "echoes", "global_keys": True, "global_handles": _OF_A_PORTFOLIO},
    replying=Replying(
        outgoing=Outgoing(
            to=Handle("phone", "+393331234567", "verified"),
            text="La padella è partita oggi.",
            account="+390212345678",
            in_reply_to="wamid.HBgMORIG",
            token="0f0c6c2e-5b1f-4b8e-9c53-3a5f4b1c7a10",
            last_inbound_at=ARRIVED,
        ),
        taken=answer({"messaging_product": "whatsapp", "messages": [{"id": "wamid.OUT9"}]}),
        told=[
            (answer({"error": {"code": 131056}}, 400), "rate_limited"),
            (answer({"error": {"code": 131047}}, 400), "window_closed"),
            (answer({"error": {"code": 190}}, 401), "auth"),
            (answer(b"<html>Bad Gateway</html>", 502), "retryable"),
            (answer(b"", 504), "unknown"),
        ],
    ),
)
IN_2026 = replace(
    SUBJECT,
    samples=read_samples(SAMPLES / "whatsapp_2026"),
    contact="text_username_only",
    batch="entries_changes_mixed",
    more={**SUBJECT.more, "samples": "whatsapp_2026", "echo": "echo_to_user_id"},
)
"""Users without a phone number, calls, flows, advertisements, groups."""
