"""Telegram: a bot's updates by webhook or long polling, and answers by python-telegram-bot (LGPL-3.0)."""

from connectors.abilities import Abilities
from connectors.base import Channel, Connector
from connectors.telegram.limits import LIMITS
from connectors.telegram.settings import TelegramSettings

__all__ = ["CHANNEL", "TelegramSettings"]


def _connector(name: str, settings: TelegramSettings) -> Connector:
    """The library takes a quarter of a second to load, which only those wait for who use it."""
    from connectors.telegram.channel import Telegram

    return Telegram(name, settings)


CHANNEL = Channel(
    name="telegram",
    settings=TelegramSettings,
    connector=_connector,
    abilities=Abilities(
        kinds=frozenset(
            {"text", "media", "location", "contact", "reaction", "postback", "form", "edit", "delete", "unsupported"}
        ),
        proof=frozenset({"verified"}),
        states=frozenset({"echo"}),
        media=True,
        send=LIMITS,
    ),
)
