"""What a customer's message, edit, tap or reaction says. The same for Messenger and Instagram, whose kinds overlap.

Source: Meta for Developers, "Messenger Platform: Webhooks" (messages, message_edits, messaging_postbacks,
message_reactions) and "Instagram Messaging: Webhooks".
"""

from collections.abc import Sequence
from posixpath import basename
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote, urlsplit

from connectors.kit.content import Content, Kinds, present
from connectors.meta import known_identifier
from connectors.reading import Part
from normalizer.inbound import Button, FieldValue, InboundAttachment, Kind, Location, Page, Reaction

_PLAIN: Final = frozenset({"image", "video", "audio", "file", "location", "like_heart"})
"""Attachments about which the envelope says everything; the others' types are kept as a field."""


def message(part: Part) -> Content:
    """A message, by what there is of it. Raises `Misshapen`."""
    mid = part.ident("mid")
    if part.flag("is_deleted"):
        return Content(kind="delete", about=mid)
    attachments = part.objects("attachments")
    pieces = [_ATTACHMENTS.get(one.hint("type") or "", _file)(one) for one in attachments]
    text = part.optional_text("text") or next((piece.text for piece in pieces if piece.text), None)
    files = tuple(file for piece in pieces for file in piece.attachments)
    location = next((piece.location for piece in pieces if piece.location), None)
    tapped = part.hints("quick_reply").optional_text("payload")
    page, came_by = referral(part.hints("referral"))
    return Content(
        kind=_kind(tapped=tapped, files=files, location=location, text=text),
        text=text,
        attachments=files,
        location=location,
        button=None if tapped is None else Button(id=tapped, title=text),
        fields=_circumstances(part, attachments) | {k: v for piece in pieces for k, v in piece.fields.items()} | came_by,
        page=page,
    )


def _kind(*, tapped: str | None, files: Sequence[InboundAttachment], location: Location | None, text: str | None) -> Kind:
    """The first that there is. A message without any of it holds something that the API does not give."""
    found: tuple[tuple[Kind, bool], ...] = (
        ("postback", tapped is not None),
        ("media", bool(files)),
        ("location", location is not None),
        ("text", text is not None),
    )
    return next((kind for kind, there in found if there), "unsupported")


def _circumstances(part: Part, attachments: list[Part]) -> dict[str, FieldValue]:
    story = part.hints("reply_to").hints("story")
    types = [word for one in attachments if (word := one.hint("type")) and word not in _PLAIN]
    return present(meta_attachments=list(types), meta_story=known_identifier(story, "id"), meta_story_url=story.hint("url"))


def answered(part: Part) -> str | None:
    """The message that this one answers. An answer to a story names none."""
    return part.hints("reply_to").optional_ident("mid")


def edit(part: Part) -> Content:
    return Content(kind="edit", about=part.ident("mid"), text=part.optional_text("text"))


def postback(part: Part) -> Content:
    """A tap on a button, an ice breaker or "Get started"."""
    title = part.optional_text("title")
    page, fields = referral(part.hints("referral"))
    button = Button(id=part.optional_text("payload"), title=title)
    return Content(kind="postback", text=title, button=button, page=page, fields=fields)


def reaction(part: Part) -> Content:
    """Messenger gives a word and the emoji, and neither when it was taken back."""
    emoji = None if part.hint("action") == "unreact" else part.optional_text("emoji") or part.optional_text("reaction")
    return Content(kind="reaction", refers_to=part.ident("mid"), reaction=Reaction(emoji=emoji))


def referral(part: Part) -> tuple[Page | None, dict[str, FieldValue]]:
    """What the customer came by: a link, an advertisement, a page of the shop, a product."""
    page = Page(url=part.hint("referer_uri"), title=part.hints("ads_context_data").hint("ad_title"))
    fields = present(
        referral_ref=part.hint("ref"),
        referral_source=part.hint("source"),
        referral_type=part.hint("type"),
        referral_ad=known_identifier(part, "ad_id"),
        referral_product=known_identifier(part.hints("product"), "id"),
    )
    return (None if page == Page() else page), fields


def _file(attachment: Part) -> Content:
    """A file by its address, which is good for some days. A type of tomorrow is taken the same way where it has one."""
    payload = attachment.hints("payload")
    url = payload.hint("url")
    if url is None:
        return Content(kind="unsupported")
    named = attachment.hint("type") == "file"
    file = InboundAttachment(reference=url, caption=payload.hint("title"), filename=_name(url) if named else None)
    return Content(kind="media", attachments=(file,), fields=present(meta_sticker=known_identifier(payload, "sticker_id")))


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
    """A shared link is no file. It is the text where nothing else was written."""
    url = attachment.hint("url") or attachment.hints("payload").hint("url")
    return Content(kind="text", text=url or attachment.hint("title"))


def _template(attachment: Part) -> Content:
    """Products of the shop, most often: what was asked about them is the message's text."""
    products = attachment.hints("payload").hints("product").objects("elements")
    ids = [found for one in products if (found := known_identifier(one, "id"))]
    return Content(kind="unsupported", fields=present(meta_products=list(ids)))


def _heart(_: Part) -> Content:
    return Content(kind="text", text="❤️")


_ATTACHMENTS: Final[Kinds] = MappingProxyType(
    {"location": _location, "fallback": _link, "template": _template, "like_heart": _heart}
)
"""Every other type is a file where it has an address: image, video, audio, file, reel, share, story_mention …"""
