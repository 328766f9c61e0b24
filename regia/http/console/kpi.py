"""Figures: what came in, and what became of it."""

from typing import Any, Final

from aiohttp import web

from connectors.errors import Rejected
from desk.kpi.definitions import FIELD
from desk.kpi.measuring import NotCounted
from regia.figures import Asked, NotAsked, as_csv, figures
from regia.http.console.kpi_parts import Page, Part, is_counted, make, parts_of
from regia.http.console.kpi_question import Chosen
from regia.http.console.live import choices_of, labels_of
from regia.http.console.visit import Visit
from storage import recent
from web.console.kpi import Labels
from web.console.texts.kpi import KPI

_SHOWN: Final = {"tile": "tiles", "plot": "columns", "block": "columns"}
"""How parts of a kind stand on the page."""


async def page(visit: Visit) -> web.StreamResponse:
    """`GET /console/kpi?period=&since=&until=&by=&across=&brand=&channel=&category=&tag=&field=&whole=`: figures of a period.
    Its parts are asked for one by one by its script; `whole`, for browsers that run none, has them all at once."""
    chosen, zone = _chosen(visit), _zone(visit)
    problem, found = "", dict[tuple[str, str], Part]()
    try:
        of = _page(visit, chosen)
        if not await visit.read(is_counted):
            problem = "not_counted"
        elif visit.word("whole"):
            found = await visit.read(lambda connection: {part: make(connection, *part, of) for part in parts_of(chosen)})
    except NotAsked:
        problem = "not_understood"
    return visit.page(
        "kpi.html",
        KPI,
        status=400 if problem == "not_understood" else 200,
        wanted=chosen,
        choices=choices_of(visit.gateway, await visit.read(recent.channels)),
        groups=_groups(visit),
        problem=problem,
        is_whole=bool(visit.word("whole")),
        shown=[(how, [(*one, found.get(one)) for one in parts_of(chosen) if one[0] == kind]) for kind, how in _SHOWN.items()],
        **_around(visit, chosen, zone),
    )


async def part(visit: Visit) -> web.StreamResponse:
    """`GET /console/kpi/part?part=block-reasons&…`: one part of the page, by the same question."""
    chosen = _chosen(visit)
    kind, _, name = visit.word("part").partition("-")
    if (kind, name) not in parts_of(chosen):
        raise Rejected("malformed", "there is no such part")
    try:
        of = _page(visit, chosen)
        found = await visit.read(lambda connection: make(connection, kind, name, of))
    except (NotAsked, NotCounted):
        raise Rejected("malformed", "the page says why") from None
    return visit.page("kpi_part.html", KPI, kind=kind, name=name, one=found, **_around(visit, chosen, _zone(visit)))


async def table(visit: Visit) -> web.StreamResponse:
    """`GET /console/kpi.csv?kpi=&…`: the same figures for a spreadsheet, all of their groups."""
    chosen, name = _chosen(visit), visit.word("kpi")
    try:
        of = chosen.wanted(_zone(visit))
        found = await visit.read(lambda connection: figures(connection, Asked(names=(name,) if name else ()), of))
    except NotAsked as error:
        raise Rejected("malformed", str(error)) from None
    except NotCounted:
        return visit.to("/kpi")  # it says that they are being counted
    return visit.file(as_csv(found).encode(), content_type="text/csv; charset=utf-8", name=f"{name or 'kpi'}.csv")


def _chosen(visit: Visit) -> Chosen:
    """Raises `Rejected("scope_missing")`: by a field somebody who sees personal data masked could find out who wrote."""
    chosen = Chosen.of(visit)
    if chosen.names_fields and visit.frame.masked:
        raise Rejected("scope_missing", "this role sees personal data masked, and fields may hold some")
    return chosen


def _page(visit: Visit, chosen: Chosen) -> Page:
    of = chosen.wanted(_zone(visit))
    return Page(chosen=chosen, of=of, labels=_labels(visit), language=visit.frame.language)


def _labels(visit: Visit) -> Labels:
    """Categories by their labels, articles by their titles."""
    categories, articles = labels_of(visit.gateway), dict[str, str]()
    for name, shelf in visit.gateway.faqs.shelves.items():
        for id_ in shelf.library.ids:
            if (found := shelf.library.find(id_, visit.frame.language)) is not None:
                articles[f"{name}/{id_}"] = found.title
    return {"category": categories, "right": categories, "article": articles}


def _zone(visit: Visit) -> str:
    return visit.gateway.configured.settings.console.zone


def _around(visit: Visit, chosen: Chosen, zone: str) -> dict[str, Any]:
    """What the page and each of its parts is told."""
    texts = KPI[visit.frame.language]
    named = {**texts.figures, "by-reason": texts.by_reason}
    titles = {name: title for name, (title, _) in named.items()}
    return {
        "query": chosen.query(),
        "timeless": chosen.query(without_period=True),
        "titles": titles,
        "meanings": {name: meaning for name, (_, meaning) in named.items()},
        "heads": titles | {"reasons": texts.contacts_over_time, "sla": texts.sla_kept},
        "zone": zone,
    }


def _groups(visit: Visit) -> list[tuple[str, str]]:
    """What can be grouped by: of fields those that rules declare, for who may see them."""
    rules = [visit.gateway.versions.rules.of(brand) for brand in visit.gateway.configured.brands]
    fields = () if visit.frame.masked else sorted({name for one in rules for name in one.fields})
    return [*KPI[visit.frame.language].groups.items(), *((f"{FIELD}{name}", name) for name in fields)]
