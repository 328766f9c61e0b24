"""Between queues and a ticket system: contacts become tickets, agents' answers become replies, and both know of each other.

| killed | what is there | what happens |
| --- | --- | --- |
| before the system was asked | the contact is noted as begun | the system is asked whether it has it: no, so it is put there |
| before its answer came | the system may have it | the same question finds it, by the envelope's id |
| before the ticket was noted | the system has it | the same |
| before an answer of an agent was noted | the system tells of it again | its reply has a key, and is the same one |
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson

from desk.asking import Desk
from desk.bridges import books, entries
from desk.bridges.base import AgentAnswer, BridgeError, Entry, File, TicketGone, TicketSystem
from desk.bridges.books import Begun, Ticket
from desk.refusals import REFUSALS, Refused
from desk.replies import Reply
from normalizer.envelope import TYPE

FilesOf = Callable[[str], Awaitable[bytes | None]]
"""The content of an attachment by the SHA-256 of an envelope; None where it is not stored any more."""


class NoEnvelope(BridgeError):
    """These bytes are none: nobody could put them into a ticket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`when_closed`: whether a contact in the conversation of a closed ticket opens that again, or one that follows it. Files
    above `file_bytes`, and those that would make more than `files_bytes` together, stay links."""

    when_closed: Literal["reopen", "follow_up"]
    file_bytes: int
    files_bytes: int = 25 << 20


class Bridge:
    """One bridge. Contacts and changes are worked on one after the other. Everything raises `SystemUnavailable`,
    `SystemRefused` and `DatabaseUnavailable`: then the same is asked for again."""

    def __init__(
        self, name: str, system: TicketSystem, *, desk: Desk, files: FilesOf, limits: Limits, now_ms: Callable[[], int]
    ) -> None:
        self.name = name
        self.system = system
        self._desk = desk
        self._database = desk.database
        self._files = files
        self._limits = limits
        self._now_ms = now_ms
        self._alone = asyncio.Lock()

    async def take(self, body: bytes) -> str:
        """Put the contact of an envelope into its ticket; the number, empty for one that was erased meanwhile. Raises
        `NoEnvelope` as well."""
        envelope = _read(body)
        id_ = str(envelope["id"])
        async with self._alone:
            now_ms = self._now_ms()
            begun = await self._database.write(lambda connection: books.begin(connection, self.name, id_, now_ms))
            if begun.done:
                return begun.ticket.number if begun.ticket else ""
            number = await self.system.find(id_) if begun.again else None
            if number is None:
                number = await self._put(envelope, begun)
            url = self.system.url(number)
            await self._database.write(
                lambda connection: books.posted(connection, self.name, id_, self._now_ms(), ticket=number, url=url)
            )
            return number

    async def _put(self, envelope: dict[str, Any], begun: Begun) -> str:
        known = begun.ticket
        reopens = self._limits.when_closed == "reopen"
        if known is not None and (reopens or not known.closed):
            entry = await self._entry(envelope, begun, first=False)
            try:
                await self.system.add(known.number, entry, reopen=known.closed)
            except TicketGone:
                known = None
            else:
                return known.number
        return await self.system.open(await self._entry(envelope, begun, first=True, earlier=known))

    async def _entry(self, envelope: dict[str, Any], begun: Begun, *, first: bool, earlier: Ticket | None = None) -> Entry:
        data = envelope["data"]
        files, left_out = await self._attached(data)
        follows = None if earlier is None else earlier.number
        return Entry(
            mark=str(envelope["id"]),
            title=entries.title(data),
            text=entries.words(envelope, first=first, earlier=follows, left_out=left_out),
            files=files,
            priority=data["routing"]["priority"],
            again=begun.again,
        )

    async def _attached(self, data: dict[str, Any]) -> tuple[tuple[File, ...], tuple[str, ...]]:
        """The files that come along, and the ids of those that stay links."""
        files: list[File] = []
        left_out: list[str] = []
        room = self._limits.files_bytes
        for one in data["attachments"]:
            if one["state"] != "stored":
                continue
            size = one["size"]
            content = await self._files(one["sha256"]) if size <= min(room, self._limits.file_bytes) else None
            if content is None:
                left_out.append(one["id"])
                continue
            room -= size
            name = one["filename"] or one["id"]
            files.append(File(filename=name, content_type=one["content_type"] or _UNKNOWN_TYPE, content=content))
        return tuple(files), tuple(left_out)

    async def look(self, cursor: str | None) -> str:
        """Take in what agents did since the cursor, and tell them of answers that did not arrive; where to go on."""
        async with self._alone:
            changes = await self.system.changes(cursor)
            for answer in changes.answers:
                await self._answer(answer)
            for state in changes.states:
                await self._database.write(
                    lambda connection, state=state: books.seen(connection, self.name, state, self._now_ms())  # type: ignore[misc]
                )
            await self._tell_of_lost()
            return changes.cursor

    async def _answer(self, answer: AgentAnswer) -> None:
        """Queue it for whoever wrote last in the ticket's conversation; an answer that cannot leave is told in its ticket."""
        ticket = await self._database.read(lambda connection: books.ticket_of(connection, self.name, answer.ticket))
        if ticket is None:  # not one of ours
            return
        reply = Reply(
            conversation_id=ticket.conversation,
            text=answer.text,
            author=answer.author,
            key=f"{answer.ticket}/{answer.id}",
            asker=f"bridge/{self.name}",
        )
        try:
            queued = await self._desk.reply(reply, self._now_ms())
        except Refused as refused:
            if refused.reason != "key_used":  # an agent has changed a message that has left
                await self._note(ticket.number, f"{answer.id}/refused", f"{_NOT_SENT} {answer.id}: {REFUSALS[refused.reason]}.")
            return
        # For a repeat too: the gateway may have died between the two.
        await self._database.write(lambda connection: books.leaving(connection, self.name, queued.id, ticket.number))

    async def _tell_of_lost(self) -> None:
        for lost in await self._database.write(lambda connection: books.lost(connection, self.name)):
            why = f" ({lost.error})" if lost.error else ""
            await self._note(lost.ticket, f"{lost.reply}/{lost.state}", f"{_STATES[lost.state]}{why}. Reply {lost.reply}.")
            await self._database.write(lambda connection, lost=lost: books.told(connection, self.name, lost.reply))  # type: ignore[misc]

    async def _note(self, ticket: str, mark: str, text: str) -> None:
        try:
            await self.system.note(ticket, mark, text)
        except TicketGone:
            return


_UNKNOWN_TYPE: Final = "application/octet-stream"
_NOT_SENT: Final = "This answer was not sent to the customer:"
_STATES: Final = {
    "failed": "An answer could not be delivered to the customer",
    "unknown": "Whether an answer has reached the customer is not known, and it is not sent again by itself",
}


def _read(body: bytes) -> dict[str, Any]:
    try:
        envelope = orjson.loads(body)
        if envelope["type"] == TYPE:
            return dict(envelope)
    except (orjson.JSONDecodeError, KeyError, TypeError):
        pass
    raise NoEnvelope("these bytes are no envelope of a contact")
