"""The pictures of the console: every page in the light, and some in the dark and on a phone."""

import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import BrowserContext

from scripts.console_day import lived
from scripts.console_stops import DARK, PHONE, PICTURED, STRANGER
from scripts.console_tour import Stop, Tour, tour

_SETTLED: Final = 500
"""Milliseconds until what scripts draw stands."""


_SIZE: Final = {"width": 1360, "height": 680}


def draw(pictures: Path) -> None:
    """Write all of them into a folder."""
    with tempfile.TemporaryDirectory(prefix="regia-console-") as folder, tour(Path(folder)) as before:
        here = lived(before)
        for kind, names, look in (
            ("", {stop.name for stop in PICTURED}, {}),
            ("-dark", DARK, {"dark": True}),
            ("-phone", PHONE, {"phone": True}),
        ):
            stops = [stop for stop in PICTURED if stop.name in names]
            for is_stranger in (False, True):
                window = here.window(**look, stranger=is_stranger)
                _draw(here, window, [one for one in stops if (one.name == STRANGER) == is_stranger], kind, pictures)
                window.close()


def _draw(here: Tour, window: BrowserContext, stops: list[Stop], kind: str, pictures: Path) -> None:
    page = window.new_page()
    if kind != "-phone":
        page.set_viewport_size(_SIZE)  # type: ignore[arg-type]  # a ViewportSize
    for stop in stops:
        here.visit(page, stop)
        page.wait_for_timeout(_SETTLED)
        page.screenshot(path=pictures / f"console-{stop.name}{kind}.png")
