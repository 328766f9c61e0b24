"""Files on an agent's answer: the customer gets all of them, or none where their channel does not take them."""

from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from desk import replies
from desk.bridges.base import MAX_FILE, AgentAnswer, AgentFile, SystemRefused, SystemUnavailable, TicketGone
from desk.bridges.bridge import Bridge
from desk.files import ReplyFile
from desk.refusals import REFUSALS, Refused
from desk.replies import Reply

_TOO_LARGE: Final = "they are larger than any channel takes"
_NOT_GIVEN: Final = "the ticket system does not give them"
_NOT_READ: Final = "the ticket system could not give them for an hour"
_PATIENCE_MS: Final = 3_600_000
"""Words are not kept from a customer for longer than this: a file may be one that nobody can read any more."""


class AnswerFiles:
    """Of one bridge."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._waits: dict[str, int] = {}
        """Answers whose files cannot be read, and since when (ms)."""

    async def add(self, reply: Reply, answer: AgentAnswer) -> tuple[Reply, str | None]:
        """The reply with the answer's files; or as it was, and why they stay behind. What neither way may leave has them: who
        queues it is told why. Raises `SystemUnavailable`, for an hour, and `DatabaseUnavailable`."""
        if not answer.files:
            return reply, None
        now_ms = self._bridge.now_ms()
        try:
            found = await self._load(answer.files)
        except SystemUnavailable:
            if now_ms - self._waits.setdefault(answer.id, now_ms) < _PATIENCE_MS:
                raise
            found = _NOT_READ
        self._waits.pop(answer.id, None)
        if isinstance(found, str):
            return reply, found
        whole = replace(reply, files=found)
        with_them, without = await self._why_not(whole, now_ms), await self._why_not(reply, now_ms)
        return (reply, with_them) if with_them and not without else (whole, None)

    async def _load(self, files: tuple[AgentFile, ...]) -> tuple[ReplyFile, ...] | str:
        """Or why they are not to be had."""
        if sum(file.size or 0 for file in files) > MAX_FILE:
            return _TOO_LARGE
        found: list[ReplyFile] = []
        try:
            for file in files:
                found.append(await self._bridge.system.load(file))
                if sum(len(one.content or b"") for one in found) > MAX_FILE:  # before more of them are in memory
                    return _TOO_LARGE
        except (SystemRefused, TicketGone):
            return _NOT_GIVEN
        return tuple(found)

    async def _why_not(self, reply: Reply, now_ms: int) -> str | None:
        """Why it would be refused."""

        def looked(connection: Connection) -> str | None:
            try:
                replies.look(connection, reply, desk.channels, now_ms)
            except Refused as refused:
                return REFUSALS[refused.reason]
            return None

        desk = self._bridge.desk
        return await desk.database.read(looked)
