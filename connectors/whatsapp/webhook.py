"""From the body of a WhatsApp webhook to what it held. Pure: no clock, no network, nothing raised for what arrives.

Source: Meta for Developers, "WhatsApp Cloud API: Webhooks" (messages, statuses, smb_message_echoes).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

import msgspec

from connectors.base import ChannelEvent, Parsed, Status
from connectors.kit.content import Content, present
from connectors.kit.elements import Found, attempt, parsed, unreadable
from connectors.kit.outbound import open_until
from connectors.kit.place import Place, UnknownAccount, fingerprint
from connectors.reading import Misshapen, Part, decode, moment
from connectors.whatsapp.circumstances import circumstances, referral, username
from connectors.whatsapp.codes import send_code
from connectors.whatsapp.kinds import content
from connectors.whatsapp.layout import Element, elements, raw_of
from connectors.whatsapp.people import GROUP, contact_of, moved, sender
from connectors.whatsapp.sending import WINDOW
from connectors.whatsapp.settings import WhatsAppSettings
from normalizer.inbound import Call, InboundMessage, Reply, Thread

_REPLIES: Final = ("text", "image", "video", "audio", "document")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What reading an element needs besides itself."""

    element: Element
    settings: WhatsAppSettings
    received_at: datetime
    raw: bytes

    @property
    def phone_number_id(self) -> str | None:
        return self.element.value.hints("metadata").hint("phone_number_id")

    def account(self) -> tuple[str, Place]:
        """The id and place of the number this came to. Raises `Misshapen` and `UnknownAccount`."""
        value = Part(self.element.value.data, f"{self.element.path.rpartition('.')[0]}")
        phone_number_id = value.part("metadata").ident("phone_number_id")
        return phone_number_id, self.settings.place(phone_number_id)


def read(body: bytes, settings: WhatsAppSettings, received_at: datetime) -> Parsed:
    """Everything a verified body held.

    `raw` of a message is the body as it came when the request held this one message; otherwise it is the smallest
    request that holds it (entry, change, metadata and its contact), encoded anew, which `read` takes again. The same
    goes for every other element, where "only" counts elements of all sorts.
    """
    try:
        laid_out = list(elements(Part.of(decode(body), "body")))
    except Misshapen as problem:
        return parsed([unreadable(body, str(problem))])
    except ValueError:
        return parsed([unreadable(body, "the body is not JSON", reason="undecodable")])
    return parsed(_read_all(laid_out, body, settings, received_at))


def _read_all(laid_out: list[Element], body: bytes, settings: WhatsAppSettings, received_at: datetime) -> Iterator[Found]:
    messages = sum(element.key == "messages" for element in laid_out)
    for element in laid_out:
        only = (messages if element.key == "messages" else len(laid_out)) == 1
        raw = raw_of(element, only=only, body=body)
        context = Context(element=element, settings=settings, received_at=received_at, raw=raw)
        yield from attempt(lambda context=context: _read(context), raw, element.path)  # type: ignore[misc]  # inferred no default


def _read(context: Context) -> Found:
    element = context.element
    if element.problem is not None:
        raise element.problem
    if element.key is None:
        return _change(context)
    return _READERS[element.key](Part.of(element.item, element.path), context)


def _message(message: Part, context: Context) -> InboundMessage | ChannelEvent:
    phone_number_id, place = context.account()
    wamid = message.ident("id")
    news = _NEWS.get(message.hint("type") or "")
    if news is not None:
        event = _event(context, key=wamid, word=news(message), at=message)
        changed = moved(message) if event.type == _CHANGED_NUMBER else None
        return msgspec.structs.replace(event, moved=changed)
    found = content(message, [*message.objects("errors"), *context.element.value.objects("errors")])
    at = moment(message.data.get("timestamp"))
    page, came_by = referral(message.hints("referral"))
    group = message.optional_ident("group_id")
    return place.contact(
        msgspec.structs.replace(found, page=page),
        key=wamid,
        sender=sender(message, context.element.contacts, phone_number_id),
        raw=context.raw,
        sent_at=at,
        fields={**circumstances(message), **username(contact_of(message, context.element.contacts)), **came_by},
        thread=Thread(in_reply_to=message.hints("context").optional_ident("id")),
        reply=Reply(
            allowed=_REPLIES,
            until=open_until(at, context.received_at, WINDOW),
            via=None if group is None else place.handle(GROUP, group, phone_number_id),
        ),
    )


def _system(message: Part) -> str:
    """A number or an identity changed: news about the sender, which nobody has to answer."""
    word = message.hints("system").optional_ident("type")
    return f"system.{word}" if word else "system"


