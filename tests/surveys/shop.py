"""A line of one node whose customers are asked after their ticket was closed."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, select

from connectors.abilities import Limits
from connectors.base import Parsed
from desk import replies
from desk.replies import Reply
from desk.surveys.survey import Surveys
from identity import answered, tickets
from identity.policy import Policy
from identity.tickets import News, Said, TicketEvent
from normalizer.inbound import Button, Handle, InboundMessage
from regia.links import Links
from regia.pipeline.commit import CommitSettings
from regia.pipeline.worker import Pipeline
from regia.rules.live import Rules
from regia.runners.surveys import Work
from regia.survey_settings import Survey
from regia.surveying import survey
from storage import events, following
from storage.database import Database
from storage.schema import conversations, messages, outgoing
from storage.schema import events as feed
from storage.schema import surveys as table
from tests.contacts import inbound, phone
from tests.pipeline.conftest import CHANNELS, LINKS, RULESET, Line

TYPES = ("regia.ticket.closed.v1", "regia.ticket.reopened.v1")
LIMITS = {
    "whatsapp": Limits(text=4096, buttons=3, button_title=20),
    "telegram": Limits(text=4096, buttons=100, button_title=64),
    "sms": Limits(text=1600),
    "mail": Limits(text=100_000),
}
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def surveys(**settings: Any) -> Surveys:
    """One survey `closed`, with these settings over those that ask at once."""
    written = Survey.model_validate({"delay_minutes": 0} | settings)
    named = {"closed": survey("closed", written)}
    return Surveys(named=named, link=LINKS.survey, limits=LIMITS, channels=CHANNELS, language="it")


class Shop:
    """`ahead_ms`: how far the shop's clock is ahead of the machine's."""

    def __init__(self, line: Line, **settings: Any) -> None:
        self.line = line
        self.database: Database = line.database
        self.links: Links = LINKS
        self.surveys = surveys(**settings)
        self.work = Work(self.surveys, self.now_ms)
        self.ahead_ms = 0
        self.written = 0
        self.commit = commit = CommitSettings(
            journal=line.journal.id,
            node="n1",
            rules=Rules.of_all(RULESET),
            links=LINKS,
            policy=Policy(),
            channels=CHANNELS,
            surveys=self.surveys,
        )
        line.pipeline_of = lambda journal, node="n1": Pipeline(  # type: ignore[method-assign]  # a restart makes it anew
            journal, line.preparer, line.database, line.relay, lambda: commit
        )
        line.pipeline = line.pipeline_of(line.journal)
        line.start()

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead_ms

    async def write(self, *texts: str, handle: Handle | None = None, connector: str = "whatsapp", **more: Any) -> None:
        """Contacts of a customer, all at once."""
        contacts: list[InboundMessage] = []
        for text in texts:
            self.written += 1
            fields: dict[str, Any] = {"text": text, "channel": "email" if connector == "mail" else connector} | more
            contacts.append(inbound(f"m{self.written}", handle or phone(), **fields))
        at = datetime.fromtimestamp(self.now_ms() / 1000, UTC) + timedelta(milliseconds=2)
        await self.line.intake.accept(connector, Parsed(messages=tuple(contacts)), at)
        await self.line.idle()

    async def press(self, id_: str | None, **more: Any) -> None:
        """A button of ours, with the text that it shows."""
        await self.write("5", kind="postback", button=Button(id=id_, title="5"), **more)

    async def answer(self, text: str = "Ecco la soluzione") -> None:
        """A person answers the last contact, and it arrives."""
        last = (await self.messages())[-1]
        reply = Reply(text=text, author="giulia", message_id=last["id"])

        def work(connection: Connection) -> None:
            replies.queue(connection, reply, CHANNELS, self.now_ms())
            if (waiting := answered.hold(connection, last["id"])) is not None:
                answered.mark(connection, waiting, self.now_ms())

        await self.database.write(work)

    async def ticket(self, event: TicketEvent, number: str = "T1", **said: Any) -> None:
        """A ticket system tells of the last contact's ticket, a moment after it."""
        last = (await self.messages())[-1]
        agent = {"agent": "giulia"} if event != "opened" else {}
        news = News(ticket=number, said=Said(event=event, **(agent | said)), at_ms=self.now_ms() + 10, message=last["id"])
        await self.database.write(lambda one: tickets.tell(one, news, actor="token/helpdesk", now_ms=self.now_ms()))

    async def closed(self, text: str = "Vorrei un rimborso", number: str = "T1", **more: Any) -> None:
        """A contact that was answered, and whose ticket is closed."""
        said = {name: more.pop(name) for name in ("reason", "product") if name in more}
        await self.write(text, **more)
        await self.ticket("opened", number)
        await self.answer()
        await self.ticket("closed", number, **said)

    async def follow(self, database: Database | None = None) -> None:
        """What the runner does, until there is nothing left to do."""
        used, now_ms = database or self.database, self.now_ms()
        await used.write(lambda connection: events.number(connection, now_ms))
        while (
            await used.write(lambda one: following.follow(one, "surveys", TYPES, self.work.act, now_ms))
        ).more or await used.write(lambda one: self.work.due(one, self.now_ms())):
            pass

    async def begin(self) -> None:
        """Follow from here on: who follows for the first time begins with what comes."""
        await self.follow()

    async def rows(self) -> list[dict[str, Any]]:
        return [row | {"answers": orjson.loads(row["answers"])} for row in await self.line.rows(table)]

    async def states(self) -> list[tuple[str, str | None]]:
        return [(row["state"], row["skipped"]) for row in await self.rows()]

    async def said(self) -> list[dict[str, Any]]:
        """What surveys have said, in its order."""
        return [row for row in await self._all(outgoing, "position") if row["author"].startswith("survey/")]

    async def messages(self) -> list[dict[str, Any]]:
        return await self._all(messages, "at_ms", "sequence")

    async def conversations(self) -> list[dict[str, Any]]:
        return await self.line.rows(conversations)

    async def told(self) -> list[dict[str, Any]]:
        """The data of what was told of surveys."""
        rows = await self._all(feed, "position")
        return [orjson.loads(row["body"])["data"] for row in rows if row["type"] == "regia.survey.answered.v1"]

    async def _all(self, what: Any, *order: str) -> list[dict[str, Any]]:
        query = select(what).order_by(*(what.c[name] for name in order))

        def work(connection: Connection) -> list[dict[str, Any]]:
            return [dict(row) for row in connection.execute(query).mappings()]

        return await self.database.read(work)
