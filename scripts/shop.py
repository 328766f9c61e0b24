"""A shop for pictures of what its customers see: the demo's gateway with a chat, and a site with the widget on its page."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from ruamel.yaml import YAML

from tests.browser import ARGS, PROGRAM
from tests.e2e.gateway import DEMO, EMBEDDED, Gateway

_WIDE: Final = {"width": 1000, "height": 760}
_PHONE: Final = {"width": 390, "height": 760}
_SECONDS: Final = 30.0
_MORE: Final = """
shop:
  type: chat
  brand: demo
  title: {it: Padelle & Co., en: Pans & Co.}
  faq: shop
  fields: {order: {max_length: 40}, email: {type: email}, product: {}}
  flow:
    start: hello
    steps:
      hello:
        say: [{it: "Ciao! Di che cosa si tratta?", en: "Hello! What is it about?"}]
        choices:
          - {id: returns, label: {it: Un reso, en: A return}, category: returns, next: order}
          - {id: delivery, label: {it: La mia consegna, en: My delivery}, category: delivery, next: order}
          - {id: care, label: {it: Come curo la padella, en: How to care for a pan}, next: wash}
      order:
        say: {it: "Qual è il numero d'ordine?", en: Which is the order number?}
        ask: {field: order, optional: true}
        next: articles
      articles:
        say: {it: "Forse c'è già la risposta:", en: "This may help already:"}
        articles: [return-item, refund-time]
        search: true
        next: talk
      wash:
        say: {it: "Lavala a mano, senza sapone, e asciugala.", en: "Wash it by hand, without soap, and dry it."}
      talk:
        say: {it: "Scrivici qui: risponde una persona.", en: "Write to us here: a person will answer."}
        person: true
evening:
  type: chat
  brand: demo
  title: {it: Padelle & Co., en: Pans & Co.}
  hours: tomorrow
  faq: shop
  fields: {email: {type: email}}
"""
_HOURS: Final = """
calendars:
  tomorrow: {{timezone: Europe/Rome, hours: {{{day}: "09:00-18:00"}}}}
"""
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PAGE: Final = """<!doctype html><html lang="it"><head><meta charset="utf-8">
<title>Padella in ghisa 28 · Padelle &amp; Co.</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><style>
body {{ margin: 0; font: 16px/1.5 system-ui, sans-serif;
background: light-dark(#faf8f5, #17191c); color: light-dark(#2b2723, #e6e3df); }}
header {{ padding: 1rem 2rem; font-weight: 700; border-bottom: 1px solid light-dark(#e5ded4, #33363b); }}
main {{ max-width: 34rem; padding: 2rem; }} i {{ display: block; height: 14rem; border-radius: 12px;
background: radial-gradient(circle at 50% 50%, #4a4642 0 76px, #2f2c29 77px 92px, transparent 93px)
light-dark(#efe8dd, #23262a); }}
</style><script src="{base}/chat/{connector}/widget.js" async data-field-product="PAN-28"></script></head>
<body><header>Padelle &amp; Co.</header><main><i></i><h1>Padella in ghisa 28 cm</h1>
<p>Fatta a mano, per tutti i fuochi. Con il tempo diventa migliore.</p><p><strong>79,00 €</strong></p></main></body></html>"""


@dataclass
class Shop:
    """`taken`: envelopes that its people have."""

    gateway: Gateway
    browser: Browser
    site: str
    taken: list[dict[str, Any]] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.gateway.port}"

    def window(self, *, dark: bool = False, phone: bool = False) -> BrowserContext:
        """A browser of its own, which its caller closes."""
        more: dict[str, Any] = {"viewport": _PHONE if phone else _WIDE, "color_scheme": "dark" if dark else "light"}
        return self.browser.new_context(locale="it-IT", timezone_id="Europe/Rome", has_touch=phone, **more)

    def page(self, window: BrowserContext, connector: str = "shop") -> Page:
        """A tab that looks at the shop's page, with the widget of a connector."""
        tab = window.new_page()
        tab.goto(f"{self.site}/{connector}")
        tab.wait_for_selector(".launcher")
        return tab

    def written(self, **fields: str) -> dict[str, Any]:
        """What the form answers a program, once it was posted."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        answer = self.gateway.request("POST", "/forms/site-form", urlencode(fields).encode(), headers)
        return _of(answer.status, answer.body)

    def take(self, queue: str, text: str) -> dict[str, Any]:
        """The envelope with this text, once it is in its queue."""
        until = time.monotonic() + _SECONDS
        while time.monotonic() < until:
            for one in self.post(f"/v1/queues/{queue}/take?limit=10&lease=600")["messages"]:
                self.taken.append(one["envelope"])
            for envelope in self.taken:
                if envelope["data"]["text"] == text:
                    return envelope
            time.sleep(0.1)
        raise RuntimeError(f"{queue} did not get what was written\n{self.gateway.tail()}")

    def answer(self, message: str, text: str, **more: Any) -> None:
        """As agents answer."""
        self.post("/v1/replies", {"message": message, "text": text, "author": "Giulia", **more})

    def post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """As the shop's program, with its token."""
        headers = {**self.gateway.consumer(), "Content-Type": "application/json"}
        answer = self.gateway.request("POST", path, None if body is None else json.dumps(body).encode(), headers)
        return _of(answer.status, answer.body)


@contextmanager
def shop(folder: Path) -> Iterator[Shop]:
    """The shop at work, in a folder of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    site = f"http://127.0.0.1:{server.server_port}"
    gateway = Gateway(folder / "gateway", EMBEDDED, config=_config(folder, site))
    server.RequestHandlerClass = _handler(lambda: f"http://127.0.0.1:{gateway.port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    gateway.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=PROGRAM, args=ARGS)
            yield Shop(gateway, browser, site)
            browser.close()
    finally:
        gateway.kill()
        server.shutdown()
        server.server_close()


def _config(folder: Path, site: str) -> Path:
    """The demo's, with the chats, and surveys by a link."""
    reader = YAML(typ="safe")
    config, more = reader.load(DEMO.read_text()), reader.load(_MORE)
    config["faq"]["shop"]["folder"] = str(DEMO.with_name("faq"))
    config["surveys"]["closed"]["link"] = "always"
    config["connectors"] |= {name: {**one, "origins": [site]} for name, one in more.items()}
    today = datetime.now(ZoneInfo("Europe/Rome")).weekday()
    hours = _HOURS.format(day=_DAYS[(today + 1) % 7])
    (folder / "rules.yaml").write_text(DEMO.with_name("rules.yaml").read_text() + hours)
    path = folder / "regia.yaml"
    path.write_text(json.dumps(config, default=str))
    return path


def _handler(base: Callable[[], str]) -> type[BaseHTTPRequestHandler]:
    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = _PAGE.format(base=base(), connector=self.path.strip("/")).encode()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is http.server's
            """Nothing: pages of a picture are not looked for."""

    return Site


def _of(status: int, body: bytes) -> dict[str, Any]:
    if status >= HTTPStatus.BAD_REQUEST:
        raise RuntimeError(f"the gateway answers {status}: {body!r}")
    found: dict[str, Any] = json.loads(body)
    return found
