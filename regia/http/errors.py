"""The last word on every request: rejections become answers and are counted, defects are logged without their values."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from connectors.errors import Rejected, RejectionCode
from dispatcher.base import QueuesUnavailable
from regia.http.requests import GATEWAY, rejection
from regia.watch.metrics import REJECTED
from storage.blobs import BlobsUnavailable
from storage.database import DatabaseUnavailable

logger = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_BY_STATUS: Final[dict[int, RejectionCode]] = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}
_ADVICE: Final[dict[RejectionCode, str]] = {
    "not_found": "there is nothing at this address; see /openapi.json",
    "method_not_allowed": "this address does not take that method; see /openapi.json",
    "too_large": "the request is too large",
    "malformed": "this is not a valid HTTP request",
}
_AWAY: Final[dict[type[Exception], str]] = {
    DatabaseUnavailable: "the database does not answer",
    QueuesUnavailable: "the queues do not answer",
    BlobsUnavailable: "the blob store does not answer",
}


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every failure with a code of the closed list."""
    try:
        return await handler(request)
    except Rejected as error:
        return refused(request, error)
    except tuple(_AWAY) as error:
        return refused(request, Rejected("unavailable", f"{_away(error)}; try again", retry_after=5))
    except web.HTTPException as error:
        if error.status < 400:  # noqa: PLR2004  # redirects are answers
            raise
        code = _BY_STATUS.get(error.status, "malformed")
        return refused(request, Rejected(code, _ADVICE[code]))
    except ConnectionResetError:  # nobody is there any more to be answered
        raise
    except Exception:
        logger.exception("a request failed by a defect", extra={"address": _pattern(request)})
        return refused(request, Rejected("internal", "this is a defect of the gateway; nothing was accepted, try again"))


def _away(error: Exception) -> str:
    return next(told for kind, told in _AWAY.items() if isinstance(error, kind))


def _pattern(request: web.Request) -> str:
    """The address as it was declared, without what stands in it."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unknown"


def refused(request: web.Request, error: Rejected) -> web.Response:
    """Count the rejection and answer it."""
    count(request, error)
    return rejection(error)


def count(request: web.Request, error: Rejected) -> None:
    # Only names that exist become labels: a stranger must not be able to fill the metrics with names of his own.
    name = request.match_info.get("connector", "")
    known = name if name in request.app[GATEWAY].configured.connectors else ""
    REJECTED.labels(known, error.code).inc()
