"""The pictures of the console: every page in the light, and some in the dark and on a phone."""

import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import BrowserContext

from scripts.console_tour import STOPS, Stop, Tour, tour

_DARK: Final = ("live", "message")
_PHONE: Final = ("live", "customer")
_SETTLED: Final = 500
"""Milliseconds until what scripts draw stands."""


def draw(pictures: Path) -> None:
    """Write all of them into a folder."""
    with tempfile.TemporaryDirectory(prefix="regia-console-") as folder, tour(Path(folder)) as here:
        for kind, stops, window in (
            ("", STOPS, here.window()),
            ("-dark", _named(_DARK), here.window(dark=True)),
            ("-phone", _named(_PHONE), here.window(phone=True)),
        ):
            _draw(here, window, stops, kind, pictures)
            window.close()


def _named(names: tuple[str, ...]) -> tuple[Stop, ...]:
    return tuple(stop for stop in STOPS if stop.name in names)


def _draw(here: Tour, window: BrowserContext, stops: tuple[Stop, ...], kind: str, pictures: Path) -> None:
    page = window.new_page()
    for stop in stops:
        here.visit(page, stop)
        page.wait_for_timeout(_SETTLED)
        page.screenshot(path=pictures / f"console-{stop.name}{kind}.png")
