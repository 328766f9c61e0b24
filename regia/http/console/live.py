"""The page Live, and the stream that keeps it so."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy import Connection

from regia.gateway import Gateway
from regia.http.console import live_rows, streaming
from regia.http.console.visit import Visit, number_of
from storage import recent
from web.console.glance import Glance
from web.console.live import Choices, LiveFilter, MessageRow
from web.console.texts.live import LIVE


async def page(visit: Visit) -> web.StreamResponse:
    """`GET /console/?brand=&channel=&category=&before=&behind=&live=off`: Live, the newest messages that fit and how everything
    is."""
    wanted, before = filter_of(visit.request.query), visit.number("before")

    def work(connection: Connection) -> tuple[int, list[MessageRow], list[str]]:
        position = recent.last_position(connection)  # before the rows: what comes between is told twice, and never missed
        return position, live_rows.newest(connection, wanted, before, visit.word("behind")), recent.channels(connection)

    position, rows, channels = await visit.read(work)
    streams = before is None and visit.word("live") != "off"
    return visit.page(
        "live.html",
        LIVE,
        rows=rows,
        wanted=wanted,
        query=urlencode(wanted.query),
        choices=choices_of(visit.gateway, channels),
        labels=labels_of(visit.gateway),
        glance=await visit.parts.feed.glance(),
        stream=visit.frame.link(f"/live?{urlencode({**wanted.query, 'after': position})}") if streams else "",
        older=rows[-1] if len(rows) == live_rows.SHOWN else None,
        is_newest=before is None,
        fresh=False,
    )


async def stream(visit: Visit) -> web.StreamResponse:
    """`GET /console/live?after=`: what changes, as server-sent events; goes on behind `Last-Event-ID`."""
    feed, wanted = visit.parts.feed, filter_of(visit.request.query)
    after = number_of(visit.request.headers.get("Last-Event-ID", "")) or visit.number("after")

    async def first() -> bytes:
        missed = [] if after is None else await feed.since(after, wanted)
        return _event(visit, missed[::-1], None, after or feed.position, fresh=False)

    async def news(rows: list[MessageRow], glance: Glance | None) -> bytes:
        return _event(visit, rows, glance, feed.position) if rows or glance else streaming.SILENT

    return await streaming.stream(visit, wanted, first=first, news=news)


def _event(visit: Visit, rows: list[MessageRow], glance: Glance | None, position: int, *, fresh: bool = True) -> bytes:
    """One event: rows for the list, and the state of the system for its place beside it."""
    values: dict[str, Any] = {"rows": rows, "labels": labels_of(visit.gateway), "glance": glance, "fresh": fresh}
    return streaming.event(visit, "live_event.html", LIVE, id_=str(position), **values)


def filter_of(query: Mapping[str, str]) -> LiveFilter:
    given = {name: query.get(name, "").replace("\0", "") for name in ("brand", "channel", "category")}
    return LiveFilter(**given)


def labels_of(gateway: Gateway) -> dict[str, str]:
    """Category to what it is called, over all brands."""
    found: dict[str, str] = {}
    for brand in sorted(gateway.configured.brands):
        for name, category in gateway.versions.rules.of(brand).categories.items():
            found.setdefault(name, category.label or name)
    return found


def choices_of(gateway: Gateway, channels: Sequence[str]) -> Choices:
    """What a page of messages or figures may be narrowed to."""
    brands = tuple(sorted(gateway.configured.brands))
    return Choices(brands=brands, channels=tuple(channels), categories=tuple(sorted(labels_of(gateway).items())))
