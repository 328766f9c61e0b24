"""What stands around a message: what it answers, where it was forwarded from, in which group, topic or album it is.

Source: Telegram Bot API, "Message", "MessageOrigin", "ExternalReplyInfo", "TextQuote". All of it decorates the customer's own
words: what cannot be read of it counts as absent.
"""

from collections.abc import Mapping

from connectors.kit.content import present
from connectors.reading import Part
from connectors.telegram.ids import quoted_id
from connectors.telegram.people import is_private
from connectors.telegram.words import links
from normalizer.inbound import FieldValue, Thread


def thread(message: Part) -> Thread:
    """The message it answers."""
    answered = message.hints("reply_to_message")
    if answered.data and answered.data.get("forum_topic_created") is None:
        # In a topic, whatever answers nothing is said to answer the message that opened the topic.
        return Thread(in_reply_to=quoted_id(Part({"chat": message.data.get("chat"), **answered.data})))
    return Thread(in_reply_to=quoted_id(message.hints("external_reply")))


def circumstances(message: Part) -> Mapping[str, FieldValue]:
    chat = message.hints("chat")
    user = message.hints("from") if message.data.get("sender_chat") is None else Part({})
    return present(
        telegram_chat=None if is_private(chat) else _number(chat, "id"),
        telegram_chat_title=chat.hint("title"),
        telegram_topic=_number(message, "message_thread_id"),
        telegram_direct_topic=_number(message.hints("direct_messages_topic"), "topic_id"),
        telegram_album=message.hint("media_group_id"),
        telegram_business_connection=message.hint("business_connection_id"),
        telegram_guest_query=message.hint("guest_query_id"),
        telegram_quote=message.hints("quote").hint("text"),
        telegram_forwarded_from=_origin(message),
        telegram_links=list(links(message)),
        telegram_username=user.hint("username"),
        telegram_language=user.hint("language_code"),
        telegram_is_bot=user.flag("is_bot") or None,
    )


def _number(part: Part, key: str) -> str | None:
    found = part.whole(key)
    return None if found is None else str(found)


def _origin(message: Part) -> str | None:
    """The name of a person, of one who hides the account, of a group or of a channel. Servers before Bot API 7.0 name them
    in the message itself."""
    origin = message.hints("forward_origin")
    chats = (origin.hints("sender_chat"), origin.hints("chat"), message.hints("forward_from_chat"))
    names = (
        origin.hint("sender_user_name") or message.hint("forward_sender_name"),
        origin.hints("sender_user").hint("first_name") or message.hints("forward_from").hint("first_name"),
        *(chat.hint("title") for chat in chats),
    )
    return next(filter(None, names), None)
