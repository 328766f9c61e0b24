"""Figures."""

from typing import Final

from aiohttp import web

from connectors.errors import Rejected
from regia.figures import Asked, NotAsked, NotCounted, as_csv, as_json, figures, wanted
from regia.http.asked import look, one_of
from regia.http.requests import json_answer

_FORMATS: Final = ("json", "csv")
_MOST: Final = 50
"""Values of one parameter."""
_KNOWN: Final = frozenset({"kpi", "since", "until", "zone", "by", "brand", "channel", "category", "tag", "field", "format"})


async def kpi(request: web.Request) -> web.Response:
    """`GET /v1/kpi?kpi=&since=&until=&zone=&by=&by=&brand=&channel=&category=&tag=&field=&format=`: JSON, or CSV as a file."""
    if unknown := sorted(set(request.query) - _KNOWN):
        raise Rejected("malformed", f"there is no parameter {unknown[0]!r}: there are {', '.join(sorted(_KNOWN))}")
    form = one_of(request, "format", _FORMATS) or "json"
    asked = Asked(
        names=_words(request, "kpi"),
        since=request.query.get("since"),
        until=request.query.get("until"),
        zone=request.query.get("zone", "UTC"),
        by=_words(request, "by") or None,
        brands=_words(request, "brand"),
        channels=_words(request, "channel"),
        categories=_words(request, "category"),
        tags=_words(request, "tag"),
        fields=_words(request, "field"),
    )
    try:
        of = wanted(asked)
        found = await look(request, lambda connection: figures(connection, asked, of))
    except NotAsked as error:
        raise Rejected("malformed", str(error)) from None
    except NotCounted:
        told = "figures are being counted for the first time; this takes about a minute for each 200,000 contacts"
        raise Rejected("unavailable", told, retry_after=30) from None
    if form == "json":
        return json_answer(as_json(found))
    headers = {"Content-Disposition": 'attachment; filename="kpi.csv"'}
    return web.Response(text=as_csv(found), content_type="text/csv", charset="utf-8", headers=headers)


def _words(request: web.Request, name: str) -> list[str]:
    found = [one.replace("\0", "") for one in request.query.getall(name, [])]
    if len(found) > _MOST:
        raise Rejected("malformed", f"{name} may be given {_MOST} times")
    return found
