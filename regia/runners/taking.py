"""From what lay in a source to the journal."""

import asyncio
import hashlib
from collections.abc import Sequence

import msgspec

from connectors.base import Connector, Parsed, Polled, Request, Unreadable
from connectors.errors import QuarantineReason, Rejected
from regia.pipeline.reading import Reader


async def taken(connector: Connector, polled: Polled, reader: Reader, *, backlog: bool = False) -> Parsed:
    """All that one step holds, in its order, for one call of the journal. Raises `Rejected("unavailable")` when it cannot
    be read now. Nobody hears another refusal, so what is refused is kept as unreadable instead of standing in the way."""
    room = asyncio.Semaphore(reader.at_once)
    parts = await asyncio.gather(*(_one(connector, request, reader, room) for request in polled.requests))
    messages = [message for part in parts for message in part.messages]
    return Parsed(
        messages=tuple(msgspec.structs.replace(message, backlog=True) if backlog else message for message in messages),
        statuses=tuple(status for part in parts for status in part.statuses),
        events=tuple(event for part in parts for event in part.events),
        unreadable=(*(one for part in parts for one in part.unreadable), *polled.unreadable),
    )


async def _one(connector: Connector, request: Request, reader: Reader, room: asyncio.Semaphore) -> Parsed:
    try:
        async with room:  # the rest waits here, where a webhook need not queue behind it
            return await reader.read(connector, request)
    except Rejected as error:
        if error.code == "unavailable":
            raise
        reason: QuarantineReason = "too_large" if error.code == "too_large" else "unreadable"
        content_type = request.content_type or "application/octet-stream"
        detail = f"{error.code}: {error.detail}"
        return Parsed(unreadable=(Unreadable(reason=reason, raw=request.body, content_type=content_type, detail=detail),))


def number(polled: Polled) -> int:
    """How many contacts lie in a step."""
    return len(polled.requests) + len(polled.unreadable)


def fingerprint(polled: Polled) -> bytes:
    """Tells whether a step is the same one again."""
    digest = hashlib.blake2b(polled.cursor.encode(), digest_size=16)
    bodies: Sequence[bytes] = [*(one.body for one in polled.requests), *(one.raw for one in polled.unreadable)]
    for body in bodies:
        digest.update(hashlib.blake2b(body, digest_size=16).digest())
    return digest.digest()
