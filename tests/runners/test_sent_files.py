"""Files of replies leave by channels that take bytes, and by those that load them from an address: to fake providers, on SQLite
and on PostgreSQL."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from desk.asking import Desk
from desk.files import ReplyFile
from desk.replies import Reply
from normalizer.inbound import envelope_id
from regia.gateway import Gateway
from regia.http.app import build_app
from storage.schema import outgoing
from tests.databases import filled_url, migrated_postgresql, migrated_sqlite, postgresql_url
from tests.http.served import is_up, worked_off
from tests.providers.graph import WhatsAppGraph
from tests.providers.telegram import TelegramBot
from tests.runners.handles import BOT, NOW_MS, NUMBER, _gateway, _sender, _telegram, _whatsapp

__all__ = ["filled_url", "migrated_postgresql", "migrated_sqlite", "postgresql_url"]

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels" * 20
PDF = b"%PDF-1.7 a label for the parcel"
FILES = (ReplyFile(content=PNG, filename="foto.png"), ReplyFile(content=PDF, filename="etichetta di Anna.pdf"))


@dataclass
class World:
    gateway: Gateway
    graph: WhatsAppGraph
    bot: TelegramBot

    async def wrote(self, connector: str) -> str:
        """The id of the envelope of a contact."""
        make = _whatsapp if connector == "whatsapp" else _telegram
        _, payload = make(1, 1, Random(1))  # noqa: S311  # chance, not a secret
        at = datetime.fromtimestamp(NOW_MS / 1000, UTC)
        parsed = self.gateway.configured.connectors[connector].reread(orjson.dumps(payload), "application/json", at)
        await self.gateway.intake.accept(connector, parsed)
        await worked_off(self.gateway)
        return str(envelope_id(connector, parsed.messages[0].event_key))

    async def reply(self, connector: str, **more: Any) -> None:
        desk = Desk(self.gateway.stores.database, self.gateway.channels, self.gateway.stores.blobs)
        wanted = Reply(message_id=await self.wrote(connector), author="giulia", files=FILES, **more)
        await desk.reply(wanted, NOW_MS)

    async def send(self) -> list[tuple[str, str | None]]:
        """State and error of all that was queued, once it was tried."""
        sender = _sender(self.gateway)
        await sender.look()
        await sender.close()
        query = select(outgoing.c.state, outgoing.c.error)
        return [tuple(row) for row in await self.gateway.stores.database.read(lambda one: one.execute(query).all())]


@pytest.fixture
async def world(tmp_path: Path, filled_url: str) -> AsyncIterator[World]:
    async with WhatsAppGraph("TOKEN", NUMBER) as graph, TelegramBot(BOT) as bot:
        gateway = _gateway(tmp_path / "node", filled_url, GRAPH=graph.url, BOT_URL=bot.url)
        gateway.start()
        await is_up(gateway)
        yield World(gateway, graph, bot)
        await gateway.stop()


async def test_telegram_is_given_the_bytes(world: World) -> None:
    await world.reply("telegram", text="Ecco")
    assert await world.send() == [("sent", None)]
    assert [(one.kind, one.text or one.media) for one in world.bot.accepted] == [
        ("text", "Ecco"),
        ("photo", "foto.png"),
        ("document", "etichetta di Anna.pdf"),
    ]


async def test_whatsapp_loads_them_from_us(world: World) -> None:
    await world.reply("whatsapp", text="")
    assert await world.send() == [("sent", None)]
    image, document = world.graph.accepted
    assert (image.kind, document.kind) == ("image", "document")
    async with TestClient(TestServer(build_app(world.gateway))) as client:
        for one, content, kind in ((image, PNG, "image/png"), (document, PDF, "application/pdf")):
            link = urlsplit(one.media or "")
            assert (link.netloc, "Anna" in link.path) == ("gw.example", False)
            answer = await client.get(f"{link.path}?{link.query}")
            assert (await answer.read(), answer.headers["Content-Type"]) == (content, kind)


async def test_what_is_not_stored_any_more_fails_and_what_is_away_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.reply("telegram", text="Ecco")
    folder = Path(world.gateway.configured.settings.data.path) / "blobs"
    with monkeypatch.context():
        folder.rename(folder.with_name("away"))
        assert await world.send() == [("queued", "retryable: the blob store does not answer")]
        folder.with_name("away").rename(folder)
    due = outgoing.update().values(due_ms=NOW_MS)
    await world.gateway.stores.database.write(lambda one: one.execute(due))
    for blob in FILES:
        await world.gateway.stores.blobs.delete(blob.sha256 or "")
    assert await world.send() == [("failed", "unsupported: a file of it is not stored any more")]
    assert world.bot.accepted == []
