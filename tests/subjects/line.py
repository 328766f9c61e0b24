"""LINE, for the conformance suite and the samples."""

import base64
import hmac
from datetime import datetime
from pathlib import Path

from connectors import line
from connectors.base import Outgoing, Request
from connectors.conformance.fake_http import answer
from connectors.conformance.subject import ARRIVED, Replying, Subject, post, read_samples
from normalizer.inbound import Handle

BOT = "U0000000000000000000000000000reg1"
SECRET = "regia-line-secret"


def sign(body: bytes, secret: str, at: datetime) -> Request:
    signature = base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
    return post(body, at, {"X-Line-Signature": signature}, name="line")


SUBJECT = Subject(
    channel=line.CHANNEL,
    settings={
        "type": "line",
        "channel_secret": SECRET,
        "access_token": "regia-line-access",
        "accounts": {BOT: {"brand": "demo"}},
    },
    samples=read_samples(Path(__file__).parents[1] / "samples" / "line"),
    sign=sign,
    secret_key="channel_secret",
    secret=SECRET,
    signature="X-Line-Signature",
    contact="text",
    batch="mixed_one_malformed",
    more={"global_keys": True},  # `webhookEventId` is a ULID of LINE's, for all bots
    replying=Replying(
        outgoing=Outgoing(
            to=Handle("line_user", f"{BOT}:U4af4980629a1b2c3d4e5f60718293a4b", "verified"),
            text="La padella è partita oggi.",
            account=BOT,
            in_reply_to="468789577898262530",
            token="0f0c6c2e-5b1f-4b8e-9c53-3a5f4b1c7a10",
            last_inbound_at=ARRIVED,
        ),
        good_statuses=frozenset({409}),
        repeatable=True,
        taken=answer({"sentMessages": [{"id": "461230966842064897", "quoteToken": "q"}]}),
        told=[
            (answer({"message": "The API rate limit has been exceeded."}, 429), "rate_limited"),
            (answer({"message": "You have reached your monthly limit."}, 429), "auth"),
            (answer({"message": "Failed to send messages"}, 400), "unsupported"),
            (answer({"message": "Authentication failed"}, 401), "auth"),
            (answer({}, 503), "retryable"),
        ],
    ),
)
