"""The customers of one batch: who owns each handle, found and locked; handles that nobody has are given to somebody."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from sqlalchemy import Connection

from identity import store
from identity.contact import Contact, Named
from identity.ids import new_id
from identity.life import Ending
from identity.merging import over_cap
from identity.people import Customer, Link, standing
from identity.policy import Policy
from identity.said import DAY_MS
from storage.database import DatabaseUnavailable

_ROUNDS: Final = 5
"""Times that customers are looked up again, because another node merged them or gave their handles away meanwhile."""


class Owners:
    """`links` by key, for every handle named in the batch that has one; `customers` by id, for all who own a handle of a
    sender, or are its home: locked. `new` are those without a row yet."""

    def __init__(self, connection: Connection, contacts: Sequence[Contact], policy: Policy) -> None:
        self._connection = connection
        self._contacts = contacts
        self._made: set[str] = set()
        self._fresh: dict[str, Link] = {}
        """Links of this batch that are in the table already."""
        self._begun: list[Link] = []
        """Those that are not: their handles were somebody else's."""
        self._ended: list[tuple[str, Ending, int]] = []
        self._changed: dict[str, Link] = {}
        self._roots: dict[str, str] = {}
        self.links: dict[str, Link] = {}
        self.customers: dict[str, Customer] = {}
        self.new: set[str] = set()
        self._load()
        self._add_missing()
        self._uncrowd(policy)

    @property
    def fresh(self) -> Collection[Link]:
        """The links this batch has made."""
        return (*self._fresh.values(), *self._begun)

    def root(self, customer_id: str) -> str:
        """Who is at the top of it now."""
        while (above := self._roots.get(customer_id)) is not None:
            customer_id = above
        return customer_id

    def below(self, customer_id: str, top_id: str) -> None:
        """Remember a merge of this batch."""
        self._roots[customer_id] = top_id

    def owner(self, link: Link) -> Customer:
        return self.customers[link.customer_id]

    def seen(self, link: Link, at_ms: int) -> None:
        """Note that a contact showed it, exact to a day: not every contact writes its link."""
        if at_ms - link.seen_ms > DAY_MS or at_ms < link.since_ms:
            link.since_ms, link.seen_ms = min(link.since_ms, at_ms), max(link.seen_ms, at_ms)
            self._changed[link.id] = link

    def recycle(self, contact: Contact, named: Named, policy: Policy) -> Link:
        """End the link of a handle that is somebody else's by now, and link it to whose the contact's other handles are, or to
        a new customer, together with what this contact had linked to the one before. The new link."""
        old = self.links[named.key]
        before = self.owner(old)
        self._ended.append((old.id, "recycled", contact.received_ms))
        before.links.remove(old)
        loose = [link for link in before.links if link.evidence == contact.evidence]
        others = [self.links[one.key] for one in contact.own if one.key != named.key]
        first = next((link for link in others if link not in loose), None)
        new = link_of(contact, named, "", "")
        self._begun.append(new)
        self.links[named.key] = new
        if first is not None and over_cap([*self.owner(first).links, new, *loose], policy):
            first = None
        owner = new_id("cus") if first is None else first.customer_id
        if first is None:
            self.new.add(owner)
            self.customers[owner] = new_customer(owner, contact)
        for link in (new, *loose):
            self._give(link, owner, owner if first is None else first.home_id)
        return new

    def save(self) -> None:
        """Write the links: first those that end, whose keys the new ones take."""
        store.end_links(self._connection, self._ended)
        store.add_links(self._connection, self._begun)
        begun = {link.id for link in self._begun}
        store.save_links(self._connection, [link for link in self._changed.values() if link.id not in begun])

    def _give(self, link: Link, owner: str, home: str) -> None:
        if link.customer_id and link in (had := self.customers[link.customer_id].links):
            had.remove(link)
        link.customer_id, link.home_id = owner, home
        self.customers[owner].links.append(link)
        self._changed[link.id] = link

    def _load(self) -> None:
        keys = {key for contact in self._contacts for named in contact.named for _, key in named.keys}
        keys |= {named.key for contact in self._contacts for named in contact.own}
        for _ in range(_ROUNDS):
            self.links = store.links(self._connection, keys)
            self._add_unknown()
            own = {self.links[named.key].key: self.links[named.key] for contact in self._contacts for named in contact.own}
            ids = {id_ for link in own.values() for id_ in (link.customer_id, link.home_id)}
            self.customers = store.load_customers(self._connection, ids)
            if self._still(own.values()):
                return
        raise DatabaseUnavailable("customers of this batch are being merged by other nodes")

    def _still(self, own: Iterable[Link]) -> bool:
        """Whether the links are, now that their owners are locked, what they were when they were read."""
        locked = {link.id: link for customer in self.customers.values() for link in customer.links}
        for link in own:
            if link.customer_id in self._made:
                continue  # nobody else knows it
            current = locked.get(link.id)
            if current is None or current.customer_id != link.customer_id:
                return False
            self.links[link.key] = current
        return True

    def _add_unknown(self) -> None:
        """Link the handles nobody owns to the owner of their contact's first handle that has one, else to a new customer."""
        unknown: dict[str, Link] = {}
        for contact in self._contacts:
            first = next((link for named in contact.own if (link := self.links.get(named.key))), None)
            if first is None:
                home = owner = new_id("cus")
                self._made.add(owner)
            else:
                home, owner = first.home_id, first.customer_id
            for named in contact.own:
                if named.key not in self.links:
                    self.links[named.key] = unknown[named.key] = link_of(contact, named, owner, home)
        if unknown:
            store.add_links(self._connection, unknown.values())
            self._settle(unknown)

    def _settle(self, unknown: dict[str, Link]) -> None:
        """Two nodes that meet a new handle at once both insert it; the database lets one win, and both read the winner.

        A new customer who lost a handle is the winner's customer: its other handles go to the winner too, before anything
        is written of it. Otherwise one person would be two customers for good.
        """
        stored = store.links(self._connection, unknown.keys())
        if unknown.keys() - stored.keys():
            raise DatabaseUnavailable("a handle of this batch was given away by another node")
        winners: dict[str, Link] = {}
        for key, link in unknown.items():
            if stored[key].id == link.id:
                self._fresh[link.id] = link
            elif link.customer_id in self._made:
                winners.setdefault(link.customer_id, stored[key])
        lost = [link for link in unknown.values() if stored[link.key].id == link.id and link.customer_id in winners]
        for link in lost:
            winner = winners[link.customer_id]
            link.customer_id, link.home_id = winner.customer_id, winner.home_id
        store.save_links(self._connection, lost)
        self.links |= {key: unknown[key] if one.id == unknown[key].id else one for key, one in stored.items()}

    def _add_missing(self) -> None:
        for contact in self._contacts:
            for named in contact.own:
                link = self.links[named.key]
                for id_ in (link.home_id, link.customer_id):
                    if id_ not in self.customers:
                        self.new.add(id_)
                        self.customers[id_] = new_customer(id_, contact)
                owner = self.customers[link.customer_id]
                if all(one.id != link.id for one in owner.links):
                    owner.links.append(link)

    def _uncrowd(self, policy: Policy) -> None:
        """A new handle that would be one too many for its customer gets one of its own: a person may join them."""
        for contact in reversed(self._contacts):
            for named in reversed(contact.own):
                link = self.links[named.key]
                owner = self.customers[link.customer_id]
                if link.id not in self._fresh or len(owner.links) == 1 or not over_cap(owner.links, policy):
                    continue
                alone = new_customer(new_id("cus"), contact)
                self.new.add(alone.id)
                self.customers[alone.id] = alone
                self._give(link, alone.id, alone.id)


def link_of(contact: Contact, named: Named, owner: str, home: str) -> Link:
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
        home_id=home,
        since_ms=contact.at_ms,
        seen_ms=contact.at_ms,
        evidence=contact.evidence,
    )


def new_customer(customer_id: str, contact: Contact) -> Customer:
    return Customer(
        id=customer_id,
        space=contact.message.inbound.brand,
        standing=standing(contact.sender.handle),
        first_seen_ms=contact.at_ms,
        last_seen_ms=contact.at_ms,
    )
