"""Envelopes to a web address of somebody's own, signed: Standard Webhooks 1.0 (https://www.standardwebhooks.com).

HookFailed          it was not taken: the same is sent again
├── HookRefused     it says that this one is wrong (400, 413, 415, 422): others may not be
└── HookGone        it wants no more (410)
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

from connectors.errors import HttpFailed
from connectors.exchange import Http
from connectors.kit.outbound import retry_after

PREFIX: Final = "whsec_"
KEY_BYTES: Final = range(24, 65)
_REFUSED: Final = frozenset({400, 413, 415, 422})


class HookFailed(Exception):
    """Try again, not before `after` seconds where the receiver said so."""

    def __init__(self, detail: str, after: float | None = None) -> None:
        super().__init__(detail)
        self.after = after


class HookRefused(HookFailed):
    """As above."""


class HookGone(HookFailed):
    """As above."""


def key_of(secret: str) -> bytes:
    """The key in `whsec_<base64>`. Raises `ValueError` unless it has 24 to 64 bytes."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True) if secret.startswith(PREFIX) else b""
    except binascii.Error:
        key = b""
    if len(key) not in KEY_BYTES:
        raise ValueError(f"write {PREFIX} and 24 to 64 bytes in base64: `echo {PREFIX}$(openssl rand -base64 32)` makes one")
    return key


def headers_of(id_: str, timestamp: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """The headers of one try. `timestamp` is in seconds since 1970; one signature a key, so that the receiver's may change."""
    signed = b".".join((id_.encode(), str(timestamp).encode(), body))
    entries = (base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys)
    return {
        "Content-Type": "application/json",
        "webhook-id": id_,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{entry}" for entry in entries),
    }


async def post(http: Http, url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """One try. Raises `HookFailed`: whatever is not 2xx, redirects too, and no answer in time."""
    try:
        response = await http.request("POST", url, headers=headers, body=body)
    except HttpFailed as error:
        raise HookFailed(f"no answer: {error.reason}") from error
    if HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
        return
    told = f"it answers {response.status}"
    if response.status == HTTPStatus.GONE:
        raise HookGone(told)
    raise (HookRefused if response.status in _REFUSED else HookFailed)(told, retry_after(response))
