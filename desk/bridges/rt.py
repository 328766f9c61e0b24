"""Request Tracker 5: contacts are comments of tickets, which its scrips send to no requestor; agents' correspondence is what
customers get.

A ticket refers to the contacts that are in it by links, `urn:regia:<id>`, which every Request Tracker has, and finds tickets
by. A message has its mark at the end of its subject, so that it is known before the link is made.
"""

from base64 import b64decode
from collections.abc import Container
from datetime import datetime, timedelta
from typing import Any, Final

from desk.bridges.base import (
    AgentAnswer,
    AgentFile,
    Changed,
    Entry,
    SystemRefused,
    TicketClosed,
    TicketGone,
    TicketState,
)
from desk.bridges.entries import has_mark, subject
from desk.bridges.rt_rest import RtRest, attachments, text
from desk.bridges.ways import Customers, Ways, told
from desk.bridges.written import new_text
from desk.files import ReplyFile

_BEGINNING: Final = "2000-01-01T00:00:00Z"
"""Times are so, in UTC; as text they sort by time."""
_OVERLAP: Final = timedelta(minutes=5)
"""A change gets its time when it begins, and is seen when it is committed: so far behind the cursor it is looked for."""
_ZONES: Final = timedelta(days=1)
"""The times of a query are read in the zone of the user, whatever zone they name."""
_DELETED: Final = "deleted"
_NOBODY: Final = "Nobody"
_MINE: Final = "Creator = '__CurrentUser__'"


