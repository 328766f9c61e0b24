"""What strangers may write into the pages of a whole gateway, every injection, in Chromium: as text, and nothing of it runs.

The control is in `tests.web.test_public_injections`: the same pages without escaping; here it is the article's clean HTML.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest
from playwright.async_api import BrowserContext
from playwright.async_api import Page as Tab

from desk.faq import markup
from tests.browser import chromium
from tests.databases import migrated_sqlite
from tests.faq.shop import ARTICLES, Shop
from tests.faq.shop import shop as a_shop
from tests.web.injected import MARKUP, examine, frames, look, watching
from tests.web.injection_words import line, lines, squeezed
from tests.web.injections import INJECTIONS

__all__ = ["migrated_sqlite"]

FORM: Final = "/forms/form?lang=it"
FRAMES: Final = """async (addresses) => {
    document.body.replaceChildren();
    const load = (address) => new Promise((done) => {
        const frame = document.createElement("iframe");
        frame.addEventListener("load", () => done(frame), {once: true});
        frame.src = address;
        document.body.append(frame);
    });
    window.frames_ = await Promise.all(addresses.map(load));
}"""
"""Opens each in a frame of its own, all at once."""
POST: Final = """async (texts) => {
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
        return frame.contentDocument.querySelector("#f-name").value;
    };
    return Promise.all(texts.map((text, place) => post(window.frames_[place], text)));
}"""
"""Fills each frame's form with one of these, in every place there is, and sends it; the name in the page that comes back."""


def hostile() -> dict[str, str | bytes]:
    """An article of the operator for each, in its title, summary and tags, and one whose text holds them all."""
    told = {f"a{number}.it.md": _article(line(one)) for number, one in enumerate(INJECTIONS)}
    body = "\n\n".join(f"- {line(one)}\n\n> {line(one)}\n\n    {line(one)}" for one in INJECTIONS)
    return {**ARTICLES, **told, "all.it.md": f"---\ncategory: orders\ntitle: Tutte\n---\n{body}\n"}


def _article(said: str) -> str:
    title, summary, tag = (json.dumps(said[:most]) for most in (150, 300, 40))
    return f"---\ncategory: orders\ntitle: {title}\nsummary: {summary}\ntags: [{tag}]\n---\nx\n"


@pytest.fixture
async def full(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Shop]:
    """A shop whose articles are full of them."""
    async with a_shop(tmp_path, migrated_sqlite, hostile()) as opened:
        yield opened


def everywhere(text: str) -> str:
    names = ("topic", "faq", "page", "lang", "language", "name", "message")
    return "&".join(f"{name}={quote(text[:200])}" for name in names)


async def test_nothing_that_strangers_write_runs(shop: Shop) -> None:
    texts, own = lines(), f"{shop.address}/"
    async with chromium() as browser, watching(browser, own=own, policy=False) as (context, seen):
        paths = [f"/faq/shop?q={quote(text)}&lang={quote(text)}" for text in texts]
        paths += [f"{of}?{everywhere(text)}" for text in texts for of in ("/faq/shop/articles/parcel", "/forms/form")]
        assert await frames(context, own, [f"{shop.address}{path}" for path in paths]) == []
        found = await look(context, [f"{shop.address}/state/{quote(text[:200], safe='')}" for text in texts[::6]])
        assert [one.markup for one in found.values() if one.markup] == []
        tab = await context.new_page()
        await tab.goto(f"{shop.address}/faq/shop")
        await tab.evaluate(FRAMES, [f"{FORM}&topic=other"] * len(texts))
        assert await tab.evaluate(POST, texts) == texts
        assert await _in_frames(tab) == []
        assert seen.everything == []


async def test_what_is_typed_and_found_is_text(shop: Shop) -> None:
    async with chromium() as browser, watching(browser, own=f"{shop.address}/", policy=False) as (context, seen):
        tab = await context.new_page()
        await tab.goto(f"{shop.address}/faq/shop?lang=it")
        for text in lines(900):
            await tab.fill("#q", f"pacco {text}")
            await tab.wait_for_timeout(150)
        assert (await examine(tab)).markup == []
        await tab.goto(f"{shop.address}{FORM}&topic=other")
        await tab.fill("#f-message", "pacco " + "\n".join(lines()))
        await tab.wait_for_timeout(800)
        assert (await examine(tab)).markup == []
        assert seen.everything == []


async def test_what_the_operators_articles_say_is_text(full: Shop) -> None:
    async with chromium() as browser, watching(browser, own=f"{full.address}/", policy=False) as (context, seen):
        index, article = await _articles(context, full)
        tab = await context.new_page()
        await tab.goto(f"{full.address}/faq/shop?lang=it")
        await tab.fill("#q", "script")
        await tab.wait_for_selector("#found a")
        assert (await examine(tab)).markup == []
    assert seen.everything == []
    for one in INJECTIONS:
        assert squeezed(line(one)[:150]) in squeezed(index), one.name
        assert squeezed(line(one)) in squeezed(article), one.name


async def test_control_articles_that_are_not_cleaned(
    tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(markup, "render", lambda source, _picture: markup.Rendered(html=source))
    monkeypatch.setattr("desk.faq.reading.render", markup.render)
    async with (
        a_shop(tmp_path, migrated_sqlite, hostile()) as opened,
        chromium() as browser,
        watching(browser, own=f"{opened.address}/", policy=False) as (context, seen),
    ):
        found = await look(context, [f"{opened.address}/faq/shop/articles/all?lang=it"])
    assert len(next(iter(found.values())).markup) > 5
    assert seen.fired
    assert seen.asked


async def _articles(context: BrowserContext, full: Shop) -> tuple[str, str]:
    """The texts of the page of all articles, and of the article with everything."""
    urls = [f"{full.address}/faq/shop?lang=it", f"{full.address}/faq/shop/articles/all?lang=it"]
    found = await look(context, urls)
    assert [one.markup for one in found.values() if one.markup] == []
    return found[urls[0]].text, found[urls[1]].text


async def _in_frames(tab: Tab) -> list[str]:
    return [one for frame in tab.main_frame.child_frames for one in (await frame.evaluate(MARKUP))[0]]
