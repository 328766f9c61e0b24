"""Webhooks as Twilio sends and signs them.

Sources: CHANNELS 0 and 3, twilio.com/docs/usage/security "Validating requests". The URL that counts is the one configured
at Twilio: behind a proxy `public_url`, while the request goes to `url`.
"""

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from tests.providers.base import Reply, deliver_raw

Pairs = Iterable[tuple[str, str]]
FORM = "application/x-www-form-urlencoded"


def signed_text(url: str, form: Pairs = ()) -> bytes:
    """The URL, then name and value of every POST parameter in byte order; a value given twice counts once."""
    distinct = {(name.encode(), value.encode()) for name, value in form}
    return url.encode() + b"".join(name + value for name, value in sorted(distinct))


def sign(url: str, form: Pairs, auth_token: str) -> str:
    """`X-Twilio-Signature`: HMAC-SHA1 with the account's auth token."""
    return b64encode(hmac.new(auth_token.encode(), signed_text(url, form), hashlib.sha1).digest()).decode()


def sign_sha256(url: str, form: Pairs, shared_key: str) -> str:
    """The same text with HMAC-SHA256 and the shared key that `X-Twilio-Webhooks-Signature-Settings` names."""
    return b64encode(hmac.new(shared_key.encode(), signed_text(url, form), hashlib.sha256).digest()).decode()


def with_body_hash(url: str, body: bytes) -> str:
    """`bodySHA256` at the end of the query, as for every body that is no form."""
    return f"{url}{'&' if '?' in url else '?'}bodySHA256={hashlib.sha256(body).hexdigest()}"


def _headers(
    url: str, form: list[tuple[str, str]], auth_token: str | None, shared_key: tuple[str, str] | None
) -> dict[str, str]:
    """`shared_key` is (its id, the key) and takes the place of the auth token."""
    token = {"I-Twilio-Idempotency-Token": str(uuid4())}
    if shared_key is not None:
        settings = f"key={shared_key[0]},algorithm=HMAC_SHA256"
        signed = sign_sha256(url, form, shared_key[1])
        return {**token, "X-Twilio-Signature": signed, "X-Twilio-Webhooks-Signature-Settings": settings}
    return token if auth_token is None else {**token, "X-Twilio-Signature": sign(url, form, auth_token)}


async def deliver(
    url: str,
    form: Mapping[str, str] | Pairs,
    auth_token: str | None,
    *,
    public_url: str | None = None,
    shared_key: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Posts a form. Neither token nor key: no signature; `headers` overrides, for forgeries."""
    pairs = list(form.items() if isinstance(form, Mapping) else form)
    own = _headers(public_url or url, pairs, auth_token, shared_key)
    return await deliver_raw(
        url, urlencode(pairs).encode(), {"Content-Type": f"{FORM}; charset=UTF-8", **own, **(headers or {})}
    )


async def deliver_json(
    url: str,
    payload: dict[str, Any] | list[Any] | bytes,
    auth_token: str | None,
    *,
    public_url: str | None = None,
    shared_key: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Posts JSON, its hash in the query, the signature over the URL alone."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
    own = _headers(with_body_hash(public_url or url, body), [], auth_token, shared_key)
    return await deliver_raw(with_body_hash(url, body), body, {"Content-Type": "application/json", **own, **(headers or {})})


async def deliver_get(
    url: str, form: Mapping[str, str] | Pairs, auth_token: str | None, *, public_url: str | None = None
) -> Reply:
    """The webhook with method GET: the parameters are part of the URL and so of the signed text."""
    query = urlencode(list(form.items() if isinstance(form, Mapping) else form))
    sent, public = (f"{base}{'&' if '?' in base else '?'}{query}" for base in (url, public_url or url))
    return await deliver_raw(sent, headers=_headers(public, [], auth_token, None), method="GET")
