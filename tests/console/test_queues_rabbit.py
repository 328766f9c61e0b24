"""The pages of the queues with a RabbitMQ: what it tells of them, who reads, and dead letters that are driven again at once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.spec import Basic
from playwright.async_api import Page as Tab
from playwright.async_api import expect

from regia.http.console import depths
from regia.http.console.parts import CONSOLE
from tests.console.at_work import looking, send
from tests.console.scene import Scene, a_console
from tests.servers.rabbitmq import RabbitMQServer

QUEUE = "demo.general"


@pytest.fixture
async def shop(tmp_path: Path, migrated_sqlite: Path, managed_rabbitmq: RabbitMQServer) -> AsyncIterator[tuple[Scene, str]]:
    """A console on plain http, and the address of its RabbitMQ."""
    url = managed_rabbitmq.new_vhost()
    async with a_console(tmp_path, migrated_sqlite, public_url=None, queues=url) as scene:
        yield scene, url
    managed_rabbitmq.done_with(url)


@contextmanager
def connected(url: str) -> Iterator[BlockingChannel]:
    """A consumer's own connection."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        yield connection.channel()
    finally:
        connection.close()


def refuse(channel: BlockingChannel, method: Basic.Deliver, *_: Any) -> None:
    channel.basic_nack(method.delivery_tag, requeue=False)


async def figures(tab: Tab) -> list[str]:
    """The cells of the queue, as they are now: what waits, what is taken, its course, in and out a second, readers, oldest."""
    await tab.reload()
    row = tab.locator("table.queues tbody tr", has=tab.locator(f"th:has-text('{QUEUE}')"))
    return [" ".join(cell.split()) for cell in await row.locator("th, td").all_inner_texts()]


async def until(tab: Tab, true: Callable[[list[str]], bool]) -> list[str]:
    """The cells, once they say so: RabbitMQ counts a message a moment after it confirmed it."""
    async with asyncio.timeout(20):
        while not true(found := await figures(tab)):
            await asyncio.sleep(0.2)
    return found


def look_back(scene: Scene, seconds: float) -> None:
    """As if the depths had been looked at before, when nothing waited."""
    parts = scene.client.app[CONSOLE]  # type: ignore[union-attr]
    parts.depths.looks.appendleft(depths.Look(parts.depths.looks[0].at - seconds, {}))


async def test_depths_readers_and_letters_of_a_rabbitmq(shop: tuple[Scene, str]) -> None:
    scene, url = shop
    admin = await scene.logged_in(await scene.person("anna.admin", "admin"))
    ids = [await send(scene, text, f"{number}@example.it") for number, text in enumerate(("Uno", "Due", "Tre"))]
    async with looking(scene, admin) as (tab, complaints):
        await tab.goto(str(scene.client.make_url("/console/queues")))
        name, ready, leased, _, into, out, readers, oldest = await until(tab, lambda cells: cells[1] == "3")
        assert (leased, into, out, readers, oldest) == ("?", "0,01", "—", "0", "?"), "3 in the last 300 s"
        assert "nessuno la legge" in name
        assert await tab.inner_text(".depth-figures strong >> nth=2") == ready
        look_back(scene, 30)
        into, out = (await figures(tab))[4:6]
        assert (into, out) == ("0,10", "0,00"), "3 in 30 s, of which all are there"
        with connected(url) as channel:
            channel.basic_consume(QUEUE, refuse)
            assert (await until(tab, lambda cells: cells[6] == "1" and cells[1] == "0"))[0] == QUEUE
            scene.client.app[CONSOLE].depths.looks.pop()  # type: ignore[union-attr]  # the next look is now, not in seconds
            out = (await figures(tab))[5]
            assert float(out.replace(",", ".")) == pytest.approx(3 / 30, abs=0.05), "they are with somebody"
            channel.connection.process_data_events(1)  # now they are refused
        await expect_letters(tab, scene, 3)
        assert await tab.locator("tbody td:nth-child(3)").all_inner_texts() == [QUEUE] * 3
        assert await tab.locator("td.preview").all_inner_texts() == ["Uno", "Due", "Tre"]
        await tab.check("input[name=all]")
        await tab.click("#bulk button[type=submit] >> nth=0")
        await expect(tab.locator(".notice strong")).to_have_text("3 rispedite.")
        assert await tab.locator("td.preview").count() == 0
        await tab.goto(str(scene.client.make_url("/console/queues")))
        await until(tab, lambda cells: cells[1] == "3")
        assert await tab.inner_text(".depth-figures strong >> nth=0") == "0"
        assert complaints == []
    with connected(url) as channel:
        again = [channel.basic_get(QUEUE, auto_ack=True)[1] for _ in ids]
    assert sorted(one.message_id.partition(":")[0] for one in again) == sorted(ids)
    assert ("dead.redrive", "filter", "done") in [row[1:] for row in await scene.audit()]


async def test_a_rabbitmq_that_is_away_is_said(shop: tuple[Scene, str], monkeypatch: pytest.MonkeyPatch) -> None:
    scene, _ = shop
    viewer = await scene.logged_in(await scene.person("vera.viewer", "viewer"))
    await scene.gateway.stores.queues.close()
    page = await scene.page("/queues", viewer)
    assert page.css(".notice.bad")
    assert not page.css("table.queues tbody tr")


async def expect_letters(tab: Tab, scene: Scene, number: int) -> None:
    """The page of dead letters, once so many lie there."""
    async with asyncio.timeout(20):
        while True:
            await tab.goto(str(scene.client.make_url("/console/queues/dead?reason=rejected")))
            if await tab.locator("td.preview").count() == number:
                return
            await asyncio.sleep(0.2)
