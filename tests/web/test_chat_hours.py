"""Outside the opening hours, in Chromium: when they come again; an address is asked for once, told once, can be changed."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser, expect
from playwright.async_api import Page as Tab

from tests.web.accessible import findings
from tests.web.chat_shop import FLOW, opened, shop, soon, ticks, write

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def keep(tab: Tab, email: str) -> None:
    """Types the address into the notice."""
    await tab.fill("#email", email)
    await tab.press("#email", "Enter")
    await expect(tab.locator("#email")).to_have_count(0)


async def test_what_is_typed_stays_where_the_line_comes_and_goes(browser: Browser) -> None:
    async with shop(browser, is_open=False) as it:
        tab = await it.tab()
        await opened(tab)
        await write(tab, "uno")
        await expect(ticks(tab, "sent")).to_have_count(1)
        await tab.fill("#email", "anna@")
        await it.gateway.stop()
        await expect(tab.locator(".offline")).to_be_visible(timeout=10_000)
        await tab.keyboard.type("example.it")
        await it.gateway.start()
        await expect(tab.locator(".offline")).to_have_count(0, timeout=20_000)
        await expect(tab.locator("#email")).to_be_focused()
        await expect(tab.locator("#email")).to_have_value("anna@example.it")


async def test_an_address_from_the_flow_is_not_asked_for_again(browser: Browser) -> None:
    async with shop(browser, is_open=False, flow=FLOW) as it:
        tab = await it.tab()
        await opened(tab)
        await tab.click("text=Un reso")
        await tab.click("text=Salta")
        await write(tab, "anna@example.it")
        await tab.click("text=Non ho trovato la risposta")
        await write(tab, "uno")
        await expect(ticks(tab, "sent")).to_have_count(1)
        await expect(tab.locator("#email")).to_have_count(0)
        await expect(tab.locator(".notice")).to_contain_text("anna@example.it")
        await write(tab, "due")
        await expect(ticks(tab, "sent")).to_have_count(2)
    assert [message["fields"].get("email") for message in it.gateway.taken] == ["anna@example.it", None]


async def test_a_visitor_who_comes_after_is_asked(browser: Browser) -> None:
    async with shop(browser, is_open=False) as it:
        tab = await it.tab()
        await opened(tab)
        await keep(tab, "anna@example.it")
        await write(tab, "uno")
        await expect(ticks(tab, "sent")).to_have_count(1)
        await it.gateway.stop()
        it.gateway.tokens.clear()
        it.gateway.items.clear()
        await it.gateway.start()
        await soon(lambda: len(it.gateway.tokens) == 1)
        await keep(tab, "bea@example.it")
        await write(tab, "due")
        await soon(lambda: len(it.gateway.taken) == 2)
    assert [message["fields"] for message in it.gateway.taken] == [{"email": "anna@example.it"}, {"email": "bea@example.it"}]


async def test_the_address_of_a_message_that_is_discarded_goes_with_the_next(browser: Browser) -> None:
    async with shop(browser, is_open=False) as it:
        tab = await it.tab()
        await opened(tab)
        await keep(tab, "anna@example.it")
        it.gateway.refuses = {"code": "malformed"}
        await write(tab, "uno")
        await tab.click(".problem >> text=Elimina")
        it.gateway.refuses = None
        await write(tab, "due")
        await write(tab, "tre")
        await expect(ticks(tab, "sent")).to_have_count(2)
    assert [message["fields"] for message in it.gateway.taken] == [{"email": "anna@example.it"}, {}]


async def test_an_address_that_is_wrong_can_be_changed(browser: Browser) -> None:
    async with shop(browser, is_open=False) as it:
        tab = await it.tab()
        await opened(tab)
        await keep(tab, "anna@exmple.it")
        await write(tab, "uno")
        await expect(ticks(tab, "sent")).to_have_count(1)
        assert await findings(tab) == []
        await tab.click(".notice >> text=Cambia")
        await expect(tab.locator("#email")).to_be_focused()
        await expect(tab.locator("#email")).to_have_value("anna@exmple.it")
        await keep(tab, "anna@example.it")
        await expect(ticks(tab, "sent")).to_have_count(2)
        await tab.click(".notice >> text=Cambia")
        await keep(tab, "anna@example.it")  # the same one tells nothing new
        await write(tab, "tre")
        await expect(ticks(tab, "sent")).to_have_count(3)
    assert it.gateway.texts == ["uno", "anna@example.it", "tre"]
    assert [message["fields"] for message in it.gateway.taken] == [
        {"email": "anna@exmple.it"},
        {"email": "anna@example.it"},
        {},
    ]


async def test_when_the_hours_end_the_time_is_asked_for(browser: Browser) -> None:
    async with shop(browser) as it:
        tab = await it.tab()
        await opened(tab)
        await write(tab, "uno")
        await expect(ticks(tab, "sent")).to_have_count(1)
        await expect(tab.locator(".notice")).to_be_empty()
        it.gateway.config |= {"open": False, "opens_at": (datetime.now(UTC) + timedelta(hours=9)).isoformat()}
        await it.gateway.tell({"type": "items", "items": [], "cursor": "1", "open": False})
        await expect(tab.locator(".notice")).to_contain_text("Ora siamo chiusi. Riapriamo ")
        it.gateway.config |= {"open": True, "opens_at": None}
        await it.gateway.tell({"type": "items", "items": [], "cursor": "1", "open": True})
        await expect(tab.locator(".notice")).to_be_empty()
        it.gateway.config |= {"open": False, "opens_at": (datetime.now(UTC) + timedelta(seconds=-9)).isoformat()}
        await it.gateway.tell({"type": "items", "items": [], "cursor": "1", "open": False})
        await expect(tab.locator(".notice")).to_contain_text("Ora siamo chiusi. Scrivi pure")
