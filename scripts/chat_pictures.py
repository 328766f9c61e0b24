"""The pictures of the chat widget: of a real gateway, on the page of a shop."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

from scripts.shop import Shop

_FIRST: Final = "Buongiorno, la padella è arrivata con il manico rotto. Posso avere un rimborso?"
_SETTLED: Final = 600
"""Milliseconds until what moves stands."""
_PHOTO: Final = Path(__file__).parents[1] / "docs" / "pictures" / "roundup.png"


def draw(shop: Shop, pictures: Path) -> None:
    """Write all of them into a folder."""
    for name, scene, connector, looks in _SCENES:
        for kind in looks:
            window = shop.window(dark=kind == "-dark", phone=kind == "-phone")
            page = shop.page(window, connector)
            scene(shop, page)
            page.wait_for_timeout(_SETTLED)
            page.screenshot(path=pictures / f"chat-{name}{kind}.png")
            window.close()


def _shut(_shop: Shop, page: Page) -> None:
    page.wait_for_selector(".launcher")


def _welcome(_shop: Shop, page: Page) -> None:
    page.click(".launcher")
    page.wait_for_selector(".options")


def _asked(shop: Shop, page: Page) -> None:
    _welcome(shop, page)
    page.click("text=Un reso")
    _write(page, "IT-2231")
    page.wait_for_selector(".article-link")


def _found(shop: Shop, page: Page) -> None:
    _asked(shop, page)
    page.fill("input[type=search]", "rimborzo")
    page.wait_for_timeout(_SETTLED)


def _article(shop: Shop, page: Page) -> None:
    _asked(shop, page)
    page.locator(".article-link").first.click()
    page.wait_for_selector(".helped")


def talk(shop: Shop, page: Page) -> str:
    """A customer and an agent write to each other; the id of the customer's first message."""
    _welcome(shop, page)
    page.click("text=Parla con una persona")
    text = f"{_FIRST} (IT-{2231 + len(shop.taken)})"
    _write(page, text)
    first = str(shop.take("demo.returns", text)["id"])
    shop.answer(first, "Buongiorno! Certo, mi dispiace.")
    shop.answer(
        first,
        "Preferisce una padella nuova o il rimborso? Le condizioni sono qui: https://shop.example/resi",
        buttons=[{"id": "new", "title": "Una nuova"}, {"id": "money", "title": "Il rimborso"}],
    )
    page.wait_for_selector(".options >> text=Una nuova")
    page.click(".options >> text=Una nuova")
    page.wait_for_selector(".row.me >> nth=1")
    shop.answer(first, "Parte oggi. La riceve martedì.")
    page.wait_for_selector("text=Parte oggi")
    return first


def _talk(shop: Shop, page: Page) -> None:
    talk(shop, page)


def _offline(shop: Shop, page: Page) -> None:
    _welcome(shop, page)
    page.click("text=Parla con una persona")
    _write(page, "Buongiorno")
    page.wait_for_selector(".row.me .tick[data-state=delivered], .row.me .tick[data-state=sent]")
    page.context.set_offline(True)
    _write(page, "Sono in metropolitana, leggo dopo.")
    page.wait_for_selector(".offline")
    page.fill("#text", "Aggiungo una foto")
    photo = {"name": "manico rotto.png", "mimeType": "image/png", "buffer": _PHOTO.read_bytes()}
    page.set_input_files("input[type=file]", photo)  # type: ignore[arg-type]  # a FilePayload


def _closed(_shop: Shop, page: Page) -> None:
    page.click(".launcher")
    page.wait_for_selector(".email")


def _write(page: Page, text: str) -> None:
    page.fill("#text", text)
    page.press("#text", "Enter")


_LIGHT: Final = ("",)
_ALL: Final = ("", "-dark", "-phone")
_SCENES: Final[tuple[tuple[str, Callable[[Shop, Page], None], str, tuple[str, ...]], ...]] = (
    ("button", _shut, "shop", _LIGHT),
    ("welcome", _welcome, "shop", _ALL),
    ("faq", _asked, "shop", _LIGHT),
    ("search", _found, "shop", _LIGHT),
    ("article", _article, "shop", _LIGHT),
    ("talk", _talk, "shop", _ALL),
    ("offline", _offline, "shop", ("-phone",)),
    ("hours", _closed, "evening", _LIGHT),
)
