"""Lists of customers, a batch of rows at a time, inside the transaction that keeps the place reached.

What another system of yours says of an address is a person's word (`agent`), unless it says that nobody confirmed it. Rows
make links, fill profiles, and join customers as contacts do: by the guards, else as suggestions. An address that a row only
claims makes suggestions and nothing else. A row that was taken before changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import orjson
from sqlalchemy import Connection, select

from identity import store, store_conversations
from identity.contact import Named
from identity.joining import Joining
from identity.listed import Listed, ListedContact, contact
from identity.merging import Guard, Merge
from identity.owners import Owners
from identity.people import Customer, Link
from identity.policy import CRM, Policy, Source
from identity.profile import Facts
from identity.profiles import enter, own_facts, put_together, said
from identity.suggestions import Suggestions
from storage.schema import customers

Outcome = Literal["new", "changed", "same"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a row. `guards` are those that stopped a merge: the two are suggested. `claimed`: it claims an address
    that another customer has, or claimed too; these two are suggested as well."""

    outcome: Outcome
    customer_id: str
    guards: tuple[Guard, ...] = ()
    claimed: bool = False


def take(
    connection: Connection, space: str, rows: Sequence[Listed], source: Source, *, actor: str, now_ms: int, policy: Policy
) -> list[Taken]:
    """Take rows of one brand, in their order; a constant number of statements, whatever their number."""
    contacts = [contact(space, row, now_ms) for row in rows]
    session = _Session(connection, contacts, source, actor=actor, now_ms=now_ms, policy=policy)
    taken = [session.take(row, contact) for row, contact in zip(rows, contacts, strict=True)]
    session.save()
    return taken


class _Session:
    """As `identity.resolve` has it for messages, without what only messages have."""

    def __init__(
        self,
        connection: Connection,
        contacts: Sequence[ListedContact],
        source: Source,
        *,
        actor: str,
        now_ms: int,
        policy: Policy,
    ) -> None:
        self._source, self._actor, self._now_ms, self._policy = source, actor, now_ms, policy
        self._owners = Owners(connection, contacts, policy)
        self._suggestions = Suggestions(connection, contacts)
        current = {one.conversation_id for one in self._owners.customers.values() if one.conversation_id}
        conversations = store_conversations.load(connection, current)
        self._joining = Joining(connection, self._owners, self._suggestions, conversations, policy, actor=actor)
        self._counted: set[str] = set()
        self._below = _below(connection, self._owners.customers)

    def take(self, listed: Listed, contact: ListedContact) -> Taken:
        """The next row."""
        known = len(self._owners.fresh)
        own = self._give(contact)
        fresh = self._owners.fresh[known:]
        self._joining.touched |= {link.customer_id for link in fresh if link.kind == CRM}
        links = [self._owners.links[one.key] for one in own]
        is_new = links[0].home_id in self._owners.new - self._counted
        self._counted.add(links[0].home_id)
        merged, guards = self._merge(contact, links)
        claimed = self._suggest(contact, own)
        changed = self._say(listed, links[0])
        outcome: Outcome = "new" if is_new else "changed" if fresh or merged or changed else "same"
        return Taken(outcome, self._owners.owner(links[0]).id, guards, claimed)

    def save(self) -> None:
        """Write what changed."""
        self._joining.save(self._now_ms)

    def _give(self, contact: ListedContact) -> tuple[Named, ...]:
        """Link the addresses that nobody has; all of the row's. Where it has a CRM id, addresses of somebody who has another
        one are looked at apart, so that what is new goes with the row's own."""
        first, *others = contact.own
        apart = [one for one in others if self._is_anothers(one, first)] if first.handle.kind == CRM else []
        own = tuple(one for one in contact.own if one not in apart)
        self._owners.give(replace(contact, own=own))
        return (*own, *apart)

    def _is_anothers(self, one: Named, crm: Named) -> bool:
        link, mine = (self._owners.links.get(each.key) for each in (one, crm))
        if link is None or (mine is not None and mine.customer_id == link.customer_id):
            return False
        theirs = [each.value for each in self._owners.owner(link).links if each.kind == CRM]
        return bool(theirs) and crm.handle.value not in theirs

    def _merge(self, contact: ListedContact, links: Sequence[Link]) -> tuple[bool, tuple[Guard, ...]]:
        merged, guards = False, dict[Guard, None]()
        for link in links[1:]:
            match self._joining.join(links[0], link, contact, self._now_ms):
                case Merge(top, below):
                    self._below.setdefault(top.id, []).extend((below, *self._below.pop(below.id, ())))
                    merged = True
                case str() as stop:
                    guards[stop] = None
        return merged, tuple(guards)

    def _suggest(self, contact: ListedContact, own: Sequence[Named]) -> bool:
        """Who has only claimed an address of this row may be its owner, and who has an address that the row only claims, or
        claimed it too, may be whom the row is about; whether there is one of the latter."""
        for one in own:
            owner = self._owners.owner(self._owners.links[one.key])
            self._beside(owner, (key for standing, key in one.keys if standing == "claimed"), contact)
        owner = self._owners.owner(self._owners.links[own[0].key])
        return self._beside(owner, (key for one in contact.claims for _, key in one.keys), contact)

    def _beside(self, owner: Customer, keys: Iterable[str], contact: ListedContact) -> bool:
        """Suggest the others who have one of these keys; whether there are any."""
        links = [link for key in keys if (link := self._owners.links.get(key)) is not None]
        others = [link.customer_id for link in links if self._owners.root(link.customer_id) != owner.id]
        for other in others:
            self._suggestions.add(owner, other, "same_claim", contact)
        return bool(others)

    def _say(self, listed: Listed, link: Link) -> bool:
        """Enter what is new to the customer whom the first address was proven for."""
        home, top = self._owners.customers[link.home_id], self._owners.owner(link)
        new = [field for field, value in listed.facts.items() if said(own_facts(home), field, self._source) != value]
        for field in new:
            enter(home, top, field, self._source, listed.facts[field], now_ms=self._now_ms)
        if new:
            put_together(top, [top, *self._below.get(top.id, ())], self._policy)
            self._joining.touched |= {home.id, top.id}
            other = None if home is top else home.id
            detail = {"fields": new, "source": self._source}
            self._joining.acts.note("profile", self._actor, self._now_ms, top, other=other, detail=detail)
        return bool(new)


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
