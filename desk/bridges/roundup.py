"""Roundup: contacts are messages of issues, by a user of the bridge's own. A message keeps the envelope's id in `messageid`,
where a mail's would stand, so that it is found by it."""

from collections.abc import Container
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from desk.bridges.base import (
    AgentAnswer,
    AgentFile,
    Changed,
    Entry,
    File,
    SystemRefused,
    SystemUnavailable,
    TicketClosed,
    TicketGone,
    TicketState,
)
from desk.bridges.marks import Marks
from desk.bridges.rest import Conflict
from desk.bridges.roundup_rest import RoundupRest
from desk.bridges.ways import Ways
from desk.files import ReplyFile

_TIMES: Final = "%Y-%m-%d.%H:%M:%S"
"""Roundup's own, in UTC; as text they sort by time."""
_BEGINNING: Final = "2000-01-01.00:00:00"
_TRIES: Final = 5
_OVERLAP: Final = timedelta(minutes=5)
"""An issue gets its time when a change begins, and is seen when that is committed; a message's is a moment earlier. So far
behind the cursor they are looked for: what was seen before is known by its id."""
_ZONES: Final = timedelta(days=1)
"""A tracker reads the times of a search in the zone of its user."""
_UNREADABLE: Final = ("ERROR reading file: msg", "not text, retrieve using binary_content")
"""What Roundup gives in the place of a message that it cannot read."""


