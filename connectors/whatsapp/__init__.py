"""WhatsApp Cloud API: every kind of message in, statuses and events, media, texts out."""

from collections.abc import Callable, Sequence
from datetime import datetime

from connectors import graph_tokens
from connectors.abilities import Abilities
from connectors.base import Answer, BaseConnector, Channel, Credential, Fetched, Http, Outgoing, Parsed, Request, Sent
from connectors.kit.outbound import now
from connectors.meta import handshake, verify_signature
from connectors.whatsapp import sending, webhook
from connectors.whatsapp.settings import WhatsAppAccount, WhatsAppSettings

__all__ = ["ABILITIES", "CHANNEL", "WhatsApp", "WhatsAppAccount", "WhatsAppSettings"]


class WhatsApp(BaseConnector[WhatsAppSettings]):
    """One Meta app with its business numbers. `now` is asked for the reply window only."""

    def __init__(self, name: str, settings: WhatsAppSettings, now: Callable[[], datetime] = now) -> None:
        super().__init__(name, settings)
        self._now = now

    @property
    def brands(self) -> frozenset[str]:
        return frozenset(account.brand for account in self.settings.accounts.values())

    def handshake(self, request: Request) -> Answer | None:
        return handshake(request, self.settings.verify_token)

    def verify(self, request: Request) -> None:
        verify_signature(request, self.settings.app_secrets)

    def parse(self, request: Request) -> Parsed:
        return webhook.read(request.body, self.settings, request.received_at)

    async def fetch(self, reference: str, account: str | None, http: Http) -> Fetched:
        return await sending.fetch(reference, self.settings, http)

    async def send(self, message: Outgoing, http: Http) -> Sent:
        return await sending.send(message, self.settings, http, self._now())

    async def credentials(self, http: Http) -> Sequence[Credential]:
        token = self.settings.access_token
        return () if token is None else (await graph_tokens.asked(token, self.settings.graph_root, http),)


ABILITIES = Abilities(
    kinds=frozenset(
        {"text", "media", "location", "contact", "reaction", "postback", "form", "call", "edit", "delete", "unsupported"}
    ),
    proof=frozenset({"verified"}),
    states=frozenset({"sent", "delivered", "read", "failed", "played", "deleted", "echo"}),
    media=True,
    window=sending.WINDOW,
    send=sending.LIMITS,
)
CHANNEL = Channel(name="whatsapp", settings=WhatsAppSettings, connector=WhatsApp, abilities=ABILITIES)
