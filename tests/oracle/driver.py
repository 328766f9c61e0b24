"""The real identity, behind the methods that the model has. It is imported when the first one is made."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4
from zlib import crc32

import orjson
from sqlalchemy import Connection, select

from identity.people import Identified
from normalizer.inbound import Handle, Thread, envelope_id
from normalizer.message import Message, normalise
from storage.database import Database
from storage.schema import conversations, customers, handles, messages, metadata, suggestions
from tests import contacts
from tests.oracle.facts import Reply
from tests.oracle.states import CustomerState, LinkState, MessageState, State, TalkState
from tests.oracle.terms import HOUR_MS, Answer, Contact, Given, Key, LinkName, Refused, Rules, Said

START_MS: Final = int(contacts.START.timestamp() * 1000)
"""When a sequence begins: its times count from here."""
ACTOR: Final = "tests"


def real_rules(rules: Rules) -> Rules:
    """The same rules, with the real one's own view of names: two sides that differ there would tell nothing."""
    from identity.naming import clash

    return replace(rules, two_people=clash)


class Real:
    """Identity in one database, which belongs to it alone."""

    def __init__(self, database: Database, rules: Rules) -> None:
        from identity.policy import Policy

        self._database = database
        self._policy = Policy(
            caps=rules.caps,
            cap_other=rules.cap_other,
            merges_per_day=rules.merges_per_day,
            shared=rules.shared,
            recycled_kinds=rules.recycled_kinds,
            recycle_days=rules.recycle_days,
            reassign_days=rules.reassign_days,
            suggestions_per_day=1000,
            window_ms=rules.window_hours * HOUR_MS,
        )
        self._names: dict[str, str] = {}
        """Message id → the name of the contact; a reply has one name on both sides."""
        self._talks: dict[str, str] = {}
        """The name of a contact → its conversation."""

    async def empty(self) -> None:
        """Forget everybody."""
        self._names.clear()
        self._talks.clear()
        await self._database.write(lambda connection: [connection.execute(table.delete()) for table in metadata.sorted_tables])

    async def contacts(self, batch: Sequence[Contact]) -> list[Answer]:
        from tests.identity.batches import resolve

        written = [_message(one, self._talks.get(one.mark or "")) for one in batch]
        self._names |= {str(message.id): one.id for message, one in zip(written, batch, strict=True)}

        def work(connection: Connection) -> list[Identified]:
            found = resolve(connection, written, self._policy)
            for message in written:
                change = messages.update().where(messages.c.id == str(message.id))
                connection.execute(change.values(envelope=_envelope(message)))
            return found

        found = await self._database.write(work)
        self._talks |= {said.id: one.conversation.id for said, one in zip(batch, found, strict=True)}
        return [self._answer(one) for one in found]

    def _answer(self, one: Identified) -> Answer:
        repeat_of = self._names[one.repeat_of] if one.repeat_of else None
        history = tuple(self._names[each.id] for each in one.history)
        known = (one.conversation.id, repeat_of, one.earlier, one.unanswered, history)
        return Answer(one.customer.id, one.match, one.sequence, *known)

    async def reply(self, reply: Reply) -> None:
        from tests.identity.replied import enter

        self._names[reply.id] = reply.id
        (message_id,) = [real for real, name in self._names.items() if name == reply.to]
        await self._database.write(lambda connection: enter(connection, message_id, reply.id, START_MS + reply.at_ms))

    async def merge(self, one: str, other: str, top: str | None, now_ms: int) -> None:
        from identity.merges import merge
        from identity.refusals import NotPossible

        given = self._act(now_ms)
        try:
            await self._database.write(lambda connection: merge(connection, one, other, top=top, **given))
        except NotPossible as error:
            raise Refused(error.reason) from error

    async def unmerge(self, customer: str, now_ms: int) -> None:
        from identity.merges import unmerge
        from identity.refusals import NotPossible

        given = self._act(now_ms)
        try:
            await self._database.write(lambda connection: unmerge(connection, customer, **given))
        except NotPossible as error:
            raise Refused(error.reason) from error

    async def release(self, link: str, now_ms: int) -> None:
        from identity.links import release

        now = START_MS + now_ms
        await self._database.write(lambda connection: release(connection, link, actor=ACTOR, now_ms=now))

    async def changed(self, old: Key, new: Key, now_ms: int) -> None:
        from identity.links import changed

        said = [Handle(key.kind, key.value, "verified") for key in (old, new)]
        given: dict[str, Any] = {"evidence": "a notice of the platform", "now_ms": START_MS + now_ms, "policy": self._policy}
        await self._database.write(lambda connection: changed(connection, old.space, *said, **given))

    async def set_fact(self, customer: str, given: Given, now_ms: int) -> None:
        from identity.facts import read_facts
        from identity.profiles import set_facts

        value = given.value if given.field != "tags" else [given.value] if given.value else []
        values, act = read_facts({given.field: value}), self._act(now_ms)
        await self._database.write(lambda connection: set_facts(connection, customer, given.source, values, **act))

    async def erase(self, customer: str, now_ms: int) -> None:
        from storage.erasure import Act, finish

        act = Act(id=f"act_{uuid4()}", actor=ACTOR, at_ms=START_MS + now_ms)
        part = await self._database.write(lambda connection: finish(connection, customer, act, 1000))
        if part is None or not part.last:
            raise AssertionError("there was nobody to erase, or more than one transaction holds")

    async def state(self) -> State:
        return await self._database.read(self._state)

    def _act(self, now_ms: int) -> dict[str, Any]:
        return {"actor": ACTOR, "now_ms": START_MS + now_ms, "policy": self._policy}

    def _state(self, connection: Connection) -> State:
        state = State()
        names = {}
        places: dict[Key, int] = {}
        for row in connection.execute(select(handles).order_by(handles.c.since_ms, handles.c.ended_ms)):
            key = Key(row.space, row.standing, row.kind, row.value)
            places[key] = places.get(key, 0) + 1
            names[row.id] = LinkName(key, places[key])
            state.links[names[row.id]] = LinkState(row.home_id, row.customer_id, row.ended_by)
        state.link_ids = {name: id_ for id_, name in names.items()}
        for row in connection.execute(select(messages)):
            owner = state.links[names[row.handle_id]].owner
            state.messages[self._names[row.id]] = MessageState(owner, row.customer_id, row.sequence, row.conversation_id)
        for row in connection.execute(select(customers)):
            profile = row.name, row.language, row.tier, tuple(orjson.loads(row.tags))
            counts = row.messages, row.first_seen_ms - START_MS
            state.customers[row.id] = CustomerState(row.merged_into, row.root_id, *profile, *counts)
        writers: dict[str, set[str]] = {}
        for said in state.messages.values():
            writers.setdefault(said.talk, set()).add(said.owner)
        for row in connection.execute(select(conversations)):
            state.talks[row.id] = _talk(row, state.customers, writers.get(row.id, set()))
        columns = (suggestions.c[name] for name in ("customer_id", "owner_id", "reason", "state"))
        state.suggested = [tuple(row) for row in connection.execute(select(*columns))]
        return state


