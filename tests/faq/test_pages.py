"""The pages in Chromium: by keyboard, without a script, on a phone, and with everything that strangers may write into them."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from playwright.async_api import Browser, BrowserContext
from sqlalchemy import select

from storage.faq_counts import most_viewed
from storage.schema import messages
from tests.browser import chromium
from tests.faq.shop import Shop
from tests.http.served import worked_off
from tests.web.accessible import findings

FORM = "/forms/form?lang=it"
SENT = "form[data-busy] > button[type=submit]"


@contextlib.asynccontextmanager
async def browsing(**more: Any) -> AsyncIterator[tuple[BrowserContext, list[str]]]:
    """A browser's context, and what its pages complain of."""
    async with chromium() as browser:
        yield await context(browser, **more)


async def context(browser: Browser, **more: Any) -> tuple[BrowserContext, list[str]]:
    made = await browser.new_context(**({"locale": "it-IT"} | more))
    complaints: list[str] = []
    made.on("console", lambda message: complaints.append(message.text))
    made.on("weberror", lambda error: complaints.append(str(error.error)))
    return made, complaints


async def read(opened: Shop) -> dict[str, tuple[int, int, int]]:
    found = await opened.gateway.stores.database.read(most_viewed)
    return {one.article: (one.views, one.helped, one.not_helped) for one in found}


async def test_a_reader_finds_an_answer_by_keyboard_alone(shop: Shop) -> None:
    async with browsing() as (made, complaints):
        tab = await made.new_page()
        await tab.goto(f"{shop.address}/faq/shop?lang=it")
        await tab.focus("#q")
        await tab.keyboard.type("restituir")
        await tab.wait_for_selector("#found a")
        assert await tab.inner_text("#said") == "Una risposta trovata"
        assert tab.url.endswith("/faq/shop?q=restituir&lang=it")
        assert not await tab.is_visible("#all")
        await tab.keyboard.press("ArrowDown")
        async with tab.expect_response("**/viewed"):
            await tab.keyboard.press("Enter")
            await tab.wait_for_selector("article")
            assert await tab.inner_text("h1") == "Come faccio un reso?"
        async with tab.expect_response("**/viewed"):
            await tab.reload()
        await tab.focus(".helped button >> nth=0")
        await tab.keyboard.press("Enter")
        await tab.wait_for_selector(".helped [role=status]:focus")
        assert await read(shop) == {"return-item": (1, 1, 0)}
        assert complaints == []


async def test_a_reader_without_a_script_finds_judges_and_writes(shop: Shop) -> None:
    async with browsing(java_script_enabled=False, viewport={"width": 320, "height": 700}) as (made, _):
        tab = await made.new_page()
        await tab.goto(f"{shop.address}/faq/shop?lang=it")
        await tab.fill("#q", "pacco")
        await tab.press("#q", "Enter")
        await tab.click("#found a")
        await tab.click("text=No, non ancora")
        assert "lo miglioreremo" in await tab.inner_text(".helped")
        assert await read(shop) == {"parcel": (1, 0, 1)}
        await tab.click("text=Scrivi a una persona")
        assert not await tab.is_visible("#f-email")
        await tab.select_option("#f-topic", "warranty")
        await tab.click("text=Continua")
        assert not await tab.get_by_label("Ordine").get_attribute("required")
        await tab.fill("#f-email", "anna@example.it")
        await tab.fill("#f-bought_on", "2026-11-01")
        await tab.fill("#f-message", "Non la trovo")
        assert await tab.evaluate("document.documentElement.scrollWidth") == 320
        await tab.click(SENT)
        await tab.click("text=Segui la tua richiesta")
        assert await tab.inner_text(".now strong") == "Ricevuta"
    (envelope,) = await envelopes(shop)
    assert (envelope["faq"], envelope["fields"]) == (["parcel"], {"topic": "warranty", "bought_on": "2026-11-01"})


async def envelopes(opened: Shop) -> list[dict[str, Any]]:
    await worked_off(opened.gateway)
    query = select(messages.c.envelope).order_by(messages.c.received_ms)
    rows = await opened.gateway.stores.database.read(lambda connection: connection.execute(query).scalars().all())
    return [orjson.loads(row)["data"] for row in rows]


