"""What each message of Telegram says, as tables.

Source: Telegram Bot API, "Message". A message has one of many fields set; some fill a second one for old readers (an
animation is a document too, a venue a location), so the order of the table counts.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from telegram import Message, PhotoSize
from telegram.constants import MessageAttachmentType, MessageType

from connectors.kit.content import Content, present, unsupported
from connectors.telegram.people import owns_contact, shared_phone
from connectors.telegram.shape import decimal, given, hint, ident, optional_words, size, words
from normalizer.inbound import InboundAttachment, Location, SharedContact

Reader = Callable[[Message], Content]


def content(message: Message) -> Content | None:
    """What the customer said, or None for a service message (`service`). Raises `Misshapen`."""
    word = next((word for word in READERS if _there(message, word)), None)
    if word is not None:
        return READERS[word](message)
    return None if service(message) else _unknown(message)


def service(message: Message) -> str | None:
    """What happened to the chat: somebody joined, it got a new title …"""
    return next((word for word in _SERVICE if _there(message, word)), None)


def _there(message: Message, word: str) -> bool:
    return getattr(message, word, None) not in (None, (), False)


def _text(message: Message) -> Content:
    said = words(message.text, "message.text")
    command, _, payload = said.partition(" ")
    return Content(kind="text", text=said, fields=present(telegram_start=payload.strip() if command == "/start" else None))


def _file(word: str) -> Reader:
    """A reader of the one file at `word`."""

    def read(message: Message) -> Content:
        file = getattr(message, word)
        attachment = InboundAttachment(
            reference=ident(file.file_id, f"message.{word}.file_id"),
            filename=hint(getattr(file, "file_name", None)),
            content_type=hint(getattr(file, "mime_type", None)),
        )
        fields = present(telegram_emoji=hint(getattr(file, "emoji", None)))
        return Content(kind="media", text=_caption(message), attachments=(attachment,), fields=fields)

    return read


def _photo(message: Message) -> Content:
    """The largest size there is: all of them are the same picture."""
    largest = max(message.photo, key=_area)
    attachment = InboundAttachment(reference=ident(largest.file_id, "message.photo.file_id"))
    return Content(kind="media", text=_caption(message), attachments=(attachment,))


def _area(photo: PhotoSize) -> int:
    return size(photo.width) * size(photo.height)


def _contact(message: Message) -> Content:
    contact = given(message.contact, "message.contact")
    phone = shared_phone(message)
    name = " ".join(filter(None, map(hint, (contact.first_name, contact.last_name)))) or None
    given_ = hint(contact.phone_number)
    shared = SharedContact(name=name, phones=tuple(filter(None, [phone or given_])))
    fields = present(telegram_phone=phone, telegram_own_contact=owns_contact(message))
    return Content(kind="contact", contacts=(shared,), fields=fields)


def _location(message: Message) -> Content:
    place = given(message.location, "message.location")
    return Content(
        kind="location",
        location=Location(
            latitude=decimal(place.latitude, "message.location.latitude"),
            longitude=decimal(place.longitude, "message.location.longitude"),
        ),
    )


def _venue(message: Message) -> Content:
    venue = given(message.venue, "message.venue")
    place = given(venue.location, "message.venue.location")
    return Content(
        kind="location",
        location=Location(
            latitude=decimal(place.latitude, "message.venue.location.latitude"),
            longitude=decimal(place.longitude, "message.venue.location.longitude"),
            name=hint(venue.title),
            address=hint(venue.address),
        ),
    )


def _untaken(word: str) -> Reader:
    """A reader of a kind that has no place in an envelope, but may have a caption."""

    def read(message: Message) -> Content:
        found = unsupported("telegram", word)
        return Content(kind=found.kind, text=_caption(message), fields=found.fields)

    return read


def _unknown(message: Message) -> Content:
    """A kind that the library does not know yet."""
    return _untaken(next(iter(message.api_kwargs), ""))(message)


def _caption(message: Message) -> str | None:
    return optional_words(message.caption, "message.caption")


_FILES: Final = ("animation", "audio", "document", "live_photo", "sticker", "video", "video_note", "voice")
_TAKEN: Final[Mapping[str, Reader]] = {
    "text": _text,
    **{word: _file(word) for word in _FILES},
    "photo": _photo,
    "contact": _contact,
    "venue": _venue,
    "location": _location,
}
_ALSO_SAID: Final = ("checklist", "giveaway", "giveaway_winners", "web_app_data", "users_shared", "chat_shared")
"""By a person, though the library does not count them among the attachments."""
_UNTAKEN: Final = (*(kind.value for kind in MessageAttachmentType), *_ALSO_SAID)
READERS: Final[Mapping[str, Reader]] = MappingProxyType(
    {**_TAKEN, **{word: _untaken(word) for word in _UNTAKEN if word not in _TAKEN}}
)
_CIRCUMSTANCES: Final = frozenset(
    {
        "business_connection_id",
        "effect_id",
        "reply_to_story",
        "sender_boost_count",
        "sender_business_bot",
        "suggested_post_info",
    }
)
"""What the library counts among the kinds, though it comes beside one."""
_SERVICE: Final = tuple(kind.value for kind in MessageType if kind.value not in {*READERS, *_CIRCUMSTANCES})
