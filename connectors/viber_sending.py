"""Messages out: what Viber takes in one, and what its answers mean.

Source: Viber developers, "REST bot API: Send message", "Error codes" and "Keyboards". HTTP 200 also stands over a refusal.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from config.secrets import Secret
from connectors.abilities import MEGABYTE, Limits
from connectors.base import Http, Outgoing, OutgoingFile, Sent
from connectors.errors import SendCode, SendFailed
from connectors.kit.outbound import answer, call, check, now, one_by_one, refused, split, status_code
from connectors.kit.place import recipient
from connectors.reading import Misshapen, Part, encode
from normalizer.inbound import Button

USER: Final = "viber_user"
_MOST_BYTES: Final = 30_000
_BYTES_A_CHARACTER: Final = 4
"""A text of the documented 7,000 characters leaves 2,000 bytes of a request to the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limits(Limits):
    """Viber counts characters of a text and bytes of the whole request."""

    def measure(self, text: str) -> int:
        return max(len(text), len(encode(text) or b"") // _BYTES_A_CHARACTER)


LIMITS: Final = _Limits(
    text=7000,
    buttons=24,
    button_title=250,
    files={
        "image": 50 * MEGABYTE,
        "video": 50 * MEGABYTE,
        "audio": 50 * MEGABYTE,
        "file": 50 * MEGABYTE,
    },
)
_SHOWN: Final[Mapping[str, tuple[str, int]]] = MappingProxyType(
    {
        "image/jpeg": ("picture", MEGABYTE),
        "image/png": ("picture", MEGABYTE),
        "video/mp4": ("video", 26 * MEGABYTE),
    }
)
"""What the chat shows, up to its size. Everything else leaves as a file."""
_MOST_NAME: Final = 256
_MOST_DIGITS: Final = 20
"""Of 64 bits."""
_CODES: Final[Mapping[int, SendCode]] = MappingProxyType(
    {
        1: "unsupported",  # invalid URL
        2: "auth",  # invalid token
        3: "unsupported",  # bad data
        4: "unsupported",  # missing data
        5: "invalid_recipient",  # not registered
        6: "blocked_by_user",  # not subscribed
        7: "auth",  # our account is blocked
        8: "auth",  # … not found
        9: "auth",  # … suspended
        10: "auth",  # no webhook is set
        11: "invalid_recipient",  # no device that can show it
        12: "rate_limited",
        13: "unsupported",  # API version
        14: "unsupported",  # not in this version
        15: "auth",  # our account is not authorised
        16: "unsupported",  # in-chat reply not allowed
        21: "auth",  # country not supported
        22: "auth",  # no payment arranged
        23: "auth",  # free messages are used up
        24: "auth",  # no balance
    }
)
_NAMES: Final[Mapping[str, int]] = MappingProxyType(
    {
        "badData": 3,
        "missingData": 4,
        "receiverNotRegistered": 5,
        "receiverNotSubscribed": 6,
        "publicAccountBlocked": 7,
        "publicAccountSuspended": 9,
        "receiverNoSuitableDevice": 11,
        "tooManyRequests": 12,
        "apiVersionNotSupported": 13,
        "incompatibleWithVersion": 14,
        "unsupportedCountry": 21,
        "paymentUnsupported": 22,
        "freeMessagesExceeded": 23,
        "noBalance": 24,
    }
)
"""Viber's names of those that a message can end with."""
_GENERAL: Final[SendCode] = "retryable"
"""Any other status is "general error" for Viber. It was refused, so another try makes no second copy."""


async def send(message: Outgoing, *, api_url: str, token: Secret, sender_name: str, http: Http) -> Sent:
    """Raises `SendFailed`."""
    check(message, LIMITS, now())
    common = {
        "receiver": recipient(message.to, (USER,)),
        "sender": {"name": sender_name},
        "tracking_data": message.token,  # comes back with what the customer writes next
    }
    payloads = [{**common, **content} for content in _contents(message)]
    if any(len(encode(payload) or b"") > _MOST_BYTES for payload in payloads):
        raise SendFailed("too_large", f"Viber takes {_MOST_BYTES} bytes in a message: offer fewer or shorter buttons")
    headers = {"X-Viber-Auth-Token": token.get_secret_value()}

    async def post(payload: dict[str, Any]) -> str:
        response = await call(http, "POST", f"{api_url}/pa/send_message", headers=headers, json=payload)
        said = answer(response)
        status = said.whole("status")
        if status is None:
            raise refused(response, status_code(response.status))
        if status:
            raise refused(response, _CODES.get(status, _GENERAL), status)
        return _taken(said)

    return await one_by_one(payloads, post)


def _taken(said: Part) -> str:
    try:
        return message_token(said)
    except Misshapen as error:
        raise SendFailed("unknown", "Viber answered without a message token") from error


def message_token(part: Part) -> str:
    """`message_token`, a number over 2**53, as a text with every digit. Raises `Misshapen`."""
    token = optional_token(part)
    if token is None:
        raise Misshapen(part.at("message_token"), "a whole number")
    return token


def optional_token(part: Part) -> str | None:
    """The same, None when there is none. What cannot write so large a number gives its digits as a text."""
    given = part.hint("message_token") or ""
    digits = given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS
    token = int(given) if digits else part.whole("message_token")
    return None if token is None else str(token)


def failure(description: str | None) -> str:
    """Our word for why a message failed later. Viber describes it in free words, which may be anybody's: only the name of one
    of its statuses is kept of them, as `blocked_by_user:6`."""
    number = _NAMES.get(description or "")
    return "unknown" if number is None else f"{_CODES[number]}:{number}"


def _contents(message: Outgoing) -> list[dict[str, Any]]:
    """Texts, then files. The keyboard hangs on the last: one without takes it off the screen again."""
    parts: list[dict[str, Any]] = [{"type": "text", "text": part} for part in split(message.text, LIMITS)]
    parts += [_file(file) for file in message.files]
    if message.buttons:
        parts[-1]["keyboard"] = {"Type": "keyboard", "Buttons": [_button(button) for button in message.buttons]}
    return parts


def _button(button: Button) -> dict[str, Any]:
    return {"ActionType": "reply", "ActionBody": button.id or button.title, "Text": button.title}


def _file(file: OutgoingFile) -> dict[str, Any]:
    size = len(file.content)
    kind, most = _SHOWN.get(file.content_type.lower(), ("file", 0))
    if kind == "file" or size > most:
        return {"type": "file", "media": file.url, "size": size, "file_name": file.filename[-_MOST_NAME:]}
    return {"type": kind, "media": file.url} | ({"text": ""} if kind == "picture" else {"size": size})
