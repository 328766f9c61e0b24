"""What each `messages[].type` of the WhatsApp Cloud API says, as one table. What is no contact is not in it (`system` …).

Source: Meta for Developers, "WhatsApp Cloud API: Webhooks, messages".
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from connectors.kit.content import NO_FIELDS, Content, present
from connectors.reading import Misshapen, Part, sha256_hex
from connectors.whatsapp.answers import button, interactive
from normalizer.inbound import InboundAttachment, Location, Reaction, SharedContact

_NUMERAL: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,20})?")


def content(message: Part, errors: list[Part]) -> Content:
    """The content of a message. `errors` are those of the message and its change. Raises `Misshapen`.

    Where WhatsApp could not hand a message on, the object named by its type, or a file's id in it, is missing and an error
    stands beside it: that is a contact we cannot show, not a damaged one.
    """
    kind = message.ident("type")
    reader = KINDS.get(kind)
    if reader is None or (errors and _is_lost(message, kind, reader)):
        return _unsupported(message, kind, errors)
    return reader(message)


def _is_lost(message: Part, kind: str, reader: Callable[[Part], Content]) -> bool:
    part = message.data.get(kind)
    return part is None or (reader is _media and isinstance(part, dict) and not part.get("id"))


def _unsupported(message: Part, kind: str, errors: list[Part]) -> Content:
    codes = [code for error in errors if (code := error.whole("code")) is not None]
    word = message.hints("unsupported").hint("type") or kind
    fields = present(whatsapp_type=word, whatsapp_error=codes[0] if codes else None)
    return Content(kind="unsupported", text=message.hints(kind).hint("caption"), fields=fields)


def _text(message: Part) -> Content:
    return Content(kind="text", text=message.part("text").text("body"))


def _media(message: Part) -> Content:
    media = message.part(message.ident("type"))
    caption = media.optional_text("caption")
    attachment = InboundAttachment(
        reference=media.ident("id"),
        content_type=media.hint("mime_type"),
        sha256=sha256_hex(media.hint("sha256")),
        filename=media.hint("filename"),
        caption=caption,
    )
    spoken = media.flag("voice") or message.hint("type") == "voice"
    return Content(
        kind="media", text=caption, attachments=(attachment,), fields={"whatsapp_voice": True} if spoken else NO_FIELDS
    )


def _location(message: Part) -> Content:
    place = message.part("location")
    location = Location(
        latitude=_amount(place, "latitude"),
        longitude=_amount(place, "longitude"),
        name=place.hint("name"),
        address=place.hint("address"),
        url=place.hint("url"),
    )
    return Content(kind="location", location=location)


def _contacts(message: Part) -> Content:
    cards = [Part.of(card, f"{message.at('contacts')}[{index}]") for index, card in enumerate(message.array("contacts"))]
    fields = present(
        whatsapp_contact_organisations=[word for card in cards if (word := card.hints("org").hint("company"))],
        whatsapp_contact_urls=[word for card in cards for url in card.objects("urls") if (word := url.hint("url"))],
    )
    return Content(kind="contact", contacts=tuple(_card(card) for card in cards), fields=fields)


def _card(card: Part) -> SharedContact:
    name = card.hints("name")
    shown = name.hint("formatted_name") or " ".join(filter(None, map(name.hint, ("first_name", "last_name"))))
    phones = (phone.hint("phone") or phone.hint("wa_id") for phone in card.objects("phones"))
    emails = (mail.hint("email") for mail in card.objects("emails"))
    return SharedContact(name=shown or None, phones=tuple(filter(None, phones)), emails=tuple(filter(None, emails)))


def _reaction(message: Part) -> Content:
    reaction = message.part("reaction")
    # An empty or missing emoji means that the reaction was taken back.
    emoji = reaction.optional_text("emoji")
    return Content(kind="reaction", refers_to=reaction.ident("message_id"), reaction=Reaction(emoji=emoji))


def _order(message: Part) -> Content:
    order = message.part("order")
    items = [Part.of(item, f"{order.at('product_items')}[{index}]") for index, item in enumerate(order.array("product_items"))]
    quantities = [_amount(item, "quantity") for item in items]
    prices = [_price(item) for item in items]
    fields = present(
        order_catalog=order.hint("catalog_id"),
        order_products=[item.ident("product_retailer_id") for item in items],
        order_quantities=list(quantities),
        order_prices=list(prices) if any(price is not None for price in prices) else None,
        order_currency=next((item.hint("currency") for item in items), None),
        order_total=_total(quantities, prices),
    )
    return Content(kind="form", text=order.optional_text("text"), fields=fields)


def _amount(part: Part, key: str) -> float:
    """Seen as a number and as a text of digits. Raises `Misshapen`."""
    value = part.data.get(key)
    return float(value) if isinstance(value, str) and _NUMERAL.fullmatch(value) else part.number(key)


def _price(item: Part) -> float | None:
    """It only decorates: a catalogue may hide it, and the shop knows it."""
    try:
        return _amount(item, "item_price")
    except Misshapen:
        return None


def _total(quantities: list[float], prices: list[float | None]) -> float | None:
    """None where a price is not known: the sum of the others would pass for the whole."""
    known = [price for price in prices if price is not None]
    if len(known) < len(prices):
        return None
    return round(sum(quantity * price for quantity, price in zip(quantities, known, strict=True)), 2)


def _edit(message: Part) -> Content:
    edit = message.part("edit")
    original = edit.ident("original_message_id")
    inner = edit.part("message")
    if inner.ident("type") in ("edit", "revoke"):
        raise Misshapen(inner.at("type"), "the type of a message that has content")
    return msgspec.structs.replace(content(inner, inner.objects("errors")), kind="edit", about=original, refers_to=original)


def _revoke(message: Part) -> Content:
    original = message.part("revoke").ident("original_message_id")
    return Content(kind="delete", about=original, refers_to=original)


KINDS: Final[Mapping[str, Callable[[Part], Content]]] = MappingProxyType(
    {
        "text": _text,
        "image": _media,
        "video": _media,
        "document": _media,
        "sticker": _media,
        "audio": _media,
        "voice": _media,
        "location": _location,
        "contacts": _contacts,
        "button": button,
        "interactive": interactive,
        "reaction": _reaction,
        "order": _order,
        "edit": _edit,
        "revoke": _revoke,
    }
)
