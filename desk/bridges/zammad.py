"""Zammad: contacts are internal notes of the sender `Customer`, of which it sends nothing; agents' public notes are what
customers get. Internal, since who is the ticket's customer may read all public ones in Zammad, and beside the customer's own
words a contact has what only agents are to know.

A message has its mark at the end of its subject, which Zammad shows in a note's details only. Tickets of the bridge are those
that its own user has created. Nothing is asked of the search index but what has changed lately, since it lags behind: see
`ZammadRest.newest_tickets`.
"""

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
from desk.bridges.ways import Customers, Ways, told
from desk.bridges.written import new_text
from desk.bridges.zammad_rest import ZammadRest, attachments
from desk.files import ReplyFile

_BEGINNING: Final = "2000-01-01T00:00:00.000Z"
"""Times are so, in UTC; as text they sort by time."""
_OVERLAP: Final = timedelta(minutes=5)
"""So far behind the cursor changes are looked for: the index may be that late."""
_CLOCKS: Final = 3600
"""Seconds that its clock and ours may be apart."""
_MERGED: Final = "merged"
_NOBODY: Final = "-"
_NOTE: Final = "note"
"""What else an agent may write leaves Zammad by itself: a mail, a text message."""


class Zammad:
    """Tickets of one of its groups, opened by a user of the bridge's own. `unknown`: the e-mail address of the customer of
    tickets whose own is not told."""

    def __init__(self, rest: ZammadRest, ways: Ways, *, group: str, customers: Customers, unknown: str) -> None:
        self._rest = rest
        self._ways = ways
        self._group = group
        self._customers = customers
        self._unknown = unknown
        self._me = 0

    async def check(self) -> None:
        self._me = 0
        await self._own()
        names = {
            "groups": {self._group},
            "ticket_states": {*self._ways.closed, self._ways.reopened, *self._ways.paused},
            "ticket_priorities": {name for _, name in self._ways.priorities},
        }
        for path, wanted in names.items():
            known = {one.get("name") for one in await self._rest.rows(path)} if wanted else set()
            if missing := sorted(wanted - known):
                raise SystemRefused(f"Zammad has no {missing[0]!r} among its {path}: see the settings of the bridge")

    def url(self, ticket: str) -> str:
        return f"{self._rest.url}/#ticket/zoom/{ticket}"

    async def find(self, mark: str, begun_ms: int) -> list[str]:
        since = begun_ms / 1000 - _CLOCKS
        me = await self._own()
        async for page in self._rest.newest_tickets():
            for one in page:
                if _timestamp(one["created_at"]) < since:
                    return []
                if one["created_by_id"] == me and await self.has(str(one["id"]), mark):
                    return [str(one["id"])]
        return []

    async def has(self, ticket: str, mark: str) -> bool:
        try:
            await self._state(ticket)
            return any(has_mark(one.get("subject"), mark) for one in await self._articles(ticket))
        except TicketGone:
            return False

    async def open(self, entry: Entry) -> str:
        """Ticket, message and files are one transaction of its database."""
        values: dict[str, Any] = {"title": entry.title, "group": self._group, "article": _article(entry)}
        if (priority := self._ways.priority(entry.priority)) is not None:
            values["priority"] = priority
        unknown = f"guess:{self._unknown}"
        person = told(self._customers, entry.person)
        if person is None or not person.email:
            return await self._rest.create({**values, "customer_id": unknown})
        try:
            return await self._rest.create({**values, "customer_id": f"guess:{person.email}"})
        except SystemRefused:  # it takes not every address that mails come from
            return await self._rest.create({**values, "customer_id": unknown})

    async def add(self, ticket: str, entry: Entry, *, reopens: bool) -> bool:
        before = await self._state(ticket)
        closed = before in self._ways.closed
        if entry.again and await self.has(ticket, entry.mark):
            return False  # its state was changed with that
        if closed and not reopens:
            raise TicketClosed(f"{ticket} is closed")
        state = {"state": self._ways.reopened} if self._ways.reopens(before, reopens=reopens) else {}
        await self._rest.change(ticket, {**state, "article": _article(entry)})
        return closed

    async def note(self, ticket: str, mark: str, text: str) -> None:
        await self._state(ticket)
        if not await self.has(ticket, mark):
            entry = Entry(mark=mark, title="Regia", text=text)
            await self._rest.change(ticket, {"article": {**_article(entry), "sender": "Agent"}})

    async def changed(self, cursor: str | None) -> Changed:
        since = _BEGINNING if cursor is None else _earlier(cursor, _OVERLAP)
        tickets: list[dict[str, Any]] = []
        query = {"query": f"created_by_id:{await self._own()}", "sort_by": "updated_at", "order_by": "desc"}
        async for page in self._rest.pages("tickets/search", query):
            if cursor is None:
                return Changed(states=(), cursor=str(page[0]["updated_at"]))
            tickets += [one for one in page if one["updated_at"] >= since]
            if page[-1]["updated_at"] < since:
                break
        states = [_state(one, self._ways) for one in reversed(tickets) if one["state"] != _MERGED]
        return Changed(states=states, cursor=max([cursor or since, *(str(one["updated_at"]) for one in tickets)]))

    async def written(self, ticket: str, since: str, known: Container[str]) -> list[AgentAnswer]:
        await self._state(ticket)
        since, me = _earlier(since, _OVERLAP), await self._own()
        return [
            self._answer(one)
            for one in await self._articles(ticket)
            if one["created_at"] >= since and one["created_by_id"] != me and _is_for_the_customer(one)
            if f"article{one['id']}" not in known
        ]

    def _answer(self, article: dict[str, Any]) -> AgentAnswer:
        author = str(article["created_by"])
        return AgentAnswer(
            id=f"article{article['id']}",
            author=author,
            text=new_text(str(article["body"] or ""), is_html=article.get("content_type") == "text/html"),
            is_agent=self._ways.may_answer(author),
            files=tuple(_file(article, one) for one in article.get("attachments") or ()),
        )

    async def load(self, file: AgentFile) -> ReplyFile:
        content = await self._rest.load(file.id)
        return ReplyFile(content=content, filename=file.filename, content_type=file.content_type)

    async def _articles(self, ticket: str) -> list[dict[str, Any]]:
        return await self._rest.rows(f"ticket_articles/by_ticket/{ticket}", item=True)

    async def _state(self, ticket: str) -> str:
        """Raises `TicketGone`, also where it was merged into another."""
        found = await self._rest.get(f"tickets/{ticket}", item=True)
        if found["state"] == _MERGED:
            raise TicketGone(f"ticket {ticket} was merged into another")
        return str(found["state"])

    async def _own(self) -> int:
        """The number of the bridge's user."""
        if not self._me:
            self._me = int((await self._rest.get("users/me"))["id"])
        return self._me


