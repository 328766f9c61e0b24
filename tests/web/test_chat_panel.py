"""The panel of the widget in Chromium: keyboard alone, axe-core, phone, files with progress, agents, what is refused."""

from typing import Any

import pytest
from playwright.async_api import Browser, expect
from playwright.async_api import Page as Tab

from tests.web.accessible import findings
from tests.web.chat_shop import FLOW, bubbles, opened, shop, soon, ticks, write

pytestmark = pytest.mark.asyncio(loop_scope="module")
FOCUSED = """() => {
    const {activeElement: at} = document.querySelector("regia-chat").shadowRoot;
    return at ? at.getAttribute("aria-label") || at.id || at.textContent : document.activeElement.localName;
}"""
PHOTO = {"name": "però.png", "mimeType": "image/png", "buffer": b"\x89PNG"}
LARGE = {**PHOTO, "buffer": b"\x89PNG" + b"x" * 1_500_000}
FAQ: dict[str, Any] = {"flow": FLOW, "faq_search": "/faq/help/search"}


async def press(tab: Tab, *keys: str) -> str:
    for key in keys:
        await tab.keyboard.press(key)
    focused: str = await tab.evaluate(FOCUSED)
    return focused


async def test_the_keyboard_alone_is_enough(browser: Browser) -> None:
    async with shop(browser, **FAQ) as it:
        it.gateway.articles = {"reso": {"title": "Reso?", "summary": "", "html": "<p>Trenta giorni.</p>"}}
        tab = await it.tab()
        await expect(tab.locator(".launcher")).to_be_visible()
        assert await press(tab, "Tab") == "Apri la chat"
        assert await press(tab, "Enter") == "text"
        assert await press(tab, "Shift+Tab", "Shift+Tab") == "Parla con una persona"
        assert await press(tab, "Shift+Tab", "Shift+Tab") == "Un reso"
        assert await press(tab, "Enter") == "text"
        await tab.keyboard.type("IT-2231")
        assert await press(tab, "Enter") == "text"
        await tab.keyboard.type("anna@example.it")
        await press(tab, "Enter")
        await expect(tab.locator(".article-link")).to_be_visible()
        assert await press(tab, "Tab") == "Reso?"
        assert await press(tab, "Enter") == "Reso?"  # the heading of the article
        await expect(tab.locator(".helped")).to_be_visible()
        assert await press(tab, "Tab") == "Sì"
        assert await press(tab, "Enter") == "Ne siamo contenti, grazie!"
        assert await press(tab, "Escape") == "Reso?"
        assert await press(tab, "Tab", "Tab") == "Parla con una persona"
        assert await press(tab, "Enter") == "text"
        await tab.keyboard.type("Grazie")
        await tab.keyboard.press("Shift+Enter")
        await tab.keyboard.type("a presto")
        assert await press(tab, "Enter") == "text"
        await expect(ticks(tab, "sent")).to_have_count(1)
        assert await press(tab, "Escape") == "Apri la chat"
        await expect(tab.locator(".panel")).to_be_hidden()
    assert it.gateway.texts == ["Grazie\na presto"]


@pytest.mark.parametrize(
    ("scheme", "width", "primary"), [("light", 900, "#1f5f8b"), ("dark", 900, "#ffee00"), ("light", 390, "#ff0000")]
)
async def test_axe_finds_nothing_serious(browser: Browser, scheme: Any, width: int, primary: str) -> None:
    async with shop(browser, **FAQ, is_open=False, colours={"primary": primary}) as it:
        it.gateway.articles = {"reso": {"title": "Reso?", "summary": "Sì", "html": "<h2>Ecco</h2><p><a href='/x'>qui</a></p>"}}
        tab = await it.tab(color_scheme=scheme, viewport={"width": width, "height": 760}, reduced_motion="reduce")
        await expect(tab.locator(".launcher")).to_be_visible()
        assert await findings(tab) == []
        await opened(tab)
        assert await findings(tab) == []
        await tab.click("text=Un reso")
        await tab.click("text=Salta")
        await write(tab, "no")
        await write(tab, "anna@example.it")
        await expect(tab.locator(".article-link")).to_be_visible()
        assert await findings(tab) == []
        await tab.click(".article-link")
        await expect(tab.locator(".helped")).to_be_visible()
        assert await findings(tab) == []
        await tab.click(".back")
        await tab.set_input_files("input[type=file]", PHOTO)
        await tab.fill("#text", "Guardate https://shop.example")
        assert await findings(tab) == []
        it.gateway.refuses = {"code": "malformed"}
        await tab.press("#text", "Enter")
        await expect(tab.locator(".problem")).to_be_visible()
        photo = {"name": "a.png", "size": 9, "content_type": "image/png", "url": "/attachments/a.png"}
        await it.gateway.answer("Ecco https://shop.example", files=[photo, {**photo, "content_type": "application/pdf"}])
        await it.gateway.answer("Va bene?", buttons=[{"id": "y", "title": "Sì"}])
        await it.gateway.tell({"type": "typing", "name": "Anna"})
        await expect(tab.locator(".typing")).to_contain_text("Anna")
        assert await findings(tab) == []


