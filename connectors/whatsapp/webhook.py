"""From the body of a WhatsApp webhook to what it held. Pure: no clock, no network, nothing raised for what arrives.

Source: Meta for Developers, "WhatsApp Cloud API: Webhooks" (messages, statuses, smb_message_echoes).
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from connectors.base import ChannelEvent, Parsed, Status, Unreadable
from connectors.reading import Misshapen, Part, decode, encode, moment
from connectors.whatsapp.codes import send_code
from connectors.whatsapp.kinds import content
from connectors.whatsapp.layout import Element, elements, raw_of
from connectors.whatsapp.people import sender
from connectors.whatsapp.settings import WhatsAppAccount, WhatsAppSettings
from normalizer.inbound import FieldValue, InboundMessage, Page, Reply, Thread

CONTENT_TYPE: Final = "application/json"
REPLY_WINDOW: Final = timedelta(hours=24)
_REPLIES: Final = ("text", "image", "video", "audio", "document")
_STATES: Final = frozenset({"sent", "delivered", "read", "failed", "played", "deleted"})

Found = InboundMessage | Status | ChannelEvent | Unreadable


class UnknownAccount(Exception):
    """The element's phone_number_id is not among `accounts`."""


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

    def account(self) -> tuple[str, WhatsAppAccount]:
        """The id and settings of the number this came to. Raises `Misshapen` and `UnknownAccount`."""
        value = Part(self.element.value.data, f"{self.element.path.rpartition('.')[0]}")
        phone_number_id = value.part("metadata").ident("phone_number_id")
        account = self.settings.accounts.get(phone_number_id)
        if account is None:
            raise UnknownAccount
        return phone_number_id, account


def read(body: bytes, settings: WhatsAppSettings, received_at: datetime) -> Parsed:
    """Everything a verified body held.

    `raw` of a message is the body as it came when the request held this one message; otherwise it is the smallest
    request that holds it (entry, change, metadata and its contact), encoded anew, which `read` takes again. The same
    goes for every other element, where "only" counts elements of all sorts.
    """
    try:
        laid_out = list(elements(Part.of(decode(body), "body")))
    except Misshapen as problem:
        return Parsed(unreadable=(_unreadable(body, problem),))
    except ValueError:
        lost = Unreadable(reason="undecodable", raw=body, content_type=CONTENT_TYPE, detail="the body is not JSON")
        return Parsed(unreadable=(lost,))
    found = list(_read_all(laid_out, body, settings, received_at))
    return Parsed(
        messages=tuple(item for item in found if isinstance(item, InboundMessage)),
        statuses=tuple(item for item in found if isinstance(item, Status)),
        events=tuple(item for item in found if isinstance(item, ChannelEvent)),
        unreadable=tuple(item for item in found if isinstance(item, Unreadable)),
    )


def _read_all(laid_out: list[Element], body: bytes, settings: WhatsAppSettings, received_at: datetime) -> Iterator[Found]:
    messages = sum(element.key == "messages" for element in laid_out)
    for element in laid_out:
        only = (messages if element.key == "messages" else len(laid_out)) == 1
        raw = raw_of(element, only=only, body=body)
        yield _read(Context(element=element, settings=settings, received_at=received_at, raw=raw))


def _read(context: Context) -> Found:
    element = context.element
    try:
        if element.problem is not None:
            raise element.problem
        if element.key is None:
            return _change(context)
        return _READERS[element.key](Part.of(element.item, element.path), context)
    except Misshapen as problem:
        return _unreadable(context.raw, problem)
    except UnknownAccount:
        detail = f"{element.path}: metadata.phone_number_id is not among the connector's accounts"
        return Unreadable(reason="unknown_account", raw=context.raw, content_type=CONTENT_TYPE, detail=detail)


def _unreadable(raw: bytes, problem: Misshapen) -> Unreadable:
    return Unreadable(reason="unreadable", raw=raw, content_type=CONTENT_TYPE, detail=str(problem))


def _message(message: Part, context: Context) -> InboundMessage | ChannelEvent:
    phone_number_id, account = context.account()
    wamid = message.ident("id")
    if message.data.get("type") == "system":
        return _system(message, context)
    found = content(message, [*message.objects("errors"), *context.element.value.objects("errors")])
    who = sender(message, context.element.contacts, phone_number_id)
    at = moment(message.data.get("timestamp"))
    page, referral = _referral(message.hints("referral"))
    return InboundMessage(
        event_key=wamid,
        external_id=found.about or wamid,
        brand=account.brand,
        channel=account.channel,
        account=context.settings.account_name(phone_number_id),
        kind=found.kind,
        sender=who,
        order_key=f"{who.handle.kind}:{who.handle.value}",
        raw=context.raw,
        raw_content_type=CONTENT_TYPE,
        sent_at=at,
        refers_to=found.refers_to,
        text=found.text,
        attachments=found.attachments,
        location=found.location,
        contacts=found.contacts,
        button=found.button,
        reaction=found.reaction,
        fields={**_circumstances(message), **referral, **found.fields},
        page=page,
        thread=Thread(in_reply_to=message.hints("context").optional_ident("id")),
        reply=Reply(allowed=_REPLIES, until=(at or context.received_at) + REPLY_WINDOW),
    )


