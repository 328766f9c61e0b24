"""Which pairs a person is asked about: the model's part of `docs/identity.md` called "Suggestions", as far as `same_claim` and
the guards go.

The model does not keep the queue. It says of each step which pairs must be in it then, and between whom nothing may be open.
"""

from fnmatch import fnmatchcase
from typing import NamedTuple

from tests.oracle.facts import Link
from tests.oracle.talks import Talks
from tests.oracle.terms import Contact, Customer, Key, Rules, Said


class Asked(NamedTuple):
    """Two customers who may be one, and why."""

    pair: frozenset[Customer]
    reason: str


class Suggested(Talks):
    """What contacts and stopped merges make a person decide."""

    def __init__(self, rules: Rules) -> None:
        super().__init__(rules)
        self._new: list[tuple[Customer, Customer, str]] = []
        self._apart_now: list[tuple[Customer, Customer]] = []

    def begin(self) -> None:
        """Another step."""
        self._new, self._apart_now = [], []

    def asked(self) -> set[Asked]:
        """Who must be in the queue after this step, open or rejected before."""
        pairs = ((self._pair(one, other), reason) for one, other, reason in self._new)
        return {Asked(pair, reason) for pair, reason in pairs if len(pair) == 2}

    def closed(self) -> set[frozenset[Customer]]:
        """Who was taken apart in this step: nothing is open between the two."""
        return {self._pair(*pair) for pair in self._apart_now}

    def _ask(self, one: Customer, other: Customer, reason: str) -> None:
        self._new.append((one, other, reason))

    def _close(self, one: Customer, other: Customer) -> None:
        self._apart_now.append((one, other))

    def _claim(self, contact: Contact, link: Link, own: list[Key]) -> None:
        """Everything that a contact names and does not prove; `own` is what it writes from."""
        for said in (contact.sender, *contact.aliases, *contact.claims):
            proven = Key(contact.space, "verified", said.kind, said.value)
            owner = self.live(proven)
            if owner is None or proven in own or self._shared(said):
                continue
            self.happened["names what another owns"] += self.top(owner.home) != self.top(link.home)
            self._ask(link.home, owner.home, "same_claim")

    def _shared(self, said: Said) -> bool:
        """Whether a handle is known to be of many people."""
        return any(fnmatchcase(said.value, pattern) for pattern in self.rules.shared)

    def _pair(self, one: Customer, other: Customer) -> frozenset[Customer]:
        return frozenset((self.top(one), self.top(other)))
