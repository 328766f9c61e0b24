"""A channel that a description makes of a provider, without code."""

from datetime import datetime
from typing import Final, get_args

from connectors.abilities import Abilities, Limits
from connectors.base import Answer, BaseConnector, Channel, Fetched, Http, Outgoing, Parsed, Request, Sent
from connectors.declared import carried, handshake, reading, sending
from connectors.declared.settings import WebhookSettings
from normalizer.inbound import Kind

_ANY_TEXT: Final = Limits(text=1_000_000, buttons=100, button_title=1_000)
"""What the channel itself allows; each description has limits of its own."""


class Webhook(BaseConnector[WebhookSettings]):
    """One described provider."""

    @property
    def brands(self) -> frozenset[str]:
        return self.settings.brands

    def handshake(self, request: Request) -> Answer | None:
        return handshake.answer(request, self.settings)

    def verify(self, request: Request) -> None:
        self.settings.described.signature.check(request, self.settings.keys)

    def parse(self, request: Request) -> Parsed:
        return reading.read(request, self.settings)

    def reread(self, raw: bytes, content_type: str, received_at: datetime) -> Parsed:
        headers = carried.headers(content_type)
        kept = Request(method="POST", url="", headers=headers, query={}, body=raw, received_at=received_at)
        return reading.read(kept, self.settings)

    def acknowledge(self, request: Request) -> Answer | None:
        return handshake.acknowledged(self.settings.described.acknowledge)

    async def fetch(self, reference: str, account: str | None, http: Http) -> Fetched:
        return await sending.fetch(reference, self.settings, http)

    async def send(self, message: Outgoing, http: Http) -> Sent:
        return await sending.send(message, self.settings, http)


CHANNEL = Channel(
    name="webhook",
    settings=WebhookSettings,
    connector=Webhook,
    abilities=Abilities(
        kinds=frozenset(get_args(Kind)) - {"contact", "visit"},
        proof=frozenset({"verified", "claimed"}),
        states=frozenset({"sent", "delivered", "read", "failed", "deleted", "played", "echo"}),
        media=True,
        send=_ANY_TEXT,
    ),
)
