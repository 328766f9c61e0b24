"""The figures there are: each one line of what it is, of which facts, and how it is meant to be looked at.

One that comes later is one more entry here; where its facts are of another kind, `desk.kpi.facts` makes them, and with a new
`desk.kpi.rolling.VERSION` all are counted anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from desk.kpi.periods import Span

Unit = Literal["contacts", "tickets", "promises", "customers", "views", "s", "points"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """`meaning` is for people. `kind` are its facts, `measure` what is averaged of them in `unit`; without one the facts are
    counted. `by` is how it is grouped where nobody says; `split` and `members` as in a question."""

    name: str
    label: str
    meaning: str
    unit: Unit
    kind: str
    measure: str | None = None
    by: str | None = None
    split: str | None = None
    members: str | None = None


READINGS: Final = "reading"
"""The kind that is no fact: readings are added up where they are counted (`desk.kpi.readings`)."""

_ALL: Final = (
    Kpi(
        name="first_reply",
        label="First reply",
        meaning="from the first contact of a conversation to the first answer by a person; counted when the contact came",
        unit="s",
        kind="contact",
        measure="first",
    ),
    Kpi(
        name="reply",
        label="Reply, by channel",
        meaning="from any contact to the first answer by a person behind it; counted when the contact came",
        unit="s",
        kind="contact",
        measure="reply",
        by="channel",
    ),
    Kpi(
        name="closing",
        label="Closing",
        meaning="from a ticket's opening to its last closing, of tickets that are closed; counted when it was closed",
        unit="s",
        kind="closed",
        measure="closing",
    ),
    Kpi(
        name="agents",
        label="Tickets per agent",
        meaning="tickets by the agent who was named last; counted when the ticket was opened",
        unit="tickets",
        kind="ticket",
        by="agent",
        split="outcome",
    ),
    Kpi(
        name="reasons",
        label="Reasons for contact",
        meaning="contacts by category, with the share of each",
        unit="contacts",
        kind="contact",
        by="category",
    ),
    Kpi(
        name="pipelines",
        label="Contacts per pipeline",
        meaning="contacts by the queues that the rules sent them to; one may go to several",
        unit="contacts",
        kind="contact",
        by="target",
    ),
    Kpi(
        name="tickets",
        label="Tickets per pipeline",
        meaning="tickets by the queues that the contacts of their conversation went to, open and closed; one may be in several",
        unit="tickets",
        kind="ticket",
        by="target",
        split="outcome",
    ),
    Kpi(
        name="sources",
        label="Sources",
        meaning="contacts by channel, with the share of each",
        unit="contacts",
        kind="contact",
        by="channel",
    ),
    Kpi(
        name="products",
        label="Products",
        meaning="contacts by the product that the rules recognised, with the share of each",
        unit="contacts",
        kind="contact",
        by="product",
    ),
    Kpi(
        name="sla",
        label="Promised times",
        meaning="promises that were kept and breached, dropped or still running; counted when the promise began",
        unit="promises",
        kind="promise",
        by="category",
        split="outcome",
    ),
    Kpi(
        name="surveys",
        label="Survey scores",
        meaning="numbers that customers answered, by question; counted when the survey's ticket was closed",
        unit="points",
        kind="score",
        measure="score",
        by="question",
    ),
    Kpi(
        name="unheard",
        label="Unheard customers",
        meaning="customers with contacts that nobody has answered until now; counted when the contact came",
        unit="customers",
        kind="waiting",
        members="handle",
    ),
    Kpi(
        name="routing",
        label="Right categories",
        meaning="contacts that were marked with their right category: routed right and wrong; counted when the contact came",
        unit="contacts",
        kind="mark",
        by="category",
        split="outcome",
    ),
    Kpi(
        name="articles",
        label="Most read articles",
        meaning="views of the FAQ's articles, with how many readers said that it helped and that it did not; by whole days",
        unit="views",
        kind=READINGS,
        by="article",
    ),
)
KPIS: Final[Mapping[str, Kpi]] = {one.name: one for one in _ALL}

DIMENSIONS: Final = (
    *("brand", "channel", "connector", "category", "product", "target", "tag", "agent", "reason"),
    *("outcome", "promise", "survey", "question", "rule", "right", "article", "faq"),
)
"""What facts are counted by, beside `field.<name>`: not each of them has all."""
SPANS: Final[tuple[Span, ...]] = ("hour", "day", "week", "month")
FIELD: Final = "field."

_OF_CONTACTS: Final = frozenset({"brand", "channel", "connector", "category", "product", "target", "tag", "rule"})
_OWN: Final[Mapping[str, frozenset[str]]] = {
    "ticket": frozenset({"agent", "reason", "outcome"}),
    "closed": frozenset({"agent", "reason", "outcome"}),
    "promise": frozenset({"promise", "outcome"}),
    "score": frozenset({"agent", "reason", "outcome", "survey", "question"}),
    "mark": frozenset({"right", "outcome"}),
    READINGS: frozenset({"article", "faq"}),
}
"""What facts of a kind have beside what their contact has."""


def can_be_by(name: str, by: str) -> bool:
    """Whether facts of a figure may have what it is to be grouped by; where they never do, all are in the group without a
    name."""
    kind = KPIS[name].kind
    if by in SPANS or by in _OWN.get(kind, ()):
        return True
    return by == "brand" if kind == READINGS else by in _OF_CONTACTS or by.startswith(FIELD)
