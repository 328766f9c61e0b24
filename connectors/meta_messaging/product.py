"""What tells Messenger and Instagram apart, as values; and what reading one element needs besides it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.abilities import Limits
from connectors.base import ChannelEvent
from connectors.kit.outbound import open_until
from connectors.kit.place import Place, fingerprint
from connectors.meta_messaging.settings import WEEK, MetaSettings
from connectors.reading import Part
from normalizer.inbound import Handle, Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """`object`: Meta's word for it in webhooks. `channel` and `comments`: ours. `people`: at which key a sender, and the
    recipient of an answer, has his id, to the kind of his handle; `subjects`: kinds of what is answered in public, each to its
    key in the recipient of a private reply, None where there are no private ones.
    `me`: messages are sent from `/me`, not from the account's id; `typed`: they must say their `messaging_type`."""

    object: str
    channel: str
    comments: str
    people: Mapping[str, str]
    subjects: Mapping[str, str | None]
    answers_at: str
    """The edge of a comment that takes an answer."""
    limits: Limits
    comment_limits: Limits
    me: bool
    typed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What reading an element needs besides itself. `account` is Meta's id of it; `told_at` the time of the entry it stood in,
    which is when it happened where an element has no time of its own."""

    product: Product
    settings: MetaSettings
    account: str
    raw: bytes
    received_at: datetime
    told_at: datetime | None = None

    @property
    def place(self) -> Place:
        """Raises `UnknownAccount`."""
        return self.settings.place(self.account, self.product.channel)

    @property
    def comments_place(self) -> Place:
        """Raises `UnknownAccount`."""
        return self.settings.comments_place(self.account, self.product.comments)

    def reply(self, at: datetime | None) -> Reply:
        """How a message may be answered."""
        files = ("document" if kind == "file" else kind for kind in self.product.limits.files)
        return Reply(allowed=("text", *files), until=open_until(at, self.received_at, self.settings.window))

    def comment_reply(self, subject: Handle, at: datetime | None) -> Reply:
        """How a comment may be answered: at the comment, not at its author, to whom nobody may write first."""
        private = self.settings.comments == "private" and self.product.subjects[subject.kind] is not None
        return Reply(allowed=("text",), via=subject, until=(at or self.received_at) + WEEK if private else None)

    def event(self, word: str, value: Any, at: datetime | None = None, *, place: Place | None = None) -> ChannelEvent:
        """What is no contact and no status. Few have an id, so what one says makes it a repeat."""
        key = f"{word}:{fingerprint(self.account, value)}"
        return (place or self.place).event(word, key=key, raw=self.raw, at=at)


def word_of(part: Part, known: frozenset[str]) -> str:
    """What an element that no table knows is about: its first key that is not in every element. Raises `Misshapen`."""
    word = next((key for key in part.data if key not in known), "nothing")
    return Part({"word": word}, part.path).ident("word")
