"""The Meta Graph API in one import: a fake per product, and the webhooks Meta would send to the gateway.

>>> async with WhatsAppGraph("TOKEN", "PN1") as provider:  # provider.url is the Graph host
...     await deliver(gateway_url, payload, app_secret)

Sources of the webhook part: CHANNELS 0 and 1, developers.facebook.com "Webhooks: Getting Started".
"""

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

from tests.providers.base import Reply, deliver_raw
from tests.providers.graph_core import MetaGraph, graph_error
from tests.providers.graph_messenger import InstagramGraph, MessengerGraph
from tests.providers.graph_whatsapp import WhatsAppGraph

__all__ = [
    "InstagramGraph",
    "MessengerGraph",
    "MetaGraph",
    "WhatsAppGraph",
    "body_of",
    "deliver",
    "graph_error",
    "handshake",
    "sign",
]


def sign(body: bytes, app_secret: str) -> str:
    """The value of `X-Hub-Signature-256`."""
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def body_of(payload: dict[str, Any]) -> bytes:
    r"""JSON as Meta writes it, with `\u00f6` and `\/`: who re-serialises before verifying gets another text."""
    return json.dumps(payload, separators=(",", ":")).replace("/", "\\/").encode("ascii")


async def deliver(url: str, payload: dict[str, Any] | bytes, app_secret: str, headers: dict[str, str] | None = None) -> Reply:
    """Posts a notification; bytes go out as they are. `headers` overrides, `{"X-Hub-Signature-256": …}` for a forgery."""
    body = payload if isinstance(payload, bytes) else body_of(payload)
    own = {
        "Content-Type": "application/json",
        "User-Agent": "facebookexternalua",
        "X-Hub-Signature-256": sign(body, app_secret),
    }
    return await deliver_raw(url, body, {**own, **(headers or {})})


async def handshake(url: str, verify_token: str, challenge: str = "1158201444", mode: str = "subscribe") -> Reply:
    """The GET on subscribing: right when the answer is 200 and its body exactly the challenge."""
    query = {"hub.mode": mode, "hub.challenge": challenge, "hub.verify_token": verify_token}
    return await deliver_raw(f"{url}{'&' if '?' in url else '?'}{urlencode(query)}", method="GET")
