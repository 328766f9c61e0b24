"""Who wrote, where, and where an answer must go.

Source: Telegram Bot API, "User", "Chat", "Message" (`from`, `sender_chat`, `sender_business_bot`, `is_automatic_forward`,
`direct_messages_topic`, `guest_query_id`), "Contact".
"""

from dataclasses import dataclass
from typing import Final

from connectors.kit.place import Place
from connectors.reading import Part
from connectors.telegram.ids import is_ephemeral, number
from normalizer.inbound import Handle, Reply, Sender
from normalizer.values import Invalid, read_phone

USER: Final = "telegram_user"
CHAT: Final = "telegram_chat"
BUSINESS: Final = "telegram_business"
"""A chat of a business account that our bot answers for: `<bot>:<connection>:<chat>`."""
DIRECT: Final = "telegram_direct"
"""A person's topic in the direct messages of a channel: `<bot>:<chat>:<topic>`."""
_ALLOWED: Final = ("text", "image", "video", "audio", "document")
_HANDED_ON: Final = ("forward_origin", "forward_date", "forward_from", "via_bot", "sender_chat")
"""With one of them, a message came by way of somebody else. `forward_date` and `forward_from` are of servers before Bot API
7.0."""
_NO_COUNTRY: Final = "ZZ"
"""For `phonenumbers`: a number that must name its country itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is the same for all that one update says."""

    place: Place
    bot: str
    key: str
    raw: bytes


def is_ours(message: Part, bot: str) -> bool:
    """Whether the business said it: the bot, the owner of a business account, or a channel the bot belongs to, whose posts
    Telegram forwards by itself to the group that discusses them."""
    if message.data.get("sender_business_bot") is not None or message.flag("is_automatic_forward"):
        return True
    if message.hints("chat").hint("type") == "channel":
        return True
    sender, customer = message.hints("from").whole("id"), _customer(message)
    return sender is not None and (str(sender) == bot or customer not in (None, sender))


def _customer(message: Part) -> int | None:
    """Whose chat it is, where the bot sees the answers of people of the business too: a private chat of a business account,
    a topic in the direct messages of a channel."""
    chat = message.hints("chat")
    if message.data.get("business_connection_id") is not None and is_private(chat):
        return chat.whole("id")
    return message.hints("direct_messages_topic").hints("user").whole("id") if chat.flag("is_direct_messages") else None


def sender_of(message: Part, scene: Scene) -> Sender:
    """The person; for an anonymous administrator or a person who writes as a channel, that chat: `from` is a placeholder
    then. Raises `Misshapen`."""
    if message.data.get("sender_chat") is not None:
        return group(message.part("sender_chat"), scene)
    if message.data.get("from") is None:
        return group(message.part("chat"), scene)
    found = person(message.part("from"), scene)
    phone = shared_phone(message) if owns_contact(message) else None
    return Sender(handle=found.handle, name=found.name, aliases=(Handle("phone", phone, "verified"),)) if phone else found


def person(user: Part, scene: Scene) -> Sender:
    """Raises `Misshapen`."""
    return Sender(handle=scene.place.handle(USER, number(user, "id"), scene.bot), name=full_name(user))


def group(chat: Part, scene: Scene) -> Sender:
    """A chat as a sender: a person where it is a private one. Raises `Misshapen`."""
    handle = scene.place.handle(USER if is_private(chat) else CHAT, number(chat, "id"), scene.bot)
    return Sender(handle=handle, name=chat.hint("title") or full_name(chat) or chat.hint("username"))


def is_private(chat: Part) -> bool:
    return chat.hint("type") == "private"


def full_name(person: Part) -> str | None:
    return " ".join(filter(None, (person.hint("first_name"), person.hint("last_name")))) or None


def answer_to(where: Part, scene: Scene) -> Reply:
    """Where an answer goes: to the `chat` of `where`. A private one has the person's own number, any other one is named here.
    Raises `Misshapen`."""
    chat = where.part("chat")
    id_ = number(chat, "id")
    topic = where.hints("direct_messages_topic").whole("topic_id")
    business = where.optional_ident("business_connection_id")
    direct = chat.flag("is_direct_messages")
    # An ephemeral message must be answered within seconds and a guest's by a method of its own; who wrote directly to a
    # channel is not told without the topic.
    if is_ephemeral(where) or where.data.get("guest_query_id") or (direct and topic is None):
        return Reply(allowed=())
    if business is not None:
        return Reply(allowed=_ALLOWED, via=scene.place.handle(BUSINESS, f"{business}:{id_}", scene.bot))
    if direct:
        return Reply(allowed=_ALLOWED, via=scene.place.handle(DIRECT, f"{id_}:{topic}", scene.bot))
    return Reply(allowed=_ALLOWED, via=None if is_private(chat) else scene.place.handle(CHAT, id_, scene.bot))


def answer_to_person() -> Reply:
    """An answer where no chat is known: to the private one."""
    return Reply(allowed=_ALLOWED)


def shared_phone(message: Part) -> str | None:
    """The number of a shared contact as E.164. Telegram writes the own one without its `+`."""
    given = message.hints("contact").hint("phone_number")
    try:
        return read_phone(f"+{given.lstrip('+')}", _NO_COUNTRY) if given else None
    except Invalid:
        return None


def owns_contact(message: Part) -> bool:
    """Whether it is the sender's own card. Telegram sets `user_id` by the number, so it is the sender's number; a card that
    came by way of somebody else proves nothing."""
    owner = message.hints("contact").whole("user_id")
    handed_on = any(message.data.get(way) is not None for way in _HANDED_ON)
    return owner is not None and not handed_on and owner == message.hints("from").whole("id")
