"""A ticket system that a description makes of its HTTP interface, without code."""

import logging
import time
from collections.abc import Callable, Container
from typing import Any, Final

from desk.bridges.base import (
    AgentAnswer,
    AgentFile,
    Changed,
    Entry,
    SystemRefused,
    SystemUnavailable,
    TicketClosed,
    TicketFixed,
    TicketGone,
    TicketState,
)
from desk.bridges.described import reading
from desk.bridges.described.calling import Caller, is_true
from desk.bridges.described.filing import Filing
from desk.bridges.described.moments import minutes_since, of_header
from desk.bridges.described.reading import Cursor, Rules
from desk.bridges.described.requests import ChangedList
from desk.bridges.described.steps import Steps
from desk.files import ReplyFile

logger = logging.getLogger(__name__)

_CUT: Final = "\n\n(The rest is not here: it is longer than the ticket system takes.)"
_MOST_TRIED: Final = 1_000


class DescribedSystem:
    """What the description lacks is done without: a ticket that nothing can be put into is `TicketFixed`, and one that cannot
    be opened again stays closed."""

    def __init__(self, caller: Caller, rules: Rules, *, now_ms: Callable[[], int]) -> None:
        self._caller = caller
        self._described = caller.described
        self._steps = Steps(caller)
        self._filing = Filing(self._steps)
        self._rules = rules
        self._now_ms = now_ms
        self._checked = False
        self._tried: dict[str, float] = {}
        """When contacts were sent, by a clock that is never set; what another process sent, was sent before this one began."""
        self._begun = time.monotonic()

    @property
    def shortcomings(self) -> list[str]:
        """What it does without, in words."""
        return self._described.shortcomings()

    async def check(self) -> None:
        """What was kept before stays until it succeeds: answers may be read meanwhile, and after one that fails."""
        anew = Steps(self._caller)
        kept = await anew.run(self._described.check, {"reopened": self._described.reopened}, at="check")
        self._steps.kept = {f"kept.{name}": value for name, value in kept.items()}
        self._checked = True

    def url(self, ticket: str) -> str:
        values = {**self._caller.set, **self._steps.kept, "url": self._caller.place.url, "ticket": ticket}
        return self._described.url.text(values)

    async def find(self, mark: str, begun_ms: int) -> list[str]:
        if self._described.find is None:
            return []
        since = self._tried.get(mark, self._begun)
        wait = self._described.find_after_seconds - (time.monotonic() - since)
        if wait > 0:
            raise SystemUnavailable(f"{self._described.name} may not know yet what was just written", wait)
        return await self._found(mark, begun_ms)

    async def has(self, ticket: str, mark: str) -> bool:
        """Whether the contact or note of this mark is in the ticket; True where the system cannot be asked."""
        try:
            return await self._holds(ticket, mark)
        except TicketGone:
            return False

    async def _holds(self, ticket: str, mark: str) -> bool:
        described = self._described
        if described.holds is None:
            return described.find is None or ticket in await self._found(mark, 0)
        await self._ready()
        values = self._marked(mark) | {"ticket": ticket}
        for number, one in enumerate(described.holds):
            at = f"holds[{number}]"
            async for seen in self._steps.items(one, values, at=at):
                if is_true(one.where, seen, f"{at}.where"):
                    return True
        return False

    async def open(self, entry: Entry) -> str:
        await self._ready()
        files, text = await self._filing.made(entry, self._text(entry.text))
        subject = entry.title if entry.follows is None else f"[{entry.follows}] {entry.title}"
        priority = self._rules.ways.priority(entry.priority) or self._described.priority
        own = {"title": entry.title, "subject": subject, "priority": priority, "follows": entry.follows}
        self._try(entry.mark)
        kept = await self._steps.run(
            self._described.open, self._marked(entry.mark) | own | {"text": text, "files": files}, at="open"
        )
        return reading.number(kept["ticket"], "open.keep.ticket")

    async def add(self, ticket: str, entry: Entry, *, reopens: bool) -> bool:
        described = self._described
        if described.add is None or described.ticket is None:
            raise TicketFixed(f"{described.name} takes nothing into a ticket that is there")
        await self._ready()
        if entry.again and await self.has(ticket, entry.mark):
            return False  # also where an agent closed it meanwhile
        status = (await self._steps.run(described.ticket, {"ticket": ticket}, at="ticket")).get("status")
        word = None if status is None else str(status)
        closed = word in described.told
        if closed and (not reopens or described.reopen is None or word in described.final):
            raise TicketClosed(f"{ticket} is closed")
        if closed:
            # First, since one that cannot be opened again is found out by it: then nothing was put into it.
            await self._reopen(ticket)
        elif word in described.paused:
            await self._resume(ticket)
        files, text = await self._filing.made(entry, self._text(entry.text))
        own = {"ticket": ticket, "title": entry.title, "text": text, "files": files}
        await self._steps.run(described.add, self._marked(entry.mark) | own, at="add")
        return closed

    async def _reopen(self, ticket: str) -> None:
        steps = self._described.reopen
        if steps is not None:
            await self._steps.run(steps, {"ticket": ticket, "reopened": self._described.reopened}, at="reopen")

    async def _resume(self, ticket: str) -> None:
        """It waits for the customer no more. Only where it is known what it becomes; the contact comes first in any case."""
        if self._described.reopened is None:
            return
        try:
            await self._reopen(ticket)
        except (SystemRefused, TicketClosed):
            logger.warning("a ticket still waits for its customer, who has written", extra={"ticket": ticket})

    async def note(self, ticket: str, mark: str, text: str) -> None:
        if self._described.note is None:
            logger.warning("a ticket system takes no notes", extra={"ticket": ticket, "note": mark})
            return
        if await self.has(ticket, mark):
            return
        values = self._marked(mark) | {"ticket": ticket, "text": self._text(text)}
        await self._steps.run(self._described.note, values, at="note")

    async def changed(self, cursor: str | None) -> Changed:
        described = self._described.changed
        if described is None:
            return Changed(states=(), cursor=cursor or Cursor(at_ms=0).text())
        if cursor is None:
            return Changed(states=(), cursor=Cursor(at_ms=await self._clock()).text())
        await self._ready()
        before = Cursor.of(cursor)
        try:
            states, opaque = await self._states(described, before)
        except SystemRefused:
            if before.opaque is None:
                raise
            # It does not know its own cursor any more: the time is left.
            states, opaque = await self._states(described, Cursor(at_ms=before.at_ms))
        states.sort(key=lambda one: one.at_ms)
        at_ms = max([before.at_ms, *(one.at_ms for one in states)])
        return Changed(states=states, cursor=Cursor(at_ms=at_ms, opaque=opaque or before.opaque).text())

    async def _states(self, described: ChangedList, since: Cursor) -> tuple[list[TicketState], str | None]:
        """And the system's own cursor of the last answer."""
        last = reading.Last(described.cursor)
        values = self._since(since) | ({} if since.opaque is None else {"cursor": since.opaque, "since": None})
        items = self._steps.items(described, values, at="changed", ended=last.answer)
        return [reading.state(described, self._described, seen) async for seen in items], last.cursor

    async def written(self, ticket: str, since: str, known: Container[str]) -> list[AgentAnswer]:
        described = self._described.written
        if described is None:
            return []
        await self._ready()
        before = Cursor.of(since)
        from_ms = before.at_ms - self._described.behind_seconds * 1000
        found: list[tuple[int, AgentAnswer]] = []
        async for seen in self._steps.items(described, {"ticket": ticket} | self._since(before), at="written"):
            at_ms = reading.at_ms(described.at, self._described.times, seen, "written.at")
            if at_ms < from_ms:
                if described.newest_first:
                    break
                continue
            answer = reading.answer(described, seen, self._rules, known)
            if answer is not None:
                found.append((at_ms, answer))
        oldest_first = found[::-1] if described.newest_first else found  # times are of whole seconds, as often as not
        return [answer for _, answer in sorted(oldest_first, key=lambda one: one[0])]

    async def load(self, file: AgentFile) -> ReplyFile:
        raise SystemRefused("a description has no way to load files")

    async def _found(self, mark: str, begun_ms: int) -> list[str]:
        await self._ready()
        found: dict[str, None] = {}
        values = self._marked(mark) | self._since(Cursor(at_ms=begun_ms))
        for number, one in enumerate(self._described.find or ()):
            at = f"find[{number}]"
            async for seen in self._steps.items(one, values, at=at):
                if one.where is None or is_true(one.where, seen, f"{at}.where"):
                    found[reading.word(one.ticket, seen, f"{at}.ticket")] = None
        return list(found)

    async def _ready(self) -> None:
        """What `check` keeps is known."""
        if not self._checked:
            await self.check()

    async def _clock(self) -> int:
        """The system's, which may go otherwise than ours."""
        answered: list[str | None] = []
        self._caller.dates = answered.append
        try:
            await self.check()
        finally:
            self._caller.dates = None
        theirs = of_header(answered[-1]) if answered else None
        return self._now_ms() if theirs is None else theirs

    def _since(self, cursor: Cursor) -> dict[str, Any]:
        at_ms = max(0, cursor.at_ms - self._described.behind_seconds * 1000)
        return {"since": self._described.times.text(at_ms), "minutes": minutes_since(at_ms, self._now_ms())}

    def _marked(self, mark: str) -> dict[str, Any]:
        return {"mark": mark, "sign": self._described.sign.text({"mark": mark})}

    def _text(self, text: str) -> str:
        most = self._described.text_max
        return text if len(text) <= most else f"{text[: most - len(_CUT)]}{_CUT}"

    def _try(self, mark: str) -> None:
        self._tried[mark] = time.monotonic()
        for old in list(self._tried)[: max(0, len(self._tried) - _MOST_TRIED)]:
            del self._tried[old]
