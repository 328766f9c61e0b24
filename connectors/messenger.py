"""Facebook pages: Messenger, comments, visitors' posts, reviews and mentions in; messages and answers to comments out.

Meta has one address per kind of object, so whatever happens on a page comes to one connector.
Source: Meta for Developers, "Messenger Platform", "Webhooks for Pages".
"""

from types import MappingProxyType
from typing import ClassVar, Final, Literal

from pydantic import Field

from connectors import messenger_feed
from connectors.abilities import MEGABYTE, Abilities, Limits
from connectors.base import Channel
from connectors.kit.elements import Found
from connectors.meta_messaging import MetaMessaging
from connectors.meta_messaging.product import Context, Product
from connectors.meta_messaging.settings import DAY, MetaSettings
from connectors.reading import Part

LIMITS: Final = Limits(
    text=2000,
    buttons=13,
    button_title=20,
    files=dict.fromkeys(("image", "video", "audio", "file"), 25 * MEGABYTE),
    rate=(300, 1.0),
)
PRODUCT: Final = Product(
    object="page",
    channel="messenger",
    comments="facebook_comments",
    # A `user_ref` is made up by a page of the shop, for a person whom Meta does not name yet.
    people=MappingProxyType({"id": "messenger_user", "user_ref": "messenger_ref"}),
    subjects=MappingProxyType(
        {
            messenger_feed.COMMENT: "comment_id",
            messenger_feed.AUTHOR: "comment_id",
            messenger_feed.POST: "post_id",
            messenger_feed.REVIEW: None,
            messenger_feed.MENTION: None,
        }
    ),
    answers_at="comments",
    limits=LIMITS,
    comment_limits=Limits(text=8000),
    me=False,
    typed=True,
)


class MessengerSettings(MetaSettings):
    """Pages of one Meta app; `accounts` maps a page's id to its brand."""

    type: Literal["messenger"]
    visitor_posts: bool = Field(default=True, description="Whether what others write on the page itself is a contact.")


class Messenger(MetaMessaging[MessengerSettings]):
    """One Meta app with its pages."""

    product: ClassVar = PRODUCT

    def change(self, word: str, change: Part, context: Context) -> Found:
        if word in messenger_feed.FIELDS:
            return messenger_feed.read(word, change.part("value"), context, posts=self.settings.visitor_posts)
        return context.event(word, change.data)


CHANNEL = Channel(
    name="messenger",
    settings=MessengerSettings,
    connector=Messenger,
    abilities=Abilities(
        kinds=frozenset(
            {"text", "media", "location", "reaction", "postback", "form", "comment", "edit", "delete", "unsupported"}
        ),
        proof=frozenset({"verified"}),
        states=frozenset({"delivered", "read", "deleted", "echo"}),
        media=True,
        window=DAY,
        send=LIMITS,
    ),
)
