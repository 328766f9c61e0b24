"""Instagram, for the conformance suite and the samples."""

import hmac
from datetime import datetime
from pathlib import Path

from connectors import instagram
from connectors.base import Outgoing, Request
from connectors.conformance.fake_http import answer
from connectors.conformance.subject import ARRIVED, Replying, Subject, post, read_samples
from normalizer.inbound import Handle

ACCOUNT = "17841400000000001"
SECRET = "regia-app-secret"


def sign(body: bytes, secret: str, at: datetime) -> Request:
    signature = "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()
    return post(body, at, {"X-Hub-Signature-256": signature}, name="instagram")


SUBJECT = Subject(
    channel=instagram.CHANNEL,
    settings={
        "type": "instagram",
        "app_secret": SECRET,
        "verify_token": "regia-verify",
        "access_token": "regia-instagram-access",
        "accounts": {
            ACCOUNT: {"brand": "demo"},
            "17841400000000002": {"brand": "demo", "access_token": "regia-instagram-access-2"},
        },
    },
    samples=read_samples(Path(__file__).parents[1] / "samples" / "instagram"),
    sign=sign,
    secret_key="app_secret",
    secret=SECRET,
    signature="X-Hub-Signature-256",
    contact="dm_text",
    batch="dm_several_one_malformed",
    # A message id (`mid`) and that of a comment are Meta's own, for all accounts.
    more={"echo": "dm_echo", "global_keys": True},
    replying=Replying(
        outgoing=Outgoing(
            to=Handle("instagram_user", f"{ACCOUNT}:1234567890123456", "verified"),
            text="La padella è partita oggi.",
            account=ACCOUNT,
            in_reply_to="aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlE01",
            token="0f0c6c2e-5b1f-4b8e-9c53-3a5f4b1c7a10",
            last_inbound_at=ARRIVED,
        ),
        taken=answer({"recipient_id": "1234567890123456", "message_id": "aWdfOUT9"}),
        told=[
            (answer({"error": {"code": 10, "error_subcode": 2534022}}, 403), "window_closed"),
            (answer({"error": {"code": 100, "error_subcode": 2534014}}, 400), "invalid_recipient"),
            (answer({"error": {"code": 190}}, 401), "auth"),
            (answer({"error": {"code": 4}}, 429), "rate_limited"),
            (answer(b"<html>Bad Gateway</html>", 502), "retryable"),
        ],
    ),
)