async def test_fields_come_and_go_with_the_topic_and_an_error_keeps_everything(shop: Shop, tmp_path: Path) -> None:
    photo = tmp_path / "però.jpg"
    photo.write_bytes(bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9"))
    async with browsing(viewport={"width": 390, "height": 800}) as (made, complaints):
        tab = await made.new_page()
        await tab.goto(shop.address + FORM)
        assert not await tab.is_visible("#f-email")
        assert not await tab.is_visible("text=Continua")
        await tab.select_option("#f-topic", "warranty")
        await tab.fill("#f-bought_on", "2026-11-01")
        await tab.fill("#f-message", "Si è rotta")
        await tab.select_option("#f-topic", "return")
        assert not await tab.is_visible("#f-bought_on")
        assert await tab.evaluate("document.getElementById('f-order').required")
        assert not await tab.is_visible("label[for=f-order] .optional")
        await tab.select_option("#f-topic", "warranty")
        assert await tab.input_value("#f-bought_on") == "2026-11-01"
        await tab.set_input_files("#f-files", photo)
        await tab.evaluate("document.querySelector('form[data-busy]').noValidate = true")
        await tab.fill("#f-email", "nessun indirizzo")
        await tab.click(SENT)
        await tab.wait_for_selector(".summary")
        assert await tab.evaluate("document.activeElement.id") == "f-email"
        assert await tab.inner_text("#chosen") == "però.jpg (1 KB)"  # a page that was posted would have lost it
        assert not await tab.is_visible(".summary .again")
        assert await tab.input_value("#f-topic") == "warranty"
        await tab.fill("#f-email", "anna@example.it")
        await tab.click(SENT)
        await tab.wait_for_selector(".reference")
        assert await tab.evaluate("document.activeElement.tagName") == "H1"
        assert [text for text in complaints if "400" not in text] == []
    (envelope,) = await envelopes(shop)
    assert [file["filename"] for file in envelope["attachments"]] == ["però.jpg"]
    assert envelope["fields"] == {"topic": "warranty", "bought_on": "2026-11-01"}


async def test_an_upload_is_seen_stopped_broken_and_sent_once(shop: Shop, tmp_path: Path) -> None:
    large = tmp_path / "large.pdf"
    large.write_bytes(b"%PDF-1.4\n" + b"x" * 6_000_000)
    async with browsing() as (made, _):
        tab = await made.new_page()
        await tab.goto(f"{shop.address}{FORM}&topic=other")
        await tab.fill("#f-email", "anna@example.it")
        await tab.fill("#f-message", "Ecco")
        await tab.set_input_files("#f-files", large)
        tools = await made.new_cdp_session(tab)
        slow = {"offline": False, "latency": 5, "downloadThroughput": -1, "uploadThroughput": 2_000_000}
        await tools.send("Network.emulateNetworkConditions", slow)
        await tab.click(SENT)
        while await tab.evaluate("document.querySelector('progress').value") < 5:
            await tab.wait_for_timeout(50)
        assert (await tab.inner_text("#sent-part")).startswith("Invio dei file: ")
        assert await findings(tab) == []
        await tab.click("text=Annulla l'invio")
        assert "Invio annullato" in await tab.inner_text(".sent-told")
        assert await tab.inner_text(SENT) == "Invia"
        await tools.send("Network.emulateNetworkConditions", slow | {"offline": True})
        await tab.click(SENT)
        await tab.wait_for_selector(".error.sent-told")
        assert await envelopes(shop) == []
        await tools.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": -1})
        await tab.click(SENT)
        await tab.wait_for_selector(".reference")
    assert len(await envelopes(shop)) == 1


async def test_answers_are_offered_and_no_more_of_the_message_leaves_than_words(shop: Shop) -> None:
    async with browsing() as (made, complaints):
        tab = await made.new_page()
        asked: list[str] = []
        tab.on("request", lambda request: asked.append(request.url) if "/search" in request.url else None)
        await tab.goto(f"{shop.address}{FORM}&topic=other")
        await tab.fill("#f-message", "Il mio IBAN IT60X0542811101 e anna@example.it 3331234567: vorrei restituire tutto")
        await tab.wait_for_selector("#maybe a")
        assert asked == [f"{shop.address}/faq/shop/search?lang=it&limit=3&q=IBAN%20vorrei%20restituire%20tutto"]
        assert await tab.inner_text("#maybe-said") == "Forse la risposta c'è già"
        assert await findings(tab) == []
        async with made.expect_page() as opening:
            await tab.click("#maybe a")
        article = await opening.value
        assert "return-item" in article.url
        assert await article.evaluate("window.opener") is None
        assert await tab.input_value("[data-read]") == "return-item"
        await tab.click("#maybe button")
        assert await tab.evaluate("document.activeElement.id") == "f-message"
        await tab.fill("#f-message", "spedizione corriere pacco")
        await tab.wait_for_timeout(700)
        assert not await tab.is_visible("#maybe")
        assert complaints == []


SMALL = """[...document.querySelectorAll("button, input:not([type=hidden]), select")].filter(
    (one) => one.offsetHeight && one.offsetHeight < 44 && !one.closest(".trap")).map((one) => one.outerHTML)"""


@pytest.mark.parametrize(
    ("theme", "paths"),
    [
        ("light", ("/faq/shop", "/faq/shop/articles/return-item", f"{FORM}&topic=return", "/state/none")),
        ("dark", ("/faq/shop?q=pacco", "/faq/shop?q=zzzz&lang=en", FORM, "")),
    ],
)
async def test_every_page_fits_a_phone_and_keeps_nobody_out(shop: Shop, theme: Any, paths: tuple[str, ...]) -> None:
    state = await shop.client.post("/forms/form", json={"email": "a@b.it", "message": "x", "topic": "other"})
    path = "/state/" + (await state.json())["state_url"].rpartition("/")[2]
    async with browsing(viewport={"width": 320, "height": 700}, color_scheme=theme) as (made, _):
        tab = await made.new_page()
        for one in paths:
            await tab.goto(shop.address + (one or path))
            assert await tab.evaluate("document.documentElement.scrollWidth") == 320, one
            assert await findings(tab) == [], one
            assert await tab.evaluate(SMALL) == [], one