async def test_on_a_phone_it_fills_the_screen_and_keeps_the_focus(browser: Browser) -> None:
    async with shop(browser, flow=FLOW) as it:
        tab = await it.tab(viewport={"width": 390, "height": 760}, has_touch=True, is_mobile=True)
        await tab.tap(".launcher")
        await expect(tab.locator(".panel")).to_have_attribute("aria-modal", "true")
        await tab.locator(".panel").evaluate("(panel) => Promise.all(panel.getAnimations().map((one) => one.finished))")
        box = await tab.locator(".panel").bounding_box()
        assert box == {"x": 0, "y": 0, "width": 390, "height": 760}
        assert await tab.evaluate("document.documentElement.scrollWidth") == 390
        assert await tab.evaluate(FOCUSED) == "title"  # the keyboard does not cover what there is to read
        assert await press(tab, "Shift+Tab", "Shift+Tab") != "body"
        for _ in range(12):
            assert await press(tab, "Tab") not in ("body", "regia-chat")
        font = await tab.locator("#text").evaluate("(box) => parseFloat(getComputedStyle(box).fontSize)")
        assert font >= 16  # below, iOS zooms into the page
        small = "(nodes) => nodes.filter((node) => node.getBoundingClientRect().height < 44).map((node) => node.outerHTML)"
        assert await tab.locator(".panel button:visible").evaluate_all(small) == []


async def test_files_go_with_progress_survive_a_reload_and_may_be_cancelled(browser: Browser) -> None:
    async with shop(browser) as it:
        tab = await it.tab()
        await opened(tab)
        await tab.set_input_files("input[type=file]", [LARGE, {**PHOTO, "name": "b.png"}])
        await tab.click("[aria-label='Togli b.png']")
        it.gateway.upload_pause = 0.1
        await write(tab, "Eccola")
        await expect(tab.locator(".upload progress")).to_be_visible()
        await tab.wait_for_function(
            "() => document.querySelector('regia-chat').shadowRoot.querySelector('progress')?.value > 0"
        )
        await tab.reload()
        it.gateway.upload_pause = 0
        await expect(ticks(tab, "sent")).to_have_count(1)
        it.gateway.upload_pause = 0.2
        await tab.set_input_files("input[type=file]", LARGE)
        await write(tab, "Anche questa")
        await tab.click("text=Annulla")
        await expect(tab.locator(".row.me")).to_have_count(1)
        it.gateway.upload_pause = 0
        await write(tab, "Basta così")
        await expect(ticks(tab, "sent")).to_have_count(2)
    assert it.gateway.texts == ["Eccola", "Basta così"]
    assert it.gateway.files[it.gateway.taken[0]["id"]] == [("però.png", LARGE["buffer"])]


async def test_files_over_the_limits_are_said_before_they_leave(browser: Browser) -> None:
    async with shop(browser) as it:
        tab = await it.tab()
        await opened(tab)
        await tab.set_input_files("input[type=file]", [{**PHOTO, "name": f"{n}.png"} for n in range(4)])
        await expect(tab.locator(".composer .trouble")).to_have_text("Allega al massimo 3 file.")
        it.gateway.config["upload"]["max_bytes"] = 1_000_000
        await tab.reload()
        await tab.set_input_files("input[type=file]", LARGE)
        await expect(tab.locator(".composer .trouble")).to_have_text("Allega file di 976,6 KB al massimo ciascuno.")
        await expect(tab.locator(".chosen .file")).to_have_count(0)
        await write(tab, "x" * 4001)
        await expect(tab.locator(".composer .trouble")).to_have_text("Scrivi al massimo 4000 caratteri.")
        assert len(await tab.input_value("#text")) == 4001
        it.gateway.config["upload"]["max_bytes"] = 8_000_000


