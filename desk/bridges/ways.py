"""How a ticket system is used, in its own words."""

from dataclasses import dataclass
from typing import Literal

from desk.bridges.base import Person

Customers = Literal["none", "verified", "all"]
"""Which customers a ticket system is told of, by their addresses: all that are proven, or also those that were only given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """`agents` may answer: everybody but the bridge itself, where nobody is named. `closed` are the states in which a ticket is
    closed, and `paused` those in which it waits for the customer; `reopened` is the one that it has again."""

    agents: frozenset[str]
    closed: frozenset[str]
    reopened: str
    paused: frozenset[str] = frozenset()
    priorities: tuple[tuple[int, str], ...] = ()
    """From which priority on a ticket gets which of the system's, highest first."""

    def may_answer(self, author: str) -> bool:
        return not self.agents or author in self.agents

    def reopens(self, state: str | None, *, reopens: bool) -> bool:
        """Whether a contact brings a ticket of this state into `reopened`: one that waits for the customer always, and a closed
        one where it `reopens` such."""
        return state in self.paused or (reopens and state in self.closed)

    def priority(self, given: int) -> str | None:
        """The system's word for a priority of the routing; None where it gets none."""
        return next((name for least, name in self.priorities if given >= least), None)


def told(customers: Customers, person: Person) -> Person | None:
    """Whom the system may know by e-mail or phone; None for nobody."""
    if customers == "none" or not (person.email or person.phone):
        return None
    return person if person.proven or customers == "all" else None
