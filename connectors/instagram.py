"""Instagram professional accounts: direct messages and comments in; messages and answers to comments out.

Source: Meta for Developers, "Instagram Messaging", "Instagram Platform: Webhooks" (comments, live_comments), "Private
Replies".
"""

from types import MappingProxyType
from typing import ClassVar, Final, Literal, Self

from pydantic import model_validator

from connectors.abilities import MEGABYTE, Abilities, Limits
from connectors.base import Channel
from connectors.kit.content import Content, present
from connectors.kit.elements import Found
from connectors.meta import identifier, known_identifier
from connectors.meta_messaging import MetaMessaging
from connectors.meta_messaging.product import Context, Product
from connectors.meta_messaging.settings import DAY, MetaSettings
from connectors.reading import Part
from normalizer.inbound import Reply, Sender, Thread

USER: Final = "instagram_user"
COMMENT: Final = "instagram_comment"
LIMITS: Final = Limits(
    text=1000,
    unit="bytes",
    buttons=13,
    button_title=20,
    files={"image": 8 * MEGABYTE, **dict.fromkeys(("video", "audio", "file"), 25 * MEGABYTE)},
    rate=(100, 1.0),
)
PRODUCT: Final = Product(
    object="instagram",
    channel="instagram",
    comments="instagram_comments",
    people=MappingProxyType({"id": USER}),
    subjects=MappingProxyType({COMMENT: "comment_id"}),
    answers_at="replies",
    limits=LIMITS,
    comment_limits=Limits(text=2000),
    # A page's token stands for the page, and its Instagram account for nothing in an address: `/me` is right for both logins.
    me=True,
    typed=False,
)
_LIVE: Final = "LIVE"


class InstagramSettings(MetaSettings):
    """Instagram accounts of one Meta app; `accounts` maps an account's id to its brand."""

    type: Literal["instagram"]

    @model_validator(mode="after")
    def _each_its_own(self) -> Self:
        """Messages are sent from `/me`, which is whoever the token is for."""
        sharing = [account for account in self.accounts.values() if account.access_token is None]
        if len(sharing) > 1 and self.access_token is not None:
            raise ValueError("a token belongs to one account: give all accounts but one an access_token of their own")
        return self


class Instagram(MetaMessaging[InstagramSettings]):
    """One Meta app with its Instagram accounts."""

    product: ClassVar = PRODUCT

    def change(self, word: str, change: Part, context: Context) -> Found:
        if word in ("comments", "live_comments"):
            return _comment(change.part("value"), context)
        return context.event(word, change.data)


def _comment(value: Part, context: Context) -> Found:
    """Meta tells neither when it was written nor of edits and removals."""
    about, author, place = identifier(value, "id"), value.hints("from"), context.comments_place
    known = known_identifier(author, "id")
    if known == context.account:
        return place.status("echo", key=f"{about}:echo", external_id=about, raw=context.raw)
    media, subject = value.hints("media"), place.handle(COMMENT, about, context.account)
    handle = subject if known is None else place.handle(USER, known, context.account)
    fields = present(
        meta_media=known_identifier(media, "id"),
        meta_media_type=media.hint("media_product_type"),
        meta_ad=known_identifier(media, "ad_id"),
    )
    # Below a live video nothing can be answered in public.
    mute = media.hint("media_product_type") == _LIVE and context.settings.comments == "public"
    return place.contact(
        Content(kind="comment", text=value.optional_text("text")),
        key=about,
        sender=Sender(handle=handle, name=author.hint("username")),
        raw=context.raw,
        thread=Thread(in_reply_to=known_identifier(value, "parent_id")),
        fields=fields,
        reply=Reply(allowed=()) if mute else context.comment_reply(subject, None),
    )


CHANNEL = Channel(
    name="instagram",
    settings=InstagramSettings,
    connector=Instagram,
    abilities=Abilities(
        kinds=frozenset({"text", "media", "reaction", "postback", "comment", "edit", "delete", "unsupported"}),
        proof=frozenset({"verified"}),
        states=frozenset({"read", "deleted", "echo"}),
        media=True,
        window=DAY,
        send=LIMITS,
    ),
)
