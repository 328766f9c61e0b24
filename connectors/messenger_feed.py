"""What a change of a page's feed is: a comment or a visitor's post, its edit or removal, or an event.

Source: Meta for Developers, "Webhooks for Pages" and "Webhooks reference: Page, feed".
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from connectors.base import ChannelEvent
from connectors.kit.content import Content, present
from connectors.kit.elements import Found
from connectors.kit.place import fingerprint
from connectors.meta import identifier, known_identifier
from connectors.meta_messaging.product import Context
from connectors.reading import Part, moment
from normalizer.inbound import Handle, InboundAttachment, Page, Reply, Sender, Thread

AUTHOR: Final = "facebook_user"
"""An id of the page's, but not the one that Messenger knows the same person by."""
COMMENT: Final = "facebook_comment"
POST: Final = "facebook_post"
_COMMENTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({"comment": (COMMENT, "comment_id")})
_POSTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    dict.fromkeys(("post", "status", "photo", "video"), (POST, "post_id"))
)
"""What can be a contact, by its `item`: the kind of its handle, and where its id stands."""
_STATES: Final[Mapping[str, str]] = MappingProxyType({"comment": "echo", "delete": "deleted"})
"""What a content says of a comment of our own; other ones by their verb."""


def read(value: Part, context: Context, *, posts: bool) -> Found:
    """A change of the field `feed`. `posts`: whether visitors' posts are contacts. Raises `Misshapen`."""
    item, verb = value.ident("item"), value.ident("verb")
    kind, key = {**_COMMENTS, **(_POSTS if posts else {})}.get(item, ("", ""))
    reader = _VERBS.get(verb)
    author = known_identifier(value.hints("from"), "id")
    ours = author == context.account
    if reader is None or not kind or (kind == POST and (ours or author is None)):
        # A post that names no author is the page's own as a rule.
        return _event(item, verb, value, context)
    subject = context.place.handle(kind, identifier(value, key), context.account)
    content, repeat = reader(value, identifier(value, key))
    return _own(content, repeat, verb, value, context) if ours else _contact(content, repeat, subject, value, context)


def _event(item: str, verb: str, value: Part, context: Context) -> ChannelEvent:
    at = moment(value.data.get("created_time"))
    return context.event(f"feed.{item}.{verb}", value.data, at, place=context.comments_place)


def _own(content: Content, repeat: str, verb: str, value: Part, context: Context) -> Found:
    """The page's own comment: it tells that somebody answered, and is no contact."""
    word = _STATES.get(content.kind, verb)
    return context.comments_place.status(
        word,
        key=f"{repeat}:{word}",
        external_id=content.about or repeat,
        raw=context.raw,
        at=moment(value.data.get("created_time")),
    )


def _contact(content: Content, repeat: str, subject: Handle, value: Part, context: Context) -> Found:
    at, place = moment(value.data.get("created_time")), context.comments_place
    post, parent = known_identifier(value, "post_id"), known_identifier(value, "parent_id")
    gone = content.kind == "delete"
    return place.contact(
        content,
        key=repeat,
        sender=_sender(value.hints("from"), subject, context),
        raw=context.raw,
        sent_at=at,
        fields=present(meta_post=post),
        thread=Thread(in_reply_to=parent if subject.kind == COMMENT and parent != post else None),
        reply=Reply(allowed=()) if gone else context.comment_reply(subject, at),
    )


def _sender(author: Part, subject: Handle, context: Context) -> Sender:
    """Without a permission of its own the app is not told who wrote; then the comment itself stands for its author."""
    known = known_identifier(author, "id")
    handle = subject if known is None else context.comments_place.handle(AUTHOR, known, context.account)
    return Sender(handle=handle, name=author.hint("name"))


def _added(value: Part, about: str) -> tuple[Content, str]:
    url = value.hint("permalink_url") or value.hints("post").hint("permalink_url")
    content = Content(
        kind="comment",
        text=value.optional_text("message"),
        attachments=tuple(InboundAttachment(reference=address) for address in _files(value)),
        page=None if url is None else Page(url=url),
    )
    return content, about


def _edited(value: Part, about: str) -> tuple[Content, str]:
    content = msgspec.structs.replace(_added(value, about)[0], kind="edit", about=about)
    files = [file.reference for file in content.attachments]
    return content, f"{about}:edited:{fingerprint(content.text, files, value.data.get('created_time'))}"


def _removed(_: Part, about: str) -> tuple[Content, str]:
    return Content(kind="delete", about=about), f"{about}:removed"


def _files(value: Part) -> Iterable[str]:
    several = value.data.get("photos")
    given = [value.hint("photo"), value.hint("video"), *(several if isinstance(several, list) else [])]
    return dict.fromkeys(one for one in given if isinstance(one, str) and one)


_VERBS: Final[Mapping[str, Callable[[Part, str], tuple[Content, str]]]] = MappingProxyType(
    {"add": _added, "edit": _edited, "edited": _edited, "remove": _removed, "delete": _removed}
)
"""Content and key. Every other verb is an event: hide, unhide, mute, block …"""
