"""The parts of the page of figures, each of which is worked out by itself: numbers of the whole period, plots, groups."""

import time
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from desk.kpi.definitions import can_be_by
from desk.kpi.periods import before, edges, shown
from desk.kpi.report import Figure, Wanted
from desk.kpi.rolling import DONE
from normalizer.advice import Language
from regia.figures import Asked, NotAsked, figures
from regia.http.console.kpi_question import Chosen
from storage import kpi_changes
from web.console import kpi as views
from web.console.saying import NOTHING, number
from web.console.texts.kpi import KPI

TILES: Final = ("reasons", "first_reply", "closing", "sla", "surveys", "unheard")
PLOTS: Final = ("reasons", "first_reply", "closing")
BLOCKS: Final = (
    *("reasons", "sources", "pipelines", "tickets", "reply", "agents", "sla", "surveys", "by-reason", "products"),
    *("routing", "articles"),
)
PARTS: Final = (
    *(("tile", name) for name in TILES),
    *(("plot", name) for name in PLOTS),
    *(("block", name) for name in BLOCKS),
)
GROUPED: Final = ("first_reply", "closing", "unheard")
"""Figures without groups of their own: blocks only where some are chosen."""
_BY_REASON: Final = "by-reason"
"""It has groups of its own, and is not there where others are chosen."""
_LESS_IS_BETTER: Final = {"first_reply": True, "closing": True, "sla": False, "surveys": False}
_ONLY_NOW: Final = frozenset({"unheard"})
"""Of an earlier time it would say who of then still waits, not who waited then."""

Part = views.Tile | views.Plot | views.Block


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What every part is made for. `labels`: what groups are called."""

    chosen: Chosen
    of: Wanted
    labels: views.Labels
    language: Language


def parts_of(chosen: Chosen) -> list[tuple[str, str]]:
    """What the page has for a question: kinds and names."""
    by = [one for one in (chosen.by, chosen.across) if one]
    if not by:
        return [*PARTS]
    more = [("block", name) for name in GROUPED if all(can_be_by(name, one) for one in by)]
    usual = [one for one in PARTS if one[1] != _BY_REASON]
    first = usual.index(("block", BLOCKS[0]))
    return [*usual[:first], *more, *usual[first:]]


def is_counted(connection: Connection) -> bool:
    """Whether there are figures."""
    return kpi_changes.state(connection).place == DONE


def make(connection: Connection, kind: str, name: str, page: Page) -> Part:
    """One of `parts_of`. Raises `NotCounted`."""
    if kind == "tile":
        return _tile(connection, name, page)
    return _plot(connection, name, page) if kind == "plot" else _block(connection, name, page)


def _figure(connection: Connection, name: str, of: Wanted) -> Figure:
    (found,) = figures(connection, Asked(names=(name,)), of)
    return found


def _value(found: Figure) -> float | None:
    """What is compared between two periods."""
    if found.kpi == "sla":
        return 100 * found.all.parts.get("kept", 0) / _ended(found) if _ended(found) else None
    return found.all.count if found.all.measured is None else found.all.mean


def _ended(found: Figure) -> int:
    """Promises that are no longer open."""
    return found.all.parts.get("kept", 0) + found.all.parts.get("breached", 0)


def _tile(connection: Connection, name: str, page: Page) -> views.Tile:
    of = replace(page.of, by="", across=None)
    found = _figure(connection, name, of)
    now, earlier = _value(found), None if name in _ONLY_NOW else _value(_figure(connection, name, _before(of)))
    value, of_all = views.said(found, found.all, page.language), ""
    if name == "sla":
        of_all = KPI[page.language].words["of"].format(number=number(_ended(found), page.language))
        value = NOTHING if now is None else f"{number(now, page.language, 1)} %"
    return views.tile(name, value, now, earlier, _LESS_IS_BETTER.get(name), of=of_all if now is not None else "")


def _before(of: Wanted) -> Wanted:
    since_ms, until_ms = before(of.since_ms, of.until_ms, time.time_ns() // 1_000_000 + 1, of.zone)
    return replace(of, since_ms=since_ms, until_ms=until_ms)


def _plot(connection: Connection, name: str, page: Page) -> views.Plot:
    """Every span has a point, also one in which nothing came."""
    of, span = page.of, page.chosen.span(page.of)
    try:
        figure = _figure(connection, name, replace(of, by=span, across=None))
    except NotAsked:  # too many spans: the page's own groups are of a shorter time than the period is long
        return views.Plot(name=name, unit="count", times=[], values=[], rows=[], problem=True)
    lines = {line.group: line for line in figure.groups}
    begins = edges(of.since_ms, of.until_ms, span, of.zone)[:-1] if of.until_ms > of.since_ms else []
    named = [shown(at, span, of.zone) for at in begins]
    is_time = figure.unit == "s"
    values = [(lines[one].mean if is_time else lines[one].count) if one in lines else (None if is_time else 0) for one in named]
    rows = [(one, views.said(figure, lines[one], page.language)) for one in named if one in lines and lines[one].count]
    unit = "s" if is_time else "count"
    return views.Plot(name=name, unit=unit, times=[at // 1000 for at in begins], values=values, rows=rows)


def _block(connection: Connection, name: str, page: Page) -> views.Block:
    kpi, of, csv = name, page.of, f"kpi={name}"
    if name == _BY_REASON:
        kpi, of, csv = "surveys", replace(of, by="category", across="channel"), "kpi=surveys&by=category&across=channel"
    try:
        found = _figure(connection, kpi, of)
    except NotAsked:
        return views.Block(name=name, csv=csv, problem=True)
    words = KPI[page.language].words
    show = views.crossed if found.across else views.block
    return replace(show(found, page.labels, words, page.language), name=name, csv=csv)
