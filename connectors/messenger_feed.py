"""What a change on a page is: a comment, a visitor's post, a review or a mention, its edit or removal, or an event.

Source: Meta for Developers, "Webhooks for Pages" and "Webhooks reference: Page" (feed, ratings, mention).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from connectors.base import ChannelEvent
from connectors.kit.content import Content, present
from connectors.kit.elements import Found
from connectors.messenger_words import VERBS, Author, author
from connectors.meta import identifier, known_identifier
from connectors.meta_messaging.product import Context
from connectors.reading import Part, moment
from normalizer.inbound import Reply, Sender, Thread

AUTHOR: Final = "facebook_user"
"""An id of the page's, but not the one that Messenger knows the same person by."""
COMMENT: Final = "facebook_comment"
POST: Final = "facebook_post"
REVIEW: Final = "facebook_review"
MENTION: Final = "facebook_mention"
"""Reviews, and what stands on other people's pages, are answered in public only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """A sort of contact. `kind`: of the handle it is answered by; `keys`: where its id may stand; `below`: whether it stands
    below something; `named`: whether it is one only where somebody else is named as its author."""

    kind: str
    keys: tuple[str, ...]
    below: bool = False
    named: bool = False


_COMMENT: Final = Sort(kind=COMMENT, keys=("comment_id",), below=True)
# A post that names no author is the page's own as a rule.
_POST: Final = Sort(kind=POST, keys=("post_id", "share_id"), named=True)
_REVIEW: Final = Sort(kind=REVIEW, keys=("open_graph_story_id", "post_id", "review_id"))
_BELOW_REVIEW: Final = Sort(kind=REVIEW, keys=("comment_id",), below=True)
_MENTION: Final = Sort(kind=MENTION, keys=("post_id", "share_id"))
_MENTION_BELOW: Final = Sort(kind=MENTION, keys=("comment_id",), below=True)
_POSTS: Final = ("post", "status", "photo", "video")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of changes: its items, the item that one without a word for it is, and what any other item with words is."""

    items: Mapping[str, Sort]
    usual: str | None = None
    spoken: Sort | None = None


FIELDS: Final[Mapping[str, Field]] = MappingProxyType(
    {
        "feed": Field(items=MappingProxyType({"comment": _COMMENT} | dict.fromkeys(_POSTS, _POST)), spoken=_POST),
        "ratings": Field(
            items=MappingProxyType({"comment": _BELOW_REVIEW, "rating": _REVIEW, "review": _REVIEW}), usual="rating"
        ),
        "mention": Field(
            items=MappingProxyType({"comment": _MENTION_BELOW} | dict.fromkeys((*_POSTS, "mention"), _MENTION)),
            usual="post",
            spoken=_MENTION,
        ),
    }
)
_STATES: Final[Mapping[str, str]] = MappingProxyType({"comment": "echo", "delete": "deleted"})
"""What a content says of a comment of our own; other ones by their verb."""


def read(field: str, value: Part, context: Context, *, posts: bool) -> Found:
    """A change of one of `FIELDS`. `posts`: whether visitors' posts are contacts. Raises `Misshapen`."""
    known = FIELDS[field]
    item = (value.optional_ident("item") or known.usual) if known.usual else value.ident("item")
    verb = (value.optional_ident("verb") or "add") if known.usual else value.ident("verb")
    sort, reader, by = _sort(known, item or "", value), VERBS.get(verb), author(value)
    ours = by.id == context.account
    if reader is None or sort is None or not _counts(sort, by, ours=ours, posts=posts):
        return _event(f"{field}.{item}.{verb}", value, context)
    about = _id(value, sort)
    content, repeat = reader(value, about)
    if ours:
        return _own(content, repeat, verb, value, context)
    return _contact(content, repeat, Subject(sort=sort, id=about, author=by, field=field), value, context)


def _counts(sort: Sort, by: Author, *, ours: bool, posts: bool) -> bool:
    """Whether it is a contact, or an answer of ours: not what the page itself posts."""
    if ours:
        return sort.below
    return not (sort.named and by.id is None) and (posts or sort.kind != POST)


def _sort(field: Field, item: str, value: Part) -> Sort | None:
    """An item that is not in the table says something where it has words: a share, an event, one of tomorrow."""
    return field.items.get(item) or (field.spoken if value.hint("message") else None)


def _id(value: Part, sort: Sort) -> str:
    """Raises `Misshapen` where it has none."""
    return next((known for key in sort.keys if (known := known_identifier(value, key))), None) or identifier(
        value, sort.keys[0]
    )


def _event(word: str, value: Part, context: Context) -> ChannelEvent:
    return context.event(word, value.data, moment(value.data.get("created_time")), place=context.comments_place)


def _own(content: Content, repeat: str, verb: str, value: Part, context: Context) -> Found:
    """The page's own comment: it tells that somebody answered, and is no contact."""
    word = _STATES.get(content.kind, verb)
    return context.comments_place.status(
        word,
        key=f"{context.account}:{repeat}:{word}",
        external_id=content.about or repeat,
        raw=context.raw,
        at=moment(value.data.get("created_time")),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a contact is about, who wrote it, and by which field it came."""

    sort: Sort
    id: str
    author: Author
    field: str


def _contact(content: Content, repeat: str, subject: Subject, value: Part, context: Context) -> Found:
    at, place, sort = moment(value.data.get("created_time")), context.comments_place, subject.sort
    parent = known_identifier(value, "parent_id")
    post = known_identifier(value, "post_id") or known_identifier(value, "open_graph_story_id")
    handle = place.handle(sort.kind, subject.id, context.account)
    # Without a permission of its own the app is not told who wrote; then the comment itself stands for its author.
    by = place.handle(AUTHOR, subject.author.id, context.account) if subject.author.id else handle
    return place.contact(
        content,
        # One post may mention several pages of ours, and is told to each.
        key=f"{context.account}:{repeat}",
        external_id=repeat,
        sender=Sender(handle=by, name=subject.author.name),
        raw=context.raw,
        sent_at=at,
        fields=present(meta_post=post, meta_mention=True if subject.field == "mention" else None),
        thread=Thread(in_reply_to=parent if sort.below and parent != post else None),
        reply=Reply(allowed=()) if content.kind == "delete" else context.comment_reply(handle, at),
    )
