"""WhatsApp over real HTTP, to a provider that takes only what Meta's documents describe."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from connectors.base import Outgoing, OutgoingFile
from connectors.media import GuardedHttp
from connectors.whatsapp import WhatsApp, WhatsAppSettings
from normalizer.inbound import Button, Handle
from tests.providers.graph import WhatsAppGraph

PICTURE = OutgoingFile(filename="a.jpg", content_type="image/jpeg", content=b"x", url="https://cdn.example/a.jpg")
INVOICE = OutgoingFile(filename="a.pdf", content_type="application/pdf", content=b"x", url="https://cdn.example/a.pdf")
WORDS = " ".join(f"perché{number}" for number in range(500))
ANNA = Handle("phone", "+393331234567", "verified")
BUTTONS = (Button(id="yes", title="Sì"), Button(id="no", title="No"))


@pytest.fixture
async def http() -> AsyncIterator[GuardedHttp]:
    async with GuardedHttp(private_hosts=frozenset({"127.0.0.1"})) as guarded:
        yield guarded


@pytest.fixture
async def provider() -> AsyncIterator[WhatsAppGraph]:
    async with WhatsAppGraph("TOK", "PN1") as running:
        yield running


def connector(provider: WhatsAppGraph) -> WhatsApp:
    values = {"type": "whatsapp", "app_secret": "s", "verify_token": "v", "access_token": "TOK", "graph_url": provider.url}
    return WhatsApp("whatsapp", WhatsAppSettings.model_validate({**values, "accounts": {"PN1": {"brand": "demo"}}}))


def outgoing(**changed: Any) -> Outgoing:
    values: dict[str, Any] = {"to": ANNA, "text": WORDS, "account": "PN1", "in_reply_to": "wamid.Z", "token": "reply-0001"}
    return Outgoing(**{**values, **changed})


@pytest.mark.parametrize(
    ("kind", "value", "to"),
    [
        ("phone", "+393331234567", "393331234567"),
        ("whatsapp_user", "PN1:DE.81234", "DE.81234"),
        ("whatsapp_group", "PN1:Y2FwaV9ncm91cDox", "Y2FwaV9ncm91cDox"),
    ],
)
async def test_texts_and_files_are_taken(provider: WhatsAppGraph, http: GuardedHttp, kind: str, value: str, to: str) -> None:
    message = outgoing(to=Handle(kind, value, "verified"), files=(PICTURE, INVOICE))
    sent = await connector(provider).send(message, http)
    assert provider.refused == []
    assert sent.external_ids == tuple(one.id for one in provider.accepted)
    assert {one.to for one in provider.accepted} == {to}
    assert " ".join(one.text for one in provider.accepted if one.kind == "text" and one.text) == WORDS
    assert [one.media for one in provider.accepted if one.media] == [PICTURE.url, INVOICE.url]
    assert [one.reply_to for one in provider.accepted][:2] == ["wamid.Z", None]
    assert {one.extra["recipient_type"] for one in provider.accepted} == {"group" if kind == "whatsapp_group" else "individual"}


async def test_buttons_are_taken(provider: WhatsAppGraph, http: GuardedHttp) -> None:
    await connector(provider).send(outgoing(text="Va bene?", buttons=BUTTONS), http)
    assert provider.refused == []
    (taken,) = provider.accepted
    assert taken.buttons == (("yes", "Sì"), ("no", "No"))


async def test_a_file_is_fetched(provider: WhatsAppGraph, http: GuardedHttp) -> None:
    provider.files["4711"] = b"JPEG"
    provider.mime_types["4711"] = "image/jpeg"
    fetched = await connector(provider).fetch("4711", "PN1", http)
    assert (fetched.content, fetched.content_type, provider.refused) == (b"JPEG", "image/jpeg", [])
