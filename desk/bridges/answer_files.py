"""Files on an agent's answer: the customer gets all of them, or none where their channel does not take them."""

from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from desk import replies
from desk.asking import Desk
from desk.bridges.base import MAX_FILE, AgentFile, SystemRefused, TicketGone, TicketSystem
from desk.files import ReplyFile
from desk.refusals import REFUSALS, Refused
from desk.replies import Reply

_TOO_LARGE: Final = "they are larger than any channel takes"
_NOT_GIVEN: Final = "the ticket system does not give them"


async def loaded(
    system: TicketSystem, desk: Desk, reply: Reply, files: tuple[AgentFile, ...], now_ms: int
) -> tuple[Reply, str | None]:
    """The reply with the files; or as it was, and why they stay behind. What neither way may leave has them: who queues it is
    told why. Raises `SystemUnavailable` and `DatabaseUnavailable`."""
    if sum(file.size or 0 for file in files) > MAX_FILE:
        return reply, _TOO_LARGE
    contents: list[ReplyFile] = []
    try:
        for file in files:
            contents.append(await system.load(file))
            if sum(len(one.content or b"") for one in contents) > MAX_FILE:  # before more of them are in memory
                return reply, _TOO_LARGE
    except (SystemRefused, TicketGone):
        return reply, _NOT_GIVEN
    whole = replace(reply, files=tuple(contents))
    with_them, without = [
        await desk.database.read(lambda connection, one=one: _why_not(connection, desk, one, now_ms))  # type: ignore[misc]
        for one in (whole, reply)
    ]
    return (reply, with_them) if with_them and not without else (whole, None)


def _why_not(connection: Connection, desk: Desk, reply: Reply, now_ms: int) -> str | None:
    try:
        replies.look(connection, reply, desk.channels, now_ms)
    except Refused as refused:
        return REFUSALS[refused.reason]
    return None
