"""What strangers may write into the pages, in Chromium: as text, and nothing of it runs."""

from typing import Any
from urllib.parse import quote

from playwright.async_api import Browser
from playwright.async_api import Page as Tab

from tests.browser import chromium
from tests.faq.injections import INJECTIONS
from tests.faq.shop import Shop

FORM = "/forms/form?lang=it"

FIRED = "window.fired = []; window.alert = (what) => window.fired.push(String(what));"

FRAMES = """async (addresses) => {
    document.body.replaceChildren();
    const load = (address) => new Promise((done) => {
        const frame = document.createElement("iframe");
        frame.addEventListener("load", () => done(frame), {once: true});
        frame[address.startsWith("/") ? "src" : "srcdoc"] = address;
        document.body.append(frame);
    });
    window.frames_ = await Promise.all(addresses.map(load));
    await new Promise((done) => setTimeout(done, 300));
    return window.frames_.map((frame) => frame.contentWindow.fired);
}"""
"""Opens each in a frame of its own, all at once; what fired in each."""

POST = """async (texts) => {
    const post = async (frame, text) => {
        const page = frame.contentDocument;
        const form = page.querySelector("form[data-busy]");
        for (const one of form.querySelectorAll("input[type=text], input[type=email], textarea")) one.value = text;
        page.querySelector("[data-topic]").value = text;
        form.querySelector("[name=faq]").value = text;
        form.querySelector("[name=submission]").value = text;
        form.querySelector("#f-website").value = "";
        const files = new DataTransfer();
        files.items.add(new File(["x"], text, {type: "text/plain"}));
        const input = form.querySelector("#f-files");
        input.files = files.files;
        input.dispatchEvent(new Event("change"));
        form.noValidate = true;
        form.requestSubmit();
        while (!frame.contentDocument || !frame.contentDocument.querySelector(".summary")) {
            await new Promise((done) => setTimeout(done, 30));
        }
        const now = frame.contentDocument;
        const strange = now.querySelectorAll("main img, main svg, main iframe, main script, main style, main base");
        return [frame.contentWindow.fired, strange.length, now.querySelector("#f-name").value];
    };
    return Promise.all(texts.map((text, place) => post(window.frames_[place], text)));
}"""
"""Fills each frame's form with one of these, in every place there is, and sends it; what fired in the page that comes back."""


async def watched(browser: Browser, outside: list[str]) -> Tab:
    """A page that says whether a script ran. Our policy is switched off, so that only what the pages do counts."""
    made = await browser.new_context(bypass_csp=True, locale="it-IT")
    await made.add_init_script(FIRED)
    tab = await made.new_page()

    async def refuse(route: Any) -> None:
        outside.append(route.request.url)
        await route.abort()

    await tab.route(lambda url: "127.0.0.1" not in url, refuse)
    return tab


def everywhere(text: str) -> str:
    names = ("topic", "faq", "page", "lang", "language", "name", "message")
    return "&".join(f"{name}={quote(text)}" for name in names)


async def test_nothing_that_strangers_write_runs(shop: Shop) -> None:
    texts, outside, nothing = list(INJECTIONS.values()), list[str](), [[]] * len(INJECTIONS)
    assert len(texts) >= 25
    async with chromium() as browser:
        tab = await watched(browser, outside)
        await tab.goto(f"{shop.address}/faq/shop")
        searches = [f"/faq/shop?q={quote(text)}&lang={quote(text)}" for text in texts]
        assert await tab.evaluate(FRAMES, searches) == nothing
        assert await tab.evaluate(FRAMES, [f"/faq/shop/articles/parcel?{everywhere(text)}" for text in texts]) == nothing
        assert await tab.evaluate(FRAMES, [f"/forms/form?{everywhere(text)}" for text in texts]) == nothing
        assert await tab.evaluate(FRAMES, [f"{FORM}&topic=other"] * len(texts)) == nothing
        posted = await tab.evaluate(POST, texts)
        for text in texts[::6]:  # no page may frame this one
            await tab.goto(f"{shop.address}/state/{quote(text, safe='')}?{everywhere(text)}")
            assert await tab.evaluate("window.fired") == []
    assert [(fired, strange) for fired, strange, _ in posted] == [([], 0)] * len(texts)
    assert [shown for _, _, shown in posted] == texts
    assert outside == []


async def test_what_is_typed_and_found_is_text(shop: Shop) -> None:
    outside: list[str] = []
    texts = list(INJECTIONS.values())
    async with chromium() as browser:
        tab = await watched(browser, outside)
        await tab.goto(f"{shop.address}/faq/shop?lang=it")
        for place in range(0, len(texts), 5):
            await tab.fill("#q", f"pacco {' '.join(texts[place : place + 5])}")
            await tab.wait_for_timeout(200)
        await tab.goto(f"{shop.address}{FORM}&topic=other")
        await tab.fill("#f-message", "pacco " + "\n".join(texts))
        await tab.wait_for_timeout(800)
        assert await tab.evaluate("window.fired") == []
    assert outside == []


async def test_the_same_fires_where_nothing_is_escaped(shop: Shop) -> None:
    outside: list[str] = []
    pages = [f'<title>{text}</title><input value="{text}"><p>{text}</p>' for text in INJECTIONS.values()]
    async with chromium() as browser:
        tab = await watched(browser, outside)
        await tab.goto(f"{shop.address}/faq/shop")
        fired = [bool(one) for one in await tab.evaluate(FRAMES, pages)]
    assert sum(fired) >= 12, fired
    assert any("evil.example" in url for url in outside)
