"""The hosted chat: its words, its headers, and in Chromium a whole conversation with a gateway behind it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
from playwright.async_api import Browser, BrowserContext, expect
from playwright.async_api import Page as Tab
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import select

from connectors.chat.settings import ChatSettings
from normalizer.advice import LANGUAGES, Language
from regia.gateway import Gateway
from storage.schema import messages
from tests.browser import chromium
from tests.databases import migrated_sqlite
from tests.http.chatting import reply, working
from tests.http.served import Client, is_up, make_gateway, serving, worked_off
from tests.web.accessible import findings
from tests.web.chat_shop import ticks
from web.pages.chat import Paths, render_chat
from web.pages.chat_texts import CHAT_TEXTS

__all__ = ["migrated_sqlite"]

PATHS = Paths(theme="/chat/shop/theme.css", script="/chat/shop/widget.js")
HOSTILE = "\"'><script>alert(1)</script>"


@dataclass
class Hosted:
    gateway: Gateway
    client: Client
    browser: Browser
    complaints: list[str]

    @property
    def url(self) -> str:
        return str(self.client.make_url("/chat/chat"))

    async def tab(self, **context: Any) -> Tab:
        made: BrowserContext = await self.browser.new_context(locale="it-IT", **context)
        tab = await made.new_page()
        tab.on("console", lambda one: self.complaints.append(one.text) if one.type in ("error", "warning") else None)
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        await tab.goto(self.url)
        await expect(tab.locator(".panel")).to_be_visible()
        return tab

    async def accepted(self) -> list[str]:
        await worked_off(self.gateway)
        found = await self.gateway.stores.database.read(lambda one: one.execute(select(messages.c.id)).scalars().all())
        return list(found)


@pytest.fixture
async def hosted(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Hosted]:
    gateway = make_gateway(tmp_path, migrated_sqlite)
    async with serving(gateway) as client, chromium() as browser:
        gateway.start()
        await is_up(gateway)
        async with working(gateway):
            yield Hosted(gateway, client, browser, [])


def rendered(language: Language = "it", **settings: Any) -> LexborHTMLParser:
    chat = ChatSettings.model_validate({"brand": "demo", **settings})
    return LexborHTMLParser(render_chat(chat, language, PATHS))


@pytest.mark.parametrize("language", get_args(Language))
def test_it_speaks_every_language(language: Language) -> None:
    page, words = rendered(language), CHAT_TEXTS[language]
    root = page.css_first("html")
    assert root is not None
    assert root.attributes["lang"] == language
    assert words.lead in page.text()
    assert [one.text() for one in page.css(".languages a")] != []
    assert page.css("script")[0].attributes["src"] == PATHS.script
    assert words.needs_script in "".join(one.html or "" for one in page.css("noscript"))
    assert not page.css("[style], style, [onclick], script:not([src])")


def test_with_one_language_there_is_nothing_to_choose() -> None:
    assert rendered("en", languages=["en"]).css(".languages") == []


def test_what_stands_in_the_settings_is_escaped() -> None:
    page = rendered(title=HOSTILE)
    assert [one.text() for one in page.css("h1, title")] == [HOSTILE, HOSTILE]
    assert len(page.css("script")) == 2


async def test_the_page_is_there_for_chats_alone(hosted: Hosted) -> None:
    answer = await hosted.client.get("/chat/chat?lang=en")
    assert (answer.status, answer.content_type) == (200, "text/html")
    assert "frame-ancestors 'self' https://shop.example" in answer.headers["Content-Security-Policy"]
    assert '<html lang="en"' in await answer.text()
    theme = await hosted.client.get("/chat/chat/theme.css")
    assert (theme.status, theme.content_type) == (200, "text/css")
    for path in ("/chat/desk", "/chat/nothing", "/chat/desk/theme.css"):
        assert (await hosted.client.get(path)).status == 404


async def test_a_conversation(hosted: Hosted) -> None:
    """It opens by itself, what is written is accepted, the answer comes, and a reload shows both."""
    tab = await hosted.tab()
    await tab.get_by_role("textbox").fill("Avete la padella da 28?")
    await tab.keyboard.press("Enter")
    await expect(tab.locator(".panel")).to_contain_text("Avete la padella da 28?")
    await expect(ticks(tab, "delivered")).to_have_count(1)
    [envelope] = await hosted.accepted()
    await reply(hosted.client, hosted.gateway, envelope, "Sì, in magazzino.")
    await expect(tab.locator(".panel")).to_contain_text("Sì, in magazzino.")
    await tab.reload()
    await expect(tab.locator(".panel")).to_contain_text("Sì, in magazzino.")
    assert hosted.complaints == []


async def test_the_button_opens_it_again(hosted: Hosted) -> None:
    tab = await hosted.tab()
    await tab.keyboard.press("Escape")
    await expect(tab.locator(".panel")).to_be_hidden()
    await tab.get_by_role("button", name=CHAT_TEXTS["it"].open).first.click()
    await expect(tab.locator(".panel")).to_be_visible()
    assert hosted.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_nothing_serious_for_those_who_cannot_see_it(hosted: Hosted, width: int, scheme: Any) -> None:
    tab = await hosted.tab(viewport={"width": width, "height": 844}, color_scheme=scheme)
    await expect(tab.locator("[data-open]")).to_be_attached()
    assert await findings(tab) == []
    if width > 1000:
        card, panel = await tab.locator("main").bounding_box(), await tab.locator(".panel").bounding_box()
        assert card is not None
        assert panel is not None
        assert card["x"] + card["width"] <= panel["x"], "the card is beside the open chat"


def test_every_language_has_words() -> None:
    assert set(CHAT_TEXTS) == set(LANGUAGES)


async def test_where_the_chat_does_not_come_the_page_says_so(hosted: Hosted) -> None:
    made = await hosted.browser.new_context(locale="it-IT")
    tab = await made.new_page()
    await tab.clock.install()
    await tab.route("**/widget.js*", lambda route: route.abort())
    await tab.goto(hosted.url)
    told = tab.get_by_role("alert")
    await expect(told).to_be_hidden()
    await tab.clock.run_for(11_000)
    await expect(told).to_have_text(CHAT_TEXTS["it"].missing)
    await tab.unroute_all()
    await tab.reload()
    await expect(tab.locator(".panel")).to_be_visible()
    await tab.clock.run_for(11_000)
    await expect(told).to_be_hidden()
