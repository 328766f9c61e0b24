"""Polling a bot: by a scripted HTTP client step by step, then by the gateway's own runner over real HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from connectors.base import Connector
from connectors.conformance.fake_http import FakeHttp, answer
from connectors.errors import HttpFailed, SourceFailed
from connectors.media import GuardedHttp
from connectors.telegram import CHANNEL, polling
from connectors.telegram.settings import TelegramSettings
from regia.runners import polling as runner
from regia.runners.polling import Polling
from storage.schema import quarantine, repeats
from tests.databases import migrated_sqlite
from tests.http.served import is_up, make_gateway
from tests.providers.base import wait_until
from tests.providers.telegram import TelegramBot, telegram_error
from tests.runners.polled import Node

__all__ = ["migrated_sqlite"]

TOKEN = "7000000001:AAregia_telegram_token"
CHAT = {"id": 6123456789, "type": "private", "first_name": "Ada"}
ADA = {"id": 6123456789, "is_bot": False, "first_name": "Ada"}


def text(number: int, **more: Any) -> dict[str, Any]:
    return {"message": {"message_id": number, "date": 1767225600, "chat": CHAT, "from": ADA, "text": f"m{number}"}, **more}


def updates(*found: Any) -> Any:
    return answer({"ok": True, "result": list(found)})


def connector(api_url: str = "https://api.telegram.org", **changed: Any) -> Connector:
    values = {"type": "telegram", "brand": "demo", "token": TOKEN, "mode": "polling", "api_url": api_url, **changed}
    return CHANNEL.connector("bot", TelegramSettings.model_validate(values))


async def session(http: FakeHttp) -> Any:
    (source,) = connector().sources()
    assert source.name == "7000000001"
    return await source.open(http)


# Step by step


def test_a_webhook_is_not_polled() -> None:
    assert connector(mode="webhook", secret_token="s").sources() == ()


async def test_the_offset_is_the_cursor() -> None:
    http = FakeHttp(updates(text(1, update_id=7), text(2, update_id=9)), updates(), updates(text(3, update_id=12)))
    asking = await session(http)
    polled = await asking.next(None)
    assert polled.cursor == "10"
    assert [connector().parse(one).messages[0].text for one in polled.requests] == ["m1", "m2"]
    await asking.settle(polled)
    assert await asking.next("10") is None
    await asking.wait()
    asked = [{name: call.json.get(name) for name in ("offset", "limit", "timeout")} for call in http.calls]
    assert asked == [
        {"offset": None, "limit": 100, "timeout": 0},
        {"offset": 10, "limit": 100, "timeout": 0},
        {"offset": 10, "limit": 1, "timeout": polling.WAIT},
    ]
    assert "message_reaction" in http.calls[0].json["allowed_updates"]


async def test_what_cannot_be_read_holds_nobody_up() -> None:
    http = FakeHttp(updates("none", {"message": {}}, text(1, update_id=7), {"update_id": 8, "message": []}, {"update_id": 9}))
    polled = await (await session(http)).next("5")
    assert polled.cursor == "10"
    assert [one.raw for one in polled.unreadable] == [b'"none"', b'{"message":{}}']
    parsed = [connector().parse(one) for one in polled.requests]
    assert [(len(one.messages), len(one.unreadable), len(one.events)) for one in parsed] == [(1, 0, 0), (0, 1, 0), (0, 0, 1)]


async def test_an_answer_that_does_not_wait_is_not_asked_for_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "_AT_ONCE", 0.2)
    asking = await session(FakeHttp(updates(), updates(text(1, update_id=7))))
    began = time.monotonic()
    await asking.wait()
    assert time.monotonic() - began >= 0.19
    await asking.wait()
    assert time.monotonic() - began < 0.4


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (answer(telegram_error(401, "Unauthorized"), 401), "login_refused"),
        (answer(telegram_error(404, "Not Found"), 404), "login_refused"),
        (answer(telegram_error(409, "Conflict"), 409), "conflict"),
        (answer(telegram_error(429, "Too Many Requests", retry_after=3), 429), "closed"),
        (answer(b"<html>", 502), "closed"),
        (answer(b"", 302), "protocol_error"),
        (answer(telegram_error(400, "Bad Request"), 400), "protocol_error"),
        (answer(b"<html>"), "protocol_error"),
        (answer({"ok": True}), "protocol_error"),
        (updates({"message": {}}), "protocol_error"),
        (HttpFailed("provider_error", sent=False), "unreachable"),
        (HttpFailed("timeout", sent=False), "unreachable"),
        (HttpFailed("timeout", sent=True), "too_slow"),
        (HttpFailed("provider_error", sent=True), "closed"),
        (HttpFailed("too_large", sent=True), "protocol_error"),
    ],
)
async def test_why_a_bot_cannot_be_polled(given: Any, reason: str) -> None:
    with pytest.raises(SourceFailed) as failed:
        await (await session(FakeHttp(given))).next("5")
    assert failed.value.reason == reason


# By the runner, over HTTP


@pytest.fixture
async def provider() -> AsyncIterator[TelegramBot]:
    async with TelegramBot(TOKEN) as running:
        yield running


Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`async with run(provider) as node`: the gateway polls it until the end of the block."""
    monkeypatch.setattr(runner, "_PAUSES", (0.02,))
    monkeypatch.setattr(runner, "_LONG_PAUSES", (0.05,))

    @asynccontextmanager
    async def running(api_url: str, **changed: Any) -> AsyncIterator[Node]:
        async with AsyncExitStack() as stack:
            gateway = make_gateway(tmp_path, migrated_sqlite)
            http = await stack.enter_async_context(GuardedHttp(private_hosts=frozenset({"127.0.0.1"}), timeout=20))
            await gateway.stores.http.close()
            gateway.stores = replace(gateway.stores, http=http)
            bot = connector(api_url, **changed)
            gateway.configured = replace(gateway.configured, connectors={"bot": bot}, channels={"bot": CHANNEL})
            stack.push_async_callback(gateway.stop)
            gateway.start()
            await is_up(gateway)
            node = Node(gateway, Polling(gateway), "bot/7000000001")
            stack.push_async_callback(node.polling.stop)
            node.polling.start()
            yield node

    return running


