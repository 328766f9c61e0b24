"""What an Update says: contacts, echoes of what the business or the bot wrote, and everything else as an event.

Source: Telegram Bot API, "Update" and the objects it names. Telegram repeats an update under its `update_id`, which is
therefore what makes it a repeat; the messages it is about keep their own ids.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec
from telegram import (
    BusinessMessagesDeleted,
    CallbackQuery,
    ChatMemberUpdated,
    InlineKeyboardButton,
    Message,
    MessageReactionUpdated,
    ReactionType,
)

from connectors.base import Parsed
from connectors.kit.content import Content, present
from connectors.kit.elements import Element, Found, read_json
from connectors.reading import Part, moment
from connectors.telegram import contents, shape
from connectors.telegram.circumstances import circumstances, thread
from connectors.telegram.people import Scene, answer_to, group, is_ours, message_id, person, sender_of
from connectors.telegram.settings import TelegramSettings
from connectors.telegram.shape import given, hint, ident, number, optional_words, when
from normalizer.inbound import Button, Reaction, Thread

_ID: Final = "update_id"
_EMPTY: Final = "empty"
"""For an update that says nothing."""


def read(body: bytes, settings: TelegramSettings) -> Parsed:
    """Everything in one Update."""
    return read_json(body, _lay_out, lambda element, raw: _read(element.part, raw, settings))


def _lay_out(body: Part) -> Iterator[Element]:
    """The update; of messages that were deleted together, one each."""
    deleted = body.hints("deleted_business_messages")
    ids = deleted.data.get("message_ids")
    if not isinstance(ids, list):
        yield Element(value=body.data, path="update", alone=body.data)
        return
    for index, id_ in enumerate(ids):
        alone = {**body.data, "deleted_business_messages": {**deleted.data, "message_ids": [id_]}}
        yield Element(value=alone, path=f"deleted_business_messages.message_ids[{index}]", alone=alone)


def _read(data: Part, raw: bytes, settings: TelegramSettings) -> Found:
    """Only what is read further goes through the library: an event needs nothing that it would insist on."""
    id_ = number(data.data.get(_ID), _ID)
    scene = Scene(place=settings.place, bot=settings.bot_id, key=f"{settings.bot_id}:{id_}", raw=raw)
    words = [word for word in data.data if word != _ID]
    word = next((word for word in words if word in _READERS), words[0] if words else _EMPTY)
    if word in _READERS and data.data[word] is not None:
        return _READERS[word](getattr(shape.update(data.data), word), scene)
    at = moment(data.hints(word).data.get("date"))
    return scene.place.event(ident(word, "update"), key=scene.key, raw=raw, at=at)


def _message(message: Message, scene: Scene) -> Found:
    return _said(message, scene, contents.content(message), edited=False)


def _edited(message: Message, scene: Scene) -> Found:
    return _said(message, scene, contents.content(message), edited=True)


def _said(message: Message, scene: Scene, content: Content | None, *, edited: bool) -> Found:
    id_ = message_id(message.chat, message.message_id)
    at = when(message.edit_date if edited else message.date)
    if content is None:
        return scene.place.event(f"message.{contents.service(message)}", key=scene.key, raw=scene.raw, at=at)
    if is_ours(message, scene.bot):
        return scene.place.status("echo", key=scene.key, external_id=id_, raw=scene.raw, at=at)
    return scene.place.contact(
        msgspec.structs.replace(content, kind="edit", about=id_) if edited else content,
        key=scene.key,
        external_id=id_,
        sender=sender_of(message, scene),
        raw=scene.raw,
        sent_at=at,
        thread=thread(message),
        fields=circumstances(message),
        reply=answer_to(message.chat, message.business_connection_id, scene),
    )


def _pressed(query: CallbackQuery, scene: Scene) -> Found:
    """A tap on a button below a message of ours. It has no time of its own, and where that message was sent in inline mode
    no chat either."""
    id_ = ident(query.id, "callback_query.id")
    data = optional_words(query.data, "callback_query.data") or ident(query.game_short_name, "callback_query.data")
    below = query.message
    title = _title(below, data) if isinstance(below, Message) else None
    chat = None if below is None else below.chat
    return scene.place.contact(
        Content(
            kind="postback",
            text=title,
            button=Button(id=data, title=title),
            fields=present(telegram_callback_query=id_),
        ),
        key=scene.key,
        external_id=id_,
        sender=person(given(query.from_user, "callback_query.from"), scene),
        raw=scene.raw,
        thread=Thread(in_reply_to=None if below is None else message_id(chat, below.message_id, "callback_query.message")),
        reply=answer_to(chat, getattr(below, "business_connection_id", None), scene),
    )


def _title(message: Message, data: str) -> str | None:
    """What stands on the button: Telegram sends the message with its keyboard."""
    rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
    return next((hint(button.text) for row in rows for button in row if _leads_to(button, data)), None)


def _leads_to(button: InlineKeyboardButton, data: str) -> bool:
    return button.callback_data == data


def _reacted(reaction: MessageReactionUpdated, scene: Scene) -> Found:
    """All reactions of one person to a message at once, before and after: the new one counts, and none means taken back."""
    about = message_id(reaction.chat, reaction.message_id, "message_reaction")
    before, now = [_emoji(one) for one in reaction.old_reaction], [_emoji(one) for one in reaction.new_reaction]
    new = [emoji for emoji in now if emoji not in before]
    user, chat = reaction.user, reaction.actor_chat
    return scene.place.contact(
        Content(kind="reaction", about=about, reaction=Reaction(emoji=next(reversed(new or now), None))),
        key=scene.key,
        sender=group(chat or reaction.chat, scene) if user is None else person(user, scene),
        raw=scene.raw,
        sent_at=when(reaction.date),
        reply=answer_to(reaction.chat, None, scene),
    )


def _emoji(reaction: ReactionType) -> str:
    """The emoji; a picture of Telegram's own by its id, and what is neither (a star that was paid) by its word."""
    picture = hint(getattr(reaction, "custom_emoji_id", None))
    return hint(getattr(reaction, "emoji", None)) or (
        f"custom_emoji:{picture}" if picture else ident(reaction.type, "reaction.type")
    )


def _deleted(deleted: BusinessMessagesDeleted, scene: Scene) -> Found:
    """One message of a business's chat, in which the chat is the customer. Who deleted it is not told."""
    about = message_id(deleted.chat, next(iter(deleted.message_ids), None), "deleted_business_messages")
    connection = ident(deleted.business_connection_id, "deleted_business_messages.business_connection_id")
    return scene.place.contact(
        Content(kind="delete", about=about, fields={"telegram_business_connection": connection}),
        key=f"{scene.key}:{about}",
        sender=group(deleted.chat, scene),
        raw=scene.raw,
        reply=answer_to(deleted.chat, connection, scene),
    )


def _member(change: ChatMemberUpdated, scene: Scene) -> Found:
    """The bot was blocked (`kicked`), unblocked, or taken into a group."""
    word = ident(given(change.new_chat_member, "my_chat_member.new_chat_member").status, "my_chat_member.status")
    return scene.place.event(f"my_chat_member.{word}", key=scene.key, raw=scene.raw, at=when(change.date))


_READERS: Final[Mapping[str, Callable[[Any, Scene], Found]]] = MappingProxyType(
    {
        "message": _message,
        "edited_message": _edited,
        "channel_post": _message,
        "edited_channel_post": _edited,
        "business_message": _message,
        "edited_business_message": _edited,
        "callback_query": _pressed,
        "message_reaction": _reacted,
        "deleted_business_messages": _deleted,
        "my_chat_member": _member,
    }
)
