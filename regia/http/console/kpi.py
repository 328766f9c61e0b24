"""Figures: what came in, and what became of it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from connectors.errors import Rejected
from desk.kpi.measuring import NotCounted
from desk.kpi.periods import edges, shown
from desk.kpi.report import Figure, Wanted
from normalizer.advice import Language
from regia.figures import Asked, NotAsked, as_csv, figures, wanted
from regia.http.console.kpi_question import HEADLINES, OVER_TIME, Chosen, Found, find
from regia.http.console.live import choices_of, labels_of
from regia.http.console.visit import Visit
from storage import recent
from web.console import kpi as views
from web.console.texts.kpi import KPI, KpiTexts

BLOCKS: Final = ("reasons", "sources", "pipelines", "reply", "agents", "sla", "surveys", "products")
_LESS_IS_BETTER: Final = {"first_reply": True, "closing": True, "unheard": True, "sla": False, "surveys": False}


async def page(visit: Visit) -> web.StreamResponse:
    """`GET /console/kpi?days=&since=&until=&brand=&channel=&category=&tag=&field=`: figures of a period."""
    chosen, zone = _chosen(visit), visit.gateway.configured.settings.console.zone
    problem, found, of = "", None, wanted(Asked(zone=zone))
    try:
        asked = chosen.asked(zone)
        of = wanted(asked)
        found = await visit.read(lambda connection: find(connection, asked, of, chosen))
    except NotAsked:
        problem = "not_understood"
    except NotCounted:
        problem = "not_counted"
    channels = found.channels if found else await visit.read(recent.channels)
    texts, language = KPI[visit.frame.language], visit.frame.language
    titles = {name: title for name, (title, _) in texts.figures.items()}
    parts: dict[str, Any] = {"tiles": (), "plots": (), "blocks": ()}
    if found is not None:
        labels = labels_of(visit.gateway)
        parts = {
            "tiles": [_tile(name, found, language) for name in HEADLINES],
            "plots": [_plot(found, name, of, language) for name in OVER_TIME],
            "blocks": [
                *(_block(found.now[name], labels, texts, language) for name in BLOCKS),
                _articles(found, texts, language),
            ],
        }
    return visit.page(
        "kpi.html",
        KPI,
        status=400 if problem == "not_understood" else 200,
        wanted=chosen,
        query=urlencode({name: value for name, value in asdict(chosen).items() if value}),
        choices=choices_of(visit.gateway, channels),
        titles=titles,
        heads=titles | {"reasons": texts.contacts_over_time, "sla": texts.sla_kept},
        zone=zone,
        problem=problem,
        **parts,
    )


async def table(visit: Visit) -> web.StreamResponse:
    """`GET /console/kpi.csv?kpi=&…`: the same figures for a spreadsheet, all of their groups."""
    chosen, zone = _chosen(visit), visit.gateway.configured.settings.console.zone
    name = visit.word("kpi")
    try:
        asked = chosen.asked(zone, (name,) if name else ())
        found = await visit.read(lambda connection: figures(connection, asked, wanted(asked)))
    except NotAsked as error:
        raise Rejected("malformed", str(error)) from None
    except NotCounted:
        return visit.to("/kpi")  # it says that they are being counted
    return visit.file(as_csv(found).encode(), content_type="text/csv; charset=utf-8", name=f"{name or 'kpi'}.csv")


def _chosen(visit: Visit) -> Chosen:
    """Raises `Rejected("scope_missing")`: by a field somebody who sees personal data masked could find out who wrote."""
    chosen = Chosen.of(visit)
    if chosen.field and visit.frame.masked:
        raise Rejected("scope_missing", "this role sees personal data masked, and fields may hold some")
    return chosen


def _value(found: Figure) -> float | None:
    """What is compared between two periods."""
    if found.kpi == "sla":
        ended = found.all.parts.get("kept", 0) + found.all.parts.get("breached", 0)
        return 100 * found.all.parts.get("kept", 0) / ended if ended else None
    return found.all.count if found.all.measured is None else found.all.mean


def _tile(name: str, found: Found, language: Language) -> views.Tile:
    now, before = _value(found.now[name]), _value(found.before[name])
    if name == "sla":
        value = "—" if now is None else f"{views.number(now, language, 1)} %"
    else:
        value = views.said(found.now[name], found.now[name].all, language)
    return views.tile(name, value, now, before, _LESS_IS_BETTER.get(name))


def _plot(found: Found, name: str, of: Wanted, language: Language) -> views.Plot:
    """Every span has a point, also one in which nothing came."""
    figure = found.over_time[name]
    lines = {line.group: line for line in figure.groups}
    begins = edges(of.since_ms, of.until_ms, found.span, of.zone)[:-1]
    named = [shown(at, found.span, of.zone) for at in begins]
    counted = figure.unit != "ms"
    values = [(lines[one].count if counted else lines[one].mean) if one in lines else (0 if counted else None) for one in named]
    rows = [(one, views.said(figure, lines[one], language)) for one in named if one in lines]
    unit = "count" if counted else "ms"
    return views.Plot(name=name, unit=unit, times=[at // 1000 for at in begins], values=values, rows=rows)


def _block(found: Figure, labels: Mapping[str, str], texts: KpiTexts, language: Language) -> views.Block:
    return views.block(found, labels if found.by == "category" else {}, texts.words, language)


def _articles(found: Found, texts: KpiTexts, language: Language) -> views.Block:
    most = max((one.views for one in found.articles), default=0) or 1
    bars = [
        views.Bar(
            label=one.article,
            value=views.number(one.views, language),
            detail=f"{texts.words['helped']} {one.helped}, {texts.words['not_helped']} {one.not_helped}",
            part=round(100 * one.views / most, 1),
        )
        for one in found.articles
    ]
    return views.Block(name="articles", bars=bars, more=0)
