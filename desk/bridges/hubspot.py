"""HubSpot: a contact opens a ticket, which has its mark in a property of unique values; what follows are notes of that ticket,
which end with theirs. Agents' notes are what customers get, as far as their marks say so: a mail that an agent writes there
leaves HubSpot by itself.
"""

import re
from collections.abc import Container
from datetime import datetime
from html import escape
from time import time
from typing import Any, Final

from desk.bridges.base import (
    AgentAnswer,
    AgentFile,
    Changed,
    Entry,
    File,
    Person,
    SystemRefused,
    TicketClosed,
    TicketGone,
    TicketState,
)
from desk.bridges.hubspot_names import Stages, check_priorities, make_property, stages
from desk.bridges.hubspot_people import People
from desk.bridges.hubspot_rest import HubSpotRest, there
from desk.bridges.marks import Marks
from desk.bridges.ways import Customers, Ways, told
from desk.bridges.written import answer_text
from desk.files import ReplyFile

_OVERLAP_MS: Final = 5 * 60_000
"""So far behind the cursor changes are looked for: the index may be that late."""
_MOST: Final = 60_000
"""Characters of a note, of 65,536; the text of a ticket may have as many."""
_STATE: Final = ("hs_pipeline_stage", "hubspot_owner_id", "hs_lastmodifieddate")
_NOTE: Final = ("hs_note_body", "hs_attachment_ids", "hs_createdate", "hs_created_by_user_id", "hubspot_owner_id")
_NOBODY: Final = "nobody"
_OWN: Final = re.compile(r"(?:^|[>\n])\s*\[regia [^\]<>]+\](?:\s|<br\s*/?>|</(?:p|div|span)>)*$")
"""How a note ends that the bridge wrote. One that an agent quotes ends with the quote, or has its sign before it."""
_BROKEN: Final = re.compile(r"(?:&[^;]*|<[^>]*)$")
_TICKET_TO_CONTACT: Final = 16
_TICKET_TO_NOTE: Final = 227
_NOTE_TO_TICKET: Final = 228
"""https://developers.hubspot.com/docs/api/crm/associations, its table of types."""