def _article(entry: Entry) -> dict[str, Any]:
    values: dict[str, Any] = {
        "subject": subject(entry.title, entry.mark),
        "body": entry.text,
        "content_type": "text/plain",
        "type": _NOTE,
        "sender": "Customer",
        "internal": True,
    }
    return values | ({"attachments": files} if (files := attachments(entry.files)) else {})


def _file(article: dict[str, Any], kept: dict[str, Any]) -> AgentFile:
    return AgentFile(
        id=f"{article['ticket_id']}/{article['id']}/{kept['id']}",
        filename=kept.get("filename"),
        content_type=(kept.get("preferences") or {}).get("Content-Type"),
        size=int(size) if (size := str(kept.get("size") or "")).isdigit() else None,
    )


def _is_for_the_customer(article: dict[str, Any]) -> bool:
    return article["sender"] == "Agent" and article["type"] == _NOTE and article["internal"] is False


def _state(ticket: dict[str, Any], ways: Ways) -> TicketState:
    owner = str(ticket["owner"])
    return TicketState(
        ticket=str(ticket["id"]),
        closed=ticket["state"] in ways.closed,
        paused=ticket["state"] in ways.paused,
        agent=None if owner == _NOBODY else owner,
        reason=ticket["state"],
        at_ms=int(_timestamp(ticket["updated_at"]) * 1000),
    )


def _timestamp(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def _earlier(at: str, by: timedelta) -> str:
    return (datetime.fromisoformat(at) - by).isoformat(timespec="milliseconds").replace("+00:00", "Z")
