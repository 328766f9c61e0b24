"""What each sort of event of X is: a contact, something about a message of ours, or an event.

Source: X developers, "Account Activity API: Data objects", "X Activity API: Event types, Event payloads".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from connectors.kit.content import Content, present, unsupported
from connectors.kit.elements import Found
from connectors.kit.place import Place, fingerprint
from connectors.reading import Part, moment
from connectors.x import kinds
from connectors.x.layout import MESSAGES
from normalizer.inbound import Handle, Reply, Sender, Thread

USER: Final = "x_user"
POST: Final = "x_post"
_BY_MESSAGE: Final = Reply(allowed=("text",))
_CREATED: Final = "MessageCreate"
_TWO: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One event: `event` as it came, `account` whose it is. A post may mention several accounts of ours, so their keys
    hold the account."""

    event: Part
    word: str
    account: str
    users: Part
    posts: Part
    media: Part
    uuid: str | None
    place: Place
    raw: bytes

    def key(self, *parts: str) -> str:
        return ":".join((self.account, *parts))

    def person(self, user_id: str) -> Handle:
        return self.place.handle(USER, user_id, self.account)

    def user(self, user_id: str) -> Part:
        """Who it is; the newer product has the user one level deeper."""
        user = self.users.hints(user_id)
        return user.hints("data") if isinstance(user.data.get("data"), dict) else user


def read(seen: Seen) -> Found:
    """Raises `Misshapen`."""
    return _READERS.get(seen.word, _other)(seen)


def _message(seen: Seen) -> Found:
    """A direct message as the older product has it."""
    event = seen.event
    word, key = event.ident("type"), event.ident("id")
    if word != "message_create":
        return seen.place.event(word, key=seen.key(key), raw=seen.raw, at=kinds.written_at(event))
    created = event.part("message_create")
    sender = created.ident("sender_id")
    if sender == seen.account:
        return _echo(seen, key, created.hints("target").optional_ident("recipient_id"))
    return _written(seen, key, sender, kinds.message(created.part("message_data")))


def _message_v2(seen: Seen) -> Found:
    """The same in an envelope of the newer product, or as an object of v2 by itself."""
    event = seen.event
    if "message_create" in event.data:
        return _message(seen)
    word, key = event.hint("event_type") or _CREATED, event.ident("id")
    if word != _CREATED:
        return seen.place.event(word, key=seen.key(key), raw=seen.raw, at=kinds.written_at(event))
    sender = event.ident("sender_id")
    if sender == seen.account:
        return _echo(seen, key, _other_one(event.hint("dm_conversation_id") or "", sender))
    return _written(seen, key, sender, kinds.message_v2(event, seen.media))


def _other_one(conversation: str, sender: str) -> str | None:
    """A conversation of two is named by both of them; one of several has a number."""
    both = conversation.split("-")
    return next((one for one in both if one != sender), None) if sender in both and len(both) == _TWO else None


def _echo(seen: Seen, key: str, to: str | None = None) -> Found:
    at = kinds.written_at(seen.event)
    return seen.place.status("echo", key=seen.key(key), external_id=key, raw=seen.raw, at=at, recipient=to)


def _written(seen: Seen, key: str, sender: str, content: Content) -> Found:
    user = seen.user(sender)
    return seen.place.contact(
        content,
        key=seen.key(key),
        external_id=key,
        sender=Sender(handle=seen.person(sender), name=user.hint("name")),
        raw=seen.raw,
        sent_at=kinds.written_at(seen.event),
        fields=present(x_username=user.hint("screen_name") or user.hint("username")),
        reply=_BY_MESSAGE,
    )


def _post(seen: Seen) -> Found:
    """A post of v1.1: ours, a repeat without words of its own, or what somebody says to us."""
    event = seen.event
    user, answered = event.part("user"), event.optional_ident("in_reply_to_status_id_str")
    return _said(seen, event.ident("id_str"), user.ident("id_str"), user, answered, repeat="retweeted_status" in event.data)


def _post_v2(seen: Seen) -> Found:
    if "author_id" not in seen.event.data and "user" in seen.event.data:  # of v1.1, in an envelope of the newer product
        return _post(seen)
    event, author = seen.event, seen.event.ident("author_id")
    referred = {one.hint("type"): one for one in event.objects("referenced_tweets")}
    answered = referred["replied_to"].optional_ident("id") if "replied_to" in referred else None
    return _said(seen, event.ident("id"), author, seen.user(author), answered, repeat="retweeted" in referred)


