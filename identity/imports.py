"""Lists of customers, a batch of rows at a time, inside the transaction that keeps the place reached.

What another system of yours says of an address is a person's word (`agent`). Rows make links, fill profiles, and join
customers as contacts do: by the guards, else as suggestions. A row that was taken before changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import orjson
from sqlalchemy import Connection, select

from identity import store, store_conversations
from identity.acts import Acts
from identity.contact import Named
from identity.listed import Listed, ListedContact, Sorter, contact, named
from identity.merging import Guard, Past, guard, in_order, join, record
from identity.owners import Owners
from identity.people import CRM, Customer, Link
from identity.policy import Policy, Source
from identity.profile import Facts
from identity.profiles import enter, own_facts, put_together, said
from identity.said import DAY_MS
from identity.store_audit import past
from identity.suggestions import Suggestions
from storage.schema import customers, handles

Outcome = Literal["new", "changed", "same"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a row. `guards` are those that stopped a merge: the two are suggested."""

    outcome: Outcome
    customer_id: str
    guards: tuple[Guard, ...] = ()


@dataclass(slots=True)
class _Row:
    listed: Listed
    parts: list[ListedContact]

    @property
    def own(self) -> list[Named]:
        return [named for part in self.parts for named in part.own]


def take(
    connection: Connection, space: str, rows: Sequence[Listed], source: Source, *, actor: str, now_ms: int, policy: Policy
) -> list[Taken]:
    """Take rows of one brand, in their order; a constant number of statements, whatever their number."""
    session = _Session(connection, _sorted(connection, space, rows, now_ms), source, actor=actor, now_ms=now_ms, policy=policy)
    taken = [session.take(row) for row in session.rows]
    session.save()
    return taken


def _sorted(connection: Connection, space: str, rows: Sequence[Listed], now_ms: int) -> list[_Row]:
    owns = [[named(space, handle) for handle in row.handles] for row in rows]
    links = store.links(connection, {one.key for own in owns for one in own})
    query = select(handles.c.customer_id, handles.c.value).where(handles.c.kind == CRM, handles.c.key.is_not(None))
    crm_ids: dict[str, set[str]] = {}
    owners = {link.customer_id for link in links.values()}
    for row in store.rows_among(connection, query, handles.c.customer_id, owners):
        crm_ids.setdefault(row.customer_id, set()).add(row.value)
    sorter = Sorter(links.values(), crm_ids)
    return [
        _Row(listed, [contact(space, part, listed.place, now_ms) for part in sorter.parts(own)])
        for listed, own in zip(rows, owns, strict=True)
    ]