class Roundup:
    """A tracker with the classes of the classic template: `issue`, `msg`, `file`, `status`, `priority` and `user`."""

    def __init__(self, rest: RoundupRest, ways: Ways, *, user: str, marks: Marks) -> None:
        """`user` is the bridge's own; `marks` tell what customers get."""
        self._rest = rest
        self._ways = ways
        self._user = user
        self._marks = marks
        self._known: dict[tuple[str, str], str] = {}

    async def check(self) -> None:
        self._known.clear()
        for name in (self._user, *self._ways.agents):
            await self._id("user", name)
        for name in (*self._ways.closed, self._ways.reopened, *self._ways.paused):
            await self._id("status", name)
        for _, name in self._ways.priorities:
            await self._id("priority", name)

    def url(self, ticket: str) -> str:
        return f"{self._rest.tracker}/{ticket}"

    async def find(self, mark: str, begun_ms: int = 0) -> list[str]:
        messages = await self._messages_of(mark)
        return [f"issue{one['id']}" for number in messages for one in await self._rest.list("issue", messages=number)]

    async def has(self, ticket: str, mark: str) -> bool:
        return ticket in await self.find(mark)

    async def open(self, entry: Entry) -> str:
        values: dict[str, Any] = {"title": entry.title}
        if (priority := self._ways.priority(entry.priority)) is not None:
            values["priority"] = await self._id("priority", priority)
        return f"issue{await self._rest.create('issue', **values, messages=[await self._message(entry)])}"

    async def add(self, ticket: str, entry: Entry, *, reopens: bool) -> bool:
        status = await self._status(ticket)
        closed = status in self._ways.closed
        if closed and not reopens:
            raise TicketClosed(f"{ticket} is closed")
        await self._put(ticket, await self._message(entry), reopen=self._ways.reopens(status, reopens=reopens))
        return closed

    async def note(self, ticket: str, mark: str, text: str) -> None:
        await self._status(ticket)
        await self._put(ticket, await self._message(Entry(mark=mark, title="", text=text, again=True)), reopen=False)

    async def changed(self, cursor: str | None) -> Changed:
        if cursor is None:
            newest = await self._rest.list("issue", **{"@fields": "activity", "@sort": "-activity", "@page_size": "1"})
            return Changed(states=(), cursor=newest[0]["activity"] if newest else _BEGINNING)
        since = _earlier(cursor, _OVERLAP)
        search = {"activity": f"from {_earlier(since, _ZONES)}", "@fields": "status,assignedto,activity", "@verbose": "2"}
        issues = [one for one in await self._rest.list("issue", **search) if one["activity"] >= since]
        issues.sort(key=lambda one: str(one["activity"]))
        states = [_state(issue, self._ways) for issue in issues]
        return Changed(states=states, cursor=max([cursor, *(str(one["activity"]) for one in issues)]))

    async def written(self, ticket: str, since: str, known: Container[str]) -> list[AgentAnswer]:
        issue, _ = await self._rest.one("issue", _number(ticket))
        found = []
        for number in sorted((str(one["id"]) for one in issue["messages"]), key=int, reverse=True):
            if f"msg{number}" in known:
                continue
            message, _ = await self._rest.one("msg", number, **{"@fields": "content,author,creation,files", "@verbose": "3"})
            if message["creation"] < _earlier(since, _OVERLAP):
                break  # numbers grow with time
            if (answer := self._answer(number, message)) is not None:
                found.append(answer)
        return found[::-1]

    def _answer(self, number: str, message: dict[str, Any]) -> AgentAnswer | None:
        """None for what customers do not get."""
        author = (message["author"] or {}).get("username")
        if author in (None, self._user):
            return None
        content = message["content"]
        if not isinstance(content, str) or any(words in content for words in _UNREADABLE):
            raise SystemRefused(f"msg{number} cannot be read: the tracker says so in the place of its text")
        text = self._marks.for_the_customer(content)
        if text is None:
            return None
        files = tuple(AgentFile(id=str(one["id"]), filename=one.get("name")) for one in message["files"])
        is_agent = self._ways.may_answer(author)
        return AgentAnswer(id=f"msg{number}", author=author, text=text, is_agent=is_agent, files=files)

    async def load(self, file: AgentFile) -> ReplyFile:
        content = await self._rest.load(file.id)
        return ReplyFile(content=content, filename=file.filename, content_type=file.content_type)

    async def _messages_of(self, mark: str) -> list[str]:
        return [str(one["id"]) for one in await self._rest.list("msg", **{"messageid:": _messageid(mark)})]

    async def _message(self, entry: Entry) -> str:
        """Its id; the one that is there where it was written before."""
        if entry.again and (known := await self._messages_of(entry.mark)):
            return known[0]
        files, text = await self._uploaded(entry)
        author = await self._id("user", self._user)
        now = datetime.now(UTC).strftime(_TIMES)
        marked = {"messageid": _messageid(entry.mark), "files": files}
        return await self._rest.create("msg", author=author, date=now, content=text, **marked)

    async def _uploaded(self, entry: Entry) -> tuple[list[str], str]:
        """The ids of its files, and its text, which names those that the tracker does not take."""
        files: list[str] = []
        refused: list[File] = []
        for file in entry.files:
            try:
                files.append(await self._rest.upload(file))
            except SystemRefused:  # too large for it, or for what stands before it
                refused.append(file)
        lines = "".join(f"\n{file.filename} is not here: the tracker did not take it." for file in refused)
        return files, f"{entry.text}\n{lines}" if refused else entry.text

    async def _status(self, ticket: str) -> str | None:
        """The name of its status. Raises `TicketGone`. Asked before anything is written. One that was retired is read as ever,
        but no list has it."""
        found = await self._rest.list("issue", id=_number(ticket), **{"@fields": "status", "@verbose": "2"})
        if not found:
            raise TicketGone("the issue was retired")
        return (found[0]["status"] or {}).get("name")

    async def _put(self, ticket: str, message: str, *, reopen: bool) -> None:
        for _ in range(_TRIES):
            issue, etag = await self._rest.one("issue", _number(ticket))
            messages = [one["id"] for one in issue["messages"]]
            values: dict[str, Any] = {} if message in messages else {"messages": [*messages, message]}
            if reopen:
                values["status"] = await self._id("status", self._ways.reopened)
            if not values:
                return
            try:
                await self._rest.change("issue", _number(ticket), etag, **values)
            except Conflict:
                continue
            return
        raise SystemUnavailable("others change this issue all the time")

    async def _id(self, class_: str, name: str) -> str:
        """Of a status, priority or user by its name."""
        if (class_, name) not in self._known:
            key = "username" if class_ == "user" else "name"
            found = await self._rest.list(class_, **{f"{key}:": name})
            if not found:
                raise SystemRefused(f"the tracker has no {class_} {name!r}: see the settings of the bridge")
            self._known[class_, name] = str(found[0]["id"])
        return self._known[class_, name]


def _number(ticket: str) -> str:
    return ticket.removeprefix("issue")


def _messageid(mark: str) -> str:
    return f"<{mark}@regia>"


def _state(issue: dict[str, Any], ways: Ways) -> TicketState:
    status = (issue["status"] or {}).get("name")
    agent = (issue["assignedto"] or {}).get("username")
    at_ms = int(datetime.strptime(issue["activity"], _TIMES).replace(tzinfo=UTC).timestamp() * 1000)
    stands = {"closed": status in ways.closed, "paused": status in ways.paused}
    return TicketState(ticket=f"issue{issue['id']}", **stands, agent=agent, reason=status, at_ms=at_ms)


def _earlier(at: str, by: timedelta) -> str:
    return (datetime.strptime(at, _TIMES).replace(tzinfo=UTC) - by).strftime(_TIMES)
