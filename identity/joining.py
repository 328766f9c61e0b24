"""What becomes of the customers of one batch, of messages as of rows of a list: merges by the guards, and writing it down."""

from collections.abc import Mapping

from sqlalchemy import Connection

from identity import store
from identity.acts import Acts
from identity.contact import Contact
from identity.merging import Guard, Merge, Past, Side, decide, join, record
from identity.owners import Owners
from identity.people import Conversation, Customer, Link
from identity.policy import Policy
from identity.said import DAY_MS
from identity.store_audit import past
from identity.suggestions import Suggestions, settle


class Joining:
    """`actor` is who the log names. `touched` are the customers whose rows must be written besides new and merged ones."""

    def __init__(
        self,
        connection: Connection,
        owners: Owners,
        suggestions: Suggestions,
        conversations: Mapping[str, Conversation],
        policy: Policy,
        *,
        actor: str,
    ) -> None:
        self._connection = connection
        self._owners = owners
        self._suggestions = suggestions
        self._conversations = conversations
        self._policy = policy
        self._actor = actor
        self._past: Past | None = None
        self._ended: set[tuple[str, str]] = set()
        self.acts = Acts()
        self.touched: set[str] = set()

    def join(self, link: Link, other: Link, contact: Contact, now_ms: int) -> Merge | Guard | None:
        """Make the owners of two proven links of one contact one; or the guard that forbids it, which is suggested; or None
        where they are one already."""
        mine, theirs = self._owners.owner(link), self._owners.owner(other)
        if mine.id == theirs.id:
            return None
        before = self._what_was(now_ms)
        found = decide(_side(mine, link), _side(theirs, other), self._policy, before)
        if isinstance(found, str):
            self._suggestions.add(mine, theirs.id, found, contact)
            return found
        join(found, self._policy, self._conversations)
        self._owners.below(found.below.id, found.top.id)
        record(self.acts, found, actor=self._actor, at_ms=now_ms)
        before.merged(found.top.id, found.below.id, now_ms)
        return found

    def ended(self, link: Link, owner: Customer, contact: Contact) -> None:
        """Note that an address is somebody else's than its owner's by now, and suggest the two."""
        self._ended.add((owner.id, link.key))
        self._suggestions.add(self._owners.owner(self._owners.links[link.key]), owner.id, "recycled", contact)
        self.acts.note("ended", self._actor, contact.received_ms, owner, handle=link.id, detail={"why": "recycled"})

    def save(self, now_ms: int) -> None:
        """Write links, customers, suggestions, log and events."""
        connection, owners = self._connection, self._owners
        owners.save()
        self._begun().save(connection)
        store.move(connection, self.acts.moved)
        touched = self.touched | self.acts.changed | owners.new
        store.save_customers(connection, [owners.customers[id_] for id_ in touched], owners.new)
        self._suggestions.save(owners.root, owners.customers, now_ms)
        if self.acts.moved:
            settle(connection, {owners.root(top) for _, top in self.acts.moved}, now_ms)
        self.acts.save(connection)

    def _what_was(self, now_ms: int) -> Past:
        """Asked once a batch, and only where there is something to merge. Of a batch that waited for long the last day of each
        contact is another one."""
        if self._past is None:
            tops = {one.root_id for one in self._owners.customers.values()}
            self._past = past(self._connection, tops, now_ms - DAY_MS)
        self._past.since_ms = now_ms - DAY_MS
        self._past.ended |= self._ended
        return self._past

    def _begun(self) -> Acts:
        """Who and what is new: told before what was done to them."""
        acts, owners = Acts(), self._owners
        for id_ in sorted(owners.new):
            acts.note("created", self._actor, owners.customers[id_].first_seen_ms, owners.customers[id_])
        for link in owners.fresh:
            if link.home_id not in owners.new:
                detail = {"evidence": link.evidence}
                acts.note("linked", self._actor, link.since_ms, owners.owner(link), handle=link.id, detail=detail)
        return acts


def _side(owner: Customer, link: Link) -> Side:
    return Side(owner, link.home_id, link.key)
