"""A shop with the widget on its page: another origin than the gateway's, under a Content-Security-Policy without exceptions."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Locator, expect
from playwright.async_api import Page as Tab

from connectors.chat.settings import ChatSettings
from normalizer.advice import Language
from tests.web.chat_server import PREFIX, ChatServer
from web.widget.config import render_config

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


@dataclass
class Shop:
    """The host page, the gateway's stand-in, and what the browser complained of."""

    gateway: ChatServer
    browser: Browser
    port: int = 0
    script: str = ""
    strict: bool = True
    complaints: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def policy(self) -> str:
        gateway = self.gateway.url
        socket = gateway.replace("http", "ws")
        return (
            f"default-src 'none'; script-src {gateway} {self.url}host.js; connect-src {gateway} {socket}; img-src {gateway};"
            " base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types regia-chat"
        )

    async def page(self, request: web.Request) -> web.Response:
        attributes = request.query.get("attributes", "")
        body = (
            f'<!doctype html><html lang="it"><head><title>Padella 28</title><meta name="viewport" content="width=device-width">'
            f'<script src="/host.js"></script><script src="{self.gateway.url}{PREFIX}/widget.js" async {attributes}></script>'
            "</head><body><main><h1>Padella 28</h1><p>In ghisa.</p></main></body></html>"
        )
        policy = {"Content-Security-Policy": self.policy()} if self.strict else {}
        return web.Response(text=body, headers={"Content-Type": "text/html", **policy})

    async def host_script(self, _request: web.Request) -> web.Response:
        return web.Response(text=self.script, content_type="text/javascript")

    async def context(self, **options: Any) -> BrowserContext:
        return await self.browser.new_context(locale="it-IT", **options)

    async def tab(self, context: BrowserContext | None = None, *, attributes: str = "", **options: Any) -> Tab:
        """A tab that looks at the page; everything it complains of is kept. `attributes` are those of the script's element."""
        tab = await (context or await self.context(**options)).new_page()
        tab.on(
            "console", lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None
        )
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        tab.on("request", lambda request: self._asked(request.url))
        await tab.goto(f"{self.url}{'?' + urlencode({'attributes': attributes}) if attributes else ''}")
        return tab

    def _asked(self, url: str) -> None:
        if not url.startswith((self.url, self.gateway.url, "data:", "about:", "blob:")):
            self.outside.append(url)

    def real_complaints(self) -> list[str]:
        """Without what Chromium says of a network that is not there."""
        network = ("Failed to load resource", "WebSocket connection to", "net::ERR", "blocked by CORS policy: No 'Access")
        return [text for text in self.complaints if not any(word in text for word in network)]


@contextlib.asynccontextmanager
async def shop(browser: Browser, **own: Any) -> AsyncIterator[Shop]:
    """`own` changes the config. Nothing may complain, nothing may be asked of others, the protocol must be kept."""
    gateway = ChatServer(config(**own))
    await gateway.start()
    it = Shop(gateway, browser)
    app = web.Application()
    app.router.add_get("/", it.page)
    app.router.add_get("/host.js", it.host_script)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    it.port = runner.addresses[0][1]
    gateway.origins.add(it.url.rstrip("/"))
    try:
        yield it
        assert gateway.faults == []
        assert it.real_complaints() == []
        assert it.outside == []
    finally:
        for context in browser.contexts:
            await context.close()
        await gateway.stop()
        await runner.cleanup()


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
