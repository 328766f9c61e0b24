"""Looks at pages in Chromium for whatever runs, asks elsewhere, or has become markup."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Error, Frame, Request, Route, WebSocket
from playwright.async_api import Page as Tab

from tests.web.injections import Injection

CONTROL: Final = "http://control.example/"
_HTMX: Final = Path("web/console/static/vendor/htmx.min.js")
_TABS: Final = 4
_PATIENCE: Final = 25.0  # seconds for one page
SETTLE: Final = 0.25
"""Seconds for what begins by itself."""

ACT: Final = """() => {
    const widget = document.querySelector("regia-chat"); // its own buttons are not pressed: `MARKUP` sees what could run
    const inside = widget ? widget.shadowRoot : document.querySelector("main") || document.body;
    for (const node of inside ? inside.querySelectorAll("*") : []) {
        for (const name of ["mouseover", "pointerover", "mouseenter"])
            node.dispatchEvent(new MouseEvent(name, {bubbles: true}));
        const to = node.getAttribute("href") || "";
        const own = location.hostname !== "control.example"
            && ((node.form && node.form.action.startsWith(location.origin)) || node.closest("summary"));
        if (own || widget || /^[/?]/.test(to) || /^(https?:)?\\/\\//.test(to)) continue;
        if (node.focus) node.focus();
        if (/^(a|button|mtext|text)$/i.test(node.localName) || /^(submit|image)$/.test(node.type)) {
            if (node.click) node.click(); else node.dispatchEvent(new MouseEvent("click", {bubbles: true}));
        }
    }
}"""
"""What a reader may do by accident: move over everything, and click what is no part of the page itself and no plain link."""

AGAIN: Final = "() => { document.body.innerHTML = document.body.innerHTML }"
"""What makes of a mutation what it is: the markup is written out and read again."""

MARKUP: Final = """() => {
    const widget = document.querySelector("regia-chat"), mail = location.pathname.endsWith("/mail");
    const inside = widget ? widget.shadowRoot : document.querySelector("main") || document.body;
    const elements = new RegExp("^(script|object|embed|style|link|base|meta|video|audio|math|animate|image|marquee|plaintext"
        + "|xmp)$", "i");
    const fields = /^(form|input|button|textarea|select)$/;
    const names = /^on|^style$|^srcdoc$|^srcset$|^ping$|hx-on|^background$/i;
    const places = /^(href|src|action|formaction|data|poster)$/i, schemes = /^[\\s\\x00-\\x1f]*(javascript|data|vbscript):/i;
    const bad = (node) => elements.test(node.localName)
        || (node.localName === "iframe" && !node.classList.contains("mail"))
        || (mail && fields.test(node.localName))
        || [...node.attributes].some(({name, value}) => (names.test(name) && !(widget && node.id === "text")
            && !(name === "style" && node.closest(".uplot")))
            || (places.test(name) && schemes.test(value))
            || (places.test(name) && name !== "href" && /^(https?:)?\\/\\/(?!127\\.0\\.0\\.1:)/i.test(value)));
    return [[...inside.querySelectorAll("*")].filter(bad).map((node) => node.outerHTML.slice(0, 200)), inside.textContent];
}"""
"""What may stand in no page, or not in the widget of one: elements and attributes that could run or fetch something; and its
text. The widget sets the height of its own text area, and plots place what they are drawn of."""


@dataclass(slots=True)
class Seen:
    """What happened: `fired` scripts and dialogs, `asked` addresses of others, `markup` that stood in a page, `blocked`: what
    only the policy of a page had stopped. `text` is what a page says."""

    fired: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    markup: list[str] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    text: str = ""

    @property
    def everything(self) -> list[str]:
        return [*self.fired, *self.asked, *self.markup, *self.blocked]


@asynccontextmanager
async def watching(
    browser: Browser, *, own: str | tuple[str, ...] = CONTROL, policy: bool = True, **more: Any
) -> AsyncIterator[tuple[BrowserContext, Seen]]:
    """A browser that writes down what pages do, after the address of the page where it happened. `own` is where our pages are,
    and the widget's; without `policy` the Content-Security-Policy of pages does not hold, so that nothing but escaping stands
    in the way."""
    seen = Seen()
    context = await browser.new_context(bypass_csp=not policy, locale="it-IT", **more)

    async def refuse(route: Route) -> None:
        seen.asked.append(f"{_page_of(route.request, own)} {route.request.url}")
        await route.abort()

    await context.expose_binding("fire", lambda source, *_: seen.fired.append(_place(source["frame"], own)))
    ours = "|".join(map(re.escape, (own,) if isinstance(own, str) else own))
    await context.route(re.compile(f"^(?!{ours})"), refuse)  # a pattern is matched in the browser, a function here
    context.on("page", lambda tab: _watch(tab, seen, own))
    try:
        yield context, seen
    finally:
        await context.unroute_all(behavior="ignoreErrors")  # pages that go on asking when they are closed
        await context.close()


def _watch(tab: Tab, seen: Seen, own: str | tuple[str, ...]) -> None:
    async def dismiss(dialog: Any) -> None:
        seen.fired.append(f"dialog {dialog.message}")
        await dialog.dismiss()

    tab.on("dialog", lambda dialog: asyncio.ensure_future(dismiss(dialog)))
    tab.on("console", lambda said: seen.blocked.append(said.text) if "Content Security Policy" in said.text else None)

    def connected(socket: WebSocket) -> None:
        if not socket.url.replace("ws", "http", 1).startswith(own):
            seen.asked.append(f"{tab.url} {socket.url}")

    tab.on("websocket", connected)


def _page_of(request: Request, own: str | tuple[str, ...]) -> str:
    try:
        return _place(request.frame, own)
    except Error:  # of a page that is not there yet
        return request.headers.get("referer", "?")


def _place(frame: Frame, own: str | tuple[str, ...]) -> str:
    """The page of ours in which a frame stands, or stood when it began."""
    found: Frame | None = frame
    while found is not None and not found.url.startswith(own):
        found = found.parent_frame
    return (found.url if found is not None else frame.name or frame.url).partition("#")[0]  # a click may have added one


async def look(context: BrowserContext, urls: Iterable[str]) -> dict[str, Seen]:
    """Open every page, do what a reader may do by accident, and give what has become markup, and the text, of each."""
    waiting, found = list(urls)[::-1], {}

    async def lane() -> None:
        tab = await context.new_page()
        while waiting:
            url = waiting.pop()
            try:
                async with asyncio.timeout(_PATIENCE):
                    await tab.goto(url)
                    found[url] = await examine(tab)
            except TimeoutError:  # what a page without care has become may answer nothing for ever
                found[url] = Seen(markup=["the page does not answer"])
                tab = await context.new_page()
        await asyncio.sleep(SETTLE)
        await tab.close()

    await asyncio.gather(*(lane() for _ in range(min(_TABS, len(waiting)))))
    return found


async def examine(tab: Tab) -> Seen:
    """The page that is open, and its frames where these let themselves be looked into."""
    seen = Seen()
    for frame in tab.frames:
        if frame != tab.main_frame and urlsplit(frame.url).path.endswith("/mail"):
            continue  # its sandbox runs nothing, ours neither: see `frames`
        try:
            markup, text = await frame.evaluate(MARKUP)
            seen.markup += markup
            seen.text += text
            await frame.evaluate(ACT)
        except Error:  # it went away
            continue
    return seen


async def frames(context: BrowserContext, own: str, urls: Sequence[str], *, settle: float = SETTLE) -> list[str]:
    """Open pages as frames of one page of the same origin, many at once, and act in each; what has become markup in any."""
    markup: list[str] = []
    for place in range(0, len(urls), 36):
        some = urls[place : place + 36]
        html = "".join(f'<iframe name="{url}" src="{url}"></iframe>' for url in some)
        address = f"{own}of-the-test"
        await context.route(address, _serving(html))
        tab = await context.new_page()
        await tab.goto(address, wait_until="domcontentloaded")
        await asyncio.sleep(settle)
        for frame in tab.main_frame.child_frames:
            try:
                markup += [f"{frame.name} {one}" for one in (await frame.evaluate(MARKUP))[0]]
                for one in (ACT, *([] if own != CONTROL else [AGAIN])):
                    await frame.evaluate(one)
            except Error:  # it went elsewhere
                continue
        await asyncio.sleep(settle)
        await tab.close()
        await context.unroute(address)
    return markup


def _serving(html: str) -> Callable[[Route], Awaitable[None]]:
    async def serve(route: Route) -> None:
        await route.fulfill(body=html, content_type="text/html")

    return serve


def control_page(one: Injection) -> str:
    """The payload put into a page without any care, in the way in which its class works."""
    ways: Mapping[str, str] = {
        "body": f"<p>{one.payload}</p><p title='x'>secret</p>",
        "attribute": f'<input value="{one.payload}">',
        "unquoted": f"<input value={one.payload}>",
        "link": f'<a href="{one.payload}">x</a>',
        "frame": f'<iframe src="{one.payload}"></iframe>',
        "script": f'<script>var said = "{one.payload}"</script>',
        "style": f"<style>p{{color:{one.payload}}}</style><p>x</p>",
        "htmx": f"<script src={CONTROL}htmx.js></script>{one.payload}",
        "text": escape(one.payload),
    }
    return f"<!doctype html><meta charset=utf-8><title>x</title><body>{ways[one.where]}"


async def without_care(browser: Browser, injections: Sequence[Injection]) -> dict[str, str]:
    """What each class does on a page that takes no care: by its name `script`, `request` or `none`. Those that did not do what
    they should are looked at once more: on a busy machine something may come too late."""
    done = await _without_care(browser, injections)
    late = [one for one in injections if done[one.name] != one.effect]
    return done | (await _without_care(browser, late, settle=2.0) if late else {})


async def _without_care(browser: Browser, injections: Sequence[Injection], settle: float = SETTLE) -> dict[str, str]:

    async def serve(route: Route) -> None:
        place = route.request.url.removeprefix(CONTROL)
        if place == "htmx.js":
            await route.fulfill(body=_HTMX.read_bytes(), content_type="text/javascript")
        elif place.isdigit():
            await route.fulfill(body=control_page(injections[int(place)]), content_type="text/html; charset=utf-8")
        else:
            await route.abort()

    async with watching(browser) as (context, seen):
        await context.route(f"{CONTROL}**", serve)
        urls = [f"{CONTROL}{place}" for place in range(len(injections))]
        await frames(context, CONTROL, urls, settle=settle)
        fired, asked = {one.split()[0] for one in seen.fired}, {one.split()[0] for one in seen.asked}
    return {
        one.name: "script" if url in fired else "request" if url in asked else "none"
        for one, url in zip(injections, urls, strict=True)
    }
