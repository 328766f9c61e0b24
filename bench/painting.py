"""`python -m bench console [--write]`: how long each page of the console takes until something is to be seen (First Contentful
Paint, W3C Paint Timing), in Chromium beside the gateway, with a day of the demo's contacts in it."""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

from bench.machine import ROOT, facts
from bench.report import measured, table, words, write
from scripts.console_day import lived
from scripts.console_stops import PICTURED, STRANGER
from scripts.console_tour import Stop, Tour, tour

PAGE: Final = ROOT / "docs" / "console.md"
NAME: Final = "console"
CONTACTS: Final = 1_000
STOPS: Final = tuple(stop for stop in PICTURED if "#" not in stop.path)
"""Every page; one with a place in it is the same page."""
_PAINT: Final = """() => new Promise(done => {
  const found = () => performance.getEntriesByName('first-contentful-paint')[0];
  if (found()) return done(found().startTime);
  new PerformanceObserver((_list, watching) => { if (found()) { watching.disconnect(); done(found().startTime); } })
    .observe({type: 'paint', buffered: true});
})"""
_ANSWER: Final = "() => performance.getEntriesByType('navigation')[0].responseEnd"


@dataclass(frozen=True, slots=True)
class Painted:
    """Milliseconds from the click: `paints` until something was to be seen, `answers` until the page had come."""

    stop: Stop
    paints: tuple[float, ...]
    answers: tuple[float, ...]


def measure(here: Tour, stops: Sequence[Stop], visits: int) -> list[Painted]:
    """Every page so many times, in turns, each time in a window that knows the style sheets and nothing else."""
    windows = {stranger: here.window(stranger=stranger) for stranger in (False, True)}
    pages = {stranger: window.new_page() for stranger, window in windows.items()}
    found: dict[Stop, list[tuple[float, float]]] = {stop: [] for stop in stops}
    for visit in range(visits + 1):
        for stop in stops:
            times = _once(here, pages[stop.name == STRANGER], stop)
            if visit:  # the first one fetches the style sheets
                found[stop].append(times)
    for window in windows.values():
        window.close()
    return [Painted(stop, *map(tuple, zip(*times, strict=True))) for stop, times in found.items()]


def _once(here: Tour, page: Page, stop: Stop) -> tuple[float, float]:
    here.visit(page, stop)
    return float(page.evaluate(_PAINT)), float(page.evaluate(_ANSWER))


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench console", description=__doc__)
    parser.add_argument("--visits", type=int, default=11)
    parser.add_argument("--contacts", type=int, default=CONTACTS)
    parser.add_argument("--write", action="store_true", help="put the figures into docs/console.md")
    options = parser.parse_args(arguments)
    known = facts()
    with tempfile.TemporaryDirectory(prefix="regia-console-") as folder, tour(Path(folder), contacts=options.contacts) as here:
        painted = measure(lived(here), STOPS, options.visits)
    text = report(painted, known, options.contacts, arguments)
    print(text)
    if options.write:
        write(text, known, PAGE, name=NAME)
    return 0


def report(painted: Sequence[Painted], known: dict[str, str], contacts: int, arguments: Sequence[str]) -> str:
    """Milliseconds a page, as Markdown."""
    head = ("page", "first paint, median", "slowest", "page had come, median")
    rows = [_row(one) for one in painted]
    said = measured(known, words("console", *arguments))
    how = f"With {contacts:,} contacts on embedded parts, {len(painted[0].paints)} visits each, milliseconds:"
    return f"{said}\n\n{how}\n\n{table(head, rows)}\n"


def _row(one: Painted) -> tuple[str, ...]:
    times = (statistics.median(one.paints), max(one.paints), statistics.median(one.answers))
    return (f"`/console{one.stop.path}`", *map(_ms, times))


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:.0f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
