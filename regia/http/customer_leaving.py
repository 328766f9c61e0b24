"""What a customer may ask for by law: everything of theirs as one archive, and that nothing of it is left."""

import logging
from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType

from aiohttp import web

from connectors.errors import Rejected
from regia.erasing.erase import erase
from regia.erasing.failures import EraseFailed
from regia.erasing.reach import Reach
from regia.exporting.export import Export, ExportFailed, open_export
from regia.http.access import require
from regia.http.asked import Actor, id_of, unless_erased
from regia.http.requests import GATEWAY, json_answer
from storage.blobs import BlobsUnavailable
from storage.database import DatabaseUnavailable

logger = logging.getLogger(__name__)

_AGAIN = 5
"""Seconds."""


async def export(request: web.Request) -> web.StreamResponse:
    """`GET /v1/customers/{id}/export`: a ZIP, written while it is sent. One that breaks off is not whole."""
    by = _actor(request)
    stores = request.app[GATEWAY].stores
    try:
        found = await open_export(stores.database, stores.blobs, id_of(request), actor=by.name, now_ms=by.now_ms)
    except ExportFailed as failed:
        raise await _refused(request, failed.reason, str(failed), failed.root_id) from None
    return await send_export(request, found)


async def leave(request: web.Request) -> web.Response:
    """`DELETE /v1/customers/{id}`: erase a customer and everybody below. It may take a minute; repeated, it looks again."""
    by = _actor(request)
    try:
        done = await erase(Reach.of(request.app[GATEWAY]), id_of(request), actor=by.name, now_ms=by.now_ms)
    except EraseFailed as failed:
        if failed.retryable:
            logger.warning("a customer is not erased yet", extra={"reason": failed.reason})
            raise Rejected("unavailable", str(failed), retry_after=_AGAIN) from None
        raise await _refused(request, failed.reason, str(failed), failed.root_id) from None
    return json_answer({"erased": asdict(done)})


def _actor(request: web.Request) -> Actor:
    token = require(request, "customers")
    return Actor(f"token/{token.name}", request.app[GATEWAY].configured.settings.policy)


async def _refused(request: web.Request, reason: str, detail: str, root_id: str | None) -> Rejected:
    if reason == "merged":
        return Rejected("merged_already", f"{detail}: it stands below {root_id}")
    return await unless_erased(request, "unknown_customer", detail)


async def send_export(
    request: web.Request, found: Export, *, headers: Mapping[str, str] = MappingProxyType({})
) -> web.StreamResponse:
    """The answer begins with the first bytes, so that until then a refusal can be one."""
    pieces = aiter(found.pieces)
    first = await anext(pieces, b"")
    own = {
        "Content-Type": "application/zip",
        "Content-Disposition": f'attachment; filename="{found.filename}"',
        "Cache-Control": "private, no-store",
    }
    response = web.StreamResponse(headers={**headers, **own})
    await response.prepare(request)
    try:
        await response.write(first)
        async for piece in pieces:
            await response.write(piece)
        await response.write_eof()
    except ConnectionError:
        logger.info("an export was not taken to its end")
    except (DatabaseUnavailable, BlobsUnavailable) as error:
        logger.warning("an export broke off", extra={"reason": type(error).__name__})
        _break_off(request)
    except Exception:
        logger.exception("an export broke off by a defect")
        _break_off(request)
    return response


def _break_off(request: web.Request) -> None:
    """End the connection in the middle of the answer: nobody can take it for a whole archive."""
    if request.transport is not None:
        request.transport.abort()
