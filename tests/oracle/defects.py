"""Models with one defect each.

They show that a run over random sequences sees what it is made to see: a comparison that finds nothing in them proves nothing.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tests.oracle.customers import Customers
from tests.oracle.defects_facts import FACTS
from tests.oracle.defects_merging import MERGING
from tests.oracle.defects_talks import TALKS
from tests.oracle.facts import Fact, Link
from tests.oracle.terms import Answer, Contact, Customer, Given, Key, LinkName, Rules


class LinksGoToTheTop(Customers):
    """What comes while merged is the upper one's for ever."""

    def _link(self, key: Key, home: Customer, now_ms: int) -> None:
        super()._link(key, self.top(home), now_ms)


class NumbersAgain(Customers):
    """A number that somebody else's handle was given under this customer is given again."""

    def next_number(self, customer: Customer) -> int:
        return 1 + len(self.written(customer))


class NumbersJump(Customers):
    """After a merge the numbers go on where the higher ones ended."""

    def next_number(self, customer: Customer) -> int:
        return 1 + max((self.given.count(one) for one in self.tree(customer)), default=0)


class ClaimsMerge(Customers):
    """A typed alias is taken for a proven one."""

    def _own(self, contact: Contact) -> list[Key]:
        typed = [Key(contact.space, "verified", one.kind, one.value) for one in contact.aliases if one.proof == "claimed"]
        return list(dict.fromkeys([*super()._own(contact), *typed]))


class RecordsBreakSilence(Customers):
    """An alias that stands in records is as good as one that the platform sees."""

    def contact(self, contact: Contact) -> Answer:
        return super().contact(replace(contact, recorded=False))


class CapsOfOtherKinds(Customers):
    """A new handle stands alone where there are too many of another kind."""

    def _link_new(self, key: Key, home: Customer, now_ms: int) -> None:
        if self._too_many([link.name.key for link in self.owned(home)]):
            home = self._new_customer(key, now_ms)
        super()._link_new(key, home, now_ms)


class SharedLinks(Customers):
    """A shared handle is an alias like others."""

    def _shared(self, said: object) -> bool:
        return False


class SharedTeachNames(Customers):
    """Whoever writes from a shared handle gives its customer a name."""

    def _write(self, contact: Contact, link: Link, match: str) -> Answer:
        answer = super()._write(contact, link, match)
        if contact.name:
            self.facts.append(Fact(link.home, Given("connector", "name", contact.name)))
        return answer


class NumbersAreForEver(Customers):
    """No number is ever given out again."""

    def _end_recycled(self, keys: Sequence[Key], now_ms: int) -> None:
        pass


class UnmergeEndsAll(Customers):
    """An unmerge also frees those below."""

    def unmerge(self, customer: Customer, now_ms: int) -> None:
        super().unmerge(customer, now_ms)
        self.merges = [merge for merge in self.merges if merge.into != customer]


class ReleaseForgets(Customers):
    """A released link is gone, and its messages with it."""

    def release(self, name: LinkName, now_ms: int) -> None:
        self.links = [link for link in self.links if link.name != name]
        self.messages = [message for message in self.messages if message.link != name]


class EraseLeavesThoseBelow(Customers):
    """Only who stands at the top is erased."""

    def tree(self, customer: Customer) -> set[Customer]:
        return {customer} if self._erasing else super().tree(customer)

    def erase(self, customer: Customer, now_ms: int) -> None:
        self._erasing = True
        super().erase(customer, now_ms)
        self._erasing = False
        self.merges = [merge for merge in self.merges if merge.into != customer]

    def __init__(self, rules: Rules) -> None:
        super().__init__(rules)
        self._erasing = False


class ChangedKeepsTheOld(Customers):
    """After a change both numbers are the customer's."""

    def changed(self, old: Key, new: Key, now_ms: int) -> None:
        link = self.live(old)
        super().changed(old, new, now_ms)
        if link is not None:
            link.ended = None


DEFECTS: Final = (
    *MERGING,
    *TALKS,
    *FACTS,
    LinksGoToTheTop,
    NumbersAgain,
    NumbersJump,
    ClaimsMerge,
    RecordsBreakSilence,
    CapsOfOtherKinds,
    SharedLinks,
    SharedTeachNames,
    NumbersAreForEver,
    UnmergeEndsAll,
    ReleaseForgets,
    EraseLeavesThoseBelow,
    ChangedKeepsTheOld,
)
