"""Style sheets and scripts of the console."""

from aiohttp import web

from connectors.errors import Rejected
from regia.http.console.visit import Visit
from web.console.assets import ASSETS, PREFIX


async def static(visit: Visit) -> web.StreamResponse:
    """`GET /console/static/{name}`: style sheets and scripts, for ever under one link that carries its hash."""
    asset = ASSETS.get(f"{PREFIX}{visit.named('name')}")
    if asset is None:
        raise Rejected("not_found", "there is no such file")
    headers = {"Content-Type": asset.content_type, "Cache-Control": "public, max-age=31536000, immutable"}
    return web.Response(body=asset.content, headers=headers)
