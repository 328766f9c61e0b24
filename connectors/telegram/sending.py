"""Texts, files and buttons out, files in.

Source: Telegram Bot API, "sendMessage" and its siblings, "Sending files", "ReplyParameters", "getFile", "ResponseParameters".
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, ReplyParameters
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter, TelegramError

from connectors.base import Fetched, Http, Outgoing, OutgoingFile, Sent
from connectors.errors import MediaUnavailable, SendCode, SendFailed
from connectors.kit.outbound import answer, check, now, one_by_one, retry_after, split, status_code
from connectors.reading import Misshapen, Part
from connectors.telegram.client import MISREAD, GuardedRequest, Unanswered, bot
from connectors.telegram.ids import message_id
from connectors.telegram.limits import CAPTION, LARGEST_PHOTO, LIMITS
from connectors.telegram.people import BUSINESS, CHAT, DIRECT, USER
from connectors.telegram.settings import TelegramSettings
from normalizer.inbound import Button

_HANDLES: Final[Mapping[str, re.Pattern[str]]] = {
    USER: re.compile(r"(?P<bot>[0-9]+):(?P<chat>[0-9]{1,19})"),
    CHAT: re.compile(r"(?P<bot>[0-9]+):(?P<chat>-?[0-9]{1,19})"),
    BUSINESS: re.compile(r"(?P<bot>[0-9]+):(?P<business>[^:]+):(?P<chat>-?[0-9]{1,19})"),
    DIRECT: re.compile(r"(?P<bot>[0-9]+):(?P<chat>-?[0-9]{1,19}):(?P<topic>[0-9]{1,19})"),
}
_NO_HANDLE: Final = re.compile(r"(?!)")
_MESSAGE: Final = re.compile(r"(?P<chat>-?[0-9]{1,19}):(?P<message>[0-9]{1,19})")
"""An external id. That of a tap on a button names no chat, that of an ephemeral message none that could be quoted."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
"""No part of a form may have them in its name."""
_LONGEST_ID: Final = 64
"""Bytes of `callback_data`."""
_WAYS: Final[Mapping[str, str]] = {
    "image/jpeg": "photo",
    "image/png": "photo",
    "image/webp": "photo",
    "video/mp4": "video",
    "audio/mpeg": "audio",
    "audio/mp4": "audio",
    "audio/ogg": "voice",
}
"""What Telegram shows or plays. Everything else arrives as a document, which it takes of any type."""
_CODES: Final[tuple[tuple[type[TelegramError], SendCode], ...]] = (
    (RetryAfter, "rate_limited"),
    (ChatMigrated, "invalid_recipient"),
    (Forbidden, "blocked_by_user"),
    (InvalidToken, "auth"),
    (BadRequest, "unsupported"),
)
"""What the library makes of an answer; for the rest (`NetworkError`, of which `BadRequest` is one) its status counts."""
_WORDS: Final[tuple[tuple[str, SendCode], ...]] = (
    ("chat not found", "invalid_recipient"),
    ("user not found", "invalid_recipient"),
    ("peer_id_invalid", "invalid_recipient"),
    ("deactivated", "invalid_recipient"),
    ("can't initiate conversation", "invalid_recipient"),
    ("can't send messages to bots", "invalid_recipient"),
    ("rights to send", "blocked_by_user"),
    ("chat_write_forbidden", "blocked_by_user"),
    ("too long", "too_large"),
    ("too big", "too_large"),
)
"""Telegram tells many reasons by words alone; they are known from use and documented nowhere."""
_GONE: Final[tuple[tuple[type[TelegramError], MediaUnavailable], ...]] = (
    (RetryAfter, MediaUnavailable("provider_error", retryable=True)),
    (Forbidden, MediaUnavailable("refused")),
    (InvalidToken, MediaUnavailable("refused")),
    (BadRequest, MediaUnavailable("gone")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`business`: the connection of the business account in whose name it is sent; `topic`: that of a person in the direct
    messages of a channel; `answers`: the message it answers."""

    chat: int
    business: str | None = None
    topic: int | None = None
    answers: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One message: the library's method, and what only it takes."""

    method: str
    arguments: Mapping[str, Any]
    buttons: Sequence[Button] = field(default=())


async def send(message: Outgoing, settings: TelegramSettings, http: Http) -> Sent:
    """Raises `SendFailed`."""
    check(message, LIMITS, now())
    if message.account not in (None, settings.bot_id, settings.username):
        raise SendFailed("unsupported", "the account to send from is not the connector's")
    target = target_of(message, settings.bot_id)
    request = GuardedRequest(http)
    client = bot(settings, request)

    async def post(piece: Piece) -> str:
        nonlocal target
        try:
            try:
                await _post(client, request, piece, target)
            except ChatMigrated as moved:
                # The group has another number by now, and its messages too.
                target = replace(target, chat=moved.new_chat_id, answers=None)
                await _post(client, request, piece, target)
            target = replace(target, answers=None)
            return message_id(_result(request))
        except TelegramError as error:
            raise _failure(error, request) from None
        except Misshapen:
            raise SendFailed("unknown", "the answer is not of the documented form") from None

    return await one_by_one(_parts(message), post)


async def _post(client: Any, request: GuardedRequest, piece: Piece, target: Target) -> None:
    """What was sent is read by `_result`: the library insists on every field of what the message quotes, too."""
    request.response = None
    rows = [[InlineKeyboardButton(button.title or "", callback_data=_data(button))] for button in piece.buttons]
    answers = target.answers
    with suppress(*MISREAD):
        await getattr(client, piece.method)(
            chat_id=target.chat,
            business_connection_id=target.business,
            direct_messages_topic_id=target.topic,
            reply_parameters=None if answers is None else ReplyParameters(answers, allow_sending_without_reply=True),
            reply_markup=InlineKeyboardMarkup(rows) if rows else None,
            **piece.arguments,
        )


def _result(request: GuardedRequest) -> Part:
    """What the last answer holds. Raises `Misshapen`."""
    return Part({} if request.response is None else answer(request.response).data, "answer").part("result")


def target_of(message: Outgoing, bot_id: str) -> Target:
    """The chat that the handle names; for a person's handle the chat of the message that is answered (`<chat>:<message>`),
    else the private one, which has the person's number. Raises `SendFailed`."""
    handle = _HANDLES.get(message.to.kind, _NO_HANDLE).fullmatch(message.to.value)
    if handle is None or handle["bot"] != bot_id:
        detail = f"this bot cannot write to a handle of kind {message.to.kind!r} of this form"
        raise SendFailed("invalid_recipient", detail)
    named = handle.groupdict()
    target = Target(
        chat=int(named["chat"]), business=named.get("business"), topic=int(named["topic"]) if "topic" in named else None
    )
    answered = _MESSAGE.fullmatch(message.in_reply_to or "")
    if answered is None:
        return target
    chat = int(answered["chat"]) if message.to.kind == USER else target.chat
    return replace(target, chat=chat, answers=int(answered["message"]) if int(answered["chat"]) == chat else None)


def _parts(message: Outgoing) -> list[Piece]:
    """Texts, the last of them with the buttons, then files. A short text is the caption of the only file."""
    files = [_file(file) for file in message.files]
    caption = message.text.strip()
    if len(files) == 1 and caption and LIMITS.measure(caption) <= CAPTION:
        (file,) = files
        return [replace(file, arguments={**file.arguments, "caption": caption}, buttons=_checked(message.buttons))]
    texts = [Piece(method="send_message", arguments={"text": text}) for text in split(message.text, LIMITS)]
    if message.buttons:
        texts[-1] = replace(texts[-1], buttons=_checked(message.buttons))
    return texts + files


def _checked(buttons: Sequence[Button]) -> Sequence[Button]:
    if any(len(_data(button).encode()) > _LONGEST_ID for button in buttons):
        raise SendFailed("unsupported", f"the id of a button (or its title, without one) has at most {_LONGEST_ID} bytes")
    return buttons


def _data(button: Button) -> str:
    return button.id or button.title or ""


def _file(file: OutgoingFile) -> Piece:
    """As bytes, where there are some: by address Telegram takes only 20 MB, and few types as documents."""
    way = _WAYS.get(file.content_type.partition(";")[0].strip().lower(), "document")
    if way == "photo" and len(file.content) > LARGEST_PHOTO:
        way = "document"
    if file.content:
        return Piece(method=f"send_{way}", arguments={way: file.content, "filename": _CONTROL.sub("_", file.filename)})
    if file.url is None or not file.url.startswith(("https://", "http://")):
        raise SendFailed("unsupported", "a file is empty and has no address")
    return Piece(method=f"send_{way}", arguments={way: file.url})


def _failure(error: TelegramError, request: GuardedRequest) -> SendFailed:
    """Our words for a refusal. Telegram's own are not repeated: they may quote the customer's."""
    if isinstance(error, Unanswered):
        return _unanswered(error)
    response = request.response
    if response is None or response.status < 300:  # noqa: PLR2004  # an answer of success that says nothing
        return SendFailed("unknown", "the answer is not of the documented form")
    code = next((code for kind, code in _CODES if isinstance(error, kind)), status_code(response.status))
    if isinstance(error, Forbidden | BadRequest):
        said = error.message.lower()
        code = next((code for words, code in _WORDS if words in said), code)
    detail = "Telegram refused the message; its documentation tells what its code means"
    seconds = answer(response).hints("parameters").whole("retry_after")
    return SendFailed(code, detail, provider_code=str(response.status), retry_after=seconds or retry_after(response))


def _unanswered(error: Unanswered) -> SendFailed:
    if error.failed.sent:
        return SendFailed("unknown", "no answer: whether Telegram took the message is not known")
    return SendFailed("retryable", "Telegram could not be reached")


async def fetch(file_id: str, settings: TelegramSettings, http: Http) -> Fetched:
    """A file by its id: first its path, which is good for an hour, then the bytes. Raises `MediaUnavailable`."""
    request = GuardedRequest(http)
    client = bot(settings, request)
    try:
        # As in `_post`: a server of before 2020 tells no `file_unique_id`.
        with suppress(*MISREAD):
            await client.get_file(file_id)
        path = _result(request).hint("file_path")
    except TelegramError as error:
        raise _unavailable(error) from None
    except Misshapen:
        raise MediaUnavailable("provider_error", retryable=True) from None
    if path is None:
        raise MediaUnavailable("gone")
    return await http.download(f"{client.base_file_url}/{path}", hosts=settings.hosts)


def _unavailable(error: TelegramError) -> MediaUnavailable:
    if isinstance(error, Unanswered):
        return MediaUnavailable(error.failed.reason, retryable=True)
    if isinstance(error, BadRequest) and "too big" in error.message.lower():
        return MediaUnavailable("too_large")
    kind, retryable = next(
        ((one.reason, one.retryable) for known, one in _GONE if isinstance(error, known)), ("provider_error", True)
    )
    return MediaUnavailable(kind, retryable=retryable)
