"""What stands around a message: what it answers, where it was forwarded from, in which group, topic or album it is.

Source: Telegram Bot API, "Message", "MessageOrigin", "ExternalReplyInfo", "TextQuote".
"""

from collections.abc import Mapping

from telegram import Message, MessageOrigin

from connectors.kit.content import present
from connectors.telegram.people import is_private, message_id
from connectors.telegram.shape import hint, number, optional_ident
from normalizer.inbound import FieldValue, Thread


def thread(message: Message) -> Thread:
    """The message it answers. Raises `Misshapen`."""
    answered, elsewhere = message.reply_to_message, message.external_reply
    if answered is not None and answered.forum_topic_created is None:
        # In a topic, whatever answers nothing is said to answer the message that opened the topic.
        return Thread(in_reply_to=message_id(answered.chat or message.chat, answered.message_id, "message.reply_to_message"))
    if elsewhere is not None and elsewhere.chat is not None and elsewhere.message_id is not None:
        return Thread(in_reply_to=message_id(elsewhere.chat, elsewhere.message_id, "message.external_reply"))
    return Thread()


def circumstances(message: Message) -> Mapping[str, FieldValue]:
    """Raises `Misshapen`."""
    user = message.from_user if message.sender_chat is None else None
    chat, topic = message.chat, message.message_thread_id
    return present(
        telegram_chat=None if is_private(chat) else number(chat.id, "message.chat.id"),
        telegram_chat_title=hint(chat.title),
        telegram_topic=None if topic is None else number(topic, "message.message_thread_id"),
        telegram_album=optional_ident(message.media_group_id, "message.media_group_id"),
        telegram_business_connection=optional_ident(message.business_connection_id, "message.business_connection_id"),
        telegram_quote=hint(message.quote.text) if message.quote else None,
        telegram_forwarded_from=_origin(message.forward_origin) if message.forward_origin else None,
        telegram_username=hint(user.username) if user else None,
        telegram_language=hint(user.language_code) if user else None,
        telegram_is_bot=True if user and user.is_bot is True else None,
    )


def _origin(origin: MessageOrigin) -> str | None:
    """The name of a person, of one who hides the account, of a group or of a channel."""
    user = getattr(origin, "sender_user", None)
    chat = getattr(origin, "sender_chat", None) or getattr(origin, "chat", None)
    names = (
        hint(getattr(origin, "sender_user_name", None)),
        hint(getattr(user, "first_name", None)),
        hint(getattr(chat, "title", None)),
    )
    return next(filter(None, names), None)
