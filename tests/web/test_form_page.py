"""The form's pages: what they hold as text, and in Chromium, with and without its script, posted to a real connector."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Page as Tab
from selectolax.lexbor import LexborHTMLParser, LexborNode

from connectors.base import Request
from connectors.errors import REJECTIONS, Rejected
from connectors.form_settings import WebFormSettings
from connectors.web_form import WebForm, choose_language
from normalizer.advice import LANGUAGES, Language
from normalizer.inbound import InboundMessage, Page
from tests.browser import chromium
from web.colours import DARK_CARD, LIGHT_CARD, READABLE, contrast, theme
from web.pages.assets import ASSETS, link
from web.pages.form import headers, render_form, render_problem, render_thanks
from web.pages.texts import PROBLEMS
from web.pages.view import FormView, form_view

ACTION, THEME = "/forms/site-form", "/forms/site-form/theme.css"
SETTINGS: dict[str, Any] = {
    "brand": "demo",
    "intro": {"it": "Rispondiamo entro un giorno.", "en": "We answer within a day."},
    "fields": {
        "name": {"required": True, "label": {"it": "Nome", "en": "Name"}},
        "email": {"type": "email", "label": "E-mail"},
        "phone": {"type": "phone", "label": {"it": "Telefono", "en": "Phone"}},
        "order": {"max_length": 20, "hint": {"it": "Come IT-2231.", "en": "Such as IT-2231."}},
        "reason": {"type": "choice", "choices": {"return": {"it": "Reso", "en": "Return"}, "warranty": "Garanzia & co."}},
        "total": {"type": "number"},
        "message": {"required": True, "multiline": True, "label": {"it": "Messaggio", "en": "Message"}},
        "privacy": {"type": "boolean", "required": True, "label": {"it": "Ho letto l'informativa", "en": "I have read it"}},
    },
    "upload": {"max_files": 2, "max_bytes": 2048},
}
PHOTO = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")
HOSTILE = "\"'><script>alert(1)</script>&{{7*7}}"


def view(language: Language = "it", **changed: Any) -> FormView:
    return form_view(WebFormSettings.model_validate({**SETTINGS, **changed}), language, action=ACTION, theme=THEME)


def tree(html: str) -> LexborHTMLParser:
    return LexborHTMLParser(html)


def first(page: LexborHTMLParser, selector: str) -> LexborNode:
    node = page.css_first(selector)
    assert node is not None
    return node


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_has_its_label_and_nothing_is_inline(language: Language) -> None:
    page = tree(render_form(view(language), submission="s-1"))
    named = [node for node in page.css("input, textarea, select") if node.attributes.get("type") != "hidden"]
    assert {node.attributes["name"] for node in named} == {*SETTINGS["fields"], "files", "website"}
    for node in named:
        assert len(page.css(f'label[for="{node.attributes["id"]}"]')) == 1
    assert not page.css("[style], style, [onclick], script:not([src])")
    assert first(page, "html").attributes["lang"] == language
    assert [node.attributes["value"] for node in page.css("input[type=hidden]")] == ["s-1", language]


def test_values_errors_and_origin_are_escaped() -> None:
    names = ["name", "email", "order", "message", "reason"]
    html = render_form(
        view(title=HOSTILE, intro=HOSTILE),
        submission=HOSTILE,
        values=dict.fromkeys(names, HOSTILE),
        errors=dict.fromkeys([*names, HOSTILE], HOSTILE),
        page=Page(url=f"https://shop.example/{HOSTILE}", title=HOSTILE, referrer=HOSTILE),
    )
    assert "<script>alert" not in html
    page = tree(html)
    assert first(page, "#f-name").attributes["value"] == HOSTILE
    assert first(page, "#f-message").text() == HOSTILE
    assert first(page, "h1").text() == HOSTILE
    assert first(page, "input[name=page_title]").attributes["value"] == HOSTILE
    assert "<script>alert" not in render_thanks(view(thanks=HOSTILE), HOSTILE)


def test_errors_are_tied_to_their_fields_and_the_first_has_the_focus() -> None:
    errors = {"files": "Troppi.", "privacy": "Spunta.", "order": "Troppo lungo.", "colour": "Non esiste."}
    page = tree(render_form(view(), submission="s", errors=errors))
    order = first(page, "#f-order")
    assert order.attributes["aria-describedby"] == "h-order e-order"
    assert order.attributes["aria-invalid"] == "true"
    assert first(page, "#e-order").text() == "Troppo lungo."
    assert [node.attributes["id"] for node in page.css("[autofocus]")] == ["f-order"]
    assert [node.attributes["href"] for node in page.css(".summary a")] == ["#f-order", "#f-files", "#f-privacy"]
    assert "colour" in first(page, ".summary").text()
    assert first(page, "title").text().startswith("Errore: ")


def test_fields_without_upload_or_second_language_or_groups() -> None:
    fields = {"email": {"type": "email", "required": True}, "message": {"required": True}}
    page = tree(render_form(view(fields=fields, upload=None, languages=["it"]), submission="s"))
    assert not page.css("input[type=file], nav, fieldset")
    generic = {"groups": [["email", "phone"], ["order", "total"]]}
    fields = {name: SETTINGS["fields"][name] for name in ("phone", "email", "message", "order", "total")}
    page = tree(render_form(view(fields=fields, require_one_of=generic["groups"]), submission="s"))
    legends = [node.text() for node in page.css("legend")]
    assert [legend.split(" (")[0] for legend in legends] == ["Dove ti rispondiamo?", "Compila almeno uno di questi"]


def test_every_rejection_has_a_page_in_every_language() -> None:
    assert PROBLEMS["it"].keys() == PROBLEMS["en"].keys()
    for language in LANGUAGES:
        for code in REJECTIONS:
            page = tree(render_problem(code, language, view=view(language), retry_after=30, reference="R-1"))
            assert first(page, "h1").text()
            assert "30" in page.text()
    bare = tree(render_problem("unknown_connector", "en"))
    assert not bare.css("a, img")


def test_headers_forbid_inline_and_let_only_the_logo_and_the_shop_in() -> None:
    policy = headers(view(logo="https://cdn.example/logo.svg", origins=["https://shop.example"]))["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "img-src 'self' data: https://cdn.example;" in policy
    assert policy.endswith("frame-ancestors 'self' https://shop.example")
    assert headers()["Content-Security-Policy"].endswith("frame-ancestors 'self'")


@pytest.mark.parametrize("primary", ["#1f5f8b", "#ffee00", "#000000", "#ffffff", "#808080", "#ff0000"])
def test_any_brand_colour_stays_readable(primary: str) -> None:
    light, dark = (
        dict(pair.split(":") for pair in part.split("{")[-1].split("}")[0].split(";")) for part in theme(primary).splitlines()
    )

    def rgb(text: str) -> tuple[int, int, int]:
        return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)

    assert contrast(rgb(light["--accent"]), LIGHT_CARD) >= READABLE
    assert contrast(rgb(dark["--accent"]), DARK_CARD) >= READABLE
    for colours in (light, dark):
        assert contrast(rgb(colours["--on-fill"]), rgb(colours["--fill"])) >= READABLE


@dataclass
class Shop:
    """A small gateway: the pages, the connector, and what it took."""

    port: int = 0
    taken: list[InboundMessage] = field(default_factory=list)
    connector: WebForm = field(default_factory=lambda: WebForm("site-form", WebFormSettings.model_validate(SETTINGS)))

    async def show(self, request: web.Request) -> web.Response:
        language = choose_language(self.connector.settings, request.query.get("lang"), request.headers.get("accept-language"))
        html = render_form(view(language), submission="one-time", page=Page(url=request.query.get("page")))
        return web.Response(text=html, headers=headers())

    async def take(self, request: web.Request) -> web.Response:
        received = Request(
            method="POST",
            url=str(request.url),
            headers={name.lower(): value for name, value in request.headers.items()},
            query=dict(request.query),
            body=await request.read(),
            received_at=datetime.now(UTC),
        )
        try:
            self.taken.extend(self.connector.parse(received).messages)
        except Rejected as error:
            draft = self.connector.draft(received)
            again = view(draft.language)
            html = render_form(
                again, submission=draft.submission or "new", values=draft.values, errors=error.fields, page=draft.page
            )
            return web.Response(text=html, status=error.status, headers=headers(again))
        return web.Response(text=render_thanks(view("it"), "RG-7K3F"), headers=headers())

    async def static(self, request: web.Request) -> web.Response:
        asset = ASSETS[request.path]
        return web.Response(body=asset.content, headers={"Content-Type": asset.content_type})

    async def theme(self, _request: web.Request) -> web.Response:
        return web.Response(text=theme("#1f5f8b"), content_type="text/css")


@contextlib.asynccontextmanager
async def gateway() -> AsyncIterator[Shop]:
    shop = Shop()
    app = web.Application()
    app.router.add_get(ACTION, shop.show)
    app.router.add_post(ACTION, shop.take)
    app.router.add_get(THEME, shop.theme)
    app.router.add_get("/static/pages/{name}", shop.static)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    shop.port = runner.addresses[0][1]
    try:
        yield shop
    finally:
        await runner.cleanup()


async def fill(tab: Tab) -> None:
    await tab.fill("#f-name", "Anna Bianchi")
    await tab.fill("#f-email", "Anna@example.it")
    await tab.fill("#f-total", "89,90")
    await tab.select_option("#f-reason", "return")
    await tab.fill("#f-message", "È arrivata ammaccata.\nGrazie")
    await tab.check("#f-privacy")


async def test_a_customer_sends_the_form_from_a_phone_without_any_script(tmp_path: Path) -> None:
    photo = tmp_path / "però.jpg"
    photo.write_bytes(PHOTO)
    async with gateway() as shop, chromium() as browser:
        tab = await browser.new_page(viewport={"width": 390, "height": 800}, java_script_enabled=False, locale="it-IT")
        await tab.goto(f"http://127.0.0.1:{shop.port}{ACTION}?page=https://shop.example/pan-28")
        await fill(tab)
        await tab.set_input_files("#f-files", photo)
        await tab.click("button")
        assert await tab.inner_text(".reference dd") == "RG-7K3F"
    (message,) = shop.taken
    assert (message.sender.name, message.sender.handle.value) == ("Anna Bianchi", "anna@example.it")
    assert message.text == "È arrivata ammaccata.\nGrazie"
    assert message.fields == {"total": 89.9, "reason": "return", "privacy": True}
    assert [(file.filename, file.content) for file in message.attachments] == [("però.jpg", PHOTO)]
    assert (message.language, message.page, message.automated) == ("it", Page(url="https://shop.example/pan-28"), None)
    assert message.event_key.startswith("one-time:")


async def test_what_was_written_stays_and_the_first_error_has_the_focus() -> None:
    async with gateway() as shop, chromium() as browser:
        tab = await browser.new_page(viewport={"width": 390, "height": 800}, locale="en-GB")
        complaints: list[str] = []
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        await tab.goto(f"http://127.0.0.1:{shop.port}{ACTION}")
        await fill(tab)
        await tab.fill("#f-total", "1.234")
        await tab.click("button")
        await tab.wait_for_selector(".summary")
        assert await tab.evaluate("document.activeElement.id") == "f-total"
        assert await tab.input_value("#f-message") == "È arrivata ammaccata.\nGrazie"
        assert await tab.input_value("#f-reason") == "return"
        assert await tab.is_checked("#f-privacy")
        assert "thousands" in await tab.inner_text("#e-total")
        assert await tab.evaluate("document.documentElement.scrollWidth") == 390
        await tab.fill("#f-total", "1234")
        await tab.click("button")
        await tab.wait_for_selector(".reference")
        # The refused post itself is the only thing a browser may remark on.
        assert [text for text in complaints if "400" not in text] == []
    assert [message.fields["total"] for message in shop.taken] == [1234]


TWO_CLICKS = """() => {
    const button = document.querySelector("button"), prevented = [];
    window.addEventListener("submit", (event) => prevented.push(event.defaultPrevented));
    button.click();
    const words = button.textContent;
    button.click();
    return [words, ...prevented];
}"""


async def test_a_second_click_sends_nothing_and_files_over_the_limit_are_said_before(tmp_path: Path) -> None:
    small, large = tmp_path / "small.pdf", tmp_path / "large.pdf"
    small.write_bytes(b"%PDF")
    large.write_bytes(b"x" * 3000)
    async with gateway() as shop, chromium() as browser:
        tab = await browser.new_page(locale="it-IT")
        await tab.goto(f"http://127.0.0.1:{shop.port}{ACTION}")
        await fill(tab)
        await tab.set_input_files("#f-files", [small, large])
        assert await tab.inner_text("#chosen .bad") == "Allega file di 2 KB al massimo ciascuno."
        assert not await tab.evaluate("document.querySelector('form').checkValidity()")
        await tab.set_input_files("#f-files", small)
        assert await tab.inner_text("#chosen") == "small.pdf (1 KB)"
        # With files its own script sends it, and the browser does not.
        assert await tab.evaluate(TWO_CLICKS) == ["Invio in corso…", True, True]
        await tab.wait_for_selector(".reference")
    assert len(shop.taken) == 1


def test_links_of_assets_change_with_their_content() -> None:
    assert link("form.css") == f"/static/pages/form.css?v={ASSETS['/static/pages/form.css'].version}"
    assert {asset.content_type for asset in ASSETS.values()} == {"text/css; charset=utf-8", "text/javascript; charset=utf-8"}
