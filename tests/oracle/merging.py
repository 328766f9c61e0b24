"""Who becomes one with whom, who stands below whom, and what becomes of claims: the model's part of `docs/identity.md` from
"Merge by itself" to "Merge and unmerge"."""

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.oracle.facts import Link, Merged
from tests.oracle.suggested import Suggested
from tests.oracle.terms import DAY_MS, Customer, Key


class Merging(Suggested):
    """What is done to two customers."""

    def _merge_proven(self, shown: tuple[Customer, Key], alias: Link, now_ms: int) -> bool:
        """Merge the owners of two handles of one proof. True where a guard stopped it."""
        homes, keys = (shown[0], alias.home), (shown[1], alias.name.key)
        tops = self.top(homes[0]), self.top(homes[1])
        if tops[0] == tops[1]:
            return False
        guard = self._guard(*homes, now_ms, keys)
        below, into = self._below(homes)
        if guard is None and below is None:
            guard = "both_merged"
        if guard is not None or below is None:
            self.happened[f"guard {guard}"] += 1
            self._ask(*homes, str(guard))
            return True
        self.happened["merge by itself"] += 1
        self.happened["merge by itself, below one who is merged"] += self.above(into) is not None
        self._put_below(below, into, now_ms)
        return False

    def _below(self, homes: tuple[Customer, Customer]) -> tuple[Customer | None, Customer]:
        """Who of two is put below the other's home; None where neither home is at the top (Merge and unmerge)."""
        into = min(homes, key=self._rank)
        below = homes[1] if into == homes[0] else homes[0]
        if self.above(below) is not None:
            self.happened["the order gave way"] += self.above(into) is None
            below, into = into, below
        return (None if self.above(below) else below), into

    def _gave_up(self, customer: Customer, key: Key) -> bool:
        """Whether the handle was this one's once, and ended there."""
        return any(link.name.key == key and link.ended and self.top(link.home) == customer for link in self.links)

    def _guard(self, one: Customer, other: Customer, now_ms: int, keys: tuple[Key, Key]) -> str | None:
        """The first that forbids a merge (Merge by itself). `keys`: the handle of each."""
        return next(self._guards(one, other, now_ms, keys), None)

    def _guards(self, one: Customer, other: Customer, now_ms: int, keys: tuple[Key, Key]) -> Iterator[str]:
        one, other = self.top(one), self.top(other)
        if any({self.top(pair[0]), self.top(pair[1])} == {one, other} for pair in self.apart):
            yield "unmerged"
        if self._gave_up(one, keys[1]) or self._gave_up(other, keys[0]):
            yield "given_up"
        if self.has_crm(one) and self.has_crm(other):
            yield "crm_conflict"
        if self._too_many([link.name.key for link in self.owned(one) + self.owned(other)]):
            yield "handle_cap"
        today = self._lately(now_ms)
        if max(today.count(one), today.count(other)) >= self.rules.merges_per_day:
            yield "merge_cap"
        names = self.name(one), self.name(other)
        if names[0] and names[1] and self.rules.two_people(names[0], names[1]):
            yield "names_differ"

    def _lately(self, now_ms: int) -> list[Customer]:
        """Who is at the top of each merge of the last day."""
        return [self.top(merge.into) for merge in self.merges if now_ms - merge.at_ms < DAY_MS]

    def _too_many(self, keys: Sequence[Key]) -> bool:
        """Whether these are more different addresses of one kind than a person has."""
        kinds = Counter(kind for kind, _ in {(key.kind, key.value) for key in keys})
        return any(count > self._cap(kind) for kind, count in kinds.items())

    def _cap(self, kind: str) -> int:
        return self.rules.caps.get(kind, self.rules.cap_other)

    def _rank(self, customer: Customer) -> tuple[bool, bool, int]:
        """A verified customer comes out on top, then who has a CRM id, then who was first seen earlier (Merge and unmerge)."""
        return self.claims_only(customer), not self.has_crm(customer), self.since(customer)

    def _put_below(self, below: Customer, into: Customer, now_ms: int) -> None:
        self.happened["a merge of merged ones"] += len(self.tree(below)) > 1
        self.merges.append(Merged(below, into, now_ms))

    def _end_claims(self, customer: Customer) -> None:
        """A person took them for a proven customer's (Merge and unmerge)."""
        for link in self.owned(customer):
            if link.name.key.standing == "claimed":
                self.happened["claim accepted"] += 1
                self.end(link, "accepted")

    def _begin_claims_again(self, customer: Customer) -> None:
        """But for those of a handle that somebody has claimed since."""
        tree = self.tree(customer)
        for link in self.links:
            if link.home in tree and link.ended == "accepted":
                goes_on = link is self.latest(link.name.key)
                self.happened["claim goes on" if goes_on else "claim stays ended"] += 1
                link.ended = None if goes_on else link.ended
