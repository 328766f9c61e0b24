"""Chats with gateways that are killed, and over two nodes: nothing lost, nothing twice, and in order."""

import asyncio

import pytest
from aiohttp import ClientSession
from sqlalchemy import create_engine, select

from storage.schema import outgoing
from tests.e2e.chats import Browser, answer, new_token
from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import CONFIG, Mode
from tests.e2e.nodes import start_nodes
from tests.e2e.workers import shared
from tests.servers.redis import RedisServer

__all__ = ["shared"]

CHAT = CONFIG.with_name("chat.yaml")
pytestmark = pytest.mark.timeout(300)


async def test_a_gateway_that_is_killed_in_mid_chat_loses_and_doubles_nothing(make_gateway: MakeGateway) -> None:
    gateway = make_gateway(config=CHAT)
    gateway.start()
    async with ClientSession() as http:
        browser = Browser(http, gateway, await new_token(http, gateway))
        await browser.open()
        first = await browser.said("uno")
        await asyncio.to_thread(answer, gateway, first, "due")
        await browser.sees("due")
        await browser.said("tre")
        await asyncio.to_thread(answer, gateway, first, "quattro")
        name = await browser.say("cinque")
        gateway.kill()
        await browser.ended()
        await asyncio.to_thread(gateway.start)
        await browser.open()
        await browser.said("cinque", name)
        await browser.sees("quattro")
        await browser.sees("cinque")
        again = Browser(http, gateway, browser._token)
        await again.open()
        for text in ("quattro", "cinque"):
            await again.sees(text)
    assert sorted(again.texts) == sorted(browser.texts) == sorted(["uno", "due", "tre", "quattro", "cinque"])
    assert [text for text in again.texts if text in ("uno", "tre", "cinque")] == ["uno", "tre", "cinque"]
    assert len(set(browser.came)) == len(browser.came)
    books = gateway.settle()
    assert books["balance"]
    assert gateway.stop() < 10
    assert gateway.defects() == []


async def test_an_answer_through_one_node_reaches_the_windows_at_the_other(
    make_gateway: MakeGateway, shared: Mode, redis_server: RedisServer
) -> None:
    one, other = start_nodes(make_gateway, shared, "a", "b", config=CHAT)
    async with ClientSession() as http:
        token = await new_token(http, one)
        here, there = Browser(http, one, token), Browser(http, other, token)
        await here.open()
        await there.open()
        envelope = await there.said("uno")
        assert (await here.sees("uno"))["direction"] == "in"
        await asyncio.to_thread(answer, one, envelope, "due")
        for browser in (here, there):
            assert (await browser.sees("due"))["name"] == "Anna"
        redis_server.kill()
        try:
            await here.said("tre")
            await asyncio.to_thread(answer, one, envelope, "quattro")
            for browser in (here, there):
                await browser.sees("quattro")
        finally:
            await asyncio.to_thread(redis_server.restart)
        await there.said("cinque")
        await here.sees("cinque")
        for browser in (here, there):
            await browser.sees("tre")
            assert browser.texts == ["uno", "due", "tre", "quattro", "cinque"]
            assert len(set(browser.came)) == len(browser.came)
    engine = create_engine(shared.environ["REGIA__DATABASE__URL"].replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        assert "a" in set(connection.execute(select(outgoing.c.node)).scalars())
    engine.dispose()
    for node in (one, other):
        node.stop()
