"""The providers of `config/channels.yaml`: a table with one entry a connector."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tests.e2e import channel_ways as ways
from tests.e2e.channel_fakes import FakeChat, TwilioAccount, XUser, basic_header
from tests.e2e.channel_ways import Deliver, Handshake
from tests.providers.base import FakeProvider
from tests.providers.graph import InstagramGraph, MessengerGraph, WhatsAppGraph
from tests.providers.line import FakeLine
from tests.providers.telegram import TelegramBot
from tests.providers.viber import FakeViber
from tests.providers.wechat import FakeWeChat

_SID: Final = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
_BOT: Final = "7000000001:AAregia_telegram_token"
_POLLED_BOT: Final = "7000000002:AAregia_polled_token"
_X_TOKEN: Final = "x-user-token"
_MENTIONS_TOKEN: Final = "x-mentions-token"
_RECORDINGS: Final = "pbx-recordings"
_WHSEC: Final = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
_OTHER_WHSEC: Final = "whsec_RkVEQ0JBOTg3NjU0MzIxMEZFRENCQTk4NzY1NDMyMTA="

LOCKED: Final[Mapping[str, str]] = {
    "/1.1/ton/": f"Bearer {_X_TOKEN}",
    "/media/": f"Bearer {_MENTIONS_TOKEN}",
    "/rec/": basic_header("regia", _RECORDINGS),
}
"""Beginnings of addresses to the `Authorization` without which their provider gives nothing."""


@dataclass(frozen=True, kw_only=True)
class Provider:
    """`secret` proves deliveries and `wrong` does not; `environ` is what the configuration refers to besides addresses."""

    secret: str
    deliver: Deliver
    environ: Mapping[str, str]
    make: Callable[[], FakeProvider] | None = None
    """None for those that are asked for files only."""
    handshake: Handshake | None = None
    wrong: str = ways.WRONG
    forge: Deliver | None = None
    """Where a forgery does not come on the way of deliveries."""
    refused: int = 401
    answered: tuple[str, str] = ("application/json", r'\{"accepted":\d+\}')
    """Content type and pattern of the acknowledgement."""
    repeats: bool = True
    """Whether the same can be delivered again while the gateway runs."""


def _meta(name: str, make: Callable[[str], FakeProvider]) -> Provider:
    token, secret = f"{name}-access", f"{name}-app-secret"
    secrets = {f"{name.upper()}_ACCESS_TOKEN": token, f"{name.upper()}_APP_SECRET": secret}
    return Provider(
        secret=secret,
        deliver=ways.meta,
        environ={**secrets, "META_VERIFY_TOKEN": ways.VERIFY_TOKEN},
        make=lambda: make(token),
        handshake=ways.hub_challenge,
    )


def _wechat(name: str, app_id: str, deliver: Deliver, **more: str) -> Provider:
    token, secret = f"{name.replace('_', '')}token", f"{name}-app-secret"
    return Provider(
        secret=token,
        deliver=deliver,
        environ={f"{name.upper()}_TOKEN": token, f"{name.upper()}_APP_SECRET": secret, **more},
        make=lambda: FakeWeChat(app_id, secret),
        handshake=ways.echostr,
        answered=("text/plain", "success"),
    )


def _x(name: str, token: str) -> Provider:
    secret = f"{name}-consumer-secret"
    return Provider(
        secret=secret,
        deliver=ways.x,
        environ={f"{name.upper()}_CONSUMER_SECRET": secret, f"{name.upper()}_ACCESS_TOKEN": token},
        make=lambda: XUser(token),
        handshake=ways.crc,
    )


def _twilio(name: str) -> Provider:
    token = f"{name}-auth-token"
    return Provider(
        secret=token,
        deliver=ways.twilio_form,
        environ={f"{name.upper()}_AUTH_TOKEN": token},
        make=lambda: TwilioAccount(_SID, token),
        answered=("text/xml", r'<\?xml version="1\.0" encoding="UTF-8"\?><Response/>'),
    )


PROVIDERS: Final[Mapping[str, Provider]] = {
    "whatsapp": _meta("whatsapp", lambda token: WhatsAppGraph(token, "106540352242922")),
    "messenger": _meta("messenger", lambda token: MessengerGraph(token, "109876543210987")),
    "instagram": _meta("instagram", lambda token: InstagramGraph(token, "17841400000000001")),
    "telegram": Provider(
        secret="telegram-secret",
        deliver=ways.telegram,
        environ={"TELEGRAM_TOKEN": _BOT, "TELEGRAM_SECRET_TOKEN": "telegram-secret"},
        make=lambda: TelegramBot(_BOT, username="regia_demo_bot"),
    ),
    "telegram_polling": Provider(
        secret="",
        deliver=ways.polled,
        environ={"TELEGRAM_POLLING_TOKEN": _POLLED_BOT},
        make=lambda: TelegramBot(_POLLED_BOT, username="regia_polled_bot"),
        forge=ways.telegram,
        refused=404,
        repeats=False,
    ),
    "line": Provider(
        secret="line-channel-secret",
        deliver=ways.line,
        environ={"LINE_CHANNEL_SECRET": "line-channel-secret", "LINE_ACCESS_TOKEN": "line-access"},
        make=lambda: FakeLine("line-access", bot_user_id=ways.LINE_BOT),
        handshake=ways.verify_button,
    ),
    "viber": Provider(
        secret="viber-auth-token",
        deliver=ways.viber,
        environ={"VIBER_AUTH_TOKEN": "viber-auth-token"},
        make=lambda: FakeViber("viber-auth-token"),
        handshake=ways.set_webhook,
        answered=("application/json", r"\{\}"),
    ),
    "wechat": _wechat("wechat", "wxplain1", ways.wechat),
    "wechat_safe": _wechat("wechat_safe", ways.SAFE_APP, ways.wechat_safe, WECHAT_SAFE_AES_KEY=ways.AES_KEY),
    "x": _x("x", _X_TOKEN),
    "x_mentions": _x("x_mentions", _MENTIONS_TOKEN),
    "twilio": _twilio("twilio"),
    "twilio_voice": _twilio("twilio_voice"),
    "pbx": Provider(
        secret="pbx-secret",
        deliver=ways.exchange,
        environ={"PBX_SECRET": "pbx-secret", "PBX_RECORDING_PASSWORD": _RECORDINGS},
    ),
    "chat_saas": Provider(
        secret="chat-secret",
        deliver=ways.chat,
        environ={"CHAT_SAAS_SECRET": "chat-secret", "CHAT_SAAS_TOKEN": "chat-token"},
        make=lambda: FakeChat("chat-token", "ws_regia"),
    ),
    "standard_webhooks": Provider(
        secret=_WHSEC,
        deliver=ways.standard,
        environ={"STANDARD_WEBHOOKS_SECRET": _WHSEC},
        wrong=_OTHER_WHSEC,
    ),
}
