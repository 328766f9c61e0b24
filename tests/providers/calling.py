"""A client and a receiving end for the tests of the fakes themselves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web


async def call(method: str, url: str, **how: Any) -> tuple[int, Any]:
    """Status and body: JSON decoded, anything else as bytes."""
    async with aiohttp.ClientSession() as session, session.request(method, url, **how) as answer:
        if answer.content_type == "application/json":
            return answer.status, await answer.json()
        return answer.status, await answer.read()


@dataclass
class Received:
    """What arrived at the receiving end, as raw as it was sent."""

    url: str
    requests: list[tuple[str, str, bytes, dict[str, str]]] = field(default_factory=list)
    """(method, path with query, body, headers)"""


@asynccontextmanager
async def receiving() -> AsyncIterator[Received]:
    """An address that answers every request with 200 and the challenge, when there is one."""
    received = Received("")

    async def take(request: web.Request) -> web.Response:
        received.requests.append((request.method, request.raw_path, await request.read(), dict(request.headers)))
        return web.Response(text=request.query.get("hub.challenge", ""))

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    received.url = f"http://127.0.0.1:{runner.addresses[0][1]}/in"
    try:
        yield received
    finally:
        await runner.cleanup()
