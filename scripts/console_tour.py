"""A console with a day of the demo's contacts in it: a real gateway, and Chromium with its first user logged in.

For the pictures of the documentation (`scripts.pictures`) and for measuring (`bench console`).
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.e2e.gateway import DEMO, EMBEDDED, Gateway

_PASSWORD: Final = "quattro padelle sul fuoco"  # noqa: S105  # of a gateway that lives for a minute
_FIRST: Final = re.compile(r"^  password  (\S+)$", re.MULTILINE)
_SECONDS: Final = 60.0
_WIDE: Final = {"width": 1360, "height": 860}
_PHONE: Final = {"width": 390, "height": 844}


@dataclass(frozen=True, slots=True)
class Stop:
    """A page. `{message}` and `{customer}` in its path are those of a contact that came in."""

    name: str
    path: str


STOPS: Final = (
    Stop("live", "/"),
    Stop("customers", "/customers"),
    Stop("customer", "/customers/{customer}"),
    Stop("message", "/messages/{message}"),
    Stop("new", "/new"),
    Stop("rules", "/rules"),
    Stop("playground", "/rules/playground"),
    Stop("queues", "/queues"),
    Stop("kpi", "/kpi"),
    Stop("users", "/users"),
    Stop("audit", "/audit"),
    Stop("account", "/account"),
)


@dataclass(frozen=True, slots=True)
class Tour:
    """`state` has the cookies of the login."""

    gateway: Gateway
    browser: Browser
    state: Any
    ids: dict[str, str]

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.gateway.port}/console"

    def link(self, stop: Stop) -> str:
        return self.base + stop.path.format(**self.ids)

    def window(self, *, dark: bool = False, phone: bool = False, stranger: bool = False) -> BrowserContext:
        """A browser of its own, which its caller closes; of a stranger if nobody is to be logged in."""
        size, scheme = _PHONE if phone else _WIDE, "dark" if dark else "light"
        more: dict[str, Any] = {"viewport": size, "color_scheme": scheme, "has_touch": phone}
        state = None if stranger else self.state
        return self.browser.new_context(storage_state=state, locale="it-IT", timezone_id="Europe/Rome", **more)

    def visit(self, page: Page, stop: Stop) -> None:
        """Open the page; it must be there and be the one."""
        answer = page.goto(self.link(stop), wait_until="load")
        if answer is None or not answer.ok or ("/login" in page.url) != stop.path.startswith("/login"):
            raise RuntimeError(f"{stop.path} is answered with {answer and answer.status} at {page.url}")
        page.locator(".awaited").first.wait_for(state="detached")  # parts that come by themselves


@contextmanager
def tour(folder: Path, *, contacts: int = 160) -> Iterator[Tour]:
    """A gateway with so many contacts of the demo, all of them routed, and who is logged in."""
    gateway = Gateway(folder, EMBEDDED, config=DEMO)
    gateway.start()
    try:
        gateway.cli("demo", "--rate", "40", "--count", str(contacts), "--seed", "7")
        gateway.settle()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            yield Tour(gateway, browser, _logged_in(gateway, browser), _ids(gateway))
            browser.close()
    finally:
        gateway.kill()


def _logged_in(gateway: Gateway, browser: Browser) -> Any:
    """The first user, with a password of their own."""
    first = _first_password(gateway)
    context = browser.new_context(locale="it-IT")
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{gateway.port}/console/")
    page.fill("#f-name", "admin")
    page.fill("#f-password", first)
    page.press("#f-password", "Enter")
    page.wait_for_url("**/account**")
    for field, value in (("old", first), ("new", _PASSWORD), ("again", _PASSWORD)):
        page.fill(f"#f-{field}", value)
    page.press("#f-again", "Enter")
    page.wait_for_url("**/console/?said=*")
    state = context.storage_state()
    context.close()
    return state


def _first_password(gateway: Gateway) -> str:
    """As `regia run` printed it."""
    deadline = time.monotonic() + _SECONDS
    while (found := _FIRST.search(gateway.log.read_text())) is None:
        if time.monotonic() > deadline:
            raise RuntimeError(f"no first user was made\n{gateway.tail()}")
        time.sleep(0.1)
    return found[1]


def _ids(gateway: Gateway) -> dict[str, str]:
    """A contact of a customer with several, if possible in Italian, and that customer."""
    taken = gateway.request("POST", "/v1/queues/demo.returns/take?limit=100&lease=60", headers=gateway.consumer())
    messages = taken.json()["messages"]
    for one in messages:
        gateway.request("POST", f"/v1/queues/receipts/{one['receipt']}/reject?requeue=true", headers=gateway.consumer())
    found = [one["envelope"] for one in messages]
    chosen = max(found, key=lambda one: (one["data"]["language"] == "it", one["data"]["customer"]["messages"]))
    return {"message": chosen["id"], "customer": chosen["subject"]}
