"""Waiting for mail: IDLE (RFC 2177) where the server has it, else asking now and then."""

import asyncio
from typing import Any, Final

from connectors.email.imap_link import COMMAND, Link, ended
from connectors.errors import SourceFailed

LONGEST: Final = 40.0
"""Seconds in IDLE. Short, because a connection that died without a word shows only when something is asked."""
BETWEEN: Final = 20.0
"""Seconds between two looks where there is no IDLE."""


async def wait_for_mail(link: Link) -> None:
    """Return when the server announces mail, or after the time above when it still answers. Raises `SourceFailed`."""
    if link.wire.stirred.is_set() and not link.wire.lost.done():  # announced while something else was asked
        return
    if link.can("IDLE"):
        await link.call(_idle(link), seconds=LONGEST + 2 * COMMAND)
    else:
        await link.call(_announced(link, BETWEEN), seconds=BETWEEN + COMMAND)
    await link.ask(link.protocol.simple_command("NOOP"))


async def _idle(link: Link) -> None:
    """One IDLE from its beginning to its end. The library's own helpers around it leave tasks behind when it breaks."""
    idle = asyncio.ensure_future(link.protocol.idle())
    try:
        await _announced(link, LONGEST, idle)
        if not idle.done():
            link.protocol.idle_done()
        async with asyncio.timeout(COMMAND):
            response = await idle
    except TimeoutError as error:
        raise SourceFailed("too_slow", "the server does not end IDLE") from error
    finally:
        await ended(idle)
    if response.result != "OK":
        raise SourceFailed("protocol_error", "the server offers IDLE and refuses it")


async def _announced(link: Link, seconds: float, *others: "asyncio.Future[Any]") -> None:
    """Return when there is new mail, when one of the others is done, or after some seconds."""
    announced = asyncio.ensure_future(link.wire.stirred.wait())
    try:
        await asyncio.wait({announced, *others}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await ended(announced)
