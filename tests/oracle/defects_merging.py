"""Models with one defect each in what is done to two customers."""

from typing import Final

from tests.oracle.customers import Customers
from tests.oracle.facts import Link, Merged
from tests.oracle.terms import DAY_MS, Customer, Key


class NoGuards(Customers):
    """One guard is missing."""

    missing = ""

    def _guard(self, one: Customer, other: Customer, now_ms: int, keys: tuple[Key, Key]) -> str | None:
        guard = super()._guard(one, other, now_ms, keys)
        return None if guard == self.missing else guard


class NoUnmerged(NoGuards):
    missing = "unmerged"


class NoGivenUp(NoGuards):
    missing = "given_up"


class NoCrmGuard(NoGuards):
    missing = "crm_conflict"


class NoHandleCap(NoGuards):
    missing = "handle_cap"


class NoMergeCap(NoGuards):
    missing = "merge_cap"


class NoNames(NoGuards):
    missing = "names_differ"


class ApartByThemselvesOnly(Customers):
    """Whom a person took apart is merged by itself again, where one of them has come below somebody."""

    def _guard(self, one: Customer, other: Customer, now_ms: int, keys: tuple[Key, Key]) -> str | None:
        apart, tops = self.apart, {self.top(one), self.top(other)}
        self.apart = [pair for pair in apart if set(pair) == tops]
        guard = super()._guard(one, other, now_ms, keys)
        self.apart = apart
        return guard


class ApartFromTheTopOnly(Customers):
    """Whom a person took out from under a home that stood below somebody is merged with that home again."""

    def unmerge(self, customer: Customer, now_ms: int) -> None:
        super().unmerge(customer, now_ms)
        self.apart.pop()


class MergesCountForTheTopOfThen(Customers):
    """A merge counts for whoever was at the top when it was made, also once its home has left."""

    def _put_below(self, below: Customer, into: Customer, now_ms: int) -> None:
        super()._put_below(below, into, now_ms)
        self.then = {**getattr(self, "then", {}), below: self.top(into)}

    def _lately(self, now_ms: int) -> list[Customer]:
        return [self.then[merge.below] for merge in self.merges if now_ms - merge.at_ms < DAY_MS]


class AnyClaimGoesOn(Customers):
    """An unmerge lets a claim go on although somebody has claimed the address since."""

    def latest(self, key: Key) -> Link:
        return next((link for link in self.links if link.name.key == key and link.ended == "accepted"), super().latest(key))


class ClaimsAreForEver(Customers):
    """Whoever types an address that a person once took for somebody's is that one."""

    def _end_claims(self, customer: Customer) -> None:
        pass


class AcceptedIsForEver(Customers):
    """Claims do not go on after an unmerge."""

    def _begin_claims_again(self, customer: Customer) -> None:
        pass


class MergesGoToTheTop(Customers):
    """A merge by itself puts the one below the top of the other."""

    def _below(self, homes: tuple[Customer, Customer]) -> tuple[Customer | None, Customer]:
        below, into = super()._below(homes)
        return below, self.top(into)


class TheOrderDecides(Customers):
    """Who is put below need not be the home of its own handle."""

    def _below(self, homes: tuple[Customer, Customer]) -> tuple[Customer | None, Customer]:
        into = min(homes, key=self._rank)
        return self.top(homes[1] if into == homes[0] else homes[0]), into


class CrmIdsCountForNothing(Customers):
    """Who has a CRM id does not come out on top for it."""

    def _rank(self, customer: Customer) -> tuple[bool, bool, int]:
        return self.claims_only(customer), False, self.since(customer)


class MergeForgetsWhoIsBelow(Customers):
    """A merge of merged ones moves only the upper one."""

    def _put_below(self, below: Customer, into: Customer, now_ms: int) -> None:
        super()._put_below(below, into, now_ms)
        self.merges = [Merged(one.below, into, now_ms) if one.into == below else one for one in self.merges]


class YoungestOnTop(Customers):
    """Who was first seen later comes out on top."""

    def since(self, customer: Customer) -> int:
        return -super().since(customer)


MERGING: Final = (
    NoUnmerged,
    NoGivenUp,
    NoCrmGuard,
    NoHandleCap,
    NoMergeCap,
    NoNames,
    ApartByThemselvesOnly,
    ApartFromTheTopOnly,
    MergesCountForTheTopOfThen,
    AnyClaimGoesOn,
    ClaimsAreForEver,
    AcceptedIsForEver,
    MergesGoToTheTop,
    TheOrderDecides,
    CrmIdsCountForNothing,
    MergeForgetsWhoIsBelow,
    YoungestOnTop,
)
