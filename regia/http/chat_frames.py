"""What a visitor's widget sends, by whichever way: accepted when it is durable."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from aiohttp import web
from sqlalchemy import Connection

from connectors.base import Parsed, Request
from connectors.chat import Chat
from connectors.chat.people import Person
from connectors.chat.prepared import Client, Frame
from connectors.forms import JSON
from normalizer.envelope_data import rfc3339
from normalizer.inbound import InboundMessage, reference_number
from regia.chats.window import Window, cursor_of, handles
from regia.http.inbound import verified
from regia.http.rates import within
from regia.http.requests import GATEWAY
from regia.http.visitors import address
from storage import transcripts


@dataclass(frozen=True, slots=True)
class Guest:
    """Who is at the other end of a request, or of a connection."""

    request: web.Request
    chat: Chat
    client: Client
    person: Person

    @classmethod
    def of(cls, request: web.Request, chat: Chat, client: Client) -> Self:
        """Raises `Rejected`: `signature_…` for a token of the site."""
        return cls(request, chat, client, chat.person(_frame(request, chat, client, "message")))

    async def message(self, body: bytes, content_type: str = JSON) -> dict[str, Any]:
        """Count and accept one message: what the widget is told. Raises `Rejected`, and then nothing was kept."""
        await self.within_rates()
        return await self.accepted(body, content_type)

    async def within_rates(self) -> None:
        """Count a message, before its body is read where that may be large. Raises `Rejected("rate_limited")`."""
        rates, coordination, name = self.chat.settings.rate, self.request.app[GATEWAY].stores.coordination, self.chat.name
        await within(rates.visitor, f"chat/{name}/{self.client.visitor}", coordination)
        await within(rates.address, f"chat/{name}/at/{address(self.request)}", coordination)

    async def accepted(self, body: bytes, content_type: str = JSON) -> dict[str, Any]:
        """Accept a message that was counted. Raises `Rejected`."""
        gateway, chat = self.request.app[GATEWAY], self.chat
        received = _frame(self.request, chat, self.client, "message", body, content_type)
        parsed = gateway.faqs.as_read(chat.name, await verified(self.request, chat, received))
        acceptance = await gateway.intake.accept(chat.name, parsed, received.received_at)
        receipt = acceptance.everything[0]
        if parsed.messages and not receipt.repeat:
            item = _item(str(receipt.id), parsed.messages[0], received.received_at)
            await gateway.chats.came(self.person.handle.value, item, int(received.received_at.timestamp() * 1000))
        return {"envelope": str(receipt.id), "reference": reference_number(receipt.id), "repeat": receipt.repeat}

    async def seen(self, body: bytes) -> None:
        """What was delivered or read, of messages that went to this visitor and of which it was not told before. Raises
        `Rejected`."""
        gateway, name = self.request.app[GATEWAY], self.chat.name
        received = _frame(self.request, self.chat, self.client, "seen", body)
        parsed = await verified(self.request, self.chat, received)
        ids = {status.external_id for status in parsed.statuses}

        def look(connection: Connection) -> tuple[set[str], set[tuple[str, str]]]:
            mine = transcripts.owned(connection, name, self.person.seen, ids)
            return mine, transcripts.told_of(connection, name, mine)

        mine, told = await gateway.stores.database.read(look)
        new = tuple(one for one in parsed.statuses if one.external_id in mine and (one.external_id, one.state) not in told)
        if new:
            await gateway.intake.accept(name, Parsed(statuses=new), received.received_at)

    async def writes(self) -> None:
        """Tell whoever looks that this visitor writes."""
        await self.request.app[GATEWAY].chats.writes(self.chat.name, self.person.handle.value)

    def window(self, after: str | None) -> Window:
        """One that has everything up to `after`."""
        person = self.person
        whose = handles(self.chat.name, self.chat.settings.brand, person.seen, person.handle.kind)
        return Window(self.client.visitor, whose, cursor_of(after, whose), address(self.request))

    def join(self, window: Window) -> None:
        """Begin to tell it. Raises `Rejected`: `rate_limited`, `unavailable`."""
        limits = self.chat.settings.sockets
        self.request.app[GATEWAY].chats.join(
            window, most=limits.all, most_of_visitor=limits.visitor, most_of_address=limits.address
        )

    def leave(self, window: Window) -> None:
        """After `join`."""
        self.request.app[GATEWAY].chats.leave(window)


def _frame(  # noqa: PLR0917  # the parts of one request
    request: web.Request, chat: Chat, client: Client, kind: Frame, body: bytes = b"", content_type: str = JSON
) -> Request:
    """One frame as the connector takes it."""
    base = request.app[GATEWAY].configured.settings.server.base_url
    url = f"{base}/chat/{chat.name}/{kind}"
    return client.request(kind, body, url=url, at=datetime.now(UTC), content_type=content_type)


def _item(id_: str, contact: InboundMessage, at: datetime) -> dict[str, Any]:
    """As the visitor's other windows see it until it is in the tables; files come then."""
    return {
        "id": id_,
        "direction": "in",
        "client_id": contact.external_id.rpartition(":")[2],
        "text": contact.text or "",
        "at": rfc3339(at),
        "name": None,
        "automatic": False,
        "files": [],
        "buttons": [],
        "state": "sent",
    }
