"""What each message of Telegram says, as tables.

Source: Telegram Bot API, "Message". A message has one of many fields set; some fill a second one for old readers (an
animation is a document too, a venue a location), so the order of the table counts.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from connectors.kit.content import Content, flat, present, unsupported
from connectors.reading import Misshapen, Part, decode, encode
from connectors.telegram.people import full_name, owns_contact, shared_phone
from connectors.telegram.vocabulary import AROUND, FILES, SERVICE, UNTAKEN
from connectors.telegram.words import objects, rich_text, told
from normalizer.inbound import FieldValue, InboundAttachment, Location, SharedContact

Reader = Callable[[Part], Content]
_OWN_FIELDS: Final = "telegram_"
"""Names that begin so are ours; a Web App's are its own."""


def content(message: Part) -> Content:
    """What the customer said. Raises `Misshapen`."""
    return READERS.get(kind_of(message), _unknown)(message)


def kind_of(message: Part) -> str:
    """The field that is set, empty for one that is not known."""
    return next((word for word in READERS if _there(message, word)), "")


def happened(message: Part, *, edited: bool) -> str | None:
    """What a message tells instead of saying something: what happened to the chat, or that a live location moved."""
    kind = kind_of(message)
    if edited and kind == "location":
        # No other place can be edited. Where it was shared is a contact; that it moves comes every few seconds.
        return "location"
    return None if kind else next((word for word in SERVICE if _there(message, word)), None)


def _there(message: Part, word: str) -> bool:
    value = message.data.get(word)
    return value is not None and value is not False and value not in ([], "")


def _text(message: Part) -> Content:
    said = message.text("text")
    command, _, payload = said.partition(" ")
    # In a group the command names its bot: /start@demo_help_bot.
    start = payload.strip() if command.partition("@")[0] == "/start" else None
    return Content(kind="text", text=said, fields=present(telegram_start=start))


def _rich(message: Part) -> Content:
    said = rich_text(message) or None
    files = tuple(file for one in objects(message.data["rich_message"]) for file in _held(one))
    if not said and not files:
        return unsupported("telegram", "rich_message")
    return Content(kind="text" if said else "media", text=said, attachments=files)


def _file(word: str) -> Reader:
    """A reader of the one file at `word`."""

    def read(message: Part) -> Content:
        fields = present(telegram_emoji=message.hints(word).hint("emoji"))
        return Content(kind="media", text=_caption(message), attachments=(_HELD[word](message, word),), fields=fields)

    return read


def _paid(message: Part) -> Content:
    """Files that cost; of those not paid for there is a preview only, which is no file."""
    files = tuple(file for one in message.part("paid_media").objects("paid_media") for file in _held(one))
    return Content(kind="media", text=_caption(message), attachments=files) if files else _untaken("paid_media")(message)


def _held(block: Part) -> tuple[InboundAttachment, ...]:
    """The file of what has one: its type is the word it stands at."""
    word = block.hint("type") or ""
    return (_HELD[word](block, word),) if word in _HELD else ()


def _document(holder: Part, word: str) -> InboundAttachment:
    file = holder.part(word)
    return InboundAttachment(
        reference=file.ident("file_id"), filename=file.hint("file_name"), content_type=file.hint("mime_type")
    )


def _photo(holder: Part, word: str) -> InboundAttachment:
    """The largest size that can be had: all of them are the same picture."""
    sizes = [size for size in holder.objects(word) if size.hint("file_id")]
    if not sizes:
        raise Misshapen(holder.at(word), "a size with a file_id")
    return InboundAttachment(reference=max(sizes, key=_area).ident("file_id"))


def _area(size: Part) -> int:
    return (size.whole("width") or 0) * (size.whole("height") or 0)


def _contact(message: Part) -> Content:
    contact = message.part("contact")
    phone = shared_phone(message)
    shared = SharedContact(name=full_name(contact), phones=tuple(filter(None, [phone or contact.hint("phone_number")])))
    fields = present(telegram_phone=phone, telegram_own_contact=owns_contact(message))
    return Content(kind="contact", contacts=(shared,), fields=fields)


def _location(message: Part) -> Content:
    place = message.part("location")
    fields = present(telegram_live_seconds=place.whole("live_period"))
    return Content(kind="location", location=_point(place), fields=fields)


def _venue(message: Part) -> Content:
    venue = message.part("venue")
    return Content(kind="location", location=_point(venue.part("location"), venue.hint("title"), venue.hint("address")))


def _point(place: Part, name: str | None = None, address: str | None = None) -> Location:
    return Location(latitude=place.number("latitude"), longitude=place.number("longitude"), name=name, address=address)


def _form(message: Part) -> Content:
    """What a Web App sent that a button of a keyboard had opened: anything, mostly an object."""
    sent = message.part("web_app_data")
    said = sent.text("data")
    try:
        answers = decode(said.encode("utf-8", "replace"))
    except ValueError:
        answers = None
    fields = {_name(key): _field(value) for key, value in answers.items()} if isinstance(answers, dict) else {}
    named = present(telegram_button=sent.hint("button_text"))
    return Content(kind="form", text=None if fields else said, fields={**fields, **named})


def _name(key: str) -> str:
    return f"web_app_{key}" if key.startswith(_OWN_FIELDS) else key


def _field(value: Any) -> FieldValue:
    if isinstance(value, list) and not any(isinstance(one, list | dict) for one in value):
        return value
    return (encode(value) or b"").decode() if isinstance(value, list | dict) else value


def _payment(message: Part) -> Content:
    """What was paid, in the smallest unit of its currency, and what the customer filled in."""
    paid = message.hints("successful_payment").data
    fields = {**flat(paid, "telegram_payment"), **flat(paid.get("order_info"), "telegram_order")}
    found = _untaken("successful_payment")(message)
    return Content(kind=found.kind, text=found.text, fields={**found.fields, **fields})


def _untaken(word: str) -> Reader:
    """A reader of a kind that has no place in an envelope, but may have words."""

    def read(message: Part) -> Content:
        found = unsupported("telegram", word)
        said = filter(None, (_caption(message), told(message, word)))
        return Content(kind=found.kind, text="\n".join(said) or None, fields=found.fields)

    return read


def _unknown(message: Part) -> Content:
    """A kind of tomorrow."""
    return _untaken(next((word for word in message.data if word not in AROUND), ""))(message)


def _caption(message: Part) -> str | None:
    return message.optional_text("caption")


_HELD: Final[Mapping[str, Callable[[Part, str], InboundAttachment]]] = MappingProxyType(
    {**dict.fromkeys((*FILES, "voice_note"), _document), "photo": _photo}
)
"""How files are named. `voice_note` is the word of rich messages alone."""
READERS: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "rich_message": _rich,
        "text": _text,
        **{word: _file(word) for word in (*FILES, "photo")},
        "paid_media": _paid,
        "contact": _contact,
        "venue": _venue,
        "location": _location,
        "web_app_data": _form,
        "successful_payment": _payment,
        **{word: _untaken(word) for word in UNTAKEN},
    }
)