class _Session:
    """As `identity.resolve` has it for messages, without what only messages have."""

    def __init__(
        self, connection: Connection, rows: list[_Row], source: Source, *, actor: str, now_ms: int, policy: Policy
    ) -> None:
        self.rows = rows
        self._connection = connection
        self._source, self._actor, self._now_ms, self._policy = source, actor, now_ms, policy
        contacts = [part for row in rows for part in row.parts]
        self._owners = Owners(connection, contacts, policy)
        self._fresh = {link.id for link in self._owners.fresh}
        self._suggestions = Suggestions(connection, contacts)
        self._conversations = store_conversations.load(
            connection, {one.conversation_id for one in self._owners.customers.values() if one.conversation_id}
        )
        self._past: Past | None = None
        self._acts = Acts()
        self._touched: set[str] = set()
        self._counted: set[str] = set()
        self._below = _below(connection, self._owners.customers)
        self._touched |= {link.customer_id for link in self._owners.fresh if link.kind == CRM}

    def take(self, row: _Row) -> Taken:
        """The next row."""
        links = [self._owners.links[one.key] for one in row.own]
        is_new = links[0].home_id in self._owners.new - self._counted
        self._counted.add(links[0].home_id)
        fresh = [link for link in links if link.id in self._fresh]
        self._fresh -= {link.id for link in fresh}
        merged, guards = self._merge(row, links)
        self._suggest(row, links)
        changed = self._say(row.listed, links[0])
        outcome: Outcome = "new" if is_new else "changed" if fresh or merged or changed else "same"
        return Taken(outcome, self._owners.owner(links[0]).id, guards)

    def save(self) -> None:
        """Write what changed."""
        connection, owners = self._connection, self._owners
        owners.save()
        self._begun().save(connection)
        store.move(connection, self._acts.moved)
        touched = self._touched | self._acts.changed | owners.new
        store.save_customers(connection, [owners.customers[id_] for id_ in touched], owners.new)
        self._suggestions.save(owners.root, owners.customers)
        self._acts.save(connection)

    def _merge(self, row: _Row, links: Sequence[Link]) -> tuple[bool, tuple[Guard, ...]]:
        merged, guards = False, dict[Guard, None]()
        for link in links[1:]:
            mine, other = self._owners.owner(links[0]), self._owners.owner(link)
            if mine.id == other.id:
                continue
            if self._past is None:
                self._past = past(self._connection, self._owners.customers.keys(), self._now_ms - DAY_MS)
            if reason := guard(mine, other, self._policy, self._past):
                self._suggestions.add(mine, other.id, reason, row.parts[0])
                guards[reason] = None
                continue
            top, below = in_order(mine, other)
            join(top, below, self._policy, self._conversations)
            self._owners.below(below.id, top.id)
            self._below.setdefault(top.id, []).extend((below, *self._below.pop(below.id, ())))
            record(self._acts, top, below, actor=self._actor, at_ms=self._now_ms)
            self._past.merged(top.id)
            merged = True
        return merged, tuple(guards)

    def _suggest(self, row: _Row, links: Sequence[Link]) -> None:
        """Who has only claimed an address of this row may be its owner."""
        for one, link in zip(row.own, links, strict=True):
            for standing, key in one.keys:
                claim = self._owners.links.get(key) if standing == "claimed" else None
                if claim is not None and self._owners.root(claim.customer_id) != self._owners.owner(link).id:
                    self._suggestions.add(self._owners.owner(link), claim.customer_id, "same_claim", row.parts[0])

    def _say(self, listed: Listed, link: Link) -> bool:
        """Enter what is new to the customer whom the first address was proven for."""
        home, top = self._owners.customers[link.home_id], self._owners.owner(link)
        new = [field for field, value in listed.facts.items() if said(own_facts(home), field, self._source) != value]
        for field in new:
            enter(home, top, field, self._source, listed.facts[field], now_ms=self._now_ms)
        if new:
            put_together(top, [top, *self._below.get(top.id, ())], self._policy)
            self._touched |= {home.id, top.id}
            other = None if home is top else home.id
            detail = {"fields": new, "source": self._source}
            self._acts.note("profile", self._actor, self._now_ms, top, other=other, detail=detail)
        return bool(new)

    def _begun(self) -> Acts:
        """Who and what is new: told before what was done to them."""
        acts, owners = Acts(), self._owners
        for id_ in sorted(owners.new):
            acts.note("created", self._actor, self._now_ms, owners.customers[id_])
        for link in owners.fresh:
            if link.home_id not in owners.new:
                detail = {"evidence": link.evidence}
                acts.note("linked", self._actor, self._now_ms, owners.owner(link), handle=link.id, detail=detail)
        return acts


def _below(connection: Connection, known: Mapping[str, Customer]) -> dict[str, list[Customer]]:
    """Who stands below each of the known, as far as what they are together needs it. Whoever changes one of them locks the
    one at the top first, and that is ours."""
    columns = (customers.c.id, customers.c.root_id, customers.c.facts, customers.c.own_facts)
    query = select(*columns).where(customers.c.merged_into.is_not(None)).order_by(customers.c.id)
    found: dict[str, list[Customer]] = {}
    for row in store.rows_among(connection, query, customers.c.root_id, known.keys()):
        own = _facts(row.facts if row.own_facts is None else row.own_facts)
        one = known.get(row.id) or Customer(row.id, "", "verified", 0, 0, facts=own)
        found.setdefault(row.root_id, []).append(one)
    return found


def _facts(text: str) -> Facts:
    return {field: {source: tuple(one) for source, one in by.items()} for field, by in orjson.loads(text).items()}
