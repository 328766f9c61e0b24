"""How well customers are told apart, against a truth that is known: precision and recall over pairs of verified handles. Pure.

The truth
- A **holding** is one verified handle within one brand, for the time that it is in the same hands. A number that is given
  out again is two holdings. Its **holders** are the people who have it: one; two for a family's phone or mailbox.
- A **post** is a handle that is of no person: `info@…` of a firm, a placeholder. Its holders are all who wrote from it.
- A **proof** is one contact: the holdings of its verified handles, the sender's and those of its aliases.

What was found
- An **entry** is a holding together with one customer who owns, at the end, a link under which it was seen. A holding has one
  entry, or one for each customer where it was **cut**: its links have ended up with several. A holding that nobody
  owns is an entry alone.

Precision: of all pairs of entries that one customer owns, those that have a holder in common. So a pair of a family's phone
with a handle of either of its holders is right, and a pair of the two holders' own handles is wrong.

Recall: of all pairs of entries that were shown to be one person's, those that one customer owns. Shown to be one person's are
- handles with the same holders that proofs connect: one proof that names both, or a chain of them. No chain leads over a handle
  of others: that two people use one phone shows nothing about their mailboxes;
- the entries of one holding that was cut;
- a shared handle (more than one holder, no post) with the own handles of **one** of its holders beside which it was proven, and
  with all that are connected to these: of the holder with whom most of these pairs were found. A phone can be with one only.
A post is expected nowhere.

Both are 1 where there are no pairs. Nothing is counted pair by pair: the cost grows with the number of entries.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import TypeAlias

Owners: TypeAlias = Mapping["Holding", Collection[str]]
"""The customers of each holding: one, or several where it was cut."""
Proof: TypeAlias = tuple["Holding", ...]
_Entries: TypeAlias = Counter[str]
"""How many entries each customer has of something."""


@dataclass(frozen=True, slots=True)
class Holding:
    """`id` is unique; `holders` are numbers of people."""

    id: str
    holders: frozenset[int]
    post: bool = False

    @property
    def shared(self) -> bool:
        return len(self.holders) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Numbers of pairs: `together` in one customer, `wrong` of them; `expected` to be together, `found` of them. `cut` is the
    number of holdings with several owners."""

    together: int
    wrong: int
    expected: int
    found: int
    cut: int

    @property
    def precision(self) -> float:
        return (self.together - self.wrong) / self.together if self.together else 1.0

    @property
    def recall(self) -> float:
        return self.found / self.expected if self.expected else 1.0


def score(proofs: Iterable[Proof], owners: Owners) -> Score:
    """Count the pairs. Every holding that counts is in at least one proof."""
    distinct = set(proofs)
    found = {holding: tuple(owners.get(holding, ())) for proof in distinct for holding in proof}
    # One that nobody owns is with nobody else.
    placed = {holding: customers or (f"nobody's/{holding.id}",) for holding, customers in found.items()}
    together, wrong = _together(placed)
    expected, right = _expected(distinct, placed)
    cut = sum(len(customers) > 1 for customers in placed.values())
    return Score(together=together, wrong=wrong, expected=expected, found=right, cut=cut)


def _together(placed: Owners) -> tuple[int, int]:
    """All pairs in one customer, and those of different people."""
    clusters: dict[str, Counter[frozenset[int]]] = defaultdict(Counter)
    for holding, customers in placed.items():
        for customer in customers:
            clusters[customer][holding.holders] += 1
    together = sum(comb(cluster.total(), 2) for cluster in clusters.values())
    return together, together - sum(map(_right, clusters.values()))


def _right(cluster: Counter[frozenset[int]]) -> int:
    """The pairs of one customer that have a holder in common, given how many entries have the same holders."""
    of_person: dict[int, set[frozenset[int]]] = defaultdict(set)
    for holders in cluster:
        for person in holders:
            of_person[person].add(holders)
    twice = 0
    for holders, entries in cluster.items():
        near = set().union(*(of_person[person] for person in holders))
        twice += entries * (sum(cluster[other] for other in near) - 1)
    return twice // 2


def _expected(proofs: Collection[Proof], placed: Owners) -> tuple[int, int]:
    """The pairs that belong together, and those of them that are."""
    groups = _Groups()
    beside: set[tuple[Holding, Holding]] = set()
    for proof in proofs:
        persons = [holding for holding in proof if not holding.post]
        groups.join(persons)
        beside |= set(_beside(persons))
    entries: dict[Holding, _Entries] = defaultdict(Counter)
    for holding, customers in placed.items():
        if not holding.post:
            entries[groups.root(holding)].update(customers)
    pairs = [_within(group) for group in entries.values()]
    partners: dict[Holding, dict[frozenset[int], set[Holding]]] = defaultdict(lambda: defaultdict(set))
    for shared, own in beside:
        partners[groups.root(shared)][own.holders].add(groups.root(own))
    for shared, by_holder in partners.items():
        candidates = [_with_all(entries[shared], [entries[one] for one in own]) for own in by_holder.values()]
        pairs.append(max(candidates, key=_most_found))
    return sum(expected for expected, _ in pairs), sum(found for _, found in pairs)


def _beside(persons: Collection[Holding]) -> Iterator[tuple[Holding, Holding]]:
    """Each shared handle of a proof with each own one of its holders."""
    for shared in persons:
        if shared.shared:
            yield from ((shared, own) for own in persons if not own.shared and own.holders <= shared.holders)


def _within(group: _Entries) -> tuple[int, int]:
    """Pairs within a group: all, and those in one customer."""
    return comb(group.total(), 2), sum(comb(entries, 2) for entries in group.values())


def _with_all(shared: _Entries, groups: Sequence[_Entries]) -> tuple[int, int]:
    """Pairs of an entry of the one with an entry of the others: all, and those in one customer."""
    others = sum(groups, Counter())
    return shared.total() * others.total(), sum(entries * others[customer] for customer, entries in shared.items())


def _most_found(pairs: tuple[int, int]) -> tuple[int, int]:
    """Between two of whom the same was found, the one of whom more was expected: no miss is hidden."""
    expected, found = pairs
    return found, expected


class _Groups:
    """Handles with the same holders that proofs connect."""

    def __init__(self) -> None:
        self._above: dict[Holding, Holding] = {}

    def join(self, holdings: Iterable[Holding]) -> None:
        """Those of them that have the same holders are one group."""
        first: dict[frozenset[int], Holding] = {}
        for holding in holdings:
            mine, theirs = self.root(holding), self.root(first.setdefault(holding.holders, holding))
            if mine != theirs:
                self._above[mine] = theirs

    def root(self, holding: Holding) -> Holding:
        """The one that stands for the group. Ways that were walked get shorter."""
        above = self._above.get(holding, holding)
        if above == holding:
            return holding
        root = self.root(above)
        self._above[holding] = root
        return root
