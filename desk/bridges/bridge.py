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
from desk.bridges.base import BridgeError, Entry, File, SystemRefused, TicketClosed, TicketFixed, TicketGone, TicketSystem
from desk.bridges.books import Begun, Posted, Ticket
from normalizer.envelope import TYPE

FilesOf = Callable[[str], Awaitable[bytes | None]]
"""The content of an attachment by the SHA-256 of an envelope; None where it is not stored any more."""
_UNKNOWN_TYPE: Final = "application/octet-stream"


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
    """One bridge. Contacts are worked on one after the other, and not while the way back is (`alone`). `take` raises
    `SystemUnavailable`, `SystemRefused` and `DatabaseUnavailable`: then the same is asked for again. `closed_is_answer`: agents
    close a ticket when they have answered by a way of the system's own. `renewed` signs links in an envelope anew that have
    ended while it waited."""

    def __init__(
        self,
        name: str,
        system: TicketSystem,
        *,
        desk: Desk,
        files: FilesOf,
        limits: Limits,
        now_ms: Callable[[], int],
        renewed: Callable[[bytes], bytes],
        closed_is_answer: bool = False,
    ) -> None:
        self.name = name
        self.system = system
        self.desk = desk
        self.now_ms = now_ms
        self.closed_is_answer = closed_is_answer
        self.alone = asyncio.Lock()
        self._files = files
        self._limits = limits
        self._renewed = renewed

    async def take(self, body: bytes) -> str:
        """Put the contact of an envelope into its ticket; the number, empty for one that was erased meanwhile. Raises
        `NoEnvelope` as well."""
        envelope = _read(self._renewed(body))
        id_, database = str(envelope["id"]), self.desk.database
        async with self.alone:
            now_ms = self.now_ms()
            begun = await database.write(lambda connection: books.begin(connection, self.name, id_, now_ms))
            if begun.done:
                return begun.ticket.number if begun.ticket else ""
            posted = await self._found(id_, begun) if begun.again else None
            if posted is None:
                number, reopened = await self._put(envelope, begun)
                posted = self._posted(id_, number, reopened=reopened)
            now_there = posted
            await database.write(lambda connection: books.posted(connection, self.name, now_there, self.now_ms()))
            return posted.ticket

    async def has(self, ticket: Ticket) -> bool:
        """Whether the system's ticket of this number is this one: a tracker that was set up anew, or restored, gives numbers
        again. One contact that is in it is enough: agents delete others."""
        for mark in ticket.marks:
            if await self.system.has(ticket.number, mark):
                return True
        return False

    def _posted(self, id_: str, number: str, *, reopened: bool = False, strange: bool = False) -> Posted:
        return Posted(message_id=id_, ticket=number, url=self.system.url(number), reopened=reopened, strange=strange)

    async def _found(self, id_: str, begun: Begun) -> Posted | None:
        """Where it is already: in its conversation's own ticket, if that is one of them. One of another conversation has it
        after agents have merged tickets, unless nothing of that conversation is in there: then the number was given again."""
        numbers = await self.system.find(id_, begun.at_ms)
        if not numbers:
            return None
        known = await self.desk.database.read(lambda connection: books.ours(connection, self.name, numbers))
        own = [one for one in numbers if one in known and known[one].conversation == begun.conversation]
        new = [one for one in numbers if one not in known]
        if own or new:
            return self._posted(id_, (own or new)[0])
        other = known[numbers[0]]
        return self._posted(id_, other.number, strange=not other.marks or await self.has(other))

    async def _put(self, envelope: dict[str, Any], begun: Begun) -> tuple[str, bool]:
        """Its ticket, and whether that was closed until now."""
        known = begun.ticket
        if known is None or not await self.has(known):
            return await self._open(await self._entry(envelope, begun, first=True)), False
        entry = await self._entry(envelope, begun, first=False)
        try:
            return known.number, await self._add(known.number, entry)
        except (TicketGone, TicketClosed) as error:
            earlier = known if isinstance(error, TicketClosed) else None
            still_open = isinstance(error, TicketFixed)
            follow_up = await self._entry(envelope, begun, first=True, earlier=earlier, still_open=still_open)
            return await self._open(follow_up), False

    async def _open(self, entry: Entry) -> str:
        try:
            return await self.system.open(entry)
        except SystemRefused:
            if not entry.files:
                raise
            return await self.system.open(entries.without_files(entry))

    async def _add(self, ticket: str, entry: Entry) -> bool:
        reopens = self._limits.when_closed == "reopen"
        try:
            return await self.system.add(ticket, entry, reopens=reopens)
        except SystemRefused:
            if not entry.files:
                raise
            return await self.system.add(ticket, entries.without_files(entry), reopens=reopens)

    async def _entry(
        self,
        envelope: dict[str, Any],
        begun: Begun,
        *,
        first: bool,
        earlier: Ticket | None = None,
        still_open: bool = False,
    ) -> Entry:
        data = envelope["data"]
        files, left_out = await self._attached(data)
        follows = None if earlier is None else earlier.number
        told = None if follows is None else f"Follows {follows}." if still_open else f"Follows {follows}, which is closed."
        return Entry(
            mark=str(envelope["id"]),
            title=entries.title(data),
            text=entries.words(envelope, first=first, follows=told, left_out=left_out),
            files=files,
            priority=data["routing"]["priority"],
            again=begun.again,
            follows=follows,
            person=entries.person(data),
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


def envelope_id_of(body: bytes) -> str:
    """For a log; empty where there is none."""
    try:
        return str(_read(body)["id"])
    except NoEnvelope:
        return ""


def _read(body: bytes) -> dict[str, Any]:
    try:
        envelope = orjson.loads(body)
        if envelope["type"] == TYPE and isinstance(envelope["id"], str) and isinstance(envelope["data"], dict):
            return dict(envelope)
    except (orjson.JSONDecodeError, KeyError, TypeError):
        pass
    raise NoEnvelope("these bytes are no envelope of a contact")
