"""A customer looks for an answer in the chat of a real gateway, in Chromium: searches, reads, judges, and writes even so."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Page as Tab
from playwright.async_api import expect

from tests.browser import chromium
from tests.e2e.gateway import Gateway
from tests.e2e.test_chat_widget import RULES, Helpdesk
from tests.web.chat_shop import FLOW, Site, opened, ticks, write

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONFIG: Final = """
data: {make_secrets: true}
links_key: file:links-key
rules: [rules.yaml]
tokens: [{name: consumer, token: "file:consumer-token", scopes: [messages, queues, events, replies]}]
faq: {help: {brand: demo, folder: faq, languages: [it, en], categories: {orders: Ordini}}}
connectors:
  shop:
    type: chat
    brand: demo
    faq: help
    origins: [ORIGIN]
    fields: {order: {}, email: {type: email}}
    flow: FLOW
"""
ARTICLES: Final = {
    "reso": "Come faccio un reso?",
    "pacco": "Dov'è il mio pacco?",
    "cura": "Come si cura la ghisa?",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Site, Gateway]]:
    """A shop's page with the widget of a gateway that has a FAQ."""
    folder = tmp_path_factory.mktemp("faq")
    async with chromium() as browser:
        it = Site("", browser)
        await it.start()
        config = folder / "regia.yaml"
        config.write_text(CONFIG.replace("ORIGIN", it.origin).replace("FLOW", json.dumps(FLOW)))
        config.with_name("rules.yaml").write_text(RULES)
        _write(folder / "faq")
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


def _write(folder: Path) -> None:
    folder.mkdir()
    for id_, title in ARTICLES.items():
        text = f"---\ntitle: {title}\ncategory: orders\n---\nEcco **la risposta** su {id_}.\n"
        (folder / f"{id_}.it.md").write_text(text)


async def to_the_articles(tab: Tab) -> None:
    await opened(tab)
    await tab.click("text=Un reso")
    await write(tab, "IT-2231")
    await write(tab, "anna@example.it")
    await expect(tab.locator(".article-link b")).to_have_text(["Come faccio un reso?"])


async def read(tab: Tab, title: str, *, helped: bool) -> None:
    await tab.click(f'.article-link:has-text("{title}")')
    await expect(tab.locator(".prose strong")).to_have_text("la risposta")
    async with tab.expect_response("**/helped?lang=it") as answered:
        await tab.locator(".helped button").nth(0 if helped else 1).click()
    assert (await answered.value).status == 200


async def counts(gateway: Gateway) -> dict[str, tuple[int, int, int]]:
    """Article to how often it was read, helped and did not."""
    told = await asyncio.to_thread(gateway.cli, "faq", "report", "--json")
    found: list[dict[str, Any]] = json.loads(told.stdout)["articles"]
    return {one["article"]: (one["views"], one["helped"], one["not_helped"]) for one in found}


async def test_what_was_read_goes_along_and_is_counted(site: tuple[Site, Gateway]) -> None:
    it, gateway = site
    desk = Helpdesk(gateway)
    tab = await it.tab()
    await to_the_articles(tab)
    await read(tab, "Come faccio un reso?", helped=False)
    await tab.click(".back")
    await tab.fill("input[type=search]", "spedizione o pacchi")
    await expect(tab.locator(".article-link b")).to_have_text(["Dov'è il mio pacco?"])
    await read(tab, "Dov'è il mio pacco?", helped=False)
    await tab.click(".helped .person")
    await write(tab, "Non è arrivato niente")
    await expect(ticks(tab, "sent").or_(ticks(tab, "delivered"))).to_have_count(1)
    await desk.take(1)
    data = desk.taken[0]["data"]
    assert (data["text"], data["faq"]) == ("Non è arrivato niente", ["reso", "pacco"])
    assert data["fields"] == {"topic": "returns", "order": "IT-2231", "email": "anna@example.it"}
    assert await counts(gateway) == {"reso": (1, 0, 1), "pacco": (1, 0, 1)}


async def test_who_is_helped_writes_nothing(site: tuple[Site, Gateway]) -> None:
    it, gateway = site
    before = await counts(gateway)
    tab = await it.tab()
    await to_the_articles(tab)
    await tab.fill("input[type=search]", "ghisa")
    await expect(tab.locator(".article-link b")).to_have_text(["Come si cura la ghisa?"])
    await read(tab, "Come si cura la ghisa?", helped=True)
    await expect(tab.locator(".helped")).not_to_contain_text("persona")
    assert await counts(gateway) == before | {"cura": (1, 1, 0)}
    waiting = await asyncio.to_thread(gateway.get, "/v1/queues")
    assert sum(queue["ready"] for queue in waiting.json()["queues"]) == 0
