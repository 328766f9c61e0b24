"""The authenticated JSON channel (`type: api`): in-app messages, the shop counter, the phone desk.

The caller is a program with a bearer token (RFC 6750). What it says about the customer is a claim, unless the settings
trust it to speak for an agent who knows the person, or the request has a token that the shop's own server signed for its
user. The `Idempotency-Key` header makes a repeated request one contact.

A user's token comes in a header, not in the body: the body is kept as the contact's raw bytes, where a token would be
good for whoever may read them, and a retry with a fresh token would be another body under the same key. A contact that
goes through quarantine has no headers any more, so its user is no more than the body says: a claim, or nobody.
"""

import hashlib
from typing import Final, get_args

from msgspec.structs import replace

from connectors.abilities import Abilities
from connectors.api_body import ApiKind
from connectors.api_document import read_body
from connectors.api_reading import Reading
from connectors.api_sender import APP_USER, Author, scoped
from connectors.api_settings import ApiSettings
from connectors.base import BaseConnector, Channel, Parsed, Request
from connectors.errors import Rejected
from connectors.forms import JSON, idempotency_key
from connectors.kit.signatures import is_one_of
from connectors.kit.user_tokens import UserTokens, is_compact
from normalizer.inbound import Handle

USER_TOKEN: Final = "User-Token"  # noqa: S105  # the name of a header


class Api(BaseConnector[ApiSettings]):
    """One authenticated client, or several that share a connector, and the users of their app."""

    def __init__(self, name: str, settings: ApiSettings) -> None:
        super().__init__(name, settings)
        users = settings.users
        self._users = UserTokens(users, settings.region) if users else None
        self._scope = (users.scope or name) if users else None

    @property
    def brands(self) -> frozenset[str]:
        return frozenset((self.settings.brand, *self.settings.brands))

    def verify(self, request: Request) -> None:
        """Raises `Rejected`: `token_missing`, `token_unknown`, and `signature_…` for a user's token."""
        bearer = _bearer(request)
        if bearer is None:
            raise Rejected("token_missing", "send the header Authorization: Bearer <token>")
        if not is_one_of(bearer, self.settings.tokens) and not self._is_direct(bearer):
            raise Rejected("token_unknown", "this token is not one of the connector's tokens")
        self.author(request)

    def author(self, request: Request) -> Author | None:
        """The user whose token the request has, beside a program's token or alone; None without one.

        Raises `Rejected`: `signature_missing`, `signature_wrong`, `signature_stale`.
        """
        direct, given = self.direct_author(request), request.headers.get(USER_TOKEN.lower())
        if direct is not None and given is not None:
            raise Rejected("signature_wrong", f"the user's token is given twice: leave out {USER_TOKEN}")
        if direct is not None or given is None:
            return direct
        if not given.strip():
            raise Rejected("signature_missing", f"{USER_TOKEN} is empty: send the user's token, or leave the header out")
        return self._author(given.strip(), request, alone=False)

    def direct_author(self, request: Request) -> Author | None:
        """The user whose token is the only one of the request, which a phone has sent. Raises `Rejected` as `author` does."""
        bearer = _bearer(request)
        return self._author(bearer, request, alone=True) if bearer is not None and self._is_direct(bearer) else None

    def parse(self, request: Request) -> Parsed:
        """One contact. Raises `Rejected`: `unsupported_media_type`, `malformed`, `signature_…`, or `invalid_fields` with
        the dotted name of everything that needs correcting."""
        if request.content_type != JSON:
            raise Rejected("unsupported_media_type", f"send {JSON}")
        key = idempotency_key(request)
        author = self.author(request)
        body = read_body(self.settings, request.body)
        event_key = _event_key(request, key, body.external_id, author)
        message = Reading(self.settings, body, self._scope, author).message(request, event_key)
        return Parsed(messages=(replace(message, exact=key is not None or body.external_id is not None),))

    def _is_direct(self, bearer: str) -> bool:
        """Whether a bearer token is to be judged as a user's: a program's own token may have any form."""
        users = self.settings.users
        return bool(users and users.direct) and is_compact(bearer) and not is_one_of(bearer, self.settings.tokens)

    def _author(self, token: str, request: Request, *, alone: bool) -> Author:
        if self._users is None or self._scope is None:
            raise Rejected("signature_wrong", "this connector takes no user tokens: leave the header out, or configure users")
        user = self._users.read(token, request.received_at)
        return Author(user=user, handle=Handle(APP_USER, scoped(self._scope, user.id), "verified"), alone=alone)


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _event_key(request: Request, key: str | None, external_id: str | None, author: Author | None) -> str:
    """What makes the request a repeat. Users choose their keys without knowing of each other: each has his own. His id is
    hashed, so that a key is bounded, and no id can be made to look like another's with a key behind it."""
    own = f"user:{hashlib.sha256(author.handle.value.encode()).hexdigest()[:32]}:" if author else ""
    if key is not None:
        return f"{own}key:{key}"
    if external_id is not None:
        return f"{own}id:{external_id}"
    return f"{own}at:{request.received_at.isoformat()}:{hashlib.sha256(request.body).hexdigest()[:32]}"


CHANNEL = Channel(
    name="api",
    settings=ApiSettings,
    connector=Api,
    way_in="api",
    unverified=(
        "its callers are programs of yours, which are told what to correct, where a provider's event would be kept: it is "
        "tested in tests/connectors/test_api.py, and with damaged bodies in test_mutated.py"
    ),
    abilities=Abilities(kinds=frozenset(get_args(ApiKind)), proof=frozenset({"verified", "agent", "claimed"}), media=True),
)
