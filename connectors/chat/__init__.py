"""The chat on a web site (`type: chat`): our own widget, whose visitors carry a token that we have signed."""

from connectors.abilities import Abilities
from connectors.base import Channel
from connectors.chat.connector import LIMITS, Chat
from connectors.chat.settings import ChatSettings

__all__ = ["CHANNEL", "Chat", "ChatSettings"]

CHANNEL = Channel(
    name="chat",
    settings=ChatSettings,
    connector=Chat,
    way_in="chat",
    unverified=(
        "its requests are made by the HTTP layer for our own widget, which is told what to correct, where a provider's event "
        "would be kept: it is tested in tests/connectors/test_chat.py, and with damaged bodies in test_mutated.py"
    ),
    abilities=Abilities(
        kinds=frozenset({"form", "media", "postback", "text"}),
        proof=frozenset({"verified"}),
        states=frozenset({"delivered", "read"}),
        media=True,
        send=LIMITS,
    ),
    example={"brand": "example"},
)
