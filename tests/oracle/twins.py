"""Stand-ins for the real one: a second model under random ids, and the same with one defect each.

They show that a run over random sequences sees what it is made to see: a comparison that finds nothing in them proves nothing.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import uuid4

from tests.oracle.customers import Customers
from tests.oracle.facts import Link, Merged
from tests.oracle.states import CustomerState, LinkState, MessageState, State, state_of
from tests.oracle.terms import Answer, Contact, Customer, Key, LinkName, Rules


class Twin:
    """A model that answers as the real one does, with ids of its own."""

    def __init__(self, model: Customers) -> None:
        self._model = model
        self._ids: dict[str, str] = {}

    async def contacts(self, batch: Sequence[Contact]) -> list[Answer]:
        return [Answer(self._id(one.customer), one.match, one.sequence) for one in self._model.contacts(batch)]

    async def merge(self, one: str, other: str, top: str | None, now_ms: int) -> None:
        self._model.merge(self._name(one), self._name(other), self._name(top) if top else None, now_ms)

    async def unmerge(self, customer: str, now_ms: int) -> None:
        self._model.unmerge(self._name(customer), now_ms)

    async def release(self, link: str, now_ms: int) -> None:
        self._model.release(next(one.name for one in self._model.links if str(one.name) == link), now_ms)

    async def changed(self, old: Key, new: Key, now_ms: int) -> None:
        self._model.changed(old, new, now_ms)

    async def erase(self, customer: str, now_ms: int) -> None:
        self._model.erase(self._name(customer), now_ms)

    async def state(self) -> State:
        state = state_of(self._model)
        return State(
            {name: self._known(one) for name, one in state.links.items()},
            {name: self._known(one) for name, one in state.messages.items()},
            {self._id(name): self._known(one) for name, one in state.customers.items()},
            state.link_ids,
        )

    def _known(self, state: LinkState | MessageState | CustomerState) -> Any:
        """The state with ids for names."""
        parts = vars(state)
        named = {name: self._id(parts[name]) for name in ("home", "owner", "under", "into", "top") if parts.get(name)}
        return type(state)(**(parts | named))

    def _id(self, customer: Customer) -> str:
        return self._ids.setdefault(customer, str(uuid4()))

    def _name(self, id_: str) -> Customer:
        return next(name for name, each in self._ids.items() if each == id_)


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


class ClaimsAreVerified(Customers):
    """Whoever types an address is taken for who has proven it."""

    def _match(self, link: Link) -> str:
        match = super()._match(link)
        return "verified" if match == "agent" else match


class NoGuards(Customers):
    """One guard is missing."""

    missing = ""

    def _guard(self, one: Customer, other: Customer, now_ms: int) -> str | None:
        guard = super()._guard(one, other, now_ms)
        return None if guard == self.missing else guard


class NoCrmGuard(NoGuards):
    missing = "crm_conflict"


class NoHandleCap(NoGuards):
    missing = "handle_cap"


class NoMergeCap(NoGuards):
    missing = "merge_cap"


class NoNames(NoGuards):
    missing = "names_differ"


class SharedLinks(Customers):
    """A shared handle is an alias like others."""

    def _shared(self, said: object) -> bool:
        return False


class NumbersAreForEver(Customers):
    """No number is ever given out again."""

    def _end_recycled(self, keys: Sequence[Key], now_ms: int) -> None:
        pass


class YoungestOnTop(Customers):
    """Who was first seen later comes out on top."""

    def since(self, customer: Customer) -> int:
        return -super().since(customer)


class UnmergeEndsAll(Customers):
    """An unmerge also frees those below."""

    def unmerge(self, customer: Customer, now_ms: int) -> None:
        super().unmerge(customer, now_ms)
        self.merges = [merge for merge in self.merges if merge.into != customer]


class MergeForgetsWhoIsBelow(Customers):
    """A merge of merged ones moves only the upper one."""

    def _put_below(self, one: Customer, other: Customer, now_ms: int, top: Customer | None = None) -> None:
        super()._put_below(one, other, now_ms, top)
        below, into = self.merges[-1].below, self.merges[-1].into
        moved = [Merged(merge.below, into, now_ms) if merge.into == below else merge for merge in self.merges]
        self.merges = moved


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
    LinksGoToTheTop,
    NumbersAgain,
    NumbersJump,
    ClaimsMerge,
    ClaimsAreVerified,
    NoCrmGuard,
    NoHandleCap,
    NoMergeCap,
    NoNames,
    SharedLinks,
    NumbersAreForEver,
    YoungestOnTop,
    UnmergeEndsAll,
    MergeForgetsWhoIsBelow,
    ReleaseForgets,
    EraseLeavesThoseBelow,
    ChangedKeepsTheOld,
)
