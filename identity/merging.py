"""Two customers who become one: whether that may happen without a person, who comes out on top, and what they are together.

Pure: works on customers that are loaded and locked. What must be written is recorded in `Acts`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Literal

from identity import history, naming
from identity.acts import Acts
from identity.people import Conversation, Customer, Link
from identity.policy import CRM, Policy
from identity.profile import FIELDS, together, winner

Guard = Literal["unmerged", "given_up", "crm_conflict", "handle_cap", "merge_cap", "names_differ", "both_merged"]


@dataclass(slots=True)
class Past:
    """`merges`: when others were put below a customer, or below those below it; those count that are later than `since_ms`.
    `apart`: pairs that a person took apart. `ended`: keys of addresses that were somebody's, with who that was. `tops`: who is
    at the top of each of these now."""

    since_ms: int
    merges: dict[str, list[int]] = field(default_factory=dict)
    apart: list[tuple[str, str]] = field(default_factory=list)
    ended: set[tuple[str, str]] = field(default_factory=set)
    tops: dict[str, str] = field(default_factory=dict)

    def merged(self, top_id: str, below_id: str, at_ms: int) -> None:
        """Remember one more."""
        self.merges[top_id] = [*self.merges.get(top_id, []), *self.merges.get(below_id, []), at_ms]
        self.tops |= {id_: top_id for id_, top in self.tops.items() if top == below_id}

    def lately(self, customer_id: str) -> int:
        """How many were put below it, or below those below it."""
        return sum(at_ms > self.since_ms for at_ms in self.merges.get(customer_id, ()))

    def were_apart(self, one: str, other: str) -> bool:
        """Whether somebody of the one was taken apart from somebody of the other."""
        return any({self.tops.get(first), self.tops.get(second)} == {one, other} for first, second in self.apart)

    def gave_up(self, customer_id: str, key: str) -> bool:
        """Whether an address was this customer's once."""
        return any(key == each and self.tops.get(owner, owner) == customer_id for owner, each in self.ended)


@dataclass(frozen=True, slots=True)
class Side:
    """A customer by one of its addresses, which a contact or a proof shows together with another's. `home_id` is whom it was
    proven for: the owner, or somebody below. `key` is the address, empty where only the customer is known."""

    owner: Customer
    home_id: str
    key: str = ""

    @property
    def is_home(self) -> bool:
        return self.home_id == self.owner.id


@dataclass(frozen=True, slots=True)
class Merge:
    """`below` comes to stand below `above`, who is `top` or stands below `top`."""

    top: Customer
    below: Customer
    above: str


def decide(one: Side, other: Side, policy: Policy, past: Past) -> Merge | Guard:
    """What becomes of the owners of two links that one contact or proof shows.

    Who is put below stands below the home of the other link, since it was that one's address that proved it: where that home is
    taken out of a merge later, it goes with it. So who is put below must be the home of its own link.
    """
    stop = next(guards(one, other, policy, past), None)
    if stop is not None:
        return stop
    top, below = in_order(one.owner, other.owner)
    sides = {one.owner.id: one, other.owner.id: other}
    if not sides[below.id].is_home:
        top, below = below, top
    if not sides[below.id].is_home:
        return "both_merged"
    return Merge(top, below, sides[top.id].home_id)


def guards(side: Side, another: Side, policy: Policy, past: Past) -> Iterator[Guard]:
    """Why the two may not be merged without a person: all there are, the weightiest first."""
    one, other = side.owner, another.owner
    if past.were_apart(one.id, other.id):
        yield "unmerged"
    if past.gave_up(one.id, another.key) or past.gave_up(other.id, side.key):
        yield "given_up"
    crm = [_crm_ids(each) for each in (one, other)]
    if all(crm) and crm[0] != crm[1]:
        yield "crm_conflict"
    if over_cap([*one.links, *other.links], policy):
        yield "handle_cap"
    if max(past.lately(one.id), past.lately(other.id)) >= policy.merges_per_day:
        yield "merge_cap"
    if policy.names_differ and naming.clash(one.name, other.name):
        yield "names_differ"


def _crm_ids(customer: Customer) -> set[str]:
    return {link.value for link in customer.links if link.kind == CRM and link.standing == "verified"}


def over_cap(links: Iterable[Link], policy: Policy) -> bool:
    """Whether these links are more of one kind than one person has. One address, proven and claimed, counts once, and a CRM
    id that was only said not at all."""
    addresses = {(link.kind, link.value) for link in links if not (link.kind == CRM and link.standing == "claimed")}
    return any(count > policy.cap(kind) for kind, count in Counter(kind for kind, _ in addresses).items())


def one_too_many(links: Iterable[Link], new: Link, policy: Policy) -> bool:
    """Whether a new link would be more of its kind than one person has beside these."""
    return over_cap([link for link in (*links, new) if link.kind == new.kind], policy)


def in_order(one: Customer, other: Customer) -> tuple[Customer, Customer]:
    """Who comes out on top, and who below: verified before claimed, with a CRM id, first seen, the smaller id."""
    top, below = sorted((one, other), key=lambda it: (it.standing == "claimed", it.crm_id is None, it.first_seen_ms, it.id))
    return top, below


def join(merge: Merge, policy: Policy, conversations: Mapping[str, Conversation]) -> None:
    """Put one below the other, in memory. `conversations` holds the current ones of both."""
    top, below = merge.top, merge.below
    if below.standing == "verified":
        top.standing = "verified"
    below.merged_into = merge.above
    below.root_id = top.id
    top.own_facts = top.own_facts if top.own_facts is not None else top.facts
    top.facts = together((top.facts, below.facts))
    show(top, policy)
    _keep_own(below, policy)
    for link in below.links:
        link.customer_id = top.id
    top.links += below.links
    below.links = []
    top.first_seen_ms = min(top.first_seen_ms, below.first_seen_ms)
    top.last_seen_ms = max(top.last_seen_ms, below.last_seen_ms)
    top.messages += below.messages
    top.unanswered += below.unanswered
    top.history = history.together(top.history, below.history)
    below.history = []
    top.conversation_id = _latest(top, below, conversations)


def _keep_own(below: Customer, policy: Policy) -> None:
    """Leave on a row what its own handles say: who stands below it may be taken out, and erased, while it is below another."""
    below.facts = below.own_facts if below.own_facts is not None else below.facts
    below.own_facts = None
    show(below, policy)


def show(customer: Customer, policy: Policy) -> None:
    """Set what its facts come to."""
    values = {field: winner(customer.facts, field, policy.authority) for field in FIELDS}
    customer.name, customer.language, customer.tier = (_text(values[name]) for name in ("name", "language", "tier"))
    tags = values["tags"]
    customer.tags = list(tags) if isinstance(tags, list) else []


def record(acts: Acts, merge: Merge, *, actor: str, at_ms: int) -> str:
    """Note what must be written of a merge; its id."""
    top, below = merge.top, merge.below
    acts.moved.append((below.id, top.id))
    acts.changed |= {top.id, below.id}
    return acts.note("merged", actor, at_ms, top, other=below.id, detail=told_above(top, merge.above))


def told_above(top: Customer, above: str) -> dict[str, str] | None:
    """Whom an act is about, in its detail, where that is somebody below the top."""
    return None if above == top.id else {"above": above}


def _latest(top: Customer, below: Customer, conversations: Mapping[str, Conversation]) -> str | None:
    found = (conversations.get(one.conversation_id or "") for one in (top, below))
    current = [one for one in found if one is not None]
    return max(current, key=attrgetter("last_ms", "id")).id if current else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
