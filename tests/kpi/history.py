"""Random things that happen to a database, as the gateway writes them: contacts, late answers, tickets that are closed and
opened again, promises, surveys, merges, erasing. Time goes over a day on which summer time begins, or one on which it ends."""

import json
from collections.abc import Mapping
from random import Random
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from storage import faq_counts, ledger, marks, removal
from storage.faq_counts import Counted, Kind
from storage.ledger import Event
from storage.schema import handles, messages, outgoing, sla_timers, surveys, ticket_events
from tests.erasing.planted import row

HOUR = 3_600_000
BEGINS = (1_774_670_400_000, 1_792_850_400_000)
"""2026-03-28T04:00Z and 2026-10-24T14:00Z: the clocks of Rome change in the night that follows."""
_MANY = 3_000
_BRANDS = ("demo", "other")
_CHANNELS = ("email", "whatsapp", "form", "call")
_CATEGORIES = ("returns", "warranty", "general")
_TAGS = ("rma", "vip", "b2b")


class History:
    """`happen` does one thing, in the caller's transaction. Journal numbers are committed out of order, and some late."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - the same history each time
        self.now_ms = BEGINS[seed % 2]
        self._count = 0
        self._seqs = {f"jrn_{seed}_{number}": 0 for number in range(3)}
        self._late: dict[str, list[int]] = {journal: [] for journal in self._seqs}
        self._seed = seed

    def happen(self, connection: Connection) -> str:
        self.now_ms += self.random.randrange(0, 2 * HOUR)
        what = self.random.choices(
            (
                *(self.contact, self.answer, self.ticket, self.promise, self.survey, self.hear, self.merge, self.erase),
                *(self.noise, self.mark, self.read),
            ),
            (30, 12, 14, 8, 6, 6, 3, 3, 4, 8, 6),
        )[0]
        what(connection)
        return what.__name__

    def contact(self, connection: Connection) -> None:
        pick, id_ = self.random, self._id("m")
        known = self._some(connection, messages.c.conversation_id)
        conversation = known if known and pick.random() < 0.5 else self._id("con")
        kind = pick.choices(("text", "edit", "reaction"), (9, 1, 1))[0]
        automated = pick.choices((None, "auto-replied"), (9, 1))[0]
        backlog = pick.random() < 0.1
        at_ms = self.now_ms - (pick.randrange(0, 40 * HOUR) if backlog else 0)
        handle = self._handle(connection)
        data = {
            "automated": automated,
            "backlog": backlog,
            "fields": self._fields(),
            "routing": {
                "product": pick.choice((None, "PAN-28", "POT-20")),
                "targets": pick.sample(_CATEGORIES, pick.randrange(0, 3)),
                "tags": pick.sample(_TAGS, pick.randrange(0, 3)),
                **pick.choice(({}, {"decided_by": {"category": pick.choice(("by-words", "default"))}})),
            },
        }
        message = row(
            messages,
            id=id_,
            brand=pick.choice(_BRANDS),
            channel=pick.choice(_CHANNELS),
            connector=pick.choice(("one", "two")),
            kind=kind,
            category=pick.choice(_CATEGORIES),
            discarded_by=pick.choices((None, "spam"), (9, 1))[0],
            repeat_of=pick.choices((None, "m0"), (9, 1))[0],
            handle_id=handle,
            conversation_id=conversation,
            received_ms=self.now_ms,
            at_ms=at_ms,
            awaits_answer=kind == "text" and automated is None and not backlog,
            envelope=json.dumps({"data": data}).encode(),
        )
        self._enter(connection, id_)
        connection.execute(insert(messages), [message])

    def answer(self, connection: Connection) -> None:
        """A new one that is not sent yet, or one more step of one that is there, by a person or by a rule."""
        known = self._some(connection, outgoing.c.id)
        if known and self.random.random() < 0.6:
            state = self.random.choice(("sent", "sent", "failed", "unknown"))
            values = {"state": state, "ended_ms": self.random.choice((self.now_ms, None))}
            connection.execute(update(outgoing).where(outgoing.c.id == known).values(**values))
        elif conversation := self._some(connection, messages.c.conversation_id):
            state = self.random.choice(("queued", "sent"))
            values = {"automatic": self.random.random() < 0.3, "created_ms": self.now_ms, "state": state}
            connection.execute(
                insert(outgoing), [row(outgoing, id=self._id("out"), conversation_id=conversation, message_id=None, **values)]
            )

    def ticket(self, connection: Connection) -> None:
        conversation = self._some(connection, messages.c.conversation_id)
        if conversation is None:
            return
        pick, known = self.random, self._some(connection, ticket_events.c.ticket)
        event = pick.choice(("opened", "opened", "assigned", "updated", "closed", "closed", "reopened"))
        told = {
            "space": pick.choice(_BRANDS),
            "ticket": known if known and pick.random() < 0.7 else self._id("T"),
            "conversation_id": conversation,
            "event": event,
            "agent": pick.choice((None, "giulia", "marco")),
            "product": pick.choice((None, None, "POT-20")),
            "reason": pick.choice((None, None, "broken", "late")),
            "answered": pick.random() < 0.15,
            "at_ms": self.now_ms - pick.choice((0, 0, 3 * HOUR)),
            "received_ms": self.now_ms,
        }
        connection.execute(insert(ticket_events), [row(ticket_events, id=self._id("tck"), **told)])

    def promise(self, connection: Connection) -> None:
        """With a contact of its own, as a commit begins it; or one that goes on."""
        pick, known = self.random, self._some(connection, sla_timers.c.id)
        if known and pick.random() < 0.6:
            timer = connection.execute(select(sla_timers).where(sla_timers.c.id == known)).mappings().one()
            values = {
                "state": "ended"
                if pick.random() < 0.5 or self._open(connection, timer)
                else pick.choice(("running", "paused")),
                "taken_ms": pick.randrange(0, 2 * HOUR),
                "breached": pick.random() < 0.4,
            }
            values["ended_by"] = pick.choice(("reply", "closed", "replaced")) if values["state"] == "ended" else None
            connection.execute(update(sla_timers).where(sla_timers.c.id == known).values(**values))
            return
        self.contact(connection)
        query = select(messages).order_by(messages.c.received_ms.desc(), messages.c.id.desc()).limit(1)
        message = connection.execute(query).one()
        timer = {
            "id": self._id("sla"),
            "conversation_id": message.conversation_id,
            "message_id": message.id,
            "brand": message.brand,
            "category": message.category,
            "promise": pick.choice(("first_reply", "resolution")),
            "state": pick.choice(("running", "waiting")),
            "started_ms": message.at_ms,
            "promised_ms": HOUR,
        }
        if self._open(connection, timer):
            timer["state"] = "waiting"
        connection.execute(insert(sla_timers), [row(sla_timers, **timer)])

    def _open(self, connection: Connection, timer: Mapping[str, Any]) -> bool:
        """Whether another promise of that kind holds in its conversation: there is one at a time."""
        same = (sla_timers.c[name] == timer[name] for name in ("conversation_id", "promise"))
        query = select(sla_timers.c.id).where(*same, sla_timers.c.id != timer["id"])
        return connection.execute(query.where(sla_timers.c.state.in_(("running", "paused")))).first() is not None

    def survey(self, connection: Connection) -> None:
        pick, known = self.random, self._some(connection, surveys.c.id)
        if known and pick.random() < 0.6:
            given = {"rating": pick.randrange(1, 6), "comment": "words", "solved": pick.choice(("yes", "no"))}
            answers = json.dumps(dict(pick.sample(list(given.items()), pick.randrange(0, 4))))
            values = {"asked_ms": self.now_ms, "state": pick.choice(("asked", "answered")), "answers": answers}
            values |= {"channel": pick.choice(_CHANNELS), "connector": "one"}
            connection.execute(update(surveys).where(surveys.c.id == known).values(**values))
        elif conversation := self._some(connection, messages.c.conversation_id):
            asked = {"category": pick.choice((None, *_CATEGORIES)), "reason": pick.choice((None, "broken")), "state": "planned"}
            new = row(surveys, id=self._id("srv"), name="after", brand="demo", ticket="T", ticket_event=self._id("e"), **asked)
            new |= {"conversation_id": conversation, "received_ms": self.now_ms, "answers": "{}"}
            connection.execute(insert(surveys), [new])

    def hear(self, connection: Connection) -> None:
        """Somebody's contacts wait no longer."""
        if conversation := self._some(connection, messages.c.conversation_id):
            this = (messages.c.conversation_id == conversation, messages.c.at_ms <= self.now_ms - HOUR)
            connection.execute(update(messages).where(*this).values(awaits_answer=False))

    def mark(self, connection: Connection) -> None:
        """Somebody says which category is right, says something else, or takes it back."""
        if message := self._some(connection, messages.c.id):
            if self.random.random() < 0.2:
                marks.unmark(connection, message)
            else:
                marks.mark(connection, message, self.random.choice(_CATEGORIES), staff_id="stf", now_ms=self.now_ms)

    def read(self, connection: Connection) -> None:
        """Somebody reads an article."""
        pick = self.random
        faq, brand = pick.choice((("help", "demo"), ("aid", "other")))
        kind: Kind = pick.choice(("view", "view", "helped", "not_helped"))
        one = Counted(self.now_ms // 86_400_000, faq, pick.choice(("returns", "care")), pick.choice(("it", "en")), kind, brand)
        faq_counts.add(connection, {one: pick.randrange(1, 4)})

    def merge(self, connection: Connection) -> None:
        if link := self._some(connection, handles.c.id):
            other = self._some(connection, handles.c.customer_id)
            connection.execute(update(handles).where(handles.c.id == link).values(customer_id=other))

    def erase(self, connection: Connection) -> None:
        """All of a conversation, or only its old messages."""
        conversation = self._some(connection, messages.c.conversation_id)
        if conversation is None:
            return
        ids = list(connection.execute(select(messages.c.id).where(messages.c.conversation_id == conversation)).scalars())
        if self.random.random() < 0.5:
            ids = ids[: len(ids) // 2]
        else:
            out = select(outgoing.c.id).where(outgoing.c.conversation_id == conversation)
            removal.remove_outgoing(connection, list(connection.execute(out).scalars()), self.now_ms)
            for table in (ticket_events, surveys):
                connection.execute(delete(table).where(table.c.conversation_id == conversation))
        if ids:
            removal.remove_messages(connection, ids, self.now_ms)

    def noise(self, connection: Connection) -> None:
        """Events that are no messages, and repeats."""
        self._enter(connection, self._id("signal"))
        journal, seq = self._next()
        ledger.enter_repeats(connection, [Event(self._id("r"), journal, seq, self.now_ms)])

    def _enter(self, connection: Connection, id_: str) -> None:
        journal, seq = self._next()
        ledger.enter(connection, [Event(id_, journal, seq, self.now_ms)])

    def _next(self) -> tuple[str, int]:
        """Some numbers are left behind, and committed much later; of thousands in a row most never are."""
        journal = self.random.choice(list(self._seqs))
        late = self._late[journal]
        if late and self.random.random() < 0.3:
            return journal, late.pop(self.random.randrange(len(late)))
        while True:
            self._seqs[journal] += 1
            if self.random.random() < 0.02:
                late.append(self._seqs[journal])
                self._seqs[journal] += _MANY
            if self.random.random() < 0.8:
                return journal, self._seqs[journal]
            late.append(self._seqs[journal])

    def _fields(self) -> dict[str, Any]:
        given = {
            "size": self.random.choice((20, 28, 28.0, 24.5)),
            "gift": self.random.choice((True, False)),
            "shop": self.random.choice(("Milano", "Roma")),
            "story": "x" * self.random.choice((0, 100, 101)),
            "nothing": None,
        }
        return dict(self.random.sample(list(given.items()), self.random.randrange(0, 5)))

    def _handle(self, connection: Connection) -> str:
        known = self._some(connection, handles.c.id)
        if known and self.random.random() < 0.7:
            return known
        id_ = self._id("hdl")
        link = row(handles, id=id_, key=None, space="demo", kind="email", value=id_, customer_id=f"cus_{id_}", home_id=id_)
        connection.execute(insert(handles), [link])
        return id_

    def _some(self, connection: Connection, column: Any) -> Any:
        found = sorted(set(connection.execute(select(column)).scalars()))
        return self.random.choice(found) if found else None

    def _id(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}_{self._seed}_{self._count:05}"
