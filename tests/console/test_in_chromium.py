"""The console as people see it, in Chromium: by keyboard, on a phone, in both themes, with and without a script. Nothing that
the Content-Security-Policy has to stop is on any page."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser
from playwright.async_api import Page as Tab

from regia.http.console.parts import CONSOLE
from regia.http.console.table import ENTRIES
from storage import staff
from tests.browser import chromium
from tests.console.scene import PASSWORD, Scene, a_console
from tests.console.test_live import wrote
from tests.http.served import ALL
from tests.web.accessible import findings

NARROW = 320
SETTLED = "document.getAnimations().filter((one) => one instanceof CSSTransition).forEach((one) => one.finish())"
"""Colours that are still between two themes are there."""
PAGES = (*(entry.path for entry in ENTRIES if entry.nav is not None), "/account", "/nothing")


@pytest.fixture
async def shop(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Scene]:
    """As `make run` has it: no https, no proxy."""
    async with a_console(tmp_path, migrated_sqlite, public_url=None) as scene:
        await scene.person("anna", "admin")
        yield scene


@asynccontextmanager
async def logged_in(browser: Browser, shop: Scene, **more: Any) -> AsyncIterator[tuple[Tab, list[str]]]:
    """A tab that logged in, and what its browser complained about."""
    context = await browser.new_context(**({"locale": "it-IT", "timezone_id": "Europe/Rome"} | more))
    tab, complaints = await context.new_page(), list[str]()
    listen(tab, complaints)
    await tab.goto(f"http://127.0.0.1:{shop.client.port}/console/")
    await tab.fill("#f-name", "Anna")
    await tab.fill("#f-password", PASSWORD)
    await tab.keyboard.press("Enter")
    await tab.wait_for_selector(".side")
    yield tab, complaints
    await context.close()


def listen(tab: Tab, complaints: list[str]) -> None:
    """Write down what a tab's browser complains about."""
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))


async def test_a_message_appears_while_the_page_is_open(shop: Scene) -> None:
    before = await wrote(shop, "Buongiorno a tutti")
    async with chromium() as browser, logged_in(browser, shop) as (tab, complaints):
        await tab.wait_for_selector("#live.good")
        assert await tab.inner_text("#live") == "In diretta"
        id_ = await wrote(shop, "Vorrei un rimborso")
        row = tab.locator(f"#m-{id_}")
        await row.wait_for(timeout=6_000)
        assert "Vorrei un rimborso" in await row.inner_text()
        assert await tab.locator("#rows tr").first.get_attribute("id") == f"m-{id_}", "the newest stands first"
        assert await tab.locator(f"#m-{before}").count() == 1
        await tab.wait_for_function("id => /\\d (ms|s)$/.test(document.getElementById(id).innerText.trim())", arg=f"m-{id_}")
        shown = await row.locator("time").inner_text()
        assert re.fullmatch(r"\d\d:\d\d:\d\d", shown), "in the reader's own time"
        depth = tab.locator(".depths li", has_text="demo.returns").locator(".count")
        await tab.wait_for_function("e => e.innerText.startsWith('1')", arg=await depth.element_handle(), timeout=9_000)
        await tab.select_option("select[name=category]", "general")
        await tab.wait_for_url("**category=general**")
        assert await tab.locator("#rows tr").count() == 1
        assert complaints == []


@pytest.mark.parametrize(
    ("language", "nobody", "none"),
    [
        (
            "it",
            "Nessun messaggio ancora. Appena qualcuno scrive, compare qui.",
            "Nessun messaggio recente corrisponde ai filtri.",
        ),
        ("en", "No message yet. As soon as somebody writes, it appears here.", "No recent message fits the filters."),
    ],
)
async def test_an_empty_list_says_why_until_a_row_comes(shop: Scene, language: str, nobody: str, none: str) -> None:
    (anna,) = await shop.gateway.stores.database.read(staff.everybody)
    await shop.gateway.stores.database.write(lambda one: staff.change(one, anna.id, language=language))
    async with chromium() as browser, logged_in(browser, shop) as (tab, complaints):
        said = tab.locator(".list .empty")
        for query, words, text in (("", nobody, "Buongiorno"), ("?category=returns", none, "Vorrei un rimborso")):
            await tab.goto(f"http://127.0.0.1:{shop.client.port}/console/{query}")
            await tab.wait_for_selector("#live.good")
            assert await said.inner_text() == words
            id_ = await wrote(shop, text)
            await tab.locator(f"#m-{id_}").wait_for(timeout=6_000)
            assert not await said.is_visible()
        assert complaints == []


