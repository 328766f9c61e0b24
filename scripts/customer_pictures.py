"""The pictures of what customers see: chat, FAQ, form, state of a contact, survey. All of one gateway at work."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from playwright.sync_api import Page

from scripts import chat_pictures
from scripts.shop import Shop, shop

_SETTLED: Final = 600
_HIGH: Final = 1240
"""Of a form that is filled in, in pixels: what it offers stands below the message."""
_TEXT: Final = "La padella ha una crepa dopo due mesi: vale la garanzia, o posso chiedere un rimborso?"


def draw(pictures: Path) -> None:
    """Write all of them into a folder."""
    with tempfile.TemporaryDirectory(prefix="regia-shop-") as folder, shop(Path(folder)) as here:
        chat_pictures.draw(here, pictures)
        state, survey = _state(here), _survey(here)
        pages: list[tuple[str, str, Callable[[Page], None], tuple[str, ...]]] = [
            ("faq", "/faq/shop", _as_it_is, ("", "-dark", "-phone")),
            ("faq-search", "/faq/shop?q=rimborzo", _as_it_is, ("",)),
            ("faq-article", "/faq/shop/articles/return-item", _as_it_is, ("", "-phone")),
            ("form", "/forms/site-form", _filled, ("", "-dark", "-phone")),
            ("form-thanks", "/forms/site-form", _sent, ("",)),
            ("state", state, _as_it_is, ("", "-dark", "-phone")),
            ("survey", survey, _as_it_is, ("", "-phone")),
        ]
        for name, path, scene, looks in pages:
            for kind in looks:
                window = here.window(dark=kind == "-dark", phone=kind == "-phone")
                page = window.new_page()
                page.goto(here.base + path)
                scene(page)
                page.wait_for_timeout(_SETTLED)
                page.screenshot(path=pictures / f"{name}{kind}.png")
                window.close()


def _as_it_is(_page: Page) -> None:
    """As it is opened."""


def _filled(page: Page) -> None:
    """A topic is chosen, and what is written has brought articles."""
    page.fill("[name=name]", "Anna Bianchi")
    page.fill("[name=email]", "anna@example.it")
    page.select_option("[name=topic]", "warranty")
    page.fill("[name=message]", _TEXT)
    page.wait_for_selector("a[href*='/articles/']")
    if page.viewport_size:
        page.set_viewport_size({"width": page.viewport_size["width"], "height": _HIGH})
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")


def _sent(page: Page) -> None:
    _filled(page)
    page.locator("button[type=submit]:visible").last.click()
    page.wait_for_selector("a[href*='/state/']")
    page.set_viewport_size({"width": 1000, "height": 600})


def _state(here: Shop) -> str:
    """The path of the page of a contact that was answered."""
    text = "Vorrei rendere il coperchio"
    answer = here.written(name="Luca Verdi", email="luca@example.it", reason="return", message=text)
    told = {
        "ticket": "R-1201",
        "message": here.take("demo.returns", text)["id"],
        "agent": "Giulia Ferri",
    }
    for event in ({"event": "opened"}, {"event": "updated", "answered": True}):
        here.post("/v1/tickets", {**told, **event})
    return urlsplit(str(answer["state_url"])).path


def _survey(here: Shop) -> str:
    """The path of the survey that a customer gets in the chat, once the ticket is closed."""
    window = here.window()
    page = here.page(window)
    message = chat_pictures.talk(here, page)
    for event in ("opened", "closed"):
        here.post("/v1/tickets", {"ticket": "R-1202", "message": message, "agent": "Giulia Ferri", "event": event})
    page.wait_for_selector("a[href*='/survey/']")
    found = page.locator("a[href*='/survey/']").last.get_attribute("href")
    window.close()
    if not found:
        raise RuntimeError("the chat has no link to a survey")
    return "/survey/" + found.partition("/survey/")[2]
