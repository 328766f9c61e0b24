"""What a provider is told about a delivery, and by which methods it may deliver: as its connector says."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from connectors.abilities import Abilities
from connectors.base import Answer, BaseConnector, Channel, ConnectorSettings, Parsed, Request, Unreadable
from connectors.errors import Rejected
from regia.gateway import Gateway
from tests.http.served import Client, make_gateway, serving
from tests.providers import twilio
from tests.subjects.twilio import SUBJECT, TOKEN


class Silent(BaseConnector[ConnectorSettings]):
    """Says nothing of acknowledgements and methods."""

    @property
    def brands(self) -> frozenset[str]:
        return frozenset()

    def verify(self, request: Request) -> None:
        if "forged" in request.query:
            raise Rejected("signature_wrong", "forged")

    def parse(self, request: Request) -> Parsed:
        kept = Unreadable(reason="unreadable", raw=request.body or request.url.encode(), content_type="text/plain", detail="it")
        return Parsed(unreadable=(kept,))


class Telling(Silent):
    @property
    def methods(self) -> frozenset[str]:
        return frozenset({"GET", "POST"})

    def acknowledge(self, request: Request) -> Answer | None:
        return None if "plain" in request.query else Answer(status=202, body=b"<ok/>", content_type="text/xml")


def _channel(made: type[Silent]) -> Channel[Any]:
    return Channel(
        name=made.__name__.lower(),
        settings=ConnectorSettings,
        connector=made,
        abilities=Abilities(kinds=frozenset(), proof=frozenset()),
    )


@pytest.fixture
async def telling(tmp_path: Path, migrated_sqlite: Path) -> Gateway:
    """A gateway with one connector of each, and Twilio's, whose signature is over the public address."""
    gateway = make_gateway(tmp_path, migrated_sqlite)
    channels = {made.__name__.lower(): _channel(made) for made in (Silent, Telling)} | {"twilio": SUBJECT.channel}
    connectors = {name: channels[name].connector(name, ConnectorSettings(type=name)) for name in ("silent", "telling")}
    connectors["twilio"] = SUBJECT.connector(get_deliveries=True)
    gateway.configured = replace(gateway.configured, channels=channels, connectors=connectors)
    return gateway


@pytest.fixture
async def asking(telling: Gateway) -> AsyncIterator[Client]:
    async with serving(telling) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "address", "told"),
    [
        ("POST", "silent", (200, "application/json", b'{"accepted":1}')),
        ("POST", "telling", (202, "text/xml", b"<ok/>")),
        ("GET", "telling?a=1", (202, "text/xml", b"<ok/>")),
        ("POST", "telling?plain", (200, "application/json", b'{"accepted":1}')),
    ],
)
async def test_an_accepted_delivery_is_answered_as_its_connector_says(
    asking: Client, telling: Gateway, method: str, address: str, told: tuple[int, str, bytes]
) -> None:
    answer = await asking.request(method, f"/webhooks/{address}", data=b"something" if method == "POST" else None)
    assert (answer.status, answer.content_type, await answer.read()) == told
    assert await telling.journal.count_pending() == 1


@pytest.mark.parametrize(
    ("method", "address", "told"),
    [
        ("GET", "silent", (405, "method_not_allowed")),
        ("GET", "telling?forged", (401, "signature_wrong")),
        ("POST", "telling?forged", (401, "signature_wrong")),
    ],
)
async def test_what_is_refused_is_not_acknowledged(
    asking: Client, telling: Gateway, method: str, address: str, told: tuple[int, str]
) -> None:
    answer = await asking.request(method, f"/webhooks/{address}")
    assert (answer.status, (await answer.json())["error"]) == told
    assert await telling.journal.count_pending() == 0


SMS = dict(parse_qsl(SUBJECT.samples["sms_unicode"].decode()))
PUBLIC = "https://regia.example/webhooks/twilio?a=%2b&b=c+d%20e"
EMPTY = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'


@pytest.mark.parametrize("deliver", [twilio.deliver, twilio.deliver_get])
async def test_twilio_delivers_over_http_and_is_told_nothing_to_send(asking: Client, telling: Gateway, deliver: Any) -> None:
    url = str(asking.make_url("/")) + PUBLIC.removeprefix("https://regia.example/")
    for _ in range(2):
        reply = await deliver(url, SMS, TOKEN, public_url=PUBLIC)
        assert (reply.status, reply.headers["Content-Type"], reply.body) == (200, "text/xml", EMPTY)
    reply = await deliver(url, SMS, "another", public_url=PUBLIC)
    assert reply.status == 401
    assert [row.kind for row in await telling.journal.pending()] == ["message", "repeat"]
