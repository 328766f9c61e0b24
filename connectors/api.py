"""The authenticated JSON channel (`type: api`): in-app messages, the shop counter, the phone desk.

The caller is a program with a bearer token (RFC 6750). What it says about the customer is a claim, unless the settings
trust it to speak for an agent who knows the person. The `Idempotency-Key` header makes a repeated request one contact.
"""

import hashlib
import hmac
from typing import get_args

from msgspec.structs import replace

from connectors.abilities import Abilities
from connectors.api_body import ApiKind
from connectors.api_reading import Reading, read_body
from connectors.api_settings import ApiSettings
from connectors.base import BaseConnector, Channel, Parsed, Request
from connectors.errors import Rejected
from connectors.forms import JSON, idempotency_key


class Api(BaseConnector[ApiSettings]):
    """One authenticated client, or several that share a connector."""

    @property
    def brands(self) -> frozenset[str]:
        return frozenset((self.settings.brand, *self.settings.brands))

    def verify(self, request: Request) -> None:
        """Raises `Rejected`: `token_missing`, `token_unknown`."""
        scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Rejected("token_missing", "send the header Authorization: Bearer <token>")
        given = token.strip().encode("utf-8", "replace")
        # A list, not a generator: every token is compared, so the time taken does not tell which one fits.
        found = [hmac.compare_digest(given, known.get_secret_value().encode()) for known in self.settings.tokens]
        if not any(found):
            raise Rejected("token_unknown", "this token is not one of the connector's tokens")

    def parse(self, request: Request) -> Parsed:
        """One contact. Raises `Rejected`: `unsupported_media_type`, `malformed`, or `invalid_fields` with the dotted
        name of everything that needs correcting."""
        if request.content_type != JSON:
            raise Rejected("unsupported_media_type", f"send {JSON}")
        key = idempotency_key(request)
        body = read_body(self.settings, request.body)
        event_key = _event_key(request, key, body.external_id)
        message = Reading(self.settings, body).message(request, event_key)
        return Parsed(messages=(replace(message, exact=key is not None or body.external_id is not None),))


def _event_key(request: Request, key: str | None, external_id: str | None) -> str:
    if key is not None:
        return f"key:{key}"
    if external_id is not None:
        return f"id:{external_id}"
    return f"at:{request.received_at.isoformat()}:{hashlib.sha256(request.body).hexdigest()[:32]}"


CHANNEL = Channel(
    name="api",
    settings=ApiSettings,
    connector=Api,
    way_in="api",
    abilities=Abilities(kinds=frozenset(get_args(ApiKind)), proof=frozenset({"agent", "claimed"}), media=True),
)
