"""Every page of the console has a picture in the documentation, and every picture of the documentation is drawn and shown."""

import re
from pathlib import Path
from typing import Final

import pytest

from regia.http.console.entry import Entry
from regia.http.console.table import ENTRIES
from scripts.console_stops import DARK, NO_PAGE, PHONE, PICTURED
from scripts.console_tour import Stop

DOCS: Final = Path(__file__).parents[2] / "docs"
PICTURES: Final = DOCS / "pictures"
LARGEST: Final = 220_000
"""Bytes: a picture of one screen."""
_SHOWN: Final = re.compile(r"!\[[^]]+\]\((?:\.\./)?pictures/([a-z-]+\.png)\)")
_SHOWS: Final = [entry for entry in ENTRIES if entry.method == "GET" and entry.path not in NO_PAGE]


def shown(pages: str) -> set[str]:
    """Names of the pictures in these files."""
    return {name for path in DOCS.rglob(pages) for name in _SHOWN.findall(path.read_text("utf-8"))}


def leads_to(stop: Stop) -> str:
    """The address in the table that answers: the first one that fits."""
    path = re.split(r"[?#]", stop.path)[0]
    return next(entry.path for entry in ENTRIES if entry.method == "GET" and re.fullmatch(_pattern(entry), path))


def _pattern(entry: Entry) -> str:
    return re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(entry.path))


@pytest.mark.parametrize("entry", _SHOWS, ids=lambda entry: entry.path)
def test_a_page_of_the_console_has_a_picture(entry: Entry) -> None:
    names = {f"console-{stop.name}.png" for stop in PICTURED if leads_to(stop) == entry.path}
    assert names, "no stop of scripts/console_stops.py leads here: add one, or say in NO_PAGE why it is no page"
    assert names <= shown("console*.md"), "docs/console*.md does not show it"


def test_what_is_no_page_is_an_address() -> None:
    assert set(NO_PAGE) <= {entry.path for entry in ENTRIES if entry.method == "GET"}
    assert {leads_to(stop) for stop in PICTURED} == {entry.path for entry in _SHOWS}


def test_looks_are_those_of_stops() -> None:
    assert {*DARK, *PHONE} <= {stop.name for stop in PICTURED}


def test_every_picture_is_there_and_shown_and_small() -> None:
    there = {path.name: path.stat().st_size for path in PICTURES.glob("*.png")}
    assert shown("*.md") == set(there)
    assert {name: size for name, size in there.items() if size > LARGEST} == {}
