"""What the model keeps (links, merges, messages) and what it reads from them: who owns what, whose name, which number.

Nothing is kept that can be worked out. A link knows its home, a merge is one line in a list, and everything else is looked
up from the beginning each time. It is slow on purpose. Sections of `docs/identity.md` are named where a rule comes from.
"""

from collections import Counter
from dataclasses import dataclass

from tests.oracle.terms import Customer, Field, Given, Key, LinkName, Rules, Source, TalkName


@dataclass
class Link:
    """A handle's time with a customer (Words). `home` never changes."""

    name: LinkName
    home: Customer
    seen_ms: int
    ended: str | None = None
    ended_after: int = 0
    """How many links had ended before it."""


@dataclass(frozen=True)
class Merged:
    """`below` stands below `into` since `at_ms`."""

    below: Customer
    into: Customer
    at_ms: int


@dataclass(frozen=True)
class Message:
    """A message keeps the link and the customer it was written under. `waits`: for an answer of somebody."""

    id: str
    link: LinkName
    home: Customer
    under: Customer
    sequence: int
    talk: TalkName
    at_ms: int
    channel: str
    words: str | None
    many: bool
    waits: bool


@dataclass(frozen=True)
class Reply:
    """What a person has answered to a message. It goes with that one (Merge and unmerge)."""

    id: str
    to: str
    at_ms: int


@dataclass(frozen=True)
class Fact:
    """What a source said of a customer, and not of those above or below it (Profile)."""

    of: Customer
    given: Given


class Facts:
    """All customers of all spaces, as they are now."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.links: list[Link] = []
        self.merges: list[Merged] = []
        self.messages: list[Message] = []
        self.replies: list[Reply] = []
        self.facts: list[Fact] = []
        self.split: set[TalkName] = set()
        """The conversations that an unmerge has left with words of two."""
        self.marks: dict[str, TalkName] = {}
        """The conversation of each message there ever was, as far as our mark of it can have reached anybody."""
        self.given: list[Customer] = []
        """Under whom each message ever was written, also those that are erased: a number is never given twice."""
        self.apart: list[tuple[Customer, Customer]] = []
        """Who a person took out, and from under whom (the one directly above, and the one at the top then)."""
        self.first_seen: dict[Customer, int] = {}
        self.made: Counter[Key] = Counter()
        """How many links a handle ever had."""
        self.happened: Counter[str] = Counter()

    def end(self, link: Link, why: str) -> None:
        link.ended, link.ended_after = why, sum(one.ended is not None for one in self.links)

    def live(self, key: Key) -> Link | None:
        return next((link for link in self.links if link.name.key == key and link.ended is None), None)

    def latest(self, key: Key) -> Link:
        """The link that a handle had last, of those that are left."""
        return max((link for link in self.links if link.name.key == key), key=lambda link: link.name.time)

    def above(self, customer: Customer) -> Customer | None:
        return next((merge.into for merge in self.merges if merge.below == customer), None)

    def current(self, key: Key) -> Link | None:
        """The live link of a handle, else the last one that a person's merge has ended."""
        ended = [link for link in self.links if link.name.key == key and link.ended == "accepted"]
        return self.live(key) or max(ended, key=lambda link: link.ended_after, default=None)

    def top(self, customer: Customer) -> Customer:
        into = self.above(customer)
        return customer if into is None else self.top(into)

    def tree(self, customer: Customer) -> set[Customer]:
        """Everybody who is one with this customer now."""
        return {one for one in self.first_seen if self.top(one) == self.top(customer)}

    def owned(self, customer: Customer) -> list[Link]:
        """The links that have not ended."""
        tree = self.tree(customer)
        return [link for link in self.links if link.home in tree and link.ended is None]

    def written(self, customer: Customer) -> list[Message]:
        """The timeline: what was written by its links, ended or not."""
        tree = self.tree(customer)
        return [message for message in self.messages if message.home in tree]

    def fact(self, customer: Customer, field: Field) -> str | None:
        """What the first source says that says anything (Profile)."""
        return next((value for by in self.rules.authority if (value := self.by_source(self.tree(customer), field, by))), None)

    def by_source(self, whose: set[Customer], field: Field, source: Source) -> str | None:
        """The last word of one source, of whomever of these it was; it may have taken a value back."""
        said = (one.given for one in reversed(self.facts) if one.of in whose)
        return next((given.value for given in said if (given.field, given.source) == (field, source)), None)

    def name(self, customer: Customer) -> str | None:
        return self.fact(customer, "name")

    def tags(self, customer: Customer) -> set[str]:
        """Those of everybody, of the first source that gives any."""
        for source in self.rules.authority:
            each = {self.by_source({one}, "tags", source) for one in self.tree(customer)}
            if given := {tag for tag in each if tag}:
                return given
        return set()

    def has_crm(self, customer: Customer) -> bool:
        """A CRM id is a handle too, so two customers never own the same one (Words)."""
        return any(link.name.key.kind == "crm" and link.name.key.standing == "verified" for link in self.owned(customer))

    def since(self, customer: Customer) -> int:
        """When it was first seen, by whichever of those that are one with it."""
        return min(self.first_seen[one] for one in self.tree(customer))

    def claims_only(self, customer: Customer) -> bool:
        tree = self.tree(customer)
        return all(link.name.key.standing == "claimed" for link in self.links if link.home in tree)

    def next_number(self, customer: Customer) -> int:
        """A customer counts what was written under it, whoever owns that by now (Merge and unmerge)."""
        return 1 + self.given.count(self.top(customer))
