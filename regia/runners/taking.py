"""From what lay in a source, or in an archive, to the journal."""

import asyncio
import hashlib
from collections.abc import Sequence

import msgspec

from connectors.base import Connector, Parsed, Polled, Request, Unreadable
from connectors.errors import QuarantineReason, Rejected
from regia.pipeline.reading import Reader


async def taken(connector: Connector, polled: Polled, reader: Reader) -> Parsed:
    """All that one step holds, in its order, for one call of the journal. Raises `Rejected("unavailable")` when it cannot
    be read now."""
    return together(await parts(connector, polled, reader))


async def parts(connector: Connector, polled: Polled, reader: Reader) -> list[Parsed]:
    """What each contact of a step holds, in its order. Raises `Rejected("unavailable")`."""
    room = asyncio.Semaphore(reader.at_once)

    async def one(request: Request) -> Parsed:
        async with room:  # the rest waits here, where a webhook need not queue behind it
            return await read(connector, request, reader)

    found = await asyncio.gather(*(one(request) for request in polled.requests))
    return [*found, *(Parsed(unreadable=(one,)) for one in polled.unreadable)]


def together(parts: Sequence[Parsed], *, backlog: bool = False) -> Parsed:
    """One of many, nothing left out. `backlog` marks the contacts as ones of an archive."""
    messages = [message for part in parts for message in part.messages]
    return Parsed(
        messages=tuple(msgspec.structs.replace(message, backlog=True) if backlog else message for message in messages),
        statuses=tuple(status for part in parts for status in part.statuses),
        events=tuple(event for part in parts for event in part.events),
        unreadable=tuple(one for part in parts for one in part.unreadable),
    )


async def read(connector: Connector, request: Request, reader: Reader) -> Parsed:
    """What one contact holds. Nobody hears a refusal but `unavailable`, which is raised, so what is refused is kept as
    unreadable instead of standing in the way."""
    try:
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
