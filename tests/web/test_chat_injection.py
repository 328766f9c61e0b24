"""Scripts and markup in everything the widget shows: nothing runs, nothing is fetched elsewhere, though the page allows it.

All classes of `injections` in every place: what customers and agents write, their names, files and buttons, the flow, articles
of the FAQ and what is searched there, the page's title. The control is the widget itself, which puts texts in as markup.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from playwright.async_api import Browser, FilePayload, Route, expect
from playwright.async_api import Page as Tab
from rjsmin import jsmin

from tests.web.chat_server import PREFIX
from tests.web.chat_shop import Shop, bubbles, opened, shop, write
from tests.web.injected import MARKUP, Seen, examine, watching
from tests.web.injection_words import lines, squeezed
from tests.web.injections import INJECTIONS
from web.widget.assets import WIDGET

pytestmark = pytest.mark.asyncio(loop_scope="module")

LINES: Final = lines()
PAYLOADS: Final = [one.payload for one in INJECTIONS]
FLOW: Final[dict[str, Any]] = {
    "start": "hello",
    "steps": {
        "hello": {
            "say": LINES,
            "choices": [{"id": "one", "label": text, "category": "one", "next": "faq"} for text in LINES],
        },
        "faq": {"say": LINES, "articles": [str(number) for number in range(len(PAYLOADS))], "search": True, "next": "talk"},
        "talk": {"say": LINES, "person": True},
    },
}
ARTICLES: Final = {
    str(number): {"title": text, "summary": text, "html": f"<h2>x</h2>{text}<p>{text}</p><table><td>{text}"}
    for number, text in enumerate(PAYLOADS)
}
SETTLE_MS: Final = 300
KEPT: Final = 100
"""Messages the widget shows of before."""
_CARE: Final = {
    'node.append(...children.filter((child) => child != null && child !== false && child !== ""));': (
        "for (const one of children) if (one instanceof Node) node.append(one);"
        ' else if (one) node.insertAdjacentHTML("beforeend", one);'
    ),
    "return [...nodes, text.slice(done)];": "return [text];",
    'return copies(new DOMParser().parseFromString(trusted(html), "text/html").body, base);': (
        "return [document.createRange().createContextualFragment(html)];"
    ),
}
"""Where the widget takes care, and the same lines without it."""
READ: Final = f"""async () => {{
    const root = document.querySelector("regia-chat").shadowRoot, found = [];
    const links = root.querySelectorAll(".article-link").length;
    for (let at = 0; at < links; at++) {{
        root.querySelectorAll(".article-link")[at].click();
        for (let waited = 0; waited < 200 && !root.querySelector(".article:not([hidden]) .helped"); waited++)
            await new Promise((done) => setTimeout(done, 10));
        found.push(...({MARKUP})()[0]);
        root.querySelector(".back").click();
    }}
    return [links, found];
}}"""
"""Opens every article that is offered; how many there were, and what had become markup in one of them."""


@asynccontextmanager
async def looked_at(
    browser: Browser, *, careless: bool = False, flow: Mapping[str, Any] | None = None, **own: Any
) -> AsyncIterator[tuple[Shop, Tab, Seen]]:
    """A shop with the widget whose page forbids nothing, and what happens in it; the panel is open."""
    async with (
        shop(browser, faq_search="/faq/help/search", **own) as it,
        watching(browser, own=(it.url, f"{it.gateway.url}/"), policy=False) as (context, seen),
    ):
        if careless:
            await context.route(f"**{PREFIX}/widget.js", without_care)
        if flow is not None:
            it.gateway.config["flow"] = flow
        it.gateway.articles = ARTICLES
        tab = await it.tab(context)
        await opened(tab)
        yield it, tab, seen
        it.complaints.clear()  # pictures that are not there, and what the control says
        it.outside.clear()  # `seen` has them


async def without_care(route: Route) -> None:
    script = WIDGET.content.decode()
    for careful, careless in _CARE.items():
        small = str(jsmin(careful)).rstrip(";")  # as it stands in the script; the last one of a block is left out
        assert small in script
        script = script.replace(small, careless.rstrip(";"))
    await route.fulfill(body=script, content_type="text/javascript")


async def test_the_flow_and_its_articles_run_nothing(browser: Browser) -> None:
    async with looked_at(browser, flow=FLOW) as (_, tab, seen):
        said = [squeezed(text) for text in await bubbles(tab)]
        assert said[: len(LINES)] == [squeezed(text) for text in LINES]
        assert await markup(tab) == []
        await tab.locator(".options button").first.click()
        await expect(tab.locator(".article-link")).to_have_count(len(PAYLOADS))
        assert await markup(tab) == []
        assert await tab.evaluate(READ) == [len(PAYLOADS), []]
        await tab.fill("input[type=search]", LINES[0][:9])
        await expect(tab.locator(".article-link")).not_to_have_count(len(PAYLOADS))
        await tab.click(".person")
        await expect(tab.locator(".article-link")).to_have_count(0)
        assert await markup(tab) == []
    assert seen.everything == []


async def test_messages_names_files_and_buttons_run_nothing(browser: Browser) -> None:
    async with looked_at(browser, title=" ".join(LINES), greeting={"open": " ".join(LINES)}) as (it, tab, seen):
        await told(it, tab)
        await expect(tab.locator(".row.agent .bubble")).to_have_count(len(PAYLOADS))
        theirs, ours = [await tab.locator(f".row.{one} .bubble").all_text_contents() for one in ("agent", "me")]
        assert [squeezed(one) for one in theirs] == [squeezed(one) for one in PAYLOADS]
        assert squeezed("".join(ours)) == squeezed("".join(LINES))
        assert await markup(tab) == []
        await tab.reload()
        await expect(tab.locator(".row.agent .bubble")).to_have_count(min(len(PAYLOADS), KEPT))
        assert await markup(tab) == []
    assert seen.everything == []


async def test_control_messages_without_the_widgets_care(browser: Browser) -> None:
    async with looked_at(browser, careless=True) as (it, tab, seen):
        for number, payload in enumerate(PAYLOADS):
            await it.gateway.answer(payload, id=f"agent_{number}")
        await expect(tab.locator(".row.agent")).to_have_count(len(PAYLOADS))
        assert len(await markup(tab)) > 40
    assert len(seen.fired) > 20
    assert len(seen.asked) > 10


async def test_control_the_flow_without_the_widgets_care(browser: Browser) -> None:
    flow = {"start": "hello", "steps": {"hello": {"say": ["x"], "articles": ["8", "33", "70"]}}}
    async with looked_at(browser, careless=True, flow=flow) as (_, tab, seen):
        await expect(tab.locator(".article-link")).to_have_count(3)
        links, articles = await tab.evaluate(READ)
        assert links == 3
        assert len(articles) > 3
        await tab.wait_for_timeout(SETTLE_MS)
    assert len(seen.fired) > 2
    assert len(seen.asked) > 0


async def markup(tab: Tab) -> list[str]:
    """What has become markup, after what runs by itself, or asks elsewhere, had its time."""
    found = (await examine(tab)).markup
    await tab.wait_for_timeout(SETTLE_MS)
    return found


async def told(it: Shop, tab: Tab) -> None:
    """A customer writes, with files, and agents write with names, files and buttons."""
    names = [text.replace("/", "\u2215") for text in LINES]
    texts = lines(800)
    most = -(-len(names) // len(texts))
    assert most <= 3, "more files than one message takes"
    for number, text in enumerate(texts):
        some = names[number * most : (number + 1) * most]
        files = [FilePayload(name=name, mimeType="image/png", buffer=b"a") for name in some]
        await tab.set_input_files("input[type=file]", files)
        await write(tab, text)
    await expect(tab.locator(".row.me .tick:not([data-state=sending])")).to_have_count(len(texts))
    for number, text in enumerate(PAYLOADS):
        files = [{"name": text, "size": 1, "content_type": "image/png", "url": url} for url in (text, f"javascript:{text}")]
        last = number == len(PAYLOADS) - 1
        buttons = [{"id": "x", "title": one} for one in PAYLOADS if last]
        await it.gateway.answer(text, id=f"agent_{number}", name=text, files=files, buttons=buttons)
        await it.gateway.tell({"type": "typing", "name": text})


async def test_links_open_elsewhere_and_only_web_addresses_are_links(browser: Browser) -> None:
    texts = {
        "vedi https://shop.example/a?b=1&c=<2>, grazie": ["https://shop.example/a?b=1&c="],
        "HTTP://SHOP.example/x.": ["http://shop.example/x"],
        "javascript:alert(1) data:text/html,x ftp://x.example mailto:a@b.example": [],
        "https://": [],
        "(https://shop.example/(b))": ["https://shop.example/(b"],
    }
    async with shop(browser) as it:
        tab = await it.tab()
        await opened(tab)
        for number, (text, addresses) in enumerate(texts.items()):
            await it.gateway.answer(text, id=f"out_{number}")
            bubble = tab.locator(".row.agent .bubble").nth(number)
            await expect(bubble).to_have_text(text)
            assert await bubble.locator("a").evaluate_all("(links) => links.map((link) => link.href)") == addresses
            rels = await bubble.locator("a").evaluate_all("(links) => links.map((link) => link.rel + link.target)")
            assert rels == ["noopener noreferrer_blank"] * len(addresses)
