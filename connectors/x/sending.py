"""Direct messages and answers to posts out.

Source: X developers, "Create DM message by participant ID", "Create Post", "Counting characters", "Response codes and errors",
"Rate limits".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from connectors.abilities import Limits
from connectors.base import Http, HttpResponse, Outgoing, Sent
from connectors.errors import SendCode, SendFailed, sensible_wait
from connectors.kit.outbound import FIRST_ERROR, answer, call, check, now, one_by_one, refused, split, status_code
from connectors.kit.place import recipient
from connectors.reading import Part
from connectors.x.oauth import authorization
from connectors.x.reading import POST, USER
from connectors.x.settings import XSettings

_LIGHT: Final = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
"""Code points that weigh one; every other weighs two."""
_LINK: Final = 23
"""What an address weighs, however short it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighed(Limits):
    """The length of a post. Whatever may be taken for an address weighs as one: too early a cut loses nothing."""

    def measure(self, text: str) -> int:
        links = [word for word in text.split() if "." in word.strip(".,:;!?…")]
        return _weight(text) + sum(max(_LINK - _weight(word), 0) for word in links)


def _weight(text: str) -> int:
    return sum(1 if any(low <= ord(sign) <= high for low, high in _LIGHT) else 2 for sign in text)


LIMITS: Final = Limits(text=10_000, rate=(200, 900.0))
"""Of a direct message."""
POST_LIMITS: Final = _Weighed(text=280)
_DIGITS: Final = 12
"""Of an epoch second, and of many to come."""
_FORBIDDEN: Final = 403
_STATUSES: Final[Mapping[int, SendCode]] = MappingProxyType({404: "invalid_recipient"})
_PROBLEMS: Final[Mapping[str, SendCode]] = MappingProxyType(
    {
        "client-forbidden": "auth",
        "disallowed-resource": "blocked_by_user",
        "invalid-request": "unsupported",
        "not-authorized-for-resource": "blocked_by_user",
        "oauth1-permissions": "auth",
        "rate-limit-exceeded": "rate_limited",
        "resource-not-found": "invalid_recipient",
        "unsupported-authentication": "auth",
        "usage-capped": "auth",
    }
)
"""The last part of a problem's `type`."""
_DETAILS: Final[Mapping[str, SendCode]] = MappingProxyType(
    {
        "DM one or more participants": "blocked_by_user",
        "Reply to this conversation is not allowed": "blocked_by_user",
        "duplicate content": "unsupported",
    }
)
"""For a 403 whose `type` says nothing (`about:blank`), a part of its `detail`. Else the app lacks a permission."""


async def send(message: Outgoing, settings: XSettings, http: Http) -> Sent:
    """To a user as direct messages; to a post as an answer below it, whose parts answer one another. Raises `SendFailed`."""
    if settings.access_token is None and settings.oauth1 is None:
        raise SendFailed("auth", "the connector has neither access_token nor oauth1: set one to send")
    limits = POST_LIMITS if message.to.kind == POST else LIMITS
    check(message, limits, now())
    to = recipient(message.to, (USER, POST), settings.sending_account(message.account))
    if not (to.isascii() and to.isdigit()):
        raise SendFailed("invalid_recipient", "X knows users and posts by digits only")
    return await (_answer if message.to.kind == POST else _write)(to, message.text, settings, http)


async def _write(to: str, text: str, settings: XSettings, http: Http) -> Sent:
    async def post(part: str) -> str:
        made = await _call(f"/2/dm_conversations/with/{to}/messages", {"text": part}, settings, http)
        return _id(made, "dm_event_id")

    return await one_by_one(split(text, LIMITS), post)


async def _answer(to: str, text: str, settings: XSettings, http: Http) -> Sent:
    last = to

    async def post(part: str) -> str:
        nonlocal last
        last = _id(await _call("/2/tweets", {"text": part, "reply": {"in_reply_to_tweet_id": last}}, settings, http), "id")
        return last

    return await one_by_one(split(text, POST_LIMITS), post)


async def _call(path: str, payload: dict[str, Any], settings: XSettings, http: Http) -> Part:
    """The `data` of X's answer. Raises `SendFailed`."""
    url = f"{settings.api_url}{path}"
    response = await call(http, "POST", url, headers=authorization(settings, "POST", url), json=payload)
    said = answer(response)
    if response.status >= FIRST_ERROR:
        failed = refused(response, _code(response.status, said), _problem(said))
        failed.retry_after = sensible_wait(failed.retry_after or _until_reset(response))
        raise failed
    return said.hints("data")


def _id(made: Part, key: str) -> str:
    given = made.hint(key)
    if given is None:
        raise SendFailed("unknown", "X answered without an id")
    return given


def _problem(said: Part) -> str | None:
    """X's own name for what is wrong, where it is one that we know: others may quote what was sent."""
    problem = (said.hint("type") or "").rpartition("/")[2]
    return problem if problem in _PROBLEMS else None


def _code(status: int, said: Part) -> SendCode:
    problem = _problem(said)
    if problem is not None:
        return _PROBLEMS[problem]
    if status == _FORBIDDEN:
        detail = said.hint("detail") or ""
        return next((code for words, code in _DETAILS.items() if words in detail), "auth")
    return _STATUSES.get(status) or status_code(status)


def _until_reset(response: HttpResponse) -> float | None:
    """Seconds until the window of 15 minutes ends, by the epoch second that X names."""
    value = response.headers.get("x-rate-limit-reset", "")
    if not (value.isascii() and value.isdigit()) or status_code(response.status) != "rate_limited":
        return None
    return max(int(value[:_DIGITS]) - now().timestamp(), 1.0)
