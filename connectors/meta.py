"""What WhatsApp, Messenger, page comments and Instagram share: handshake, signature, Graph errors.

Source: Meta for Developers, "Webhooks: Getting started" and "Graph API: Handle errors".
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from connectors.base import Answer, HttpResponse, Request
from connectors.errors import Rejected
from connectors.reading import Part, decode

SIGNATURE_HEADER: Final = "x-hub-signature-256"
_FIRST_ERROR_STATUS: Final = 400


class Secret(Protocol):
    def get_secret_value(self) -> str: ...


def handshake(request: Request, verify_token: Secret) -> Answer | None:
    """The bare challenge for a GET with our token, None for a delivery. Raises `Rejected("handshake_refused")`."""
    if request.method != "GET":
        return None
    query = request.query
    token = query.get("hub.verify_token", "")
    # Compared as bytes: compare_digest refuses text outside ASCII, and this text comes from anybody.
    same = hmac.compare_digest(_bytes(token), _bytes(verify_token.get_secret_value()))
    if query.get("hub.mode") != "subscribe" or not same or "hub.challenge" not in query:
        raise Rejected("handshake_refused", "hub.mode must be subscribe and hub.verify_token the configured verify_token")
    return Answer(body=_bytes(query["hub.challenge"]))


def verify_signature(request: Request, secrets: Iterable[Secret]) -> None:
    """Checks the HMAC over the body as it came. One of several secrets is enough, so that they can be changed in flight.

    Raises `Rejected` with `signature_missing` or `signature_wrong`.
    """
    given = request.headers.get(SIGNATURE_HEADER, "")
    if not given:
        raise Rejected("signature_missing", "the header X-Hub-Signature-256 is missing")
    found = _bytes(given)
    # A list, not a generator: every secret is tried, so the time taken does not tell which one fits.
    matches = [hmac.compare_digest(found, signature(request.body, secret)) for secret in secrets]
    if not any(matches):
        raise Rejected("signature_wrong", "X-Hub-Signature-256 does not fit the body and any configured app_secret")


def signature(body: bytes, secret: Secret) -> bytes:
    """The value of the header for `body`: `sha256=` and 64 lower-case hex digits."""
    # Not `hmac.digest`: it gives up the interpreter lock even for a small body, and getting it back beside a busy thread
    # costs a hundred times the digest.
    return b"sha256=" + hmac.new(_bytes(secret.get_secret_value()), body, hashlib.sha256).hexdigest().encode()


def _bytes(text: str) -> bytes:
    """Headers may hold surrogates where their bytes were no UTF-8; such a text equals nothing, and must not raise."""
    return text.encode("utf-8", "replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphError:
    """The error object of a Graph answer. `code` is None where the provider named none."""

    code: int | None
    transient: bool


def graph_answer(response: HttpResponse) -> tuple[Part, GraphError | None]:
    """The answer's object (empty when it is none) and its error.

    An error object counts with any HTTP status: Graph has been seen to send one with 200.
    """
    try:
        answer = Part.of(decode(response.body), "answer")
    except ValueError:
        answer = Part({}, "answer")
    if isinstance(answer.data.get("error"), dict):
        error = answer.part("error")
        return answer, GraphError(code=error.whole("code"), transient=error.flag("is_transient"))
    return answer, GraphError(code=None, transient=False) if response.status >= _FIRST_ERROR_STATUS else None
