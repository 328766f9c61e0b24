"""A shop with the widget on its page: another origin than the gateway's, under a Content-Security-Policy without exceptions."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Request, expect
from playwright.async_api import Page as Tab

from connectors.chat.settings import ChatSettings
from normalizer.advice import Language
from tests.web.chat_server import PREFIX, ChatServer
from web.widget.config import render_config

_NO_NETWORK: Final = ("Failed to load resource", "WebSocket connection to", "net::ERR", "blocked by CORS policy: No 'Access")
"""What Chromium says of a network, or of a gateway, that is not there."""
SETTINGS: Final[dict[str, Any]] = {
    "brand": "demo",
    "fields": {"order": {}, "email": {"type": "email"}},
    "upload": {"max_files": 3, "max_bytes": 8_000_000, "content_types": ["image/*", "application/pdf"]},
    "max_body": 10_000_000,
}
FLOW: Final[dict[str, Any]] = {
    "start": "hello",
    "steps": {
        "hello": {
            "say": {"it": "Ciao! Di che cosa si tratta?", "en": "Hello! What is it about?"},
            "choices": [
                {"id": "returns", "label": {"it": "Un reso", "en": "A return"}, "category": "returns", "next": "order"},
                {"id": "care", "label": {"it": "Cura delle padelle", "en": "Care of pans"}, "next": "care"},
            ],
        },
        "order": {
            "say": {"it": "Qual è il numero d'ordine?", "en": "Which is the order number?"},
            "ask": {"field": "order", "optional": True},
            "next": "mail",
        },
        "mail": {
            "say": {"it": "E la tua e-mail?", "en": "And your e-mail?"},
            "ask": {"field": "email", "type": "email"},
            "next": "faq",
        },
        "faq": {"say": {"it": "Forse aiuta:", "en": "This may help:"}, "articles": ["reso"], "search": True, "next": "talk"},
        "care": {"say": {"it": "Primo: lava a mano.", "en": "First: wash by hand."}, "next": "oil"},
        "oil": {"say": {"it": "Poi: un filo d'olio.", "en": "Then: a little oil."}, "next": "done"},
        "done": {"say": {"it": "Tutto qui!", "en": "That is all!"}},
        "talk": {"say": {"it": "Scrivici qui.", "en": "Write to us here."}, "person": True},
    },
}


def config(
    language: Language = "it",
    *,
    is_open: bool = True,
    opens_at: str | None = None,
    faq_search: str | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """The document of a shop's chat."""
    chat = ChatSettings.model_validate({**SETTINGS, **settings, "faq": "help"})
    return render_config(chat, language, is_open=is_open, opens_at=opens_at, faq_search=faq_search)


def policy(base: str, script: str) -> str:
    """The strictest Content-Security-Policy of a page with the widget of the gateway `base`, and one script of its own."""
    return (
        f"default-src 'none'; script-src {base} {script}; connect-src {base} {base.replace('http', 'ws')}; img-src {base};"
        " base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types regia-chat"
    )


@dataclass
class Site:
    """The host page, and what the browser complained of. `base` is the gateway's address."""

    base: str
    browser: Browser
    port: int = 0
    script: str = ""
    strict: bool = True
    complaints: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def origin(self) -> str:
        return self.url.rstrip("/")

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/", self._page)
        app.router.add_get("/host.js", self._script)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        for context in self.browser.contexts:
            await context.close()
        if self._runner:
            await self._runner.cleanup()

    def expect_peace(self) -> None:
        """No complaint of the browser, and nothing asked of others."""
        assert [text for text in self.complaints if not any(word in text for word in _NO_NETWORK)] == []
        assert self.outside == []

    async def context(self, **options: Any) -> BrowserContext:
        return await self.browser.new_context(locale="it-IT", **options)

    async def tab(self, context: BrowserContext | None = None, *, attributes: str = "", **options: Any) -> Tab:
        """A tab that looks at the page; everything it complains of is kept. `attributes` are those of the script's element."""
        tab = await (context or await self.context(**options)).new_page()
        tab.on("console", self._said)
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        tab.on("request", self._asked)
        await tab.goto(f"{self.url}{'?' + urlencode({'attributes': attributes}) if attributes else ''}")
        return tab

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.url, self.base, "data:", "about:", "blob:")):
            self.outside.append(request.url)

    async def _page(self, request: web.Request) -> web.Response:
        attributes = request.query.get("attributes", "")
        body = (
            '<!doctype html><html lang="it"><head><title>Padella 28</title><meta name="viewport" content="width=device-width">'
            f'<script src="/host.js"></script><script src="{self.base}{PREFIX}/widget.js" async {attributes}></script>'
            "</head><body><main><h1>Padella 28</h1><p>In ghisa.</p></main></body></html>"
        )
        strict = {"Content-Security-Policy": policy(self.base, f"{self.url}host.js")} if self.strict else {}
        return web.Response(text=body, headers={"Content-Type": "text/html", **strict})

    async def _script(self, _request: web.Request) -> web.Response:
        return web.Response(text=self.script, content_type="text/javascript")


@dataclass(kw_only=True)
class Shop(Site):
    """A site whose gateway is the tests' own."""

    gateway: ChatServer


@contextlib.asynccontextmanager
async def shop(browser: Browser, **own: Any) -> AsyncIterator[Shop]:
    """`own` changes the config. Nothing may complain, nothing may be asked of others, the protocol must be kept."""
    gateway = ChatServer(config(**own))
    await gateway.start()
    it = Shop(gateway.url, browser, gateway=gateway)
    await it.start()
    gateway.origins.add(it.origin)
    try:
        yield it
        assert gateway.faults == []
        it.expect_peace()
    finally:
        await it.stop()
        await gateway.stop()


async def opened(tab: Tab) -> None:
    """The panel is open."""
    await tab.click(".launcher")
    await expect(tab.locator(".panel")).to_be_visible()


async def write(tab: Tab, text: str) -> None:
    """Types a message, or an answer, and sends it."""
    await tab.fill("#text", text)
    await tab.press("#text", "Enter")


async def bubbles(tab: Tab) -> list[str]:
    return await tab.locator(".bubble").all_inner_texts()


def ticks(tab: Tab, state: str) -> Locator:
    """The own messages of a state: `sending`, `sent`, `delivered`, `read`, `failed`."""
    return tab.locator(f".row.me .tick[data-state={state}]")


async def soon(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.05)
