"""Customers whose every place holds a string of their own, written row by row: what an erase must find, and must leave."""

import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, func, select

from storage import events, ledger
from storage.bulk import insert_rows
from storage.database import Database
from storage.events import NewEvent
from storage.ledger import Event
from storage.schema import (
    attachments,
    challenges,
    conversations,
    customers,
    handles,
    local_messages,
    mentions,
    messages,
    metadata,
    notice_items,
    notices,
    outgoing,
    outgoing_files,
    outgoing_parts,
    quarantine,
    signals,
    sla_timers,
    suggestions,
    surveys,
    targets,
    ticket_events,
)

NOW = 1_790_000_000_000
JOURNAL = "jrn_planted"
_SOME: Mapping[type, Any] = {str: "x", int: 0, bytes: b"", bool: False}


def row(table: Table, **own: Any) -> dict[str, Any]:
    """A row with something of the right type in every column that needs a value."""
    needed = (column for column in table.columns if not column.nullable and column.autoincrement is not True)
    return {column.name: _SOME[column.type.python_type] for column in needed} | own


class Planted:
    """One customer `name` of `brand`, verified, with another below it. `secrets` are strings that only it has."""

    def __init__(self, name: str, phone: str, brand: str = "demo") -> None:
        self.name, self.brand, self.phone = name, brand, phone
        self.tag = f"PLANTED{name}"
        self.id, self.below = f"cus_{name}", f"cus_{name}_below"
        self.email = f"{self.tag.lower()}@example.it"
        self.user = f"user{int.from_bytes(name.encode()[:4], 'big')}"
        self.file = f"file of {self.tag}".encode() * 50
        self.sent = f"file sent to {self.tag}".encode() * 50
        self.large = f"raw of {self.tag}".encode() * 9_000
        self.conversation, self.shared_conversation = f"con_{name}", f"con_{name}_split"
        self.messages: list[str] = []
        self.outgoing: list[str] = []
        self.seq = 0

    @property
    def secrets(self) -> list[str]:
        return [self.tag, self.tag.lower(), self.phone.lstrip("+"), self.user]

    @property
    def links(self) -> list[str]:
        return [f"hdl_{self.name}_{kind}" for kind in ("email", "phone", "user", "old")]

    def write(self, connection: Connection, messages_: int = 3) -> None:
        """Everything at once."""
        self._who(connection)
        for number in range(messages_):
            self.message(connection, number)
        self._around(connection)

    def _who(self, connection: Connection) -> None:
        common = {"space": self.brand, "standing": "verified", "root_id": self.id, "tags": "[]", "sequence": 3, "messages": 3}
        words = {"name": f"Anna {self.tag}", "facts": json.dumps({"name": {"api": [f"Anna {self.tag}", 1]}})}
        history = json.dumps([{"id": "m", "snippet": f"history of {self.tag}"}])
        top = row(customers, id=self.id, **common, **words, history=history, own_facts=words["facts"], crm_id=f"crm {self.tag}")
        below = row(customers, id=self.below, merged_into=self.id, **common, **words, history="[]", own_facts=None, crm_id=None)
        insert_rows(connection, customers, [top | {"merged_into": None}, below])
        values = {"email": self.email, "phone": self.phone, "telegram_user": f"bot:{self.user}", "old": f"old{self.tag}"}
        insert_rows(
            connection,
            handles,
            [
                row(
                    handles,
                    id=id_,
                    key=None if kind == "old" else f"{self.brand}\x1fverified\x1f{kind}\x1f{value}",
                    space=self.brand,
                    kind=kind,
                    value=value,
                    standing="verified",
                    customer_id=self.id,
                    home_id=self.below if kind == "phone" else self.id,
                    ended_ms=NOW - 1 if kind == "old" else None,
                )
                for id_, (kind, value) in zip(self.links, values.items(), strict=True)
            ],
        )
        talk = row(conversations, id=self.conversation, space=self.brand, customer_id=self.id, channels="[]", ticket=self.tag)
        insert_rows(connection, conversations, [talk])
        told = {"space": self.brand, "ticket": self.tag, "conversation_id": self.conversation, "event": "closed"}
        words = {"agent": "giulia", "reason": f"reason {self.tag}", "url": f"https://tickets.example/{self.tag}"}
        insert_rows(connection, ticket_events, [row(ticket_events, id=f"tck_{self.name}", **told, **words, received_ms=NOW)])

    def event(self, connection: Connection, id_: str) -> str:
        """An id of the ledger, so that the books know of it."""
        self.seq += 1
        assert ledger.enter(connection, [Event(id_, f"{JOURNAL}_{self.name}", self.seq, NOW)]) == ["new"]
        return id_

    def message(self, connection: Connection, number: int, **own: Any) -> str:
        """One message with a file, a target that is published and one that is not, and copies in local queues."""
        id_ = self.event(connection, str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.name} {number}")))
        self.messages.append(id_)
        large = number % 2 == 1
        raw = self.large + str(number).encode() if large else f"raw {self.tag}".encode()
        fields = {
            "connector": "mail",
            "brand": self.brand,
            "external_id": f"{number}.{self.tag}@mail",
            "refers_to": f"about {self.tag}",
            "handle_kind": "email",
            "handle_value": self.email,
            "handle_id": self.links[number % len(self.links)],
            "customer_id": self.id,
            "conversation_id": self.conversation,
            "received_ms": NOW + number,
            "at_ms": NOW + number,
            "envelope": json.dumps({"id": id_, "data": {"text": f"text {self.tag}"}}).encode(),
            "explanation": json.dumps({"values": [self.tag]}).encode(),
            "raw": None if large else raw,
            "raw_sha256": hashlib.sha256(raw).hexdigest(),
        }
        insert_rows(connection, messages, [row(messages, id=id_, **(fields | own))])
        promised = {"conversation_id": self.conversation, "message_id": id_, "promise": f"p{number}", "state": "running"}
        insert_rows(connection, sla_timers, [row(sla_timers, id=f"sla {id_}", escalation=f"planted {self.tag}", **promised)])
        sha256 = hashlib.sha256(self.file).hexdigest()
        file = {"id": f"att_{self.name}_{number}", "message_id": id_, "sha256": sha256, "filename": f"{self.tag}.pdf"}
        insert_rows(connection, attachments, [row(attachments, **file)])
        for target, state in (("returns", "published"), ("partners", "pending")):
            key = f"mail\n{self.email}"
            insert_rows(
                connection,
                targets,
                [{"message_id": id_, "target": target, "order_key": key, "state": state, "node": "n1", "attempts": 0}],
            )
        state = ("ready", "leased", "dead")[number % 3]
        copy = {"queue": f"{self.brand}.returns", "envelope_id": id_, "body": f"body {self.tag}".encode(), "attempts": 0}
        insert_rows(connection, local_messages, [copy | {"state": state, "receipt": f"receipt {id_}"}])
        return id_

    def _around(self, connection: Connection) -> None:
        self._answers(connection)
        self._notices(connection)
        for number, spelling in enumerate((self.email.upper(), self.phone.lstrip("+"), f'"id":"{self.user}"')):
            id_ = self.event(connection, str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.name} held {number}")))
            held = {"connector": "mail", "raw": f"From: <{spelling}> {self.tag}".encode(), "state": "held", "received_ms": NOW}
            insert_rows(connection, quarantine, [row(quarantine, id=id_, **held)])
        asked = {"id": f"chl_{self.name}", "customer_id": self.id, "home_id": self.below, "handle_value": self.email}
        insert_rows(connection, challenges, [row(challenges, **asked, state="open", secret=self.tag)])
        asked = {"handle_id": self.links[0], "customer_id": "cus_before", "state": "asked"}
        never = {"handle_id": "", "customer_id": self.below, "state": "skipped"}
        for number, one in enumerate((asked, never)):
            words = {"answers": json.dumps({"comment": f"words of {self.tag}"}), "ticket": self.tag, "reason": self.tag}
            event = {"ticket_event": f"{self.name} {number}", "conversation_id": self.conversation}
            insert_rows(connection, surveys, [row(surveys, id=f"srv_{self.name}_{number}", **one, **words, **event)])
        pairs = [("cus_stranger", self.below, "same_claim"), (self.id, "cus_other", "same_words")]
        insert_rows(
            connection,
            suggestions,
            [
                row(suggestions, id=f"sug_{self.name}_{n}", customer_id=one, owner_id=two, reason=reason, evidence=self.tag)
                for n, (one, two, reason) in enumerate(pairs)
            ],
        )
        said = [row(mentions, key=f"key {n}", handle_id=link, reason="same_words") for n, link in enumerate(self.links)]
        insert_rows(connection, mentions, said)
        linked = NewEvent(f"act_{self.name}", "regia.customer.linked.v1", self.id, NOW, json.dumps({"handle": "hdl"}).encode())
        events.add(connection, [linked])

    def _notices(self, connection: Connection) -> None:
        """One contact that waits to be told, and two in a notice that has not left."""
        for number, notice in enumerate((None, f"ntc_{self.name}", f"ntc_{self.name}")):
            item = {
                "list": "owners",
                "what": "contact",
                "message_id": self.messages[number % len(self.messages)],
                "promise": self.tag,
            }
            insert_rows(connection, notice_items, [row(notice_items, **item, notice_id=notice)])
        made = {"id": f"ntc_{self.name}", "list": "owners", "kind": "digest", "state": "open", "outgoing": "[]"}
        insert_rows(connection, notices, [row(notices, **made, body=f"words of {self.tag}".encode())])

    def _answers(self, connection: Connection) -> None:
        """One that left in two parts, with receipts by either id, and one that still waits."""
        for number, state in enumerate(("sent", "queued")):
            id_ = f"out_{self.name}_{number}"
            self.outgoing.append(id_)
            fields = {
                "connector": "mail",
                "message_id": self.messages[0],
                "conversation_id": self.conversation,
                "handle_kind": "email",
                "handle_value": self.email,
                "subject": f"Re: {self.tag}",
                "text": f"answer to {self.tag}",
                "html": f"<p>{self.tag}</p>",
                "external_id": f"ext {id_} {self.tag}" if state == "sent" else None,
                "error": f"error {self.tag}",
                "state": state,
            }
            insert_rows(connection, outgoing, [row(outgoing, id=id_, **fields)])
        parts = [
            {"connector": "mail", "external_id": f"part {n} {self.tag}", "outgoing_id": self.outgoing[0]} for n in range(2)
        ]
        insert_rows(connection, outgoing_parts, parts)
        file = {"id": f"fil_{self.name}", "outgoing_id": self.outgoing[0], "filename": f"{self.tag}.pdf"}
        sha256 = hashlib.sha256(self.sent).hexdigest()
        insert_rows(connection, outgoing_files, [row(outgoing_files, **file, sha256=sha256, size=len(self.sent))])
        told = [parts[1]["external_id"], self.outgoing[0], f"ext {self.outgoing[0]} {self.tag}", f"app {self.tag}"]
        for number, external_id in enumerate(told):
            id_ = self.event(connection, str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.name} told {number}")))
            raw = f'{{"to": "{self.phone.lstrip("+")}", "text": "echo {self.tag}"}}'.encode()
            fields = {"connector": "mail", "external_id": external_id, "raw": raw, "error": self.tag, "received_ms": NOW}
            insert_rows(connection, signals, [row(signals, id=id_, type="status", **fields)])


async def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, each in an order of its own."""

    def work(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
        return {
            name: sorted((tuple(found) for found in connection.execute(select(table))), key=repr)
            for name, table in metadata.tables.items()
        }

    return await database.read(work)


def holding(rows: Mapping[str, list[tuple[Any, ...]]], *strings: str) -> dict[str, int]:
    """Table to how many of its rows hold one of the strings in some column."""
    found = {}
    for name, each in rows.items():
        hits = sum(any(_holds(value, strings) for value in one) for one in each)
        if hits:
            found[name] = hits
    return found


def _holds(value: Any, strings: tuple[str, ...]) -> bool:
    if isinstance(value, bytes | memoryview):
        return any(one.encode() in bytes(value) for one in strings)
    return isinstance(value, str) and any(one in value for one in strings)


async def count(database: Database, table: Table) -> int:
    query = select(func.count()).select_from(table)
    return await database.read(lambda connection: connection.execute(query).scalar_one())