def _circumstances(message: Part) -> dict[str, FieldValue]:
    """Forwarding, group and the product a message was written about."""
    about = message.hints("context")
    product = about.hints("referred_product")
    fields: dict[str, FieldValue] = {
        "whatsapp_forwarded": about.flag("forwarded") or about.flag("frequently_forwarded") or None,
        "whatsapp_frequently_forwarded": about.flag("frequently_forwarded") or None,
        "whatsapp_group": message.optional_ident("group_id"),
        "whatsapp_catalog": product.hint("catalog_id"),
        "whatsapp_product": product.hint("product_retailer_id"),
    }
    return {key: value for key, value in fields.items() if value is not None}


def _referral(referral: Part) -> tuple[Page | None, dict[str, FieldValue]]:
    """The advertisement or post a customer came from: its page, and what identifies it."""
    page = Page(url=referral.hint("source_url"), title=referral.hint("headline"))
    names = {"source_type": "type", "source_id": "id", "body": "body", "ctwa_clid": "click_id"}
    fields: dict[str, FieldValue] = {
        f"referral_{ours}": value for theirs, ours in names.items() if (value := referral.hint(theirs)) is not None
    }
    return (None if page == Page() else page), fields


def _system(message: Part, context: Context) -> ChannelEvent:
    """A number or an identity changed: news about the sender, which nobody has to answer."""
    word = message.hints("system").optional_ident("type")
    return _event(context, key=message.ident("id"), word=f"system.{word}" if word else "system", at=message)


def _status(status: Part, context: Context) -> Status | ChannelEvent:
    phone_number_id, account = context.account()
    wamid, word, stamp = status.ident("id"), status.ident("status"), status.data.get("timestamp")
    status.optional_ident("timestamp")  # a stamp that is no moment still tells two states apart, so it must be fit for a key
    # In a group every member reports for himself, so the member is a part of what makes a repeat.
    member = status.optional_ident("recipient_participant_id") or status.optional_ident("recipient_participant_user_id")
    key = ":".join([wamid, word, *([str(stamp)] if isinstance(stamp, str | int) else []), *([member] if member else [])])
    if status.hint("type") == "call" or wamid.startswith("wacid."):
        return _event(context, key=key, word=f"call.{word.lower()}", at=status)
    return Status(
        event_key=key,
        external_id=wamid,
        brand=account.brand,
        channel=account.channel,
        account=context.settings.account_name(phone_number_id),
        state=word if word in _STATES else f"other:{word}",
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
    """Written by our own people in the phone app: it tells that somebody answered, and is no contact."""
    phone_number_id, account = context.account()
    wamid = echo.ident("id")
    return Status(
        event_key=f"{wamid}:echo",
        external_id=wamid,
        brand=account.brand,
        channel=account.channel,
        account=context.settings.account_name(phone_number_id),
        state="echo",
        raw=context.raw,
        at=moment(echo.data.get("timestamp")),
        recipient=echo.optional_ident("to") or echo.optional_ident("to_user_id"),
    )


def _change(context: Context) -> ChannelEvent:
    """A change that is no contact as a whole. It has no id, so what it says makes it a repeat."""
    element = context.element
    entry, change = Part(element.entry), Part(element.change)
    told = encode([entry.hint("id"), entry.data.get("time"), element.change]) or context.raw
    word = change.ident("field")
    return _event(
        context, key=f"{word}:{hashlib.sha256(told).hexdigest()}", word=word, at=Part({"timestamp": entry.data.get("time")})
    )


def _event(context: Context, *, key: str, word: str, at: Part) -> ChannelEvent:
    known = context.settings.accounts.get(context.phone_number_id or "")
    return ChannelEvent(
        event_key=key,
        type=word,
        account=context.settings.account_name(context.phone_number_id) if known and context.phone_number_id else None,
        raw=context.raw,
        brand=known.brand if known else None,
        at=moment(at.data.get("timestamp")),
    )


_READERS: Final[Mapping[str, Callable[[Part, Context], Found]]] = MappingProxyType(
    {"messages": _message, "statuses": _status, "message_echoes": _echo}
)
