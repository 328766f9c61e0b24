"""Twilio Programmable Messaging: SMS, MMS, WhatsApp, RCS and Messenger in and out."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from connectors.abilities import Abilities
from connectors.base import Answer, BaseConnector, Channel, Credential, Fetched, Http, Outgoing, Parsed, Request, Sent
from connectors.kit import tokens
from connectors.kit.basic_auth import basic
from connectors.kit.outbound import now
from connectors.twilio import requests, sending, webhook
from connectors.twilio.settings import TwilioSettings
from connectors.twilio.ways import PREFIXED

__all__ = ["CHANNEL", "Twilio", "TwilioSettings"]


class Twilio(BaseConnector[TwilioSettings]):
    """One account at Twilio with its senders. `now` is asked for the reply window only."""

    def __init__(self, name: str, settings: TwilioSettings, now: Callable[[], datetime] = now) -> None:
        super().__init__(name, settings)
        self._now = now

    @property
    def brands(self) -> frozenset[str]:
        return self.settings.brands

    @property
    def methods(self) -> frozenset[str]:
        return requests.BOTH if self.settings.get_deliveries else requests.POSTED

    def verify(self, request: Request) -> None:
        requests.verify(request, self.settings)

    def parse(self, request: Request) -> Parsed:
        return requests.read(request, partial(webhook.read, settings=self.settings, received_at=request.received_at))

    def acknowledge(self, request: Request) -> Answer | None:
        """A document without a message in it: whatever else it held would be sent to the customer as our answer."""
        return requests.twiml()

    async def fetch(self, reference: str, account: str | None, http: Http) -> Fetched:
        return await requests.fetch(reference, self.settings, http)

    async def send(self, message: Outgoing, http: Http) -> Sent:
        return await sending.send(message, self.settings, http, self._now())

    async def credentials(self, http: Http) -> Sequence[Credential]:
        headers = basic(self.settings.account_sid, self.settings.tokens[0])
        return (await tokens.asked(http, f"{self.settings.root}.json", name="auth_token", headers=headers),)


CHANNEL = Channel(
    name="twilio",
    settings=TwilioSettings,
    connector=Twilio,
    abilities=Abilities(
        kinds=frozenset({"text", "media", "location", "postback", "form", "reaction", "unsupported"}),
        proof=frozenset({"verified", "claimed"}),
        states=frozenset({"sent", "delivered", "read", "failed"}),
        media=True,
        windows={way.channel: way.window for way in PREFIXED if way.window is not None},
        send=sending.LIMITS,
    ),
)
