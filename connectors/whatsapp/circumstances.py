"""What WhatsApp tells besides a message: forwarding, group, product, advertisement, public name.

Source: Meta for Developers, "WhatsApp Cloud API: Webhooks, messages" (context, referral, contacts).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from connectors.kit.content import present
from connectors.reading import Part
from normalizer.inbound import FieldValue, Page

_REFERRAL: Final[Mapping[str, str]] = MappingProxyType(
    {
        "source_type": "type",
        "source_id": "id",
        "body": "body",
        "ctwa_clid": "click_id",
        "media_type": "media",
        "image_url": "image",
        "video_url": "video",
        "thumbnail_url": "thumbnail",
    }
)
"""What an advertisement or post says of itself, by the end of our name for it."""


def circumstances(message: Part) -> dict[str, FieldValue]:
    """Forwarding, group and the product a message was written about."""
    about = message.hints("context")
    product = about.hints("referred_product")
    return present(
        whatsapp_forwarded=about.flag("forwarded") or about.flag("frequently_forwarded") or None,
        whatsapp_frequently_forwarded=about.flag("frequently_forwarded") or None,
        whatsapp_group=message.optional_ident("group_id"),
        whatsapp_catalog=product.hint("catalog_id"),
        whatsapp_product=product.hint("product_retailer_id"),
    )


def username(contact: Part) -> dict[str, FieldValue]:
    """The public name of a user who took one; it is no address, and changes hands."""
    return present(whatsapp_username=contact.hints("profile").hint("username"))


def referral(came: Part) -> tuple[Page | None, dict[str, FieldValue]]:
    """The advertisement or post a customer came from: its page, and what identifies it."""
    page = Page(url=came.hint("source_url"), title=came.hint("headline"))
    fields = present(**{f"referral_{ours}": came.hint(theirs) for theirs, ours in _REFERRAL.items()})
    return (None if page == Page() else page), fields | present(referral_welcome=came.hints("welcome_message").hint("text"))
