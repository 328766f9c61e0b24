"""Answers that a provider waits for: to a test of our address, and to a delivery."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import orjson

from connectors.base import Answer, Request
from connectors.declared.description import Acknowledge, Asked, Posted
from connectors.declared.settings import WebhookSettings
from connectors.declared.template import Shape, Values
from connectors.errors import Rejected
from connectors.kit.place import JSON
from connectors.kit.settings import several
from connectors.kit.signatures import is_one_of
from connectors.reading import Misshapen, decode

_LONGEST: Final = 4096


def answer(request: Request, settings: WebhookSettings) -> Answer | None:
    """The answer to a handshake, None for anything else. Raises `Rejected`."""
    described = settings.described.handshake
    return None if described is None else _ANSWERS[type(described)](described, request, settings)


def _asked(described: Asked, request: Request, settings: WebhookSettings) -> Answer | None:
    if request.method != "GET" or described.challenge not in request.query:
        return None
    secrets = several(settings.verify_token) if settings.verify_token is not None else ()
    if not is_one_of(request.query.get(described.token, ""), secrets):
        raise Rejected("handshake_refused", f"{described.token} is not the connector's verify_token")
    return _echo(described.answer, request.query[described.challenge])


def _posted(described: Posted, request: Request, settings: WebhookSettings) -> Answer | None:
    """Signed like a delivery: whoever could make us echo anything could also find out how we answer."""
    if request.method != "POST":
        return None
    try:
        seen = {"body": decode(request.body), "headers": settings.described.signature.seen(request.headers)}
        challenge = described.challenge.value(seen, "handshake.challenge")
        meant = described.when is None or described.when.is_true(seen, "handshake.when")
    except (ValueError, Misshapen):
        return None
    if not meant or not isinstance(challenge, str) or not challenge:
        return None
    settings.described.signature.check(request, settings.keys)
    return _echo(described.answer, challenge)


def _echo(shape: Shape, challenge: str) -> Answer:
    if len(challenge) > _LONGEST:
        raise Rejected("handshake_refused", f"a challenge has at most {_LONGEST} characters")
    return _answer(shape, {"challenge": challenge})


def _answer(shape: Shape, values: Values, status: int = 200) -> Answer:
    value = shape.value(values)
    if shape.is_text:
        return Answer(status=status, body=str(value).encode("utf-8", "replace"))
    return Answer(status=status, body=orjson.dumps(value), content_type=JSON)


_ANSWERS: Final[Mapping[type, Callable[[Any, Request, WebhookSettings], Answer | None]]] = MappingProxyType(
    {Asked: _asked, Posted: _posted}
)


def acknowledged(described: Acknowledge | None) -> Answer | None:
    """What the provider wants to hear of a delivery."""
    return None if described is None else _answer(described.body, {}, described.status)