class RequestTracker:
    """Tickets of one of its queues, opened by a user of the bridge's own."""

    def __init__(self, rest: RtRest, ways: Ways, *, queue: str, requestors: Customers) -> None:
        self._rest = rest
        self._ways = ways
        self._queue = queue
        self._requestors = requestors
        self._privileged: dict[str, bool] = {}

    async def check(self) -> None:
        self._privileged.clear()
        try:
            queue = await self._rest.get(f"queue/{self._queue}", item=True)
        except TicketGone:
            raise SystemRefused(f"Request Tracker has no queue {self._queue!r} that the bridge's user sees") from None
        if not any(link.get("ref") == "create" for link in queue.get("_hyperlinks", ())):
            raise SystemRefused(f"the bridge's user has no right to create tickets in queue {self._queue!r}")

    def url(self, ticket: str) -> str:
        return f"{self._rest.url}/Ticket/Display.html?id={ticket}"

    async def find(self, mark: str, begun_ms: int = 0) -> list[str]:
        found = await self._rest.get("tickets", {"query": f"RefersTo = {text(_link(mark))}"})
        return [str(one["id"]) for one in found["items"]]

    async def has(self, ticket: str, mark: str) -> bool:
        return ticket in await self.find(mark)

    async def open(self, entry: Entry) -> str:
        """Ticket, message, files and link are one transaction of its database."""
        values: dict[str, Any] = {"Queue": self._queue, "RefersTo": [_link(entry.mark)], **_message(entry)}
        values["Subject"] = entry.title
        if (priority := self._ways.priority(entry.priority)) is not None:
            values["Priority"] = int(priority)
        if (person := told(self._requestors, entry.person)) is not None and person.email:
            values["Requestor"] = person.email
        return await self._rest.create(values)

    async def add(self, ticket: str, entry: Entry, *, reopens: bool) -> bool:
        status = await self._status(ticket)
        closed = status in self._ways.closed
        written = entry.again and await self._has(ticket, entry.mark)
        if closed and not reopens and not written:
            raise TicketClosed(f"{ticket} is closed")
        if not written:
            await self._rest.comment(ticket, _message(entry))
        if self._ways.reopens(status, reopens=reopens):
            await self._reopen(ticket)
        await self._rest.change(ticket, {"AddRefersTo": [_link(entry.mark)]})
        if not await self.has(ticket, entry.mark):
            raise SystemRefused(f"ticket {ticket} got no link: the bridge's user needs the right ModifyTicket there")
        return closed and reopens

    async def note(self, ticket: str, mark: str, text: str) -> None:
        await self._status(ticket)
        if not await self._has(ticket, mark):
            await self._rest.comment(ticket, _message(Entry(mark=mark, title="Regia", text=text)))

    async def changed(self, cursor: str | None) -> Changed:
        if cursor is None:
            newest = await self._rest.get("tickets", {"query": _MINE, "fields": "LastUpdated", "per_page": "1", **_NEWEST})
            return Changed(states=(), cursor=newest["items"][0]["LastUpdated"] if newest["items"] else _BEGINNING)
        since = _earlier(cursor, _OVERLAP)
        after = _earlier(since, _ZONES).replace("T", " ").rstrip("Z")
        query = f"{_MINE} AND LastUpdated > {text(after)}"
        tickets: list[dict[str, Any]] = []
        async for page in self._rest.pages("tickets", query=query, fields="Status,Owner,LastUpdated", **_NEWEST):
            tickets += [one for one in page if one["LastUpdated"] >= since]
            if page and page[-1]["LastUpdated"] < since:
                break
        states = [_state(one, self._ways) for one in reversed(tickets)]
        return Changed(states=states, cursor=max([cursor, *(str(one["LastUpdated"]) for one in tickets)]))

    async def written(self, ticket: str, since: str, known: Container[str]) -> list[AgentAnswer]:
        await self._status(ticket)
        since = _earlier(since, _OVERLAP)
        query = f"ObjectType = 'RT::Ticket' AND ObjectId = {int(ticket)} AND Type = 'Correspond'"
        found = []
        async for page in self._rest.pages("transactions", query=query, fields="Creator,Created", orderby="id", order="DESC"):
            new = [one for one in page if one["Created"] >= since]
            found += [one for one in new if f"txn{one['id']}" not in known]
            if len(new) < len(page):
                break
        return [await self._answer(one) for one in reversed(found)]

    async def _answer(self, transaction: dict[str, Any]) -> AgentAnswer:
        id_, author = transaction["id"], str(transaction["Creator"]["id"])
        parts = [
            one
            async for page in self._rest.pages(f"transaction/{id_}/attachments", fields="ContentType,Filename")
            for one in page
        ]
        texts = [one for one in parts if not one["Filename"] and one["ContentType"] in ("text/plain", "text/html")]
        return AgentAnswer(
            id=f"txn{id_}",
            author=author,
            text=await self._text(texts),
            is_agent=self._ways.may_answer(author) and await self._is_privileged(author),
            files=tuple(
                AgentFile(id=str(one["id"]), filename=one["Filename"], content_type=one["ContentType"])
                for one in parts
                if one["Filename"]
            ),
        )

    async def load(self, file: AgentFile) -> ReplyFile:
        content = await self._rest.load(file.id)
        return ReplyFile(content=content, filename=file.filename, content_type=file.content_type)

    async def _text(self, parts: list[dict[str, Any]]) -> str:
        """Of the first, or of the plain one where it is there twice."""
        if not parts:
            return ""
        part = next((one for one in parts if one["ContentType"] == "text/plain"), parts[0])
        content = (await self._rest.get(f"attachment/{part['id']}")).get("Content") or ""
        return new_text(b64decode(content).decode(errors="replace"), is_html=part["ContentType"] == "text/html")

    async def _is_privileged(self, author: str) -> bool:
        """Customers whose mails Request Tracker takes are users too, but none of its own people."""
        if author not in self._privileged:
            user = await self._rest.get(f"user/{author}")
            self._privileged[author] = str(user.get("Privileged") or "0") == "1"
        return self._privileged[author]

    async def _status(self, ticket: str) -> str:
        """Raises `TicketGone`, also where it was merged into another, whose number it answers with then."""
        found = await self._rest.get(f"ticket/{ticket}", item=True)
        if found["Status"] == _DELETED or str(found["id"]) != ticket:
            raise TicketGone(f"ticket {ticket} was deleted, or merged into another")
        return str(found["Status"])

    async def _has(self, ticket: str, mark: str) -> bool:
        pages = self._rest.pages(f"ticket/{ticket}/attachments", fields="Subject")
        return any([has_mark(one.get("Subject"), mark) async for page in pages for one in page])

    async def _reopen(self, ticket: str) -> None:
        await self._rest.change(ticket, {"Status": self._ways.reopened})
        if await self._status(ticket) in self._ways.closed:
            raise SystemRefused(f"Request Tracker does not let a closed ticket become {self._ways.reopened!r}")


_NEWEST: Final = {"orderby": "LastUpdated", "order": "DESC"}


def _link(mark: str) -> str:
    return f"urn:regia:{mark}"


def _message(entry: Entry) -> dict[str, Any]:
    values: dict[str, Any] = {
        "Subject": subject(entry.title, entry.mark),
        "Content": entry.text,
        "ContentType": "text/plain",
    }
    return values | ({"Attachments": files} if (files := attachments(entry.files)) else {})


def _state(ticket: dict[str, Any], ways: Ways) -> TicketState:
    owner = str(ticket["Owner"]["id"])
    at_ms = int(datetime.fromisoformat(ticket["LastUpdated"]).timestamp() * 1000)
    return TicketState(
        ticket=str(ticket["id"]),
        closed=ticket["Status"] in ways.closed,
        paused=ticket["Status"] in ways.paused,
        agent=None if owner == _NOBODY else owner,
        reason=ticket["Status"],
        at_ms=at_ms,
    )


def _earlier(at: str, by: timedelta) -> str:
    return (datetime.fromisoformat(at) - by).strftime("%Y-%m-%dT%H:%M:%SZ")
