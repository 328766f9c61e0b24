"""Ids of chats and messages: strict for what the customer wrote, a hint for what that quotes.

Source: Telegram Bot API, "Message" (`message_id`, `ephemeral_message_id`), "MaybeInaccessibleMessage".
"""

from connectors.reading import Misshapen, Part


def number(part: Part, key: str) -> str:
    """A whole number as text, for ids of up to 64 bits. Raises `Misshapen`."""
    found = part.whole(key)
    if found is None:
        raise Misshapen(part.at(key), "a whole number")
    return str(found)


def message_id(message: Part) -> str:
    """`<chat>:<message>`: the second is unique only within the first. An ephemeral message has 0 there and a number of
    its own: `<chat>:ephemeral:<number>`. Raises `Misshapen`."""
    chat = number(message.part("chat"), "id")
    if is_ephemeral(message):
        return f"{chat}:ephemeral:{number(message, 'ephemeral_message_id')}"
    return f"{chat}:{number(message, 'message_id')}"


def quoted_id(message: Part) -> str | None:
    """The id of a message that is only quoted: one without it costs nobody his own words."""
    try:
        return message_id(message)
    except Misshapen:
        return None


def is_ephemeral(message: Part) -> bool:
    """Whether only one person and the bot see it."""
    return message.data.get("ephemeral_message_id") is not None