class HubSpot:
    """Tickets of one of its pipelines. `mark` is the name of that property, `portal` the number of the account."""

    def __init__(
        self,
        rest: HubSpotRest,
        ways: Ways,
        *,
        marks: Marks,
        customers: Customers,
        mark: str,
        names: tuple[str, str],
        portal: str,
    ) -> None:
        """`names`: of the pipeline, and of the stage of a new ticket."""
        self._rest = rest
        self._ways = ways
        self._marks = marks
        self._customers = customers
        self._mark = mark
        self._names = names
        self._portal = portal
        self._people = People(rest)
        self._stages: Stages | None = None

    async def check(self) -> None:
        self._stages = None
        self._people.forget()
        await self._there()
        await check_priorities(self._rest, self._ways)

    def url(self, ticket: str) -> str:
        return f"https://app.hubspot.com/contacts/{self._portal}/record/0-5/{ticket}"

    async def find(self, mark: str, begun_ms: int = 0) -> list[str]:
        """By a value that is unique: no search, whose index would lag behind."""
        await self._there()
        found = await there(self._rest, f"crm/v3/objects/tickets/{mark}", {"idProperty": self._mark})
        return [] if found is None else [str(found["id"])]

    async def has(self, ticket: str, mark: str) -> bool:
        await self._there()
        found = await there(self._rest, f"crm/v3/objects/tickets/{ticket}", {"properties": self._mark})
        if found is None or str(found["id"]) != ticket:
            return False
        return found["properties"].get(self._mark) == mark or await self._noted(ticket, mark)

    async def open(self, entry: Entry) -> str:
        """Files hang on a note that is written before, so that the ticket has all at once, or is not there."""
        given = await self._there()
        properties = {
            "subject": entry.title,
            "content": entry.text[:_MOST],
            "hs_pipeline": given.pipeline,
            "hs_pipeline_stage": given.opened,
            self._mark: entry.mark,
        }
        if (priority := self._ways.priority(entry.priority)) is not None:
            properties["hs_ticket_priority"] = priority
        associations = []
        if (contact := await self._contact(entry.person)) is not None:
            associations.append(_to(contact, _TICKET_TO_CONTACT))
        if entry.files:
            associations.append(_to(await self._write(_html("Files.", f"{entry.mark}/files"), entry.files), _TICKET_TO_NOTE))
        try:
            answer = await self._rest.create("crm/v3/objects/tickets", {"properties": properties, "associations": associations})
        except SystemRefused:
            if found := await self.find(entry.mark):  # HubSpot had worked on an earlier request for longer than we waited
                return found[0]
            raise
        return str(answer["id"])

    async def add(self, ticket: str, entry: Entry, *, reopens: bool) -> bool:
        given = await self._there()
        stage = await self._stage(ticket)
        closed = stage in given.closed
        written = entry.again and await self._noted(ticket, entry.mark)
        if closed and not reopens and not written:
            raise TicketClosed(f"{ticket} is closed")
        if not written:
            await self._write(_html(entry.text, entry.mark), entry.files, ticket)
        if (closed and reopens) or stage in given.paused:
            await self._rest.change(f"crm/v3/objects/tickets/{ticket}", {"hs_pipeline_stage": given.reopened})
        return closed and reopens

    async def note(self, ticket: str, mark: str, text: str) -> None:
        await self._stage(ticket)
        if not await self._noted(ticket, mark):
            await self._write(_html(text, mark), (), ticket)

    async def changed(self, cursor: str | None) -> Changed:
        """Also tickets that got a note, which need not change them."""
        given = await self._there()
        if cursor is None:
            return Changed(states=(), cursor=str(int(time() * 1000)))
        since = str(int(cursor) - _OVERLAP_MS)
        mine = [{"propertyName": self._mark, "operator": "HAS_PROPERTY"}]
        later = {"operator": "GTE", "value": since}
        found: dict[str, dict[str, Any]] = {}
        filters = [*mine, {"propertyName": "hs_lastmodifieddate", **later}]
        async for one in self._rest.search("tickets", filters, [*_STATE, self._mark], "hs_lastmodifieddate"):
            found[str(one["id"])] = one
        notes = [
            one
            async for one in self._rest.search("notes", [{"propertyName": "hs_createdate", **later}], _NOTE, "hs_createdate")
        ]
        others = sorted(await self._rest.tickets_of([str(one["id"]) for one in notes]) - set(found))
        for one in await self._rest.read("tickets", others, [*_STATE, self._mark]):
            if one["properties"].get(self._mark):
                found[str(one["id"])] = one
        times = [_ms(one["properties"]["hs_lastmodifieddate"]) for one in found.values()]
        times += [_ms(one["properties"]["hs_createdate"]) for one in notes]
        states = [await self._state(one, given) for one in found.values()]
        states.sort(key=lambda state: state.at_ms)
        return Changed(states=states, cursor=str(max([int(cursor), *times])))

    async def written(self, ticket: str, since: str, known: Container[str]) -> list[AgentAnswer]:
        await self._stage(ticket)
        notes = await self._notes(ticket)
        new = [one for one in notes if _ms(one["properties"]["hs_createdate"]) >= int(since) - _OVERLAP_MS]
        answers = [await self._answer(one) for one in new if f"note{one['id']}" not in known]
        return [answer for answer in answers if answer is not None]

    async def _answer(self, note: dict[str, Any]) -> AgentAnswer | None:
        """None for what customers do not get, and what the bridge itself wrote."""
        properties = note["properties"]
        body = properties.get("hs_note_body") or ""
        text = None if _OWN.search(body) else answer_text(body, self._marks, is_html=True)
        if text is None:
            return None
        author = await self._people.owner(properties.get("hs_created_by_user_id"), by="userId")
        author = author or await self._people.owner(properties.get("hubspot_owner_id"))
        files = tuple(AgentFile(id=one) for one in (properties.get("hs_attachment_ids") or "").split(";") if one)
        is_agent = author is not None and self._ways.may_answer(author)
        return AgentAnswer(id=f"note{note['id']}", author=author or _NOBODY, text=text, is_agent=is_agent, files=files)

    async def load(self, file: AgentFile) -> ReplyFile:
        name, content = await self._rest.load(file.id)
        return ReplyFile(content=content, filename=name)

    async def _contact(self, person: Person) -> str | None:
        """None for nobody, also where HubSpot takes not the address that mails come from."""
        known = told(self._customers, person)
        try:
            return None if known is None else await self._people.contact(known)
        except SystemRefused:
            return None

    async def _there(self) -> Stages:
        """The pipeline and its stages; the property, too, is there then."""
        if self._stages is None:
            await make_property(self._rest, self._mark)
            self._stages = await stages(self._rest, self._ways, *self._names)
        return self._stages

    async def _stage(self, ticket: str) -> str:
        """Raises `TicketGone`, also where it was merged into another, which HubSpot answers with then."""
        found = await self._rest.get(f"crm/v3/objects/tickets/{ticket}", {"properties": ",".join(_STATE)})
        if str(found["id"]) != ticket:
            raise TicketGone(f"ticket {ticket} was merged into another")
        return str(found["properties"]["hs_pipeline_stage"])

    async def _notes(self, ticket: str) -> list[dict[str, Any]]:
        """All of a ticket, oldest first."""
        ids = await self._rest.associated("tickets", ticket, "notes")
        return sorted(await self._rest.read("notes", ids, _NOTE), key=lambda one: _ms(one["properties"]["hs_createdate"]))

    async def _noted(self, ticket: str, mark: str) -> bool:
        return any(_ending(mark) in (one["properties"].get("hs_note_body") or "") for one in await self._notes(ticket))

    async def _write(self, body: str, files: tuple[File, ...], ticket: str | None = None) -> str:
        """A note; its id."""
        properties = {"hs_timestamp": str(int(time() * 1000)), "hs_note_body": body}
        if files:
            properties["hs_attachment_ids"] = ";".join([await self._rest.upload(one) for one in files if one.content])
        associations = [] if ticket is None else [_to(ticket, _NOTE_TO_TICKET)]
        answer = await self._rest.create("crm/v3/objects/notes", {"properties": properties, "associations": associations})
        return str(answer["id"])

    async def _state(self, ticket: dict[str, Any], given: Stages) -> TicketState:
        stage = str(ticket["properties"]["hs_pipeline_stage"])
        return TicketState(
            ticket=str(ticket["id"]),
            closed=stage in given.closed,
            paused=stage in given.paused,
            agent=await self._people.owner(ticket["properties"].get("hubspot_owner_id")),
            reason=given.labels.get(stage, stage),
            at_ms=_ms(ticket["properties"]["hs_lastmodifieddate"]),
        )


def _to(id_: str, type_: int) -> dict[str, Any]:
    return {"to": {"id": id_}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_}]}


def _html(text: str, mark: str) -> str:
    """A note, with its mark at its end. What is too long as markup is cut, in no character or line break of that."""
    lines = escape(text, quote=False).replace("\n", "<br>")
    cut = lines if len(lines) <= _MOST else _BROKEN.sub("", lines[:_MOST])
    return f"{cut}<br><br>{_ending(mark)}"


def _ending(mark: str) -> str:
    return f"[regia {mark}]"


def _ms(at: str) -> int:
    return int(datetime.fromisoformat(at).timestamp() * 1000)
