"""A request that may change something is sent once, whatever becomes of its answer."""

from typing import Final

import aiohttp

_ASKS_ONLY: Final = frozenset({"GET", "HEAD", "OPTIONS"})


async def once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """A middleware of aiohttp, which by itself repeats PUT and DELETE where the connection ended before the answer (aiohttp,
    `IDEMPOTENT_METHODS`). Of many APIs they are not idempotent: a comment that a PUT adds would be there twice."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:  # it never left
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method in _ASKS_ONLY:
            raise
        raise aiohttp.ClientConnectionError("the connection ended before the answer") from error
