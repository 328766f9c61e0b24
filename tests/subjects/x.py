"""X, for the conformance suite and the samples."""

import base64
import hmac
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors import x
from connectors.base import Outgoing, Request
from connectors.conformance.fake_http import answer
from connectors.conformance.subject import ARRIVED, Replying, Subject, post, read_samples
from normalizer.inbound import Handle

ACCOUNT = "111"
SECRET = "regia-x-secret"
PROBLEMS = "https://api.twitter.com/2/problems/"


def sign(body: bytes, secret: str, at: datetime) -> Request:
    signature = base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()
    return post(body, at, {"x-twitter-webhooks-signature": f"sha256={signature}"}, name="x")


def problem(status: int, detail: str, kind: str = "about:blank") -> dict[str, Any]:
    return {"title": "Forbidden", "detail": detail, "type": kind, "status": status}


SUBJECT = Subject(
    channel=x.CHANNEL,
    settings={
        "type": "x",
        "consumer_secret": SECRET,
        "access_token": "regia-x-access",
        "accounts": {ACCOUNT: {"brand": "demo"}},
    },
    samples=read_samples(Path(__file__).parents[1] / "samples" / "x"),
    sign=sign,
    secret_key="consumer_secret",
    secret=SECRET,
    signature="x-twitter-webhooks-signature",
    contact="dm",
    batch="dm_mixed",
    more={"echo": "dm_echo"},
    replying=Replying(
        outgoing=Outgoing(
            to=Handle("x_user", f"{ACCOUNT}:222", "verified"),
            text="La poêle est partie aujourd'hui.",
            account=ACCOUNT,
            in_reply_to="2080765901528535001",
            token="0f0c6c2e-5b1f-4b8e-9c53-3a5f4b1c7a10",
            last_inbound_at=ARRIVED,
        ),
        taken=answer({"data": {"dm_conversation_id": "111-222", "dm_event_id": "2080765901528536001"}}, 201),
        told=[
            (answer(problem(403, "You do not have permission to DM one or more participants."), 403), "blocked_by_user"),
            (answer(problem(403, "You are not permitted to perform this action."), 403), "auth"),
            (answer(problem(403, "x", f"{PROBLEMS}unsupported-authentication"), 403), "auth"),
            (answer(problem(403, "x", f"{PROBLEMS}not-authorized-for-resource"), 403), "blocked_by_user"),
            (answer(problem(401, "Unauthorized"), 401), "auth"),
            (answer(problem(400, "x", f"{PROBLEMS}invalid-request"), 400), "unsupported"),
            (answer(problem(404, "x", f"{PROBLEMS}resource-not-found"), 404), "invalid_recipient"),
            (answer(problem(429, "Too Many Requests"), 429), "rate_limited"),
            (answer(problem(503, "Service Unavailable"), 503), "retryable"),
        ],
    ),
)
