"""The customers of one batch: who owns each handle, found and locked; handles that nobody has are given to somebody.

Giving is done message by message, so that a batch decides what its messages would have decided one by one. The rows of new
links are inserted before, because that is how two nodes that meet one handle at once learn of each other.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import Connection

from identity import claims, store
from identity.contact import Contact, Named
from identity.ids import new_id
from identity.life import Ending, gone
from identity.merging import one_too_many
from identity.people import Customer, Link, standing
from identity.policy import Policy
from identity.said import DAY_MS
from normalizer.inbound import Handle
from storage.database import DatabaseUnavailable

_ROUNDS: Final = 5
"""Times that customers are looked up again, because another node merged them or gave their handles away meanwhile."""


class Owners:
    """`links` by key, for every handle named in the batch that somebody has; `customers` by id, for all who own a handle of
    a sender, or are its home: locked. `new` are those without a row yet, `fresh` the links that this batch has begun."""

    def __init__(self, connection: Connection, contacts: Sequence[Contact], policy: Policy) -> None:
        self._connection = connection
        self._contacts = contacts
        self._policy = policy
        self._open: dict[str, Link] = {}
        """By key, links of handles that nobody has. Who gets them is decided when their message's turn comes."""
        self._inserted: dict[str, tuple[str, str]] = {}
        """Ids of links of this batch that have a row already, with the owner and home that stand in it."""
        self._ended: list[tuple[str, Ending, int]] = []
        self._seen: dict[str, Link] = {}
        self._roots: dict[str, str] = {}
        self.links: dict[str, Link] = {}
        self.customers: dict[str, Customer] = {}
        self.new: set[str] = set()
        self.fresh: list[Link] = []
        self.accepted: dict[str, str] = {}
        """By key, of claims that begin in this batch: whose the claim before was, where a person took it for theirs."""
        self._load()
        self._remember()

    def root(self, customer_id: str) -> str:
        """Who is at the top of it now."""
        while (above := self._roots.get(customer_id)) is not None:
            customer_id = above
        return customer_id

    def below(self, customer_id: str, top_id: str) -> None:
        """Remember a merge of this batch: whoever stood below the one stands below the other."""
        self._roots[customer_id] = top_id
        for customer in self.customers.values():
            if customer.root_id == customer_id:
                customer.root_id = top_id

    def owner(self, link: Link) -> Customer:
        return self.customers[link.customer_id]

    def lose(self, contact: Contact) -> list[tuple[Customer, Link]]:
        """End the links of handles that are somebody else's by now: owner and link of each."""
        lost = []
        for named in contact.own:
            link = self.links.get(named.key)
            if link is None or not gone(link, owner := self.owner(link), contact, self._policy):
                continue
            owner.links.remove(link)
            del self.links[named.key]
            self._ended.append((link.id, "recycled", contact.received_ms))
            self._open[named.key] = link_of(contact, named, new_id("cus"))
            lost.append((owner, link))
        return lost

    def give(self, contact: Contact) -> None:
        """Link the contact's handles that nobody has to the owner of its first handle that has one, else to a new customer.
        One that would be one too many of its kind gets a customer of its own."""
        first = next((link for named in contact.own if (link := self.links.get(named.key))), None)
        for named in contact.own:
            link = self._open.pop(named.key, None)
            if link is None:
                continue
            if first is None or one_too_many(self.owner(first).links, link, self._policy):
                self._begin(contact, link)
            else:
                link.customer_id, link.home_id = first.customer_id, first.home_id
            first = first or link
            self.owner(link).links.append(link)
            self.links[named.key] = link
            self.fresh.append(link)

    def see(self, contact: Contact) -> None:
        """Note that a contact showed its handles in use, exact to a day: not every contact writes its links."""
        at_ms = contact.at_ms
        for named in contact.in_use:
            link = self.links[named.key]
            if at_ms - link.seen_ms > DAY_MS or at_ms < link.since_ms:
                link.since_ms, link.seen_ms = min(link.since_ms, at_ms), max(link.seen_ms, at_ms)
                self._seen[link.id] = link

    def save(self) -> None:
        """Write the links: first those that end, whose keys the new ones take."""
        store.end_links(self._connection, self._ended)
        # In a batch that spans years one may have begun and ended.
        store.add_links(self._connection, [link for link in self.fresh if link.id not in self._inserted], self._ended)
        inserted = [link for link in self.fresh if link.id in self._inserted]
        moved = [link for link in inserted if self._inserted[link.id] != (link.customer_id, link.home_id)]
        store.give_links(self._connection, moved)
        begun = {link.id for link in self.fresh} - self._inserted.keys()
        store.see_links(self._connection, [link for id_, link in self._seen.items() if id_ not in begun])

    def _load(self) -> None:
        keys = {key for contact in self._contacts for named in contact.named for _, key in named.keys}
        keys |= {named.key for contact in self._contacts for named in contact.own}
        for _ in range(_ROUNDS):
            self.links = store.links(self._connection, keys)
            self._reserve()
            own = {named.key for contact in self._contacts for named in contact.own} - self._open.keys()
            mine = [self.links[key] for key in own]
            ids = {id_ for link in mine for id_ in (link.customer_id, link.home_id)}
            self.customers = store.load_customers(self._connection, ids)
            if self._still(mine):
                return
        raise DatabaseUnavailable("customers of this batch are being merged by other nodes")

    def _reserve(self) -> None:
        """Insert links of handles that nobody has. Two nodes that meet a new handle at once both insert it; the database
        lets one win, and for the other it is a handle that somebody has."""
        self.links = {key: link for key, link in self.links.items() if link.id not in self._inserted}
        unknown: dict[str, Link] = {}
        for contact in self._contacts:
            alone = new_id("cus")
            for named in contact.own:
                if not (named.key in self.links or named.key in self._open or named.key in unknown):
                    unknown[named.key] = link_of(contact, named, alone)
        if not unknown:
            return
        store.add_links(self._connection, unknown.values())
        stored = store.links(self._connection, unknown.keys())
        if unknown.keys() - stored.keys():
            raise DatabaseUnavailable("a handle of this batch was given away by another node")
        for key, link in unknown.items():
            if stored[key].id == link.id:
                self._open[key] = link
                self._inserted[link.id] = (link.customer_id, link.home_id)
            else:
                self.links[key] = stored[key]

    def _remember(self) -> None:
        begun = [Handle(link.kind, link.value, "claimed") for link in self._open.values() if link.standing == "claimed"]
        before = claims.last(self._connection, begun)
        self.accepted = {key: row.customer_id for key, row in before.items() if row.ended_by == claims.ACCEPTED}

    def _still(self, own: Iterable[Link]) -> bool:
        """Whether the links are, now that their owners are locked, what they were when they were read."""
        locked = {link.id: link for customer in self.customers.values() for link in customer.links}
        for link in own:
            current = locked.get(link.id)
            if current is None or current.customer_id != link.customer_id or link.home_id not in self.customers:
                return False
            self.links[link.key] = current
        return True

    def _begin(self, contact: Contact, link: Link) -> None:
        """Make the link's customer, by the id that stands in its row where that is nobody's yet."""
        if link.customer_id in self.customers:
            link.customer_id = link.home_id = new_id("cus")
        self.customers[link.customer_id] = new_customer(link, contact)
        self.new.add(link.customer_id)


def link_of(contact: Contact, named: Named, owner: str) -> Link:
    """A link that begins with this contact."""
    return Link(
        id=new_id("hdl"),
        key=named.key,
        space=contact.message.inbound.brand,
        kind=named.handle.kind,
        value=named.handle.value,
        standing=standing(named.handle),
        proof=named.handle.proof,
        customer_id=owner,
        home_id=owner,
        since_ms=contact.at_ms,
        seen_ms=contact.at_ms,
        evidence=contact.evidence,
    )


def new_customer(link: Link, contact: Contact) -> Customer:
    return Customer(
        id=link.customer_id,
        space=link.space,
        standing=link.standing,
        first_seen_ms=contact.at_ms,
        last_seen_ms=contact.at_ms,
    )
