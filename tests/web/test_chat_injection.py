"""Scripts and markup in everything the widget shows: nothing runs, nothing is fetched elsewhere, though the page allows it.

The payloads are classes of the OWASP XSS Filter Evasion Cheat Sheet, of the HTML Living Standard (event handlers of elements,
`srcdoc`, `javascript:` addresses) and of "mXSS Attacks" (Heiderich et al., CCS 2013). `fired` of the page tells what ran.
"""

from typing import Any, Final

import pytest
from playwright.async_api import Browser, expect
from playwright.async_api import Page as Tab

from tests.web.chat_shop import bubbles, opened, shop, ticks, write

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIRE: Final = "window.fired=(window.fired||0)+1"
RUN_AS_MARKUP: Final = [
    f"<img src=x onerror='{FIRE}'>",
    f"<svg><animate onbegin='{FIRE}' attributeName=x dur=1s></svg>",
    f"<details open ontoggle='{FIRE}'>x</details>",
    f"<video><source onerror='{FIRE}'></video>",
    f"<audio src=x onerror='{FIRE}'></audio>",
    f"<input autofocus onfocus='{FIRE}'>",
    "<iframe srcdoc='<script>parent.fired=(parent.fired||0)+1</script>'></iframe>",
    "<iframe src='javascript:parent.fired=(parent.fired||0)+1'></iframe>",
    f"<style>@keyframes a{{}}</style><b style='animation:a 1s' onanimationstart='{FIRE}'>x</b>",
    f"\"'><img src=x onerror='{FIRE}'>",
    f"<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x&gt;' onerror='{FIRE}' src=x>",
    f"<noscript><p title='</noscript><img src=x onerror={FIRE}>'></noscript><img src=y onerror='{FIRE}'>",
]
OTHERS: Final = [
    f"<script>{FIRE}</script>",
    f"<svg onload='{FIRE}'></svg>",
    f"<a href='javascript:{FIRE}'>x</a>",
    f"<form action='javascript:{FIRE}'><button>x</button></form>",
    f"<object data='data:text/html,<script>opener.{FIRE}</script>'></object>",
    "<link rel=stylesheet href='https://evil.example/x.css'><img src='https://evil.example/pixel.png'>",
    f"<base href='https://evil.example/'><meta http-equiv=refresh content='0;url=javascript:{FIRE}'>",
    f"{{{{constructor.constructor('{FIRE}')()}}}}",
    f"javascript:{FIRE}//https://shop.example",
    f'https://shop.example/" onmouseover="{FIRE}',
    "\u202etxt.exe\u2066 <b>x</b>",
]
ALL: Final = RUN_AS_MARKUP + OTHERS
BAD: Final = """() => [...document.querySelector("regia-chat").shadowRoot.querySelectorAll("*")].filter((node) =>
    /^(script|iframe|object|embed|style|link|base|meta|video|audio|math)$/i.test(node.localName)
    || [...node.attributes].some(({name, value}) =>
         /^on|^srcdoc$/i.test(name) || (name === "style" && node.id !== "text") || /^\\s*javascript:/i.test(value))
).map((node) => node.outerHTML)"""


async def fired(tab: Tab) -> int:
    """How often something ran, after everything that is about to run had its time."""
    await tab.wait_for_timeout(300)
    ran: int = await tab.evaluate("window.fired || 0")
    return ran


async def test_the_control_page_without_the_widgets_care_fires(browser: Browser) -> None:
    async with shop(browser) as it:
        it.strict = False
        tab = await it.tab()
        for payload in RUN_AS_MARKUP:
            await tab.evaluate("(html) => { window.fired = 0; document.querySelector('main').innerHTML = html; }", payload)
            await tab.wait_for_function("window.fired > 0")
        it.complaints.clear()


FLOW: Final[dict[str, Any]] = {
    "start": "hello",
    "steps": {
        "hello": {"say": ALL, "choices": [{"id": "one", "label": text, "category": "one", "next": "faq"} for text in ALL]},
        "faq": {"say": ALL, "articles": [str(number) for number in range(len(ALL))], "search": True, "next": "talk"},
        "talk": {"say": ALL, "person": True},
    },
}


async def test_the_flow_and_its_articles_run_nothing(browser: Browser) -> None:
    async with shop(browser, faq_search="/faq/help/search") as it:
        it.strict = False
        it.gateway.config["flow"] = FLOW
        it.gateway.articles = {
            str(number): {"title": text, "summary": text, "html": f"<h2>x</h2>{text}<p>{text}</p><table><td>{text}"}
            for number, text in enumerate(ALL)
        }
        tab = await it.tab()
        await opened(tab)
        await tab.locator(".options button").first.click()
        for number in range(len(ALL)):
            await tab.locator(".article-link").nth(number).click()
            await expect(tab.locator(".helped")).to_be_visible()
            assert await tab.evaluate(BAD) == []
            await tab.click(".back")
        await tab.click(".person")
        assert await fired(tab) == 0
        assert await tab.evaluate(BAD) == []
        assert (await bubbles(tab))[: len(ALL)] == ALL


async def test_messages_names_files_and_buttons_run_nothing(browser: Browser) -> None:
    async with shop(browser, title="".join(ALL), greeting={"open": "".join(ALL)}) as it:
        it.strict = False
        tab = await it.tab()
        await opened(tab)
        for number, text in enumerate(ALL):
            await tab.set_input_files(
                "input[type=file]", {"name": text.replace("/", "\u2215"), "mimeType": "image/png", "buffer": b"a"}
            )
            await write(tab, text)
            await expect(ticks(tab, "sent")).to_have_count(number + 1)
            files = [{"name": text, "size": 1, "content_type": "image/png", "url": url} for url in (text, f"javascript:{text}")]
            await it.gateway.answer(text, name=text, files=files, buttons=[{"id": "x", "title": text}])
            await it.gateway.tell({"type": "typing", "name": text})
        await expect(tab.locator(".row.agent .bubble")).to_have_text(ALL)
        assert await fired(tab) == 0
        assert await tab.evaluate(BAD) == []
        await tab.reload()
        await expect(tab.locator(".row.agent .bubble")).to_have_text(ALL)
        assert await fired(tab) == 0
        it.complaints = [text for text in it.complaints if "404" not in text]


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