def _said(seen: Seen, post_id: str, author: str, user: Part, answered: str | None, *, repeat: bool) -> Found:
    key, at = seen.key(post_id), kinds.written_at(seen.event)
    if author == seen.account:
        return _echo(seen, post_id)
    if repeat:
        return seen.place.event("repost", key=key, raw=seen.raw, at=at)
    return seen.place.contact(
        kinds.post(seen.event, seen.media),
        key=key,
        external_id=post_id,
        sender=Sender(handle=seen.person(author), name=user.hint("name")),
        raw=seen.raw,
        sent_at=at,
        thread=Thread(in_reply_to=answered),
        fields=present(x_username=user.hint("screen_name") or user.hint("username")) | kinds.quoted(seen.event, seen.posts),
        # Answered below the post: X lets nobody write to a stranger who only mentioned us.
        reply=Reply(allowed=("text",), via=seen.place.handle(POST, post_id, seen.account)),
    )


def _deleted(seen: Seen) -> Found:
    """The newer product has the post's id and its author's without a status around them."""
    event, at = seen.event, kinds.written_at(seen.event)
    flat = "status" not in event.data and "author_id" in event.data
    status, name = (event, "author_id") if flat else (event.part("status"), "user_id")
    post_id, author = status.ident("id"), status.ident(name)
    key = seen.key("deleted", post_id)
    if author == seen.account:
        return seen.place.status("deleted", key=key, external_id=post_id, raw=seen.raw, at=at)
    content = Content(kind="delete", about=post_id)
    return seen.place.contact(content, key=key, sender=Sender(handle=seen.person(author)), raw=seen.raw, sent_at=at)


def _read_mark(seen: Seen) -> Found:
    """The user has read up to a message of ours; a mark of our own is an event."""
    event = seen.event
    reader, last, at = event.ident("sender_id"), event.ident("last_read_event_id"), kinds.written_at(event)
    key = seen.key("read", reader, last)
    if reader == seen.account:
        return seen.place.event("read_by_us", key=key, raw=seen.raw, at=at)
    return seen.place.status("read", key=key, external_id=last, raw=seen.raw, at=at, recipient=reader)


def _chat(seen: Seen) -> Found:
    """Encrypted: that somebody wrote is known, and nothing more without the chat's keys."""
    event, at = seen.event, moment(seen.event.data.get("created_at_msec"))
    chat_id, sender = event.ident("id"), event.optional_ident("sender_id")
    if sender is None:
        return seen.place.event(seen.word, key=seen.key(chat_id), raw=seen.raw, at=at)
    if sender == seen.account:
        return seen.place.status("echo", key=seen.key(chat_id), external_id=chat_id, raw=seen.raw, at=at)
    user = seen.user(sender)
    return seen.place.contact(
        unsupported("x", "chat"),
        key=seen.key(chat_id),
        external_id=chat_id,
        sender=Sender(handle=seen.person(sender), name=user.hint("name")),
        raw=seen.raw,
        sent_at=at,
        reply=_BY_MESSAGE,
    )


def _other(seen: Seen) -> Found:
    """Follows, likes, blocks, typing, profiles, a permission withdrawn, and what nobody knows yet."""
    event = seen.event
    word = event.optional_ident("type") if seen.word.endswith("_events") else None
    key = seen.uuid or fingerprint(seen.word, event.data)
    at = moment(event.data.get("created_timestamp") or event.data.get("timestamp_ms"))
    return seen.place.event(word or seen.word, key=seen.key(key), raw=seen.raw, at=at)


_READERS: Final[Mapping[str, Callable[[Seen], Found]]] = MappingProxyType(
    {
        MESSAGES: _message,
        "tweet_create_events": _post,
        "tweet_delete_events": _deleted,
        "direct_message_mark_read_events": _read_mark,
        "dm.received": _message_v2,
        "dm.sent": _message_v2,
        "dm.read": _read_mark,
        "post.create": _post_v2,
        "post.mention.create": _post_v2,
        "post.quote.create": _post_v2,
        "post.reply.create": _post_v2,
        "post.delete": _deleted,
        "chat.received": _chat,
        "chat.sent": _chat,
    }
)
"""Lists of the Account Activity API, and event types of the X Activity API."""
