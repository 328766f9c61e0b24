"""A Telegram bot: updates in by webhook or by polling, texts, files and buttons out.

Source: Telegram Bot API, "Getting updates", "setWebhook" (`X-Telegram-Bot-Api-Secret-Token`).
"""

from collections.abc import Sequence
from typing import Final

from connectors.base import BaseConnector, Credential, Fetched, Http, Outgoing, Parsed, Request, Sent, Source
from connectors.errors import Rejected
from connectors.kit import tokens
from connectors.kit.signatures import check_token
from connectors.telegram import sending, updates
from connectors.telegram.polling import BotSource
from connectors.telegram.settings import TelegramSettings

HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"
_UNKNOWN_TOKEN: Final = frozenset({401, 404})
"""404: it is not of the form of one."""


class Telegram(BaseConnector[TelegramSettings]):
    """One bot."""

    @property
    def brands(self) -> frozenset[str]:
        return frozenset({self.settings.brand})

    def verify(self, request: Request) -> None:
        """The token proves the sender only: the body is not signed."""
        if self.settings.mode == "polling":
            raise Rejected("not_found", "this bot is polled and has no webhook")
        check_token(request, HEADER, self.settings.secret_tokens)

    def parse(self, request: Request) -> Parsed:
        return updates.read(request.body, self.settings)

    def sources(self) -> Sequence[Source]:
        return (BotSource(self.settings),) if self.settings.mode == "polling" else ()

    async def fetch(self, reference: str, account: str | None, http: Http) -> Fetched:
        return await sending.fetch(reference, self.settings, http)

    async def send(self, message: Outgoing, http: Http) -> Sent:
        return await sending.send(message, self.settings, http)

    async def credentials(self, http: Http) -> Sequence[Credential]:
        url = f"{self.settings.api_url}/bot{self.settings.token.get_secret_value()}/getMe"
        return (await tokens.asked(http, url, name="token", refused=_UNKNOWN_TOKEN),)
