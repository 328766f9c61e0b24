"""From aiohttp's request to the connector's, bounded in size, and from a rejection to an answer."""

import asyncio
from datetime import UTC, datetime
from typing import Final

import orjson
from aiohttp import web

from connectors.base import Connector, Request, WayIn
from connectors.errors import Rejected
from regia.gateway import Gateway

GATEWAY: Final = web.AppKey("gateway", Gateway)
_NEXT_BYTES: Final = 30.0
_WHOLE_BODY: Final = 300.0
"""Seconds: a photo over a bad mobile line takes minutes, a connection that says nothing only takes our memory."""


def connector_named(request: web.Request, way_in: WayIn) -> Connector:
    """The connector of the URL. Raises `Rejected("unknown_connector")`, also for one whose contacts come in elsewhere."""
    gateway = request.app[GATEWAY]
    name = request.match_info["connector"]
    connector = gateway.configured.connectors.get(name)
    if connector is None or gateway.configured.channels[name].way_in != way_in:
        raise Rejected("unknown_connector", "there is no such connector at this address; see connectors: in the configuration")
    return connector


async def read_request(request: web.Request, connector: Connector) -> Request:
    """The whole request, its body byte for byte. Raises `Rejected` as `read_body` does, and before it reads a body for which
    there is no room."""
    if request.content_length:
        request.app[GATEWAY].intake.look(min(request.content_length, connector.max_body))
    body = await read_body(request, connector.max_body)
    base = request.app[GATEWAY].configured.settings.server.base_url
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers.setdefault(name.lower(), value)
    query: dict[str, str] = {}
    for name, value in request.query.items():
        query.setdefault(name, value)
    return Request(
        method=request.method,
        url=f"{base}{request.rel_url}",
        headers=headers,
        query=query,
        body=body,
        received_at=datetime.now(UTC),
    )


async def read_body(request: web.Request, limit: int) -> bytes:
    """The body as it came, of at most so many bytes. Raises `Rejected`: `too_large` as soon as it is known, `too_slow`,
    `malformed`, and `unsupported_media_type` for a body that was packed: signatures are over what was sent."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Rejected("unsupported_media_type", "send the body without Content-Encoding")
    too_large = Rejected("too_large", f"the body is larger than {limit} bytes")
    if request.content_length is not None and request.content_length > limit:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(_WHOLE_BODY):
            while chunk := await _next_bytes(request):
                body += chunk
                if len(body) > limit:
                    raise too_large
    except TimeoutError as error:
        raise Rejected("too_slow", f"no byte came for {_NEXT_BYTES:.0f} seconds, or too few in {_WHOLE_BODY:.0f}") from error
    except web.RequestPayloadError as error:
        raise Rejected("malformed", "the body is not what its headers say") from error
    except ConnectionError as error:  # nobody will read the answer, but it is counted
        raise Rejected("malformed", "the connection ended before the body did") from error
    return bytes(body)


async def _next_bytes(request: web.Request) -> bytes:
    async with asyncio.timeout(_NEXT_BYTES):
        return await request.content.readany()


def json_answer(data: object, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=orjson.dumps(data), status=status, content_type="application/json", headers=headers)


def rejection(error: Rejected) -> web.Response:
    """The answer to a refused request: code, what to do, and the fields to correct."""
    data: dict[str, object] = {"error": error.code, "detail": error.detail}
    if error.fields:
        data["fields"] = error.fields
    if error.reason is not None:
        data["reason"] = error.reason
    if error.allowed:
        data["allowed"] = error.allowed
    return json_answer(data, status=error.status, headers=retry_header(error))


def retry_header(error: Rejected) -> dict[str, str]:
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else {}
    if error.code in ("token_missing", "token_unknown"):
        headers["WWW-Authenticate"] = "Bearer"
    return headers