async def test_unread_typing_buttons_and_ticks(browser: Browser) -> None:
    async with shop(browser) as it:
        tab = await it.tab()
        await opened(tab)
        await write(tab, "Ci siete?")
        await expect(ticks(tab, "sent")).to_have_count(1)
        await tab.keyboard.press("Escape")
        await it.gateway.answer("Eccoci")
        await it.gateway.answer("Scelga", buttons=[{"id": "a", "title": "Cambio"}, {"id": "b", "title": "Rimborso"}])
        await expect(tab.locator(".badge")).to_have_text("2")
        await expect(tab.locator(".launcher")).to_have_attribute("aria-label", "Apri la chat (2 messaggi nuovi)")
        await soon(lambda: ("out_2", "delivered") in it.gateway.seen)
        assert "read" not in {state for _, state in it.gateway.seen}
        await tab.reload()
        await expect(tab.locator(".badge")).to_have_text("2")
        await opened(tab)
        await soon(lambda: {("out_1", "read"), ("out_2", "read")} <= set(it.gateway.seen))
        await it.gateway.tell({"type": "typing", "name": "Anna"})
        await expect(tab.locator(".typing")).to_have_text("Anna sta scrivendo")
        await it.gateway.tell({"type": "typing", "name": None})
        await expect(tab.locator(".typing")).to_be_empty()
        it.gateway.typed = 0
        await tab.locator("#text").press_sequentially("abc")
        await soon(lambda: it.gateway.typed == 1)
        await tab.click("text=Rimborso")
        await expect(ticks(tab, "sent")).to_have_count(2)
        assert it.gateway.taken[1]["choice"] == {"id": "b", "title": "Rimborso"}
        await expect(tab.locator(".options")).to_have_count(0)
        it.gateway.items[0]["state"] = "read"
        await it.gateway.tell({"type": "items", "items": it.gateway.items[:1], "cursor": str(len(it.gateway.items))})
        await expect(ticks(tab, "read")).to_have_count(1)
        assert (await bubbles(tab))[1:] == ["Ci siete?", "Eccoci", "Scelga", "Rimborso"]
        await tab.keyboard.press("Escape")
        await expect(tab.locator(".badge")).to_be_hidden()


async def test_what_is_refused_waits_or_says_so(browser: Browser) -> None:
    async with shop(browser) as it:
        tab = await it.tab()
        await opened(tab)
        it.gateway.refuses, it.gateway.refusals = {"code": "rate_limited", "retry_after": 1}, 1
        await write(tab, "in fretta")
        await expect(ticks(tab, "sent")).to_have_count(1)
        it.gateway.refuses, it.gateway.refusals = {"code": "malformed"}, 2
        await write(tab, "strano")
        await write(tab, "anche questo")
        await expect(ticks(tab, "failed")).to_have_count(2)
        await tab.reload()
        await expect(tab.locator(".problem")).to_have_count(2)
        await tab.locator(".problem >> text=Elimina").first.click()
        await tab.click(".problem >> text=Riprova")
        await expect(ticks(tab, "sent")).to_have_count(2)
        await expect(tab.locator(".problem")).to_have_count(0)
    assert it.gateway.texts == ["in fretta", "anche questo"]


async def test_a_token_that_is_not_known_any_more_is_asked_for_again(browser: Browser) -> None:
    async with shop(browser) as it:
        tab = await it.tab()
        await opened(tab)
        await write(tab, "uno")
        await expect(ticks(tab, "sent")).to_have_count(1)
        it.gateway.tokens.clear()
        it.gateway.items.clear()
        await tab.reload()
        await write(tab, "due")
        await expect(ticks(tab, "sent")).to_have_count(1)
        assert len(it.gateway.tokens) == 1
    assert it.gateway.texts == ["uno", "due"]


async def test_another_user_of_the_browser_sees_nothing_of_the_first(browser: Browser) -> None:
    async with shop(browser) as it:
        context = await it.context()
        it.script = "window.regiaUser = 'a.eyJzdWIiOiJhbm5hIn0.c';"
        tab = await it.tab(context)
        await opened(tab)
        await write(tab, "Sono Anna")
        await expect(ticks(tab, "sent")).to_have_count(1)
        it.script = "window.regiaUser = () => 'a.eyJzdWIiOiJiZXBwZSJ9.c';"
        it.gateway.items.clear()
        await tab.reload()
        await soon(lambda: len(it.gateway.users) == 2)
        await expect(tab.locator(".row.me")).to_have_count(0)
        assert len(it.gateway.tokens) == 2
