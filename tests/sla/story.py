"""One conversation told step by step: contacts, answers, tickets, and looks of whoever tells what is due. Times in minutes."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from sqlalchemy import Connection, insert, select

from desk.sla.beginning import ALWAYS, Beginning, Contact
from desk.sla.hearing import Hearing
from desk.sla.telling import Told, tell
from normalizer.event import event
from router.model import Escalation, Sla
from storage.database import Database
from storage.events import Numbered
from storage.schema import conversations, customers, events, messages, sla_timers, targets
from tests.erasing.planted import row

START: Final = 1_795_000_000_000
MINUTE: Final = 60_000
PROMISED: Final = Sla(
    first_reply=3600,
    next_reply=7200,
    resolution=36_000,
    on_warning=Escalation(notify=("lead@demo.example",)),
    on_breach=Escalation(notify=("boss@demo.example",), copy_to=("recovery", "general"), priority=9),
)


def at(minutes: float) -> int:
    return START + int(minutes * MINUTE)


class Story:
    """A conversation `con_1` of the customer `cus_1`, who was merged into `cus_top`."""

    def __init__(self, database: Database, conversation: str = "con_1") -> None:
        self.database = database
        self.conversation = conversation
        self.contacts = 0

    async def begin(self) -> "Story":
        def write(connection: Connection) -> None:
            who = [row(customers, id="cus_1", root_id="cus_top", merged_into="cus_top", conversation_id=None)]
            if not connection.execute(select(customers.c.id)).first():
                connection.execute(insert(customers), who)
            talk = row(conversations, id=self.conversation, customer_id="cus_1", ticket="T-1", open=True)
            connection.execute(insert(conversations), [talk])

        await self.database.write(write)
        return self

    async def contact(self, minutes: float, sla: Sla | None = PROMISED, **more: Any) -> Mapping[str, float]:
        """A contact, by its number `m1`, `m2`, …; what is due from then on, in minutes. `meanwhile`: an answer of
        that time is heard between reading and writing, as on another node."""
        self.contacts += 1
        id_ = more.pop("id", f"m{self.contacts}")
        handle_id, meanwhile = more.pop("handle_id", ""), more.pop("meanwhile", None)
        known = {"waits": True, "first": self.contacts == 1, "category": "general", "hours": ALWAYS} | more
        contact = Contact(
            message_id=id_,
            conversation_id=self.conversation,
            brand="demo",
            at_ms=at(minutes),
            sla=sla,
            ruleset="sha256:0",
            priority=2,
            owners=("desk@demo.example",),
            **known,
        )

        def write(connection: Connection) -> Mapping[str, int]:
            fields = {"conversation_id": self.conversation, "channel": "email", "brand": "demo", "envelope": id_.encode()}
            fields |= {"at_ms": at(minutes), "awaits_answer": known["waits"], "handle_id": handle_id}
            connection.execute(insert(messages), [row(messages, id=id_, **fields)])
            sent = {"message_id": id_, "target": "general", "order_key": "k", "state": "published", "node": "n1", "attempts": 1}
            connection.execute(insert(targets), [sent])
            beginning = Beginning(connection, [self.conversation], lambda _: ALWAYS)
            due = dict(beginning.see(contact))
            if meanwhile is not None:
                self.listen(connection, "regia.reply.sent.v1", meanwhile)
            beginning.save()
            return due

        due = await self.database.write(write)
        return {promise: (ms - START) / MINUTE for promise, ms in due.items()}

    def listen(self, connection: Connection, type_: str, minutes: float, **data: Any) -> None:
        known = {"conversation": self.conversation, **data}
        body = event(type_, id_="e", source="/demo", subject="s", at_ms=at(minutes), data=known)
        Hearing(lambda *_: ALWAYS)(connection, Numbered(1, "e", type_, at(minutes), body))

    async def hear(self, type_: str, minutes: float, **data: Any) -> None:
        """News, of what happened at a time."""
        await self.database.write(lambda connection: self.listen(connection, type_, minutes, **data))

    async def sent(self, minutes: float, *, automatic: bool = False, **data: Any) -> None:
        await self.hear("regia.reply.sent.v1", minutes, automatic=automatic, **data)

    async def ticket(self, word: str, minutes: float, **data: Any) -> None:
        await self.hear(f"regia.ticket.{word}.v1", minutes, **{"ticket": "T-1"} | data)

    async def look(self, minutes: float) -> Told:
        return await self.database.write(lambda connection: tell(connection, at(minutes), "n1"))

    async def told(self) -> list[str]:
        """What was told, in its order: `warning first_reply m1 48` is the time and the message."""

        def read(connection: Connection) -> list[str]:
            bodies = connection.execute(select(events.c.body).order_by(events.c.position)).scalars()
            found = [orjson.loads(body) for body in bodies]
            rows = connection.execute(select(events.c.at_ms).order_by(events.c.position)).scalars()
            return [
                f"{one['type'].split('.')[2]} {one['data']['promise']} {one['data']['message']} {(ms - START) / MINUTE:g}"
                for one, ms in zip(found, rows, strict=True)
            ]

        return await self.database.read(read)

    async def timers(self) -> list[str]:
        """`first_reply m1 ended reply 30`: with the working time taken, in minutes."""

        def read(connection: Connection) -> list[str]:
            query = select(sla_timers).order_by(sla_timers.c.started_ms, sla_timers.c.promise, sla_timers.c.message_id)
            return [
                f"{one.promise} {one.message_id} {one.state}"
                + (f" {one.ended_by} {one.taken_ms / MINUTE:g}" if one.ended_by else "")
                for one in connection.execute(query)
            ]

        return await self.database.read(read)
