"""axe-core itself: it finds faults in a shadow root and under a strict policy too, and none on the form's page."""

from aiohttp import web

from tests.web.accessible import findings
from tests.web.test_form_page import ACTION, chromium, gateway

BAD = """<!doctype html><html lang="en"><title>Bad</title><main><h1>Bad</h1><img src="/x.png"><input><x-y></x-y></main>
<script src="/shadow.js"></script>"""
SHADOW = """const root = document.querySelector("x-y").attachShadow({mode: "open"});
root.append(Object.assign(document.createElement("button"), {type: "button"}));"""
STRICT = {"Content-Security-Policy": "default-src 'self'", "Content-Type": "text/html"}


async def _page(_request: web.Request) -> web.Response:
    return web.Response(text=BAD, headers=STRICT)


async def _script(_request: web.Request) -> web.Response:
    return web.Response(text=SHADOW, content_type="text/javascript")


async def test_it_finds_what_is_wrong_also_in_a_shadow_root() -> None:
    app = web.Application()
    app.router.add_get("/", _page)
    app.router.add_get("/shadow.js", _script)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with chromium() as browser:
            tab = await browser.new_page()
            await tab.goto(f"http://127.0.0.1:{runner.addresses[0][1]}/")
            rules = {line.split()[1].rstrip(":") for line in await findings(tab)}
            only = await findings(tab, "x-y")
    finally:
        await runner.cleanup()
    assert {"image-alt", "label", "button-name"} <= rules
    assert [line.split(":")[0] for line in only] == ["critical button-name"]


async def test_the_form_page_has_no_serious_finding() -> None:
    async with gateway() as shop, chromium() as browser:
        for scheme in ("light", "dark"):
            tab = await browser.new_page(locale="it-IT", color_scheme=scheme)  # type: ignore[arg-type]
            await tab.goto(f"http://127.0.0.1:{shop.port}{ACTION}")
            assert await findings(tab) == []
