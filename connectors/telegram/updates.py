"""What an Update says: contacts, echoes of what the business or the bot wrote, and everything else as an event.

Source: Telegram Bot API, "Update" and the objects it names. Telegram repeats an update under its `update_id`, which is
therefore what makes it a repeat; the messages it is about keep their own ids.

Updates are read as JSON, as other channels are, and not by `Update.de_json` of the library that sends: that one insists on
every field of every object at any depth, as of the newest Bot API, so that a quoted sticker of an older server would cost
the customer's own words.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from connectors.base import Parsed
from connectors.kit.content import Content, present
from connectors.kit.elements import Element, Found, read_json
from connectors.reading import Part, moment
from connectors.telegram import contents
from connectors.telegram.circumstances import circumstances, thread
from connectors.telegram.ids import message_id, number, quoted_id
from connectors.telegram.people import Scene, answer_to, answer_to_person, group, is_ours, person, sender_of
from connectors.telegram.settings import TelegramSettings
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
    id_ = number(data, _ID)
    scene = Scene(place=settings.place, bot=settings.bot_id, key=f"{settings.bot_id}:{id_}", raw=raw)
    words = [word for word in data.data if word != _ID]
    word = next((word for word in words if word in _READERS), words[0] if words else _EMPTY)
    if word in _READERS and data.data[word] is not None:
        return _READERS[word](Part.of(data.data[word], word), scene)
    return _happened(Part({"update": word}).ident("update"), data.hints(word), scene)


def _happened(word: str, what: Part, scene: Scene) -> Found:
    return scene.place.event(word, key=scene.key, raw=scene.raw, at=moment(what.data.get("date")))


def _message(message: Part, scene: Scene) -> Found:
    return _said(message, scene, edited=False)


def _edited(message: Part, scene: Scene) -> Found:
    return _said(message, scene, edited=True)


def _said(message: Part, scene: Scene, *, edited: bool) -> Found:
    id_ = message_id(message)
    at = moment(message.data.get("edit_date" if edited else "date"))
    service = contents.happened(message, edited=edited)
    if service is not None:
        return scene.place.event(f"message.{service}", key=scene.key, raw=scene.raw, at=at)
    if is_ours(message, scene.bot):
        return scene.place.status("echo", key=scene.key, external_id=id_, raw=scene.raw, at=at)
    said = contents.content(message)
    return scene.place.contact(
        msgspec.structs.replace(said, kind="edit", about=id_) if edited else said,
        key=scene.key,
        external_id=id_,
        sender=sender_of(message, scene),
        raw=scene.raw,
        sent_at=at,
        thread=thread(message),
        fields=circumstances(message),
        reply=answer_to(message, scene),
    )


def _pressed(query: Part, scene: Scene) -> Found:
    """A tap on a button below a message of ours. It has no time of its own, and where that message was sent in inline mode
    no chat either."""
    id_ = query.ident("id")
    data = query.optional_text("data") or query.ident("game_short_name")
    below = query.hints("message")
    about = quoted_id(below)
    title = _title(below, data)
    return scene.place.contact(
        Content(
            kind="postback",
            text=title,
            button=Button(id=data, title=title),
            fields=present(telegram_callback_query=id_),
        ),
        key=scene.key,
        external_id=id_,
        sender=person(query.part("from"), scene),
        raw=scene.raw,
        thread=Thread(in_reply_to=about),
        reply=answer_to_person() if about is None else answer_to(below, scene),
    )


def _title(message: Part, data: str) -> str | None:
    """What stands on the button: Telegram sends the message with its keyboard."""
    rows = message.hints("reply_markup").data.get("inline_keyboard")
    buttons = (button for row in (rows if isinstance(rows, list) else ()) for button in Part({"row": row}).objects("row"))
    return next((button.hint("text") for button in buttons if button.hint("callback_data") == data), None)


def _reacted(reaction: Part, scene: Scene) -> Found:
    """All reactions of one person to a message at once, before and after: the newest one counts, then what remains; none
    means that the last one was taken back."""
    about = message_id(reaction)
    before = [emoji for one in reaction.objects("old_reaction") if (emoji := _emoji(one))]
    now = [_emoji(one) or one.ident("type") for one in _each(reaction, "new_reaction")]
    new, removed = [emoji for emoji in now if emoji not in before], [emoji for emoji in before if emoji not in now]
    who = next((word for word in ("user", "actor_chat") if reaction.data.get(word) is not None), "chat")
    return scene.place.contact(
        Content(
            kind="reaction",
            about=about,
            reaction=Reaction(emoji=next(reversed(new or now), None)),
            fields=present(telegram_reactions_removed=list(removed)),
        ),
        key=scene.key,
        sender=(person if who == "user" else group)(reaction.part(who), scene),
        raw=scene.raw,
        sent_at=moment(reaction.data.get("date")),
        reply=answer_to(reaction, scene),
    )


def _each(part: Part, key: str) -> Iterator[Part]:
    """Raises `Misshapen` for what is no object."""
    return (Part.of(item, f"{part.at(key)}[{index}]") for index, item in enumerate(part.array(key)))


def _emoji(reaction: Part) -> str | None:
    """The emoji; a picture of Telegram's own by its id, and what is neither (a star that was paid) by its word."""
    picture = reaction.hint("custom_emoji_id")
    return reaction.hint("emoji") or (f"custom_emoji:{picture}" if picture else reaction.hint("type"))


def _deleted(deleted: Part, scene: Scene) -> Found:
    """One message of a business's chat, in which the chat is the customer. Who deleted it is not told."""
    about = message_id(Part({**deleted.data, "message_id": next(iter(deleted.array("message_ids")), None)}, deleted.path))
    connection = deleted.ident("business_connection_id")
    return scene.place.contact(
        Content(kind="delete", about=about, fields={"telegram_business_connection": connection}),
        key=f"{scene.key}:{about}",
        sender=group(deleted.part("chat"), scene),
        raw=scene.raw,
        reply=answer_to(deleted, scene),
    )


def _member(change: Part, scene: Scene) -> Found:
    """The bot was blocked (`kicked`), unblocked, or taken into a group."""
    status = change.hints("new_chat_member").optional_ident("status")
    return _happened(f"my_chat_member.{status}" if status else "my_chat_member", change, scene)


_READERS: Final[Mapping[str, Callable[[Part, Scene], Found]]] = MappingProxyType(
    {
        "message": _message,
        "edited_message": _edited,
        "channel_post": _message,
        "edited_channel_post": _edited,
        "business_message": _message,
        "edited_business_message": _edited,
        "guest_message": _message,
        "callback_query": _pressed,
        "message_reaction": _reacted,
        "deleted_business_messages": _deleted,
        "my_chat_member": _member,
    }
)
