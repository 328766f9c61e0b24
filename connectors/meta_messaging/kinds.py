"""What a customer's message, edit, tap or reaction says. The same for Messenger and Instagram, whose kinds overlap.

Source: Meta for Developers, "Messenger Platform: Webhooks" (messages, message_edits, messaging_postbacks,
message_reactions) and "Instagram Messaging: Webhooks".
"""

from connectors.kit.content import Content, present
from connectors.meta import known_identifier
from connectors.meta_messaging import attached
from connectors.reading import Part
from normalizer.inbound import Button, FieldValue, Kind, Page, Reaction


def message(part: Part) -> Content:
    """A message, by what there is of it. Raises `Misshapen`."""
    mid = part.ident("mid")
    if part.flag("is_deleted"):
        return Content(kind="delete", about=mid)
    attachments = part.objects("attachments")
    pieces = attached.attached(attachments)
    text = part.optional_text("text") or next((piece.text for piece in pieces if piece.text), None)
    files = tuple(file for piece in pieces for file in piece.attachments)
    location = next((piece.location for piece in pieces if piece.location), None)
    tapped = part.hints("quick_reply").optional_text("payload")
    page, came_by = referral(part.hints("referral"))
    found: dict[Kind, bool] = {
        "postback": tapped is not None,
        "form": any(piece.kind == "form" for piece in pieces),
        "media": bool(files),
        "location": location is not None,
        "text": text is not None,
    }
    return Content(
        # A message without any of it holds something that the API does not give.
        kind=next((kind for kind, there in found.items() if there), "unsupported"),
        text=text,
        attachments=files,
        location=location,
        button=None if tapped is None else Button(id=tapped, title=text),
        fields=attached.fields(attachments, pieces) | _story(part) | came_by,
        page=page,
    )


def _story(part: Part) -> dict[str, FieldValue]:
    """The story of ours that is answered."""
    story = part.hints("reply_to").hints("story")
    return present(meta_story=known_identifier(story, "id"), meta_story_url=story.hint("url"))


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