async def test_messages_come_within_seconds_and_are_confirmed(run: Run, provider: TelegramBot) -> None:
    provider.add_update(text(1))
    async with run(provider.url) as node:
        await node.reaches("700000002")
        await node.until(lambda: node.state == "ok")
        last = provider.add_update(text(2))
        provider.add_update({"message": []})
        await node.reaches(str(last + 2))
        await wait_until(lambda: not provider.updates.pending)
        assert await node.names() == ["6123456789:1", "6123456789:2"]
        assert [row["reason"] for row in await node.rows(quarantine)] == ["unreadable"]
        assert provider.refused == []
        asked = provider.updates._poll
        await asyncio.sleep(0.3)
        assert provider.updates._poll <= asked + 1, "it waits in one call"


async def test_killed_between_the_journal_and_the_next_step(run: Run, provider: TelegramBot) -> None:
    provider.add_update(text(1))
    provider.add_update(text(2))
    async with run(provider.url) as node:
        moving, dead = node.polling._pollers[0]._place, asyncio.Event()

        async def die(cursor: str) -> None:
            dead.set()
            node.kill()
            await asyncio.sleep(3600)

        moving.move = die
        await asyncio.wait_for(dead.wait(), 10)
        assert len(provider.updates.pending) == 2, "nothing is confirmed before the cursor has moved"
    async with run(provider.url) as node:
        await node.reaches("700000003")
        await wait_until(lambda: not provider.updates.pending)
        assert await node.names() == ["6123456789:1", "6123456789:2"]
        assert len(await node.rows(repeats)) == 2


async def test_a_webhook_in_the_way(run: Run, provider: TelegramBot) -> None:
    provider.webhook = {"url": "https://elsewhere.example"}
    provider.add_update(text(1))
    async with run(provider.url) as node:
        await node.until(lambda: node.state == "conflict")
        provider.webhook = {}
        await node.reaches("700000002")
        await node.until(lambda: node.state == "ok")
        assert await node.names() == ["6123456789:1"]


async def test_a_token_that_was_revoked(run: Run, provider: TelegramBot) -> None:
    async with run(provider.url, token="7000000001:AAanother") as node:
        await node.until(lambda: node.state == "login_refused")


async def test_a_second_poller_in_the_way(run: Run, provider: TelegramBot) -> None:
    async with run(provider.url) as node:
        await node.until(lambda: node.state == "ok")
        provider.fail_polls(409, telegram_error(409, "Conflict: terminated by other getUpdates request"), times=3)
        provider.add_update(text(1))
        await node.reaches("700000002")
        assert await node.names() == ["6123456789:1"]


async def test_a_server_that_goes_and_comes_back(run: Run) -> None:
    provider = TelegramBot(TOKEN)
    async with provider:
        port = int(provider.url.rpartition(":")[2])
        async with run(provider.url) as node:
            await node.until(lambda: node.state == "ok")
            assert provider._runner is not None
            await provider._runner.cleanup()
            await node.until(lambda: node.state == "unreachable")
            async with TelegramBot(TOKEN) as other:
                await move(other, port)
                other.add_update(text(1))
                await node.reaches("700000002")
                await node.until(lambda: node.state == "ok")
                assert await node.names() == ["6123456789:1"]


async def move(provider: TelegramBot, port: int) -> None:
    """Let it listen where the one before it did, too."""
    assert provider._runner is not None
    await web.TCPSite(provider._runner, "127.0.0.1", port, reuse_address=True).start()
