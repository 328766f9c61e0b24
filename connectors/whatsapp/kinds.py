"""What each `messages[].type` of the WhatsApp Cloud API says, as one table. `system` is no contact and not in it.

Source: Meta for Developers, "WhatsApp Cloud API: Webhooks, messages".
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec
import orjson

from connectors.kit.content import NO_FIELDS, Content, present
from connectors.reading import Misshapen, Part, sha256_hex
from normalizer.inbound import Button, FieldValue, InboundAttachment, Location, Reaction, SharedContact


def content(message: Part, errors: list[Part]) -> Content:
    """The content of a message. `errors` are those of the message and its change. Raises `Misshapen`.

    Where WhatsApp could not hand a message on, the object named by its type is missing and an error stands beside it:
    that is a contact we cannot show, not a damaged one.
    """
    kind = message.ident("type")
    reader = KINDS.get(kind)
    if reader is None or (errors and message.data.get(kind) is None):
        return _unsupported(message, errors)
    return reader(message)


def _unsupported(message: Part, errors: list[Part]) -> Content:
    codes = [code for error in errors if (code := error.whole("code")) is not None]
    word = message.hints("unsupported").hint("type") or message.hint("type")
    return Content(kind="unsupported", fields=present(whatsapp_type=word, whatsapp_error=codes[0] if codes else None))


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
        latitude=place.number("latitude"),
        longitude=place.number("longitude"),
        name=place.hint("name"),
        address=place.hint("address"),
        url=place.hint("url"),
    )
    return Content(kind="location", location=location)


def _contacts(message: Part) -> Content:
    cards = [Part.of(card, f"{message.at('contacts')}[{index}]") for index, card in enumerate(message.array("contacts"))]
    return Content(kind="contact", contacts=tuple(_card(card) for card in cards))


def _card(card: Part) -> SharedContact:
    phones = (phone.hint("phone") or phone.hint("wa_id") for phone in card.objects("phones"))
    emails = (mail.hint("email") for mail in card.objects("emails"))
    return SharedContact(
        name=card.hints("name").hint("formatted_name"), phones=tuple(filter(None, phones)), emails=tuple(filter(None, emails))
    )


def _button(message: Part) -> Content:
    button = message.part("button")
    title = button.optional_text("text")
    return Content(kind="postback", text=title, button=Button(id=button.optional_text("payload"), title=title))


def _interactive(message: Part) -> Content:
    interactive = message.part("interactive")
    kind = interactive.ident("type")
    reader = _ANSWERS.get(kind)
    if reader is None:
        return Content(kind="unsupported", fields={"whatsapp_type": f"interactive.{kind}"})
    return reader(interactive.part(kind))


def _choice(reply: Part) -> Content:
    title = reply.optional_text("title")
    description = reply.hint("description")
    return Content(
        kind="postback",
        text=title,
        button=Button(id=reply.ident("id"), title=title),
        fields={"whatsapp_description": description} if description else NO_FIELDS,
    )


def _flow(reply: Part) -> Content:
    return Content(kind="form", text=reply.optional_text("body"), fields=_flow_fields(reply.text("response_json")))


def _flow_fields(answers: str) -> Mapping[str, FieldValue]:
    """A flow's answers come as JSON inside a string. What is no flat object is kept as that string."""
    try:
        found = orjson.loads(answers)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return {"whatsapp_response": answers}
    return {key: _field(value) for key, value in found.items()}


def _field(value: Any) -> FieldValue:
    if isinstance(value, list) and all(not isinstance(item, list | dict) for item in value):
        return value
    return orjson.dumps(value).decode() if isinstance(value, list | dict) else value


def _call_permission(reply: Part) -> Content:
    return Content(kind="postback", button=Button(id=f"call_permission:{reply.ident('response')}"))


_ANSWERS: Final[Mapping[str, Callable[[Part], Content]]] = MappingProxyType(
    {"button_reply": _choice, "list_reply": _choice, "nfm_reply": _flow, "call_permission_reply": _call_permission}
)


def _reaction(message: Part) -> Content:
    reaction = message.part("reaction")
    # An empty or missing emoji means that the reaction was taken back.
    emoji = reaction.optional_text("emoji")
    return Content(kind="reaction", refers_to=reaction.ident("message_id"), reaction=Reaction(emoji=emoji))


def _order(message: Part) -> Content:
    order = message.part("order")
    items = [Part.of(item, f"{order.at('product_items')}[{index}]") for index, item in enumerate(order.array("product_items"))]
    quantities = [_amount(item, "quantity") for item in items]
    prices = [_amount(item, "item_price") for item in items]
    total = sum(quantity * price for quantity, price in zip(quantities, prices, strict=True))
    fields = present(
        order_catalog=order.hint("catalog_id"),
        order_products=[item.ident("product_retailer_id") for item in items],
        order_quantities=list(quantities),
        order_prices=list(prices),
        order_currency=next((item.hint("currency") for item in items), None),
        order_total=round(total, 2),
    )
    return Content(kind="form", text=order.optional_text("text"), fields=fields)


def _amount(item: Part, key: str) -> float:
    """Seen as a number and as a string of digits."""
    value = item.data.get(key)
    if isinstance(value, str) and value.replace(".", "", 1).isdigit() and value.isascii():
        return float(value)
    return item.number(key)


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
        "button": _button,
        "interactive": _interactive,
        "reaction": _reaction,
        "order": _order,
        "edit": _edit,
        "revoke": _revoke,
    }
)