def _talk(row: Any, people: Mapping[str, CustomerState], writers: set[str]) -> TalkState:
    owner: str | None = people[row.customer_id].top if row.customer_id in people else "nobody"
    if len(writers) > 1 and owner in writers:
        owner = None
    times = row.opened_ms - START_MS, row.last_ms - START_MS
    return TalkState(owner, row.split, row.messages, tuple(sorted(orjson.loads(row.channels))), *times, row.open)


def _message(contact: Contact, marked: str | None) -> Message:
    """The contact as a connector reads it, normalised. `marked`: the conversation that our mark names."""
    inbound = contacts.inbound(
        contact.id,
        _handle(contact.sender),
        brand=contact.space,
        aliases=[_handle(one) for one in contact.aliases],
        claims=[_handle(one) for one in contact.claims],
        sender_name=contact.name,
        fields={"order": contact.order} if contact.order else {},
        recorded=contact.recorded,
        channel=contact.channel,
        language=contact.language,
        thread=Thread(in_reply_to=contact.reply_to, conversation=marked),
        of_many=contact.many == "program",
        automated="list" if contact.many == "list" else None,
        text=contact.words or str(crc32(contact.id.encode())),  # a number, which is of no language
    )
    at = contacts.START + timedelta(milliseconds=contact.at_ms)
    return normalise(envelope_id("whatsapp", contact.id), "whatsapp", at, inbound, attachments=(), languages=("it", "en"))


def _envelope(message: Message) -> bytes:
    """The part of the envelope that identity reads again, when it tells two histories apart."""
    contact = message.inbound
    data = {"channel": contact.channel, "kind": contact.kind, "subject": contact.subject, "text": contact.text, "call": None}
    return orjson.dumps({"id": str(message.id), "data": data})


def _handle(said: Said) -> Handle:
    return Handle(said.kind, said.value, said.proof)
