"""A JSON client that keeps the headers of answers, and a gateway that takes everything, for the tests of the fakes."""

import json
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from tests.providers.base import FakeProvider, Route


@dataclass(frozen=True)
class Answer:
    status: int
    json: Any
    headers: Any


async def call(method: str, url: str, body: Any = None, headers: dict[str, str] | None = None, **more: Any) -> Answer:
    data = body if body is None or isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    kind = {} if data is None else {"Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, data=data, headers={**kind, **(headers or {})}, **more) as answer,
    ):
        raw = await answer.read()
        return Answer(answer.status, json.loads(raw) if "json" in answer.content_type else raw, answer.headers)


class Gateway(FakeProvider):
    """Keeps what the signers post to `/in`, and answers 200."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[dict[str, str], dict[str, str], bytes]] = []

    def routes(self) -> tuple[Route, ...]:
        return Route("POST", "/in", self._keep), Route("GET", "/in", self._keep)

    async def _keep(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append((headers, dict(request.query), await request.read()))
        return web.Response(text="kept")
