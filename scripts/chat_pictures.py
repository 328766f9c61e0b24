"""The pictures of the chat widget: `python -m scripts.chat_pictures FOLDER`. Light, dark, on a phone; of the tests' server."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page as Tab

from tests.browser import chromium
from tests.web.chat_shop import FLOW, Shop, shop

Scene = Callable[[Shop, Tab], Awaitable[None]]
WIDE: Final = {"width": 900, "height": 760}
PHONE: Final = {"width": 390, "height": 760}
ARTICLES: Final = {
    "reso": {
        "title": "Come si fa un reso?",
        "summary": "Trenta giorni, etichetta prepagata.",
        "html": "<p>Hai <strong>30 giorni</strong>.</p><ul><li>Scrivi il numero d'ordine</li><li>Stampa l'etichetta</li></ul>",
    },
    "rimborso": {"title": "Quando arriva il rimborso?", "summary": "Di solito in cinque giorni.", "html": "<p>Cinque.</p>"},
}
FAQ: Final[dict[str, Any]] = {"flow": FLOW, "faq_search": "/faq/help/search"}


async def _welcome(_it: Shop, tab: Tab) -> None:
    await tab.click(".launcher")
    await tab.wait_for_selector(".options")


async def _asked(it: Shop, tab: Tab) -> None:
    await _welcome(it, tab)
    await tab.click("text=Un reso")
    await tab.fill("#text", "IT-2231")
    await tab.press("#text", "Enter")
    await tab.fill("#text", "anna@esempio")
    await tab.press("#text", "Enter")


async def _faq(it: Shop, tab: Tab) -> None:
    await _asked(it, tab)
    await tab.fill("#text", "anna@example.it")
    await tab.press("#text", "Enter")
    await tab.fill("input[type=search]", "reso")
    await tab.wait_for_selector(".article-link")
    await asyncio.sleep(0.5)


async def _article(it: Shop, tab: Tab) -> None:
    await _faq(it, tab)
    await tab.click(".article-link")
    await tab.wait_for_selector(".helped")


async def _talk(it: Shop, tab: Tab) -> None:
    await tab.click(".launcher")
    await tab.click("text=Parla con una persona")
    await tab.fill("#text", "Buongiorno, la padella è arrivata con il manico rotto. Posso cambiarla?")
    await tab.press("#text", "Enter")
    await tab.wait_for_selector(".tick[data-state=sent]")
    await it.gateway.answer("Buongiorno! Certo, la sostituiamo subito.")
    await it.gateway.answer("Mi manda una foto del manico? Le istruzioni sono qui: https://shop.example/resi")
    await tab.fill("#text", "Eccola")
    picture = Path("docs/pictures/roundup.png").read_bytes()
    await tab.set_input_files("input[type=file]", {"name": "manico rotto.png", "mimeType": "image/png", "buffer": picture})
    await tab.press("#text", "Enter")
    await asyncio.sleep(0.5)
    it.gateway.items[-1]["state"] = "read"
    await it.gateway.tell({"type": "items", "items": it.gateway.items[-1:], "cursor": str(len(it.gateway.items))})
    photo = {"name": "nuova.png", "size": 1200, "content_type": "image/png", "url": "/attachments/nuova.png"}
    await it.gateway.answer(
        "Grazie. Ecco quella che le mandiamo:",
        files=[photo],
        buttons=[{"id": "y", "title": "Va bene"}, {"id": "n", "title": "Preferisco il rimborso"}],
    )
    await it.gateway.tell({"type": "typing", "name": "Anna"})
    await asyncio.sleep(0.4)


async def _offline(it: Shop, tab: Tab) -> None:
    await tab.click(".launcher")
    await tab.fill("#text", "Buongiorno")
    await tab.press("#text", "Enter")
    await tab.wait_for_selector(".tick[data-state=sent]")
    await tab.context.set_offline(True)
    await tab.fill("#text", "Sono in metropolitana, leggo dopo.")
    await tab.press("#text", "Enter")
    await tab.wait_for_selector(".offline")
    await tab.fill("#text", "Aggiungo una foto")
    files = [
        {"name": f"IMG_202611{n} manico della padella in ghisa.png", "mimeType": "image/png", "buffer": b"a" * 300_000 * n}
        for n in (1, 2)
    ]
    await tab.set_input_files("input[type=file]", files)


async def _closed(it: Shop, tab: Tab) -> None:
    await tab.click(".launcher")
    await tab.wait_for_selector(".email")


async def _unread(it: Shop, tab: Tab) -> None:
    await _talk(it, tab)
    await tab.click("header button")
    await it.gateway.answer("Ci sei ancora?")
    await asyncio.sleep(0.3)


SCENES: Final[list[tuple[str, Scene, dict[str, Any]]]] = [
    ("welcome", _welcome, FAQ),
    ("asked", _asked, FAQ),
    ("faq", _faq, FAQ),
    ("article", _article, FAQ),
    ("talk", _talk, FAQ),
    ("offline", _offline, {}),
    ("closed", _closed, {"is_open": False, "opens_at": None, "faq_search": "/faq/help/search"}),
    ("unread", _unread, {**FAQ, "colours": {"primary": "#f2b705"}}),
]
LOOKS: Final[dict[str, dict[str, Any]]] = {
    "light": {"viewport": WIDE},
    "dark": {"viewport": WIDE, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "has_touch": True, "device_scale_factor": 2},
}


async def main(folder: Path, only: str = "") -> None:
    """Each scene in each look, as `chat-SCENE-LOOK.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    async with chromium() as browser:
        for name, scene, own in SCENES:
            for look, options in LOOKS.items():
                if only not in f"{name}-{look}":
                    continue
                async with shop(browser, **own) as it:
                    it.gateway.articles = dict(ARTICLES)
                    tab = await it.tab(**options)
                    await scene(it, tab)
                    await tab.screenshot(path=folder / f"chat-{name}-{look}.png")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
