"""What ticket systems ask for, whichever way they do: a reply is queued in one transaction, or not at all and that is told, and
who asks for the same again gets the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection

from desk import attaching, replies, reply_events
from desk.refusals import Refused
from desk.replies import Channels, Queued, Reply
from desk.reply_events import NotQueued
from identity import answered
from storage.blobs import Blobs
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Desk:
    """Where replies are queued, and their files stored."""

    database: Database
    channels: Channels
    blobs: Blobs

    async def reply(self, reply: Reply, now_ms: int, *, check: Callable[[Connection], None] | None = None) -> Queued:
        """Queue a reply. One that cannot be is told of to those who follow events. `check` looks, with the customer locked,
        whether it still is to be (`desk.meanwhile`). Raises `Refused`, `DatabaseUnavailable`, `BlobsUnavailable` where it has
        files, and what `check` does."""

        def work(connection: Connection, put_since: Mapping[str, int]) -> Queued:
            if (before := replies.queued_before(connection, reply)) is not None:
                return before  # also where what it answered is not kept any more
            # Whoever erases the customer comes before or after this, and not in between.
            contact = reply.message_id or replies.contact_of(connection, reply, self.channels, now_ms)["id"]
            answered.lock(connection, contact)
            if check is not None:
                check(connection)
            return replies.queue(connection, reply, self.channels, now_ms, put_since)

        try:
            return await attaching.queue(self.database, self.blobs, self.channels, reply, work, now_ms=now_ms)
        except Refused as refused:
            told = _told(reply, refused, now_ms)
            await self.database.write_together(lambda connection: reply_events.reject(connection, told))
            raise

    async def unreadable(self, asker: str, body: bytes, now_ms: int, *, key: str | None, reason: str = "malformed") -> None:
        """Tell that somebody asked for what is no reply, or what a defect kept from being one (`internal`). Raises
        `DatabaseUnavailable`."""
        id_ = f"{reason}\n{sha256(body).hexdigest()}"
        told = NotQueued(id=id_, reason=reason, asker=asker, key=key, about={}, at_ms=now_ms)
        await self.database.write(lambda connection: reply_events.reject(connection, told))


def _told(reply: Reply, refused: Refused, now_ms: int) -> NotQueued:
    named = reply.whole_key or f"{reply.asker}\n{reply.digest.hex()}"
    about: Mapping[str, object] = {
        "message": reply.message_id,
        "conversation": reply.conversation_id,
        "file": refused.file,
        "allowed": list(refused.allowed) or None,
    }
    return NotQueued(
        id=f"{named}\n{refused.reason}\n{reply.digest.hex()}",
        reason=refused.reason,
        asker=reply.asker,
        key=reply.key,
        about={name: id_ for name, id_ in about.items() if id_ is not None},
        at_ms=now_ms,
    )
