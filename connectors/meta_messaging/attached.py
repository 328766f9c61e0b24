"""What hangs on a customer's message: files, places, shared links, products, appointments.

Source: Meta for Developers, "Messenger Platform: Webhooks" (messages, `attachments`) and "Instagram Messaging: Webhooks".
"""

from collections.abc import Mapping, Sequence
from posixpath import basename
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote, urlsplit

from connectors.kit.content import Content, Kinds, present
from connectors.meta import known_identifier
from connectors.meta_messaging.fields import gathered, scalars
from connectors.reading import Part
from normalizer.inbound import FieldValue, InboundAttachment, Location

_PLAIN: Final = frozenset({"image", "video", "audio", "file", "location", "like_heart"})
"""Attachments about which the envelope says everything; the others' types are kept as a field."""
_TAKEN: Final = frozenset({"url", "title", "sticker_id"})
"""Of a payload: what has a place of its own already."""
_PRODUCT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "id": "meta_products",
        "retailer_id": "meta_product_skus",
        "title": "meta_product_titles",
        "subtitle": "meta_product_subtitles",
        "image_url": "meta_product_images",
    }
)
_ELEMENT: Final[Mapping[str, str]] = MappingProxyType(
    {"title": "meta_titles", "subtitle": "meta_subtitles", "url": "meta_urls", "image_url": "meta_images"}
)
"""What a product, and any other element of a template, says of itself, and the field that lists it."""


def attached(attachments: list[Part]) -> list[Content]:
    """What each says. Raises `Misshapen`."""
    return [_ATTACHMENTS.get(one.hint("type") or "", _file)(one) for one in attachments]


def fields(attachments: list[Part], pieces: Sequence[Content]) -> dict[str, FieldValue]:
    """Of all of them together."""
    types = [word for one in attachments if (word := one.hint("type")) and word not in _PLAIN]
    return present(meta_attachments=list(types)) | gathered(pair for piece in pieces for pair in piece.fields.items())


def _file(attachment: Part) -> Content:
    """A file by its address, which is good for some days. A type of tomorrow is taken the same way where it has one."""
    payload, word = attachment.hints("payload"), attachment.hint("type")
    told = gathered([] if word in _PLAIN else scalars(payload.data, _TAKEN)) | present(
        meta_sticker=known_identifier(payload, "sticker_id")
    )
    url = payload.hint("url")
    if url is None:
        return Content(kind="unsupported", fields=present(meta_title=payload.hint("title")) | told)
    named = _name(url) if word == "file" else None
    file = InboundAttachment(reference=url, caption=payload.hint("title"), filename=named)
    return Content(kind="media", attachments=(file,), fields=told)


def _name(url: str) -> str | None:
    """The end of a file's address is the name it was sent with."""
    try:
        return unquote(basename(urlsplit(url).path)) or None
    except ValueError:
        return None


def _location(attachment: Part) -> Content:
    payload = attachment.hints("payload")
    if payload.data.get("coordinates") is None:
        return Content(kind="unsupported")
    spot = payload.part("coordinates")
    location = Location(
        latitude=spot.number("lat"),
        longitude=spot.number("long"),
        name=attachment.hint("title"),
        url=attachment.hint("url"),
    )
    return Content(kind="location", location=location)


def _link(attachment: Part) -> Content:
    """A shared link is no file. It is the text where nothing else was written, and kept beside what was."""
    payload = attachment.hints("payload")
    url = attachment.hint("url") or payload.hint("url")
    title = attachment.hint("title") or payload.hint("title")
    return Content(kind="text", text=url or title, fields=present(meta_link=url, meta_link_title=title))


def _template(attachment: Part) -> Content:
    """Products of the shop, most often: what was asked about them is the message's text."""
    payload = attachment.hints("payload")
    listed = [*_listed(payload.hints("product").objects("elements"), _PRODUCT), *_listed(payload.objects("elements"), _ELEMENT)]
    return Content(kind="unsupported", fields=gathered([*scalars(payload.data), *listed]))


def _listed(elements: list[Part], names: Mapping[str, str]) -> list[tuple[str, FieldValue]]:
    """A list for each key, so that what belongs together stands at the same place of each where all elements have it."""
    return [(ours, [known_identifier(one, theirs) or one.hint(theirs) for one in elements]) for theirs, ours in names.items()]


def _appointment(attachment: Part) -> Content:
    """What was booked, asked for or called off; its times are seconds."""
    return Content(kind="form", fields=gathered(scalars(attachment.hints("payload").data)))


def _heart(_: Part) -> Content:
    return Content(kind="text", text="❤️")


_ATTACHMENTS: Final[Kinds] = MappingProxyType(
    {
        "location": _location,
        "fallback": _link,
        "template": _template,
        "appointment_booking": _appointment,
        "like_heart": _heart,
    }
)
"""Every other type is a file where it has an address: image, video, audio, file, reel, share, story_mention …"""
