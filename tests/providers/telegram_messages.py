"""From the parameters of a sendX call to what was accepted, and to the Message in the answer.

Sources: CHANNELS 2 (limits 4096 and 1024), core.telegram.org/bots/api "Sending files" and the texts of its errors.
"""

from typing import Any

from tests.providers.base import Accepted
from tests.providers.telegram_parameters import BadParameters, Parameters, plain
from tests.providers.telegram_shapes import Method

UPLOAD_LIMITS = {"photo": 10 * 1024 * 1024}
UPLOAD_LIMIT = 50 * 1024 * 1024
FIELDS = ("chat_id", "text", "caption", "reply_parameters")
"""What `Accepted` has places for; all other parameters are its `extra`."""


def accepted_of(number: str, method: Method, parameters: Parameters) -> Accepted:
    """BadParameters for texts, files and keyboards that Telegram refuses."""
    values = parameters.values
    reply = values.get("reply_parameters")
    return Accepted(
        id=number,
        to=str(values["chat_id"]),
        kind=method.media or "text",
        text=_words(method, values),
        buttons=_buttons(values.get("reply_markup", {})),
        media=_media(method, parameters),
        reply_to=None if reply is None else str(reply["message_id"]),
        extra={name: value for name, value in values.items() if name not in FIELDS},
    )


def _words(method: Method, values: dict[str, Any]) -> str | None:
    if values.get("parse_mode") and (values.get("entities") or values.get("caption_entities")):
        raise BadParameters("parse_mode and entities exclude each other")
    if method.media is None:
        words = plain(values["text"], values.get("parse_mode"))
        return _within(words, 4096, "message text is empty", "message is too long")
    if "caption" not in values:
        return None
    return _within(plain(values["caption"], values.get("parse_mode")), 1024, None, "message caption is too long")


def _within(words: str, most: int, empty: str | None, too_long: str) -> str:
    """Telegram counts without surrounding white space."""
    if empty and not words.strip():
        raise BadParameters(empty)
    if len(words.strip()) > most:
        raise BadParameters(too_long)
    return words


def _media(method: Method, parameters: Parameters) -> str | None:
    """A link, a file id, or the name of the upload; every upload must be referred to by some parameter."""
    sent = {value.removeprefix("attach://") for value in parameters.values.values() if isinstance(value, str)}
    if loose := parameters.uploads.keys() - sent:
        raise BadParameters(f"uploads that no parameter refers to: {sorted(loose)}")
    if method.media is None:
        return None
    value = str(parameters.values[method.media])
    if not value.startswith("attach://"):
        return _link_or_id(value)
    name, content = parameters.uploads.get(value.removeprefix("attach://"), ("", b""))
    if not content:
        raise BadParameters(f"there is no {method.media} in the request")
    if len(content) > UPLOAD_LIMITS.get(method.media, UPLOAD_LIMIT):
        raise BadParameters("file is too big")
    return name


def _link_or_id(value: str) -> str:
    foreign = "://" in value and not value.startswith(("http://", "https://"))
    if foreign or any(sign.isspace() for sign in value):
        raise BadParameters("wrong file identifier/HTTP URL specified")
    return value


def _buttons(markup: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Inline buttons with their data or link; keys of a reply keyboard send their own text."""
    inline = [button for row in markup.get("inline_keyboard", []) for button in row]
    if len(inline) > 100:
        raise BadParameters("REPLY_MARKUP_TOO_LONG")
    keys = [{"text": key} if isinstance(key, str) else key for row in markup.get("keyboard", []) for key in row]
    shown = [(button.get("callback_data") or button["url"], button["text"]) for button in inline]
    return tuple(shown + [(key["text"], key["text"]) for key in keys])


def message_of(accepted: Accepted, values: dict[str, Any], bot: dict[str, Any], now: int) -> dict[str, Any]:
    """The Message that the answer holds."""
    chat_id = values["chat_id"]
    chat = {"id": chat_id if isinstance(chat_id, int) else -1001000000000, "type": "private"}
    if isinstance(chat_id, str):
        chat |= {"type": "channel", "username": chat_id[1:]}
    elif chat_id < 0:
        chat |= {"type": "group", "title": "Group"}
    message: dict[str, Any] = {"message_id": int(accepted.id), "from": bot, "chat": chat, "date": now}
    if accepted.kind == "text":
        return {**message, "text": accepted.text}
    if accepted.text is not None:
        message["caption"] = accepted.text
    return {**message, accepted.kind: _file_of(accepted)}


def _file_of(accepted: Accepted) -> Any:
    file = {"file_id": f"FILE{accepted.id}", "file_unique_id": f"UNIQUE{accepted.id}", "file_size": 1}
    shapes: dict[str, Any] = {
        "photo": [{**file, "width": 90, "height": 90}],
        "video": {**file, "width": 90, "height": 90, "duration": 1},
        "voice": {**file, "duration": 1},
        "audio": {**file, "duration": 1},
    }
    return shapes.get(accepted.kind, file)
