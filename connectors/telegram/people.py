"""Who wrote, where, and where an answer must go.

Source: Telegram Bot API, "User", "Chat", "Message" (`from`, `sender_chat`, `sender_business_bot`), "Contact".
"""

from dataclasses import dataclass
from typing import Final

from telegram import Chat, Message, User

from connectors.kit.place import Place
from connectors.telegram.shape import given, hint, ident, number, optional_ident
from normalizer.inbound import Handle, Reply, Sender
from normalizer.values import Invalid, read_phone

USER: Final = "telegram_user"
CHAT: Final = "telegram_chat"
BUSINESS: Final = "telegram_business"
"""A chat of a business account that our bot answers for: `<bot>:<connection>:<chat>`."""
_ALLOWED: Final = ("text", "image", "video", "audio", "document")
_NO_COUNTRY: Final = "ZZ"
"""For `phonenumbers`: a number that must name its country itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is the same for all that one update says."""

    place: Place
    bot: str
    key: str
    raw: bytes


def is_ours(message: Message, bot: str) -> bool:
    """Whether the bot wrote it, or the business whose messages it sees: in a private chat the customer is the chat."""
    sender = message.from_user
    if message.sender_business_bot is not None:
        return True
    if sender is None:
        return False
    owner = message.business_connection_id is not None and is_private(message.chat) and sender.id != message.chat.id
    return owner or str(sender.id) == bot


def sender_of(message: Message, scene: Scene) -> Sender:
    """The person; for a channel, an anonymous administrator or a person who writes as a channel, that chat: `from` is a
    placeholder then. Raises `Misshapen`."""
    if message.sender_chat is not None or message.from_user is None:
        return group(message.sender_chat or message.chat, scene)
    found = person(message.from_user, scene)
    phone = _own_phone(message)
    return Sender(handle=found.handle, name=found.name, aliases=(Handle("phone", phone, "verified"),)) if phone else found


def person(user: User, scene: Scene) -> Sender:
    """Raises `Misshapen`."""
    handle = scene.place.handle(USER, number(user.id, "from.id"), scene.bot)
    return Sender(handle=handle, name=_joined(user.first_name, user.last_name))


def group(chat: Chat, scene: Scene) -> Sender:
    """A chat as a sender: a person where it is a private one. Raises `Misshapen`."""
    kind = USER if is_private(chat) else CHAT
    handle = scene.place.handle(kind, number(given(chat, "chat").id, "chat.id"), scene.bot)
    return Sender(handle=handle, name=hint(chat.title) or _joined(chat.first_name, chat.last_name) or hint(chat.username))


def is_private(chat: Chat | None) -> bool:
    return chat is not None and chat.type == Chat.PRIVATE


def answer_to(chat: Chat | None, connection: object, scene: Scene) -> Reply:
    """Where an answer goes: to the chat. A private one has the person's own number, any other one is named here."""
    if chat is None:
        return Reply(allowed=_ALLOWED)
    place, id_ = scene.place, number(chat.id, "chat.id")
    business = optional_ident(connection, "business_connection_id")
    if business is not None:
        return Reply(allowed=_ALLOWED, via=place.handle(BUSINESS, f"{business}:{id_}", scene.bot))
    return Reply(allowed=_ALLOWED, via=None if is_private(chat) else place.handle(CHAT, id_, scene.bot))


def shared_phone(message: Message) -> str | None:
    """The number of a shared contact as E.164. Telegram writes the own one without its `+`."""
    given_ = hint(given(message.contact, "contact").phone_number)
    try:
        return read_phone(f"+{given_.lstrip('+')}", _NO_COUNTRY) if given_ else None
    except Invalid:
        return None


def owns_contact(message: Message) -> bool:
    """Whether it is the sender's own card. Telegram sets `user_id` by the number, so it is the sender's number; a card that
    came by way of somebody else (a forward, an inline bot) proves nothing."""
    contact, sender = message.contact, message.from_user
    handed_on = message.forward_origin or message.via_bot or message.sender_chat
    return contact is not None and sender is not None and not handed_on and contact.user_id == sender.id


def _own_phone(message: Message) -> str | None:
    return shared_phone(message) if owns_contact(message) else None


def message_id(chat: Chat | None, id_: object, path: str = "message") -> str:
    """`<chat>:<message>`: the second is unique only within the first. Raises `Misshapen`."""
    return ident(f"{number(given(chat, f'{path}.chat').id, f'{path}.chat.id')}:{number(id_, f'{path}.message_id')}", path)


def _joined(*names: object) -> str | None:
    return " ".join(filter(None, map(hint, names))) or None
