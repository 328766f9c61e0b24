"""The page Live."""

from collections.abc import Mapping

from aiohttp import web
from sqlalchemy import Connection

from regia.gateway import Gateway
from regia.http.console import live_rows
from regia.http.console.visit import Visit
from storage import recent
from web.console.live import Choices, LiveFilter, MessageRow
from web.console.texts.live import LIVE


async def page(visit: Visit) -> web.StreamResponse:
    """`GET /console/?brand=&channel=&category=&before=`: the newest messages that fit."""
    wanted, before = filter_of(visit.request.query), visit.word("before")
    before_ms = int(before) if before.isascii() and before.isdigit() and len(before) < 16 else None  # noqa: PLR2004

    def work(connection: Connection) -> tuple[list[MessageRow], list[str]]:
        return live_rows.newest(connection, wanted, before_ms), recent.channels(connection)

    rows, channels = await visit.read(work)
    choices = _choices(visit.gateway, channels)
    return visit.page(
        "live.html", LIVE, rows=rows, wanted=wanted, choices=choices, labels=labels_of(visit.gateway), shown=live_rows.SHOWN
    )


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


def _choices(gateway: Gateway, channels: list[str]) -> Choices:
    brands = tuple(sorted(gateway.configured.brands))
    return Choices(brands=brands, channels=tuple(channels), categories=tuple(sorted(labels_of(gateway).items())))