async def test_the_page_says_when_it_is_not_live_and_goes_on(shop: Scene) -> None:
    async with chromium() as browser, logged_in(browser, shop) as (tab, _):
        await tab.wait_for_selector("#live.good")
        await tab.context.set_offline(True)
        for watcher in shop.client.app[CONSOLE].feed._watchers:  # type: ignore[union-attr]
            watcher.end()
        await tab.wait_for_selector("#live.warn", timeout=8_000)
        id_ = await wrote(shop, "mentre ero via")
        await tab.context.set_offline(False)
        await tab.locator(f"#m-{id_}").wait_for(timeout=15_000)
        await tab.wait_for_selector("#live.good")


async def test_every_page_fits_and_nothing_on_it_is_stopped_by_the_policy(shop: Scene) -> None:
    id_ = await wrote(shop, "Vorrei un rimborso " + "x" * 300, name="Anna " + "B" * 80)
    data = await (await shop.client.get(f"/v1/messages/{id_}", headers=ALL)).json()
    customer = data["envelope"]["subject"]
    of_one = (f"/messages/{id_}", *(f"/customers/{customer}{what}" for what in ("", "/audit", "/merge", "/erase")))
    async with chromium() as browser, logged_in(browser, shop) as (tab, complaints):
        tabs = [tab, await tab.context.new_page(), await tab.context.new_page()]
        for other in tabs[1:]:
            listen(other, complaints)
        paths = [f"http://127.0.0.1:{shop.client.port}/console{path}" for path in (*PAGES, *of_one)]
        await asyncio.gather(*(looks_right(*one, paths) for one in zip(tabs, (NARROW, 390, 1360), strict=True)))
        assert [text for text in complaints if "404" not in text] == []


async def test_the_log_in_fits_and_can_be_used_by_everybody(shop: Scene) -> None:
    async with chromium() as browser:
        context = await browser.new_context(locale="it-IT")
        tabs = [await context.new_page() for _ in range(3)]
        paths = [f"http://127.0.0.1:{shop.client.port}/console/login?lang={language}" for language in ("it", "en")]
        await asyncio.gather(*(looks_right(*one, paths) for one in zip(tabs, (NARROW, 390, 1360), strict=True)))
        for language in ("it", "en"):
            await tabs[1].goto(f"http://127.0.0.1:{shop.client.port}/console/login?lang={language}")
            await tabs[1].fill("#f-name", "anna")
            await tabs[1].fill("#f-password", "wrong")
            await tabs[1].keyboard.press("Enter")
            await tabs[1].wait_for_selector(".notice.bad")
            assert await tabs[1].get_attribute("html", "lang") == language
            assert await findings(tabs[1]) == []


async def looks_right(tab: Tab, width: int, paths: list[str]) -> None:
    """Every page at one width, in both themes: a browser changes its theme while a page is open."""
    await tab.set_viewport_size({"width": width, "height": 800})
    for path in paths:
        await tab.goto(path)
        assert await tab.evaluate("document.querySelectorAll('[style], style, script:not([src])').length") == 0, path
        assert await tab.locator("h1").count() == 1, path
        for theme in ("light", "dark"):
            await tab.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            await tab.evaluate(SETTLED)
            assert await tab.evaluate("document.documentElement.scrollWidth") <= width, path
            dark = await tab.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every(v => v < 60)")
            assert dark is (theme == "dark"), path
            if width != NARROW:  # what is found there is found on a phone
                only = () if theme == "light" else ("color-contrast",)  # a theme changes colours alone
                assert await findings(tab, only=only) == [], (path, width, theme)


async def test_without_a_script_all_of_it_works(shop: Scene) -> None:
    id_ = await wrote(shop, "Vorrei un rimborso")
    async with chromium() as browser, logged_in(browser, shop, java_script_enabled=False) as (tab, complaints):
        assert "Vorrei un rimborso" in await tab.inner_text(f"#m-{id_}")
        assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", await tab.inner_text(f"#m-{id_} time")), "in UTC"
        await tab.select_option("select[name=category]", "general")
        await tab.click(".filters button")
        assert await tab.locator("#rows tr").count() == 0
        await tab.click("text=Utenti")
        await tab.fill("#f-name", "marco")
        await tab.click("text=Aggiungi >> nth=-1")
        assert len(await tab.inner_text(".secret")) == 17
        await tab.click(".me button")
        await tab.wait_for_selector("#f-password")
        assert complaints == []


async def test_the_keyboard_gets_past_the_navigation_and_sees_where_it_is(shop: Scene) -> None:
    async with chromium() as browser, logged_in(browser, shop) as (tab, _):
        await tab.keyboard.press("Tab")
        assert await tab.evaluate("document.activeElement.className") == "skip"
        assert await tab.evaluate("document.activeElement.getBoundingClientRect().left >= 0"), "it can be seen"
        await tab.keyboard.press("Enter")
        await tab.keyboard.press("Tab")
        assert await tab.evaluate("document.querySelector('main').contains(document.activeElement)")
        outline = await tab.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert outline != "0px"
