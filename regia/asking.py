"""What ticket systems ask for, whichever way they do: replies, and news of tickets. Both are done in one transaction, or not at
all, and who asks for the same again gets the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from desk import replies, reply_events
from desk.refusals import Refused
from desk.replies import Channels, Queued, Reply
from desk.reply_events import NotQueued
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Desk:
    """Where replies are queued."""

    database: Database
    channels: Channels

    async def reply(self, reply: Reply, now_ms: int) -> Queued:
        """Queue a reply. One that cannot be is told of to those who follow events. Raises `Refused`, and
        `DatabaseUnavailable`."""
        try:
            return await self.database.write(lambda connection: replies.queue(connection, reply, self.channels, now_ms))
        except Refused as refused:
            told = _told(reply, refused.reason, now_ms)
            await self.database.write(lambda connection: reply_events.reject(connection, told))
            raise

    async def unreadable(self, asker: str, body: bytes, now_ms: int) -> None:
        """Tell that somebody asked for what is no reply. Raises `DatabaseUnavailable`."""
        told = NotQueued(id=sha256(body).hexdigest(), reason="malformed", asker=asker, key=None, about={}, at_ms=now_ms)
        await self.database.write(lambda connection: reply_events.reject(connection, told))


def _told(reply: Reply, reason: str, now_ms: int) -> NotQueued:
    named = reply.whole_key or f"{reply.asker}\n{reply.digest.hex()}"
    about: Mapping[str, str | None] = {"message": reply.message_id, "conversation": reply.conversation_id}
    return NotQueued(
        id=f"{named}\n{reason}\n{reply.digest.hex()}",
        reason=reason,
        asker=reply.asker,
        key=reply.key,
        about={name: id_ for name, id_ in about.items() if id_ is not None},
        at_ms=now_ms,
    )