_CHANGED_NUMBER: Final = "system.user_changed_number"
_NEWS: Final[Mapping[str, Callable[[Part], str]]] = MappingProxyType(
    {"system": _system, "request_welcome": lambda _: "request_welcome"}
)
"""Types of messages in which nobody says anything, each with the event's word. `request_welcome`: a chat was opened."""


def _call(call: Part, context: Context) -> InboundMessage | ChannelEvent:
    """A call of a customer over WhatsApp: he wanted to be heard, whether or not somebody answered. Our own are events."""
    phone_number_id, place = context.account()
    call_id, word = call.ident("id"), call.ident("event")
    key = f"{call_id}:{word}"
    if call.hint("direction") != "USER_INITIATED":
        return _event(context, key=key, word=f"call.{word}", at=call)
    state = (call.optional_ident("status") or ("ringing" if word == "connect" else word)).lower()
    error = next((code for one in call.objects("errors") if (code := one.whole("code")) is not None), None)
    about = Call(direction="inbound", state=state, duration=call.whole("duration"))
    at = moment(call.data.get("timestamp"))
    return place.contact(
        Content(kind="call", call=about, fields=present(whatsapp_error=error)),
        key=key,
        external_id=call_id,
        sender=sender(call, context.element.contacts, phone_number_id),
        raw=context.raw,
        sent_at=at,
        fields=username(contact_of(call, context.element.contacts)),
        reply=Reply(allowed=_REPLIES, until=open_until(at, context.received_at, WINDOW)),
    )


def _status(status: Part, context: Context) -> Status | ChannelEvent:
    _, place = context.account()
    wamid, word, stamp = status.ident("id"), status.ident("status"), status.data.get("timestamp")
    status.optional_ident("timestamp")  # a stamp that is no moment still tells two states apart, so it must be fit for a key
    # In a group every member reports for himself, so the member is a part of what makes a repeat.
    member = status.optional_ident("recipient_participant_id") or status.optional_ident("recipient_participant_user_id")
    key = ":".join([wamid, word, *([str(stamp)] if isinstance(stamp, str | int) else []), *([member] if member else [])])
    if status.hint("type") == "call" or wamid.startswith("wacid."):
        return _event(context, key=key, word=f"call.{word.lower()}", at=status)
    return place.status(
        word,
        key=key,
        external_id=wamid,
        raw=context.raw,
        at=moment(stamp),
        recipient=status.optional_ident("recipient_id") or status.optional_ident("recipient_user_id"),
        error=_error(status),
        token=status.optional_ident("biz_opaque_callback_data"),
    )


def _error(status: Part) -> str | None:
    """Our word and WhatsApp's number, as `window_closed:131047`."""
    code = next((code for error in status.objects("errors") if (code := error.whole("code")) is not None), None)
    return None if code is None else f"{send_code(code)}:{code}"


def _echo(echo: Part, context: Context) -> Status:
    """Written by our own people in the phone app: it tells that somebody answered, or what became of that answer, and is no
    contact. A change of an answer has an id of its own, and is about the answer's."""
    _, place = context.account()
    wamid, kind = echo.ident("id"), echo.hint("type") or ""
    word, suffix = _ECHOES.get(kind, ("echo", "echo"))
    about = echo.part(kind).ident("original_message_id") if kind in _ECHOES else wamid
    return place.status(
        word,
        key=f"{wamid}:{suffix}",
        external_id=about,
        raw=context.raw,
        at=moment(echo.data.get("timestamp")),
        recipient=echo.optional_ident("to") or echo.optional_ident("to_user_id"),
    )


_ECHOES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({"revoke": ("deleted", "deleted"), "edit": ("echo", "edit")})
"""State and end of the key of what changes an earlier echo."""


def _change(context: Context) -> ChannelEvent:
    """A change that is no contact as a whole. It has no id, so what it says makes it a repeat."""
    element = context.element
    entry, change = Part(element.entry), Part(element.change)
    word = change.ident("field")
    key = f"{word}:{fingerprint(entry.hint('id'), entry.data.get('time'), element.change)}"
    return _event(context, key=key, word=word, at=Part({"timestamp": entry.data.get("time")}))


def _event(context: Context, *, key: str, word: str, at: Part) -> ChannelEvent:
    """In the name of the number it is about; many are about none."""
    try:
        place = context.settings.place(context.phone_number_id or "")
    except UnknownAccount:
        return ChannelEvent(event_key=key, type=word, account=None, raw=context.raw, at=moment(at.data.get("timestamp")))
    return place.event(word, key=key, raw=context.raw, at=moment(at.data.get("timestamp")))


_READERS: Final[Mapping[str, Callable[[Part, Context], Found]]] = MappingProxyType(
    {"messages": _message, "statuses": _status, "message_echoes": _echo, "calls": _call}
)
