"""Roundup: contacts are messages of issues, by a user of the bridge's own. A message keeps the envelope's id in `messageid`,
where a mail's would stand, so that it is found by it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from desk.bridges.base import AgentAnswer, Changes, Entry, SystemRefused, SystemUnavailable, TicketGone, TicketState
from desk.bridges.roundup_rest import Conflict, RoundupRest

_TIMES: Final = "%Y-%m-%d.%H:%M:%S"
"""Roundup's own, in UTC; as text they sort by time."""
_TRIES: Final = 5
_PAGE: Final = 50
_OVERLAP_SECONDS: Final = 300
"""A message has its time a moment before its issue: so far behind the cursor it is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How a tracker is used. `closed` are the names of statuses; `reopened` the one that a ticket has again. `answers`: what of
    agents' messages customers get: `all` but those that begin with `mark`, or those only (`marked`)."""

    user: str
    closed: frozenset[str]
    reopened: str
    answers: str
    mark: str
    priorities: tuple[tuple[int, str], ...] = ()
    """From which priority on an issue gets which of the tracker's, highest first."""


class Roundup:
    """A tracker with the classes of the classic template: `issue`, `msg`, `file`, `status`, `priority` and `user`."""

    def __init__(self, rest: RoundupRest, ways: Ways) -> None:
        self._rest = rest
        self._ways = ways
        self._known: dict[tuple[str, str], str] = {}

    async def check(self) -> None:
        self._known.clear()
        await self._id("user", self._ways.user)

    def url(self, ticket: str) -> str:
        return f"{self._rest.tracker}/{ticket}"

    async def find(self, mark: str) -> str | None:
        message = await self._message_of(mark)
        issues = [] if message is None else await self._rest.list("issue", messages=message)
        return f"issue{issues[0]['id']}" if issues else None

    async def open(self, entry: Entry) -> str:
        message = await self._message(entry)
        values: dict[str, Any] = {"title": entry.title, "messages": [message]}
        for least, name in self._ways.priorities:
            if entry.priority >= least:
                values["priority"] = await self._id("priority", name)
                break
        return f"issue{await self._rest.create('issue', **values)}"

    async def add(self, ticket: str, entry: Entry, *, reopen: bool) -> None:
        await self._is_there(ticket)
        await self._put(ticket, await self._message(entry), reopen=reopen)

    async def note(self, ticket: str, mark: str, text: str) -> None:
        await self._is_there(ticket)
        await self._put(ticket, await self._message(Entry(mark=mark, title="", text=text, again=True)), reopen=False)

    async def changes(self, cursor: str | None) -> Changes:
        since = cursor or datetime.now(UTC).strftime(_TIMES)
        issues = await self._changed(since)
        answers = [answer for issue in issues for answer in await self._answers(issue, _earlier(since))]
        states = [_state(issue, self._ways.closed) for issue in issues]
        return Changes(answers=answers, states=states, cursor=max([since, *(issue["activity"] for issue in issues)]))

    async def _changed(self, since: str) -> list[dict[str, Any]]:
        """Issues with activity from then on, oldest first."""
        fields = {"@fields": "status,assignedto,activity,messages", "@verbose": "2", "@sort": "-activity"}
        found: list[dict[str, Any]] = []
        page = 0
        while True:
            page += 1
            issues = await self._rest.list("issue", **fields, **{"@page_size": str(_PAGE), "@page_index": str(page)})
            found += [issue for issue in issues if issue["activity"] >= since]
            if len(issues) < _PAGE or issues[-1]["activity"] < since:
                return found[::-1]

    async def _answers(self, issue: dict[str, Any], since: str) -> list[AgentAnswer]:
        found = []
        for message in issue["messages"]:
            if message["activity"] < since:
                continue
            head, _ = await self._rest.one("msg", message["id"], **{"@verbose": "2"})
            author = (head["author"] or {}).get("username")
            if author in (None, self._ways.user):
                continue
            text = self._for_the_customer(await self._rest.text("msg", message["id"]))
            if text:
                found.append(AgentAnswer(ticket=f"issue{issue['id']}", id=f"msg{message['id']}", author=author, text=text))
        return found

    def _for_the_customer(self, text: str) -> str:
        """Empty for what stays among agents."""
        text, mark = text.strip(), self._ways.mark
        marked = text.startswith(mark)
        if self._ways.answers == "all":
            return "" if marked else text
        return text.removeprefix(mark).strip() if marked else ""

    async def _message_of(self, mark: str) -> str | None:
        found = await self._rest.list("msg", **{"messageid:": _messageid(mark)})
        return str(found[0]["id"]) if found else None

    async def _message(self, entry: Entry) -> str:
        """Its id; the one that is there where it was written before."""
        if entry.again and (known := await self._message_of(entry.mark)) is not None:
            return known
        files = [await self._rest.upload(file) for file in entry.files]
        author = await self._id("user", self._ways.user)
        now = datetime.now(UTC).strftime(_TIMES)
        return await self._rest.create(
            "msg", author=author, date=now, content=entry.text, messageid=_messageid(entry.mark), files=files
        )

    async def _is_there(self, ticket: str) -> None:
        """Raises `TicketGone`. Asked before anything is written. One that was retired is read as ever, but no list has it."""
        if not await self._rest.list("issue", id=_number(ticket)):
            raise TicketGone("the issue was retired")

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


def _state(issue: dict[str, Any], closed: frozenset[str]) -> TicketState:
    status = (issue["status"] or {}).get("name")
    agent = (issue["assignedto"] or {}).get("username")
    at = datetime.strptime(issue["activity"], _TIMES).replace(tzinfo=UTC)
    at_ms = int(at.timestamp() * 1000)
    return TicketState(ticket=f"issue{issue['id']}", closed=status in closed, agent=agent, reason=status, at_ms=at_ms)


def _earlier(at: str) -> str:
    then = datetime.strptime(at, _TIMES).replace(tzinfo=UTC).timestamp() - _OVERLAP_SECONDS
    return datetime.fromtimestamp(then, UTC).strftime(_TIMES)
