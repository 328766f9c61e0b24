"""A customer chats with a real gateway in Chromium: without network, with the gateway killed meanwhile, in two tabs."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser import chromium
from tests.e2e.gateway import Gateway
from tests.web.chat_shop import FLOW, Site, bubbles, opened, ticks, write

pytestmark = pytest.mark.asyncio(loop_scope="module")
QUEUE: Final = "demo.general"
PNG: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc33"
    "0000000049454e44ae426082"
)
CONFIG: Final = """
data: {make_secrets: true}
links_key: file:links-key
rules: [rules.yaml]
tokens: [{name: consumer, token: "file:consumer-token", scopes: [messages, queues, events, replies]}]
connectors:
  shop:
    type: chat
    brand: demo
    origins: [ORIGIN]
    fields: {order: {}, email: {type: email}, product: {}}
    flow: FLOW
"""
RULES: Final = "categories: {general: {label: Informazioni}}\ndefault: general\nrules: []\n"


class Helpdesk:
    """The ticket system's side: takes what is in the queue, and answers."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.taken: list[dict[str, Any]] = []

    async def take(self, number: int) -> None:
        """Until so many envelopes were taken, each of which stays taken."""
        async with asyncio.timeout(20):
            while len(self.taken) < number:
                self.taken += await asyncio.to_thread(self._take)
                await asyncio.sleep(0.05)

    def _take(self) -> list[dict[str, Any]]:
        path = f"/v1/queues/{QUEUE}/take?limit=10&lease=600"
        found = self.gateway.request("POST", path, headers=self.gateway.consumer()).json()["messages"]
        return [one["envelope"] for one in found]

    @property
    def texts(self) -> list[str | None]:
        return [envelope["data"]["text"] for envelope in self.taken]

    async def answer(self, text: str, **more: Any) -> None:
        """To the newest message."""
        headers = {**self.gateway.consumer(), "Content-Type": "application/json"}
        body = json.dumps({"message": self.taken[-1]["id"], "text": text, "author": "Anna", **more}).encode()
        answer = await asyncio.to_thread(self.gateway.request, "POST", "/v1/replies", body, headers)
        assert answer.status == 202, answer.body
        await self._is_in_the_chat(answer.json()["id"])

    async def _is_in_the_chat(self, reply: str) -> None:
        async with asyncio.timeout(20):
            while True:
                row = await asyncio.to_thread(self.gateway.get, f"/v1/replies/{reply}")
                if row.json()["state"] not in ("queued", "sending"):
                    return
                await asyncio.sleep(0.05)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Site, Gateway]]:
    """A shop's page with the widget of a gateway that runs."""
    async with chromium() as browser:
        async for both in _running(Site("", browser), tmp_path_factory.mktemp("chat")):
            yield both


async def _running(it: Site, folder: Path) -> AsyncIterator[tuple[Site, Gateway]]:
    await it.start()
    flow = json.dumps({**FLOW, "steps": {name: step for name, step in FLOW["steps"].items() if name != "faq"}})
    config = folder / "regia.yaml"
    config.write_text(CONFIG.replace("ORIGIN", it.origin).replace("FLOW", flow.replace('"next": "faq"', '"next": "talk"')))
    config.with_name("rules.yaml").write_text(RULES)
    gateway = Gateway(folder / "gateway", config=config)
    it.base = f"http://127.0.0.1:{gateway.port}"
    await asyncio.to_thread(gateway.start)
    try:
        yield it, gateway
        it.expect_peace()
        assert gateway.defects() == []
    finally:
        await it.stop()
        gateway.kill()
        print(gateway.tail())


async def test_a_customer_chats_loses_the_network_comes_back_and_gets_the_answer(site: tuple[Site, Gateway]) -> None:
    it, gateway = site
    desk = Helpdesk(gateway)
    it.script = "window.regiaFields = {product: 'PAN-28'};"
    context = await it.context()
    tab = await it.tab(context)
    await opened(tab)
    await tab.click("text=Un reso")
    await write(tab, "IT-2231")
    await write(tab, "anna@example.it")
    await write(tab, "È arrivata rotta")
    await expect(ticks(tab, "sent").or_(ticks(tab, "delivered"))).to_have_count(1)
    await desk.take(1)
    await expect(ticks(tab, "delivered")).to_have_count(1)
    await context.set_offline(True)
    await write(tab, "Ci siete?")
    await expect(ticks(tab, "sending")).to_have_count(1)
    await desk.answer("La sostituiamo", buttons=[{"id": "yes", "title": "Va bene"}])
    await context.set_offline(False)
    await expect(tab.locator(".row.agent .bubble")).to_have_text("La sostituiamo")
    await expect(tab.locator(".who")).to_have_text("Anna")
    await desk.take(2)
    await asyncio.to_thread(gateway.kill)
    await write(tab, "uno")
    await write(tab, "due")
    await tab.reload()
    await asyncio.to_thread(gateway.start)
    await expect(ticks(tab, "delivered")).to_have_count(4, timeout=40_000)
    await desk.take(4)
    await desk.answer("Fatto")
    await expect(tab.locator(".row.agent .bubble")).to_have_text(["La sostituiamo", "Fatto"])
    # The answer was there before the gateway got the question that was written without network.
    assert (await bubbles(tab))[-5:] == ["La sostituiamo", "Ci siete?", "uno", "due", "Fatto"]
    assert desk.texts == ["È arrivata rotta", "Ci siete?", "uno", "due"]
    first = desk.taken[0]["data"]
    assert first["fields"] == {"topic": "returns", "order": "IT-2231", "email": "anna@example.it", "product": "PAN-28"}
    assert first["page"]["title"] == "Padella 28"
    assert [(claim["kind"], claim["value"]) for claim in first["sender"]["claims"]] == [("email", "anna@example.it")]


async def test_long_polling_files_and_two_tabs(site: tuple[Site, Gateway]) -> None:
    it, gateway = site
    desk = Helpdesk(gateway)
    context = await it.context()
    one = await it.tab(context)
    await one.close()
    await context.add_init_script("window.WebSocket = class { constructor() { setTimeout(() => this.onclose({}), 5); } };")
    one, two = await it.tab(context), await it.tab(context)
    await opened(one)
    await opened(two)
    await one.set_input_files("input[type=file]", {"name": "però.png", "mimeType": "image/png", "buffer": PNG})
    await write(one, "Eccola")
    await write(two, "E dalla seconda finestra")
    await desk.take(2)
    await desk.answer("Viste tutte e due")
    for tab in (one, two):
        await expect(tab.locator(".row.agent .bubble")).to_have_text("Viste tutte e due")
        await expect(tab.locator(".row.me")).to_have_count(2)
        await expect(tab.locator(".row.me .file")).to_have_count(1)
    assert sorted(map(str, desk.texts)) == ["E dalla seconda finestra", "Eccola"]
    files = [file["filename"] for envelope in desk.taken for file in envelope["data"]["attachments"]]
    assert files == ["però.png"]
    assert len({envelope["data"]["sender"]["handle"]["value"] for envelope in desk.taken}) == 1
