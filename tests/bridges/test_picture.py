"""The command that draws the pictures of the documentation."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import console_pictures, customer_pictures, pictures

LEAST = 8_000
"""Bytes: an empty page is smaller."""


@pytest.mark.timeout(400)  # a gateway, and some forty pages in Chromium
@pytest.mark.parametrize(
    ("draw", "begins"),
    [
        (console_pictures.draw, ("console-",)),
        (customer_pictures.draw, ("chat-", "faq", "form", "state", "survey")),
        (pictures.tickets, ("roundup",)),
    ],
    ids=["console", "customers", "tickets"],
)
def test_the_pictures_can_be_drawn_anew(draw: Callable[[Path], None], begins: tuple[str, ...], tmp_path: Path) -> None:
    draw(tmp_path)
    drawn = {path.name: path.stat().st_size for path in tmp_path.glob("*.png")}
    assert set(drawn) == {path.name for path in pictures.PICTURES.glob("*.png") if path.name.startswith(begins)}
    assert {name: size for name, size in drawn.items() if size < LEAST} == {}
