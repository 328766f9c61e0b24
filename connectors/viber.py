"""Viber: messages and what became of ours in; texts, files and keyboards out.

Source: Viber developers, "REST bot API" (callbacks, send message, error codes) and "Keyboards". One bot has one token, which
signs its callbacks too, and callbacks name no account: one connector is one bot.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal

from pydantic import Field

from connectors import viber_kinds
from connectors.abilities import Abilities
from connectors.base import (
    Answer,
    BaseConnector,
    Channel,
    ConnectorSettings,
    Credential,
    Fetched,
    Http,
    Outgoing,
    Parsed,
    Request,
    Sent,
)
from connectors.kit import tokens
from connectors.kit.content import present
from connectors.kit.elements import Element, Found, read_json
from connectors.kit.outbound import answer
from connectors.kit.place import Place, fingerprint
from connectors.kit.settings import BaseUrl, Name, Secrets, several
from connectors.kit.signatures import check_hmac
from connectors.reading import Part, moment
from connectors.viber_sending import LIMITS, USER, failure, message_token, optional_token
from connectors.viber_sending import send as sending
from normalizer.inbound import Reply, Sender

_REPLIES: Final = Reply(allowed=("text", "image", "video", "audio", "document"))
_STATES: Final[Mapping[str, str]] = MappingProxyType({"delivered": "delivered", "seen": "read", "failed": "failed"})


_OK, _BAD_TOKEN = 0, 2
"""Of Viber's status codes."""


class ViberSettings(ConnectorSettings):
    """One Viber bot."""

    type: Literal["viber"]
    brand: Name
    channel: Name | None = Field(default=None, description="Stands as `channel` in envelopes instead of `viber`.")
    auth_token: Secrets = Field(description="The bot's token; a list of new and old while it is being changed.")
    sender_name: str = Field(min_length=1, max_length=28, description="Who customers see as the sender.")
    api_url: BaseUrl = "https://chatapi.viber.com"
    media_hosts: tuple[str, ...] = Field(default=(".viber.com",), description="Hosts that files may be loaded from.")


class Viber(BaseConnector[ViberSettings]):
    """One Viber bot."""

    @property
    def brands(self) -> frozenset[str]:
        return frozenset({self.settings.brand})

    def verify(self, request: Request) -> None:
        check_hmac(request, "X-Viber-Content-Signature", several(self.settings.auth_token), encoding="hex")

    def acknowledge(self, request: Request) -> Answer:
        """An empty object: whatever answers `conversation_started` would be shown as a welcome."""
        return Answer(body=b"{}", content_type="application/json")

    def parse(self, request: Request) -> Parsed:
        return read_json(request.body, _lay_out, self._read)

    def _read(self, element: Element, raw: bytes) -> Found:
        event = element.part
        place = Place(brand=self.settings.brand, channel=self.settings.channel or "viber")
        word, at = event.ident("event"), moment(event.data.get("timestamp"))
        if word in _STATES:
            token, user = message_token(event), event.optional_ident("user_id")
            # A user's own message is reported as delivered too: it has the same token, and stays a status.
            key = f"{token}:{word}:{user}"
            error = failure(event.hint("desc")) if word == "failed" else None
            return place.status(_STATES[word], key=key, external_id=token, raw=raw, at=at, recipient=user, error=error)
        if word != "message":
            number = optional_token(event)
            return place.event(word, key=f"{word}:{number}" if number else fingerprint(event.data), raw=raw, at=at)
        sender, message = event.part("sender"), event.part("message")
        handle = place.handle(USER, sender.ident("id"))
        return place.contact(
            viber_kinds.content(message),
            key=message_token(event),
            sender=Sender(handle=handle, name=sender.hint("name")),
            raw=raw,
            sent_at=at,
            fields=present(
                viber_tracking_data=message.hint("tracking_data"),
                viber_country=sender.hint("country"),
                viber_language=sender.hint("language"),
            ),
            reply=_REPLIES,
        )

    async def fetch(self, reference: str, account: str | None, http: Http) -> Fetched:
        """A file by its address, which needs no token and lives for an hour. Raises `MediaUnavailable`."""
        return await http.download(reference, hosts=self.settings.media_hosts)

    async def credentials(self, http: Http) -> Sequence[Credential]:
        headers = {"X-Viber-Auth-Token": several(self.settings.auth_token)[0].get_secret_value()}
        response = await http.request("POST", f"{self.settings.api_url}/pa/get_account_info", headers=headers, json={})
        code = answer(response).whole("status")
        return (tokens.said("auth_token", code, fine=frozenset({_OK}), refused=frozenset({_BAD_TOKEN})),)

    async def send(self, message: Outgoing, http: Http) -> Sent:
        """Raises `SendFailed`."""
        settings, token = self.settings, several(self.settings.auth_token)[0]
        return await sending(message, api_url=settings.api_url, token=token, sender_name=settings.sender_name, http=http)


def _lay_out(body: Part) -> Iterator[Element]:
    """A callback is one event."""
    yield Element(value=body.data, path="body", alone=body.data)


CHANNEL = Channel(
    name="viber",
    settings=ViberSettings,
    connector=Viber,
    abilities=Abilities(
        kinds=frozenset({"text", "media", "location", "contact", "unsupported"}),
        proof=frozenset({"verified"}),
        states=frozenset({"delivered", "read", "failed"}),
        media=True,
        send=LIMITS,
    ),
)
