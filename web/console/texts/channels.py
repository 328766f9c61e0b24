"""Channels as agents call them."""

from collections.abc import Mapping
from typing import Final

from normalizer.advice import Language

_NAMES: Final[Mapping[str, str | Mapping[Language, str]]] = {
    "email": "E-mail",
    "web_form": {"it": "Modulo web", "en": "Web form"},
    "chat": "Chat",
    "web_chat": "Chat",
    "app": "App",
    "sms": "SMS",
    "rcs": "RCS",
    "whatsapp": "WhatsApp",
    "messenger": "Messenger",
    "instagram": "Instagram",
    "telegram": "Telegram",
    "line": "LINE",
    "viber": "Viber",
    "wechat": "WeChat",
    "x": "X",
    "phone": {"it": "Telefono", "en": "Phone"},
    "call": {"it": "Telefonata", "en": "Call"},
    "desk": {"it": "Negozio", "en": "Shop"},
    "api": "API",
}


def channel_name(channel: str, language: Language) -> str:
    """What a channel is called; one that the configuration has named itself is called as it is named there."""
    known = _NAMES.get(channel, channel)
    return known if isinstance(known, str) else known[language]
