"""Standard Webhooks 1.0 and Svix (CHANNELS section 8): a sender of webhooks, and a receiver of those the gateway sends."""

import json
import time
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from hmac import HMAC, compare_digest
from typing import Any
from uuid import uuid4

from aiohttp import web

from tests.providers.base import Accepted, FakeProvider, Reply, Route, Sent, deliver_raw
from tests.providers.shapes import like, obj, violation

TOLERANCE = 300
KEY_BYTES = range(24, 65)
NOISE = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
"""A `v1a` entry (ed25519), which a receiver with a `whsec_` secret must pass over."""

BODY = obj(
    {
        "type": like(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*"),
        "timestamp": like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"),
        "data": {"type": "object"},
    }
)


def key_of(secret: str) -> bytes:
    """The key in `whsec_<base64>`; ValueError unless it has 24 to 64 bytes."""
    key = b64decode(secret.removeprefix("whsec_"), validate=True)
    if len(key) not in KEY_BYTES:
        raise ValueError(f"a key of {len(key)} bytes; 24 to 64 are allowed")
    return key


def sign(secret: str, message_id: str, timestamp: int | str, body: bytes) -> str:
    """One `v1,<base64>` entry: HMAC-SHA256 over `id.timestamp.body`."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return "v1," + b64encode(HMAC(key_of(secret), signed, sha256).digest()).decode()


def headers_for(
    body: bytes,
    secrets: Sequence[str],
    *,
    message_id: str | None = None,
    timestamp: int | None = None,
    prefix: str = "webhook",
    noise: bool = False,
) -> dict[str, str]:
    """The three headers, signed with every secret in turn; `prefix` is `webhook` or `svix`.

    With `noise` entries of other versions and malformed ones stand around the right ones.
    """
    number, stamp = message_id or f"msg_{uuid4().hex}", int(time.time()) if timestamp is None else timestamp
    entries = [sign(secret, number, stamp, body) for secret in secrets]
    if noise:
        entries = [NOISE, "v1", "v1,", "v2,AAAA", *entries, "v1,not-base64!", ","]
    return {f"{prefix}-id": number, f"{prefix}-timestamp": str(stamp), f"{prefix}-signature": " ".join(entries)}


async def deliver(
    url: str,
    payload: Mapping[str, Any] | bytes,
    secrets: Sequence[str],
    *,
    message_id: str | None = None,
    timestamp: int | None = None,
    prefix: str = "webhook",
    noise: bool = False,
    replace: Mapping[str, str | None] | None = None,
) -> Reply:
    """Posts one webhook; `replace` overrides headers after signing, None leaves one out; names are in lower case."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
    signed = headers_for(body, secrets, message_id=message_id, timestamp=timestamp, prefix=prefix, noise=noise)
    headers = {"content-type": "application/json", **signed, **(replace or {})}
    return await deliver_raw(url, body, {name: value for name, value in headers.items() if value is not None}, seconds=20)


def _wrong(body: Mapping[str, Any]) -> str | None:
    """What the recommended body lacks."""
    if wrong := violation(BODY, body):
        return str(wrong)
    try:
        datetime.fromisoformat(body["timestamp"])
    except ValueError as error:
        return f"timestamp: {error}"
    return None


class FakeReceiver(FakeProvider):
    """A customer's endpoint at `/hook` that takes webhooks of the gateway only when they are signed and well-formed.

    `secrets` are those the receiver knows: one valid entry is enough. What comes again under an accepted `webhook-id` gets
    204 once more and goes to `repeated`. `fail(410, {})` plays a receiver that has unsubscribed.
    """

    def __init__(self, secrets: Sequence[str], *, recommended_body: bool = True) -> None:
        super().__init__()
        self.secrets = list(secrets)
        self.recommended_body = recommended_body
        self.repeated: list[str] = []

    @property
    def hook(self) -> str:
        return f"{self.url}/hook"

    def routes(self) -> Iterable[Route]:
        return (Route("POST", "/hook", send=self._hook),)

    async def _hook(self, request: web.Request) -> Sent:
        number, timestamp = await self._verified(request)
        body = await self.json_object(request, refused_with=415)
        if self.recommended_body and (wrong := _wrong(body)):
            self.refuse_http(400, wrong)
        if any(earlier.id == number for earlier in self.accepted):
            self.repeated.append(number)
            return (), web.Response(status=204)
        taken = Accepted(number, "/hook", str(body.get("type", "")), extra={"body": body, "timestamp": timestamp})
        return [taken], web.Response(status=204)

    async def _verified(self, request: web.Request) -> tuple[str, int]:
        """Id and timestamp of a request whose signature holds; 401 for all others."""
        got = {name: request.headers.getall(f"webhook-{name}", []) for name in ("id", "timestamp", "signature")}
        if any(len(values) != 1 or not values[0] for values in got.values()):
            self.refuse_http(401, f"each header must stand once and hold something: {got}")
        number, stamp, entries = got["id"][0], got["timestamp"][0], got["signature"][0].split(" ")
        if not (stamp.isascii() and stamp.isdigit()) or abs(int(stamp) - time.time()) > TOLERANCE:
            self.refuse_http(401, f"webhook-timestamp {stamp!r} is not within {TOLERANCE} seconds of now")
        if "." in number or any("," not in entry for entry in entries):
            self.refuse_http(401, f"webhook-id {number!r} with a full stop, or malformed entries in {entries}")
        body = await request.read()
        right = [sign(secret, number, stamp, body) for secret in self.secrets]
        if not any(compare_digest(entry.encode(), expected.encode()) for entry in entries for expected in right):
            self.refuse_http(401, "no entry of webhook-signature is right")
        return number, int(stamp)
