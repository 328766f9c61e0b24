"""What WhatsApp, Messenger, page comments and Instagram share: handshake, signature, Graph errors.

Source: Meta for Developers, "Webhooks: Getting started" and "Graph API: Handle errors".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from config.secrets import Secret
from connectors.base import Answer, HttpResponse, Request
from connectors.errors import Rejected
from connectors.kit import outbound
from connectors.kit.signatures import as_bytes, check_hmac, is_one_of
from connectors.reading import Misshapen, Part

SIGNATURE_HEADER: Final = "X-Hub-Signature-256"


def handshake(request: Request, verify_token: Secret) -> Answer | None:
    """The bare challenge for a GET with our token, None for a delivery. Raises `Rejected("handshake_refused")`."""
    if request.method != "GET":
        return None
    query = request.query
    same = is_one_of(query.get("hub.verify_token", ""), (verify_token,))
    if query.get("hub.mode") != "subscribe" or not same or "hub.challenge" not in query:
        raise Rejected("handshake_refused", "hub.mode must be subscribe and hub.verify_token the configured verify_token")
    return Answer(body=as_bytes(query["hub.challenge"]))


def verify_signature(request: Request, secrets: Iterable[Secret]) -> None:
    """Raises `Rejected` with `signature_missing` or `signature_wrong`."""
    check_hmac(request, SIGNATURE_HEADER, secrets, encoding="hex", prefix="sha256=")


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphError:
    """The error object of a Graph answer. `code` is None where the provider named none."""

    code: int | None
    transient: bool
    subcode: int | None = None


def graph_answer(response: HttpResponse) -> tuple[Part, GraphError | None]:
    """The answer's object (empty when it is none) and its error.

    An error object counts with any HTTP status: Graph has been seen to send one with 200.
    """
    answer = outbound.answer(response)
    if isinstance(answer.data.get("error"), dict):
        error = answer.part("error")
        subcode = error.whole("error_subcode")
        return answer, GraphError(code=error.whole("code"), transient=error.flag("is_transient"), subcode=subcode)
    return answer, GraphError(code=None, transient=False) if response.status >= outbound.FIRST_ERROR else None


def identifier(part: Part, key: str) -> str:
    """The id at `key`. Graph writes its 64-bit ids as strings, older hooks and tools as numbers. Raises `Misshapen`."""
    number = part.whole(key)
    return part.ident(key) if number is None else str(number)


def known_identifier(part: Part, key: str) -> str | None:
    """The id at `key` where it only decorates: None when there is none, or none that could be one."""
    try:
        return identifier(part, key)
    except Misshapen:
        return None
