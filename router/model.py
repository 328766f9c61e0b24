"""What a rules file says, once read: conditions, actions, rules and categories. Nothing here evaluates."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from router.vocabulary import FactType

Comparison = Literal["==", "!=", "<", "<=", ">", ">="]

FactOperator = Literal["equals", "contains", "words", "starts_with", "matches", "compare"]

Place: TypeAlias = tuple[str, int, int]
"""File, line and column, from 1."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One comparison with a number or a date: `>= 2`."""

    comparison: Comparison
    value: float | str

    def __str__(self) -> str:
        return f"{self.comparison} {self.value}"


@dataclass(frozen=True, slots=True)
class FactTest:
    """A question about one fact: it holds when any of the operands does. An operand None asks for a missing value."""

    id: int
    place: Place
    fact: str
    type: FactType
    operator: FactOperator
    operands: tuple[str | bool | Bound | None, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions joined by a word: `all` of them, `any` of them, or `not` any of them."""

    id: int
    place: Place
    word: Literal["all", "any", "not"]
    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Expression:
    """A CEL expression, compiled. `facts` are the names it may ask for."""

    id: int
    place: Place
    source: str
    facts: tuple[str, ...]
    evaluate: Callable[[object], "bool | str"] = field(compare=False)
    """From a prepared activation to whether it is true, or to the reason (a short code) why it could not be said."""


Condition: TypeAlias = FactTest | Group | Expression

SINGLE: tuple[str, ...] = ("category", "queue", "priority", "sla", "product", "playbook", "reply", "discard")
"""Fields of a decision that the first rule to set them wins."""

LISTS: tuple[str, ...] = ("tags", "owners", "copy_to", "notify")
"""Fields of a decision to which every matching rule adds."""


DEFAULT = "default"
CATEGORY = "category"
"""Who decided a field that no rule did: the `default:` of the files, or the setting of the category."""


Promise = Literal["first_reply", "next_reply", "resolution"]


@dataclass(frozen=True, slots=True)
class Escalation:
    """What happens when a promise is about to be missed, or is: who is told, which queues get the contact too, and how
    urgent it is from then on."""

    notify: tuple[str, ...] = ()
    copy_to: tuple[str, ...] = ()
    priority: int | None = None


@dataclass(frozen=True, slots=True)
class Sla:
    """How soon somebody must answer, answer again, and be done, in seconds of the named calendar's working time; of the three
    at least one. `warn`: so many seconds of it before the end; None is a fifth of each."""

    first_reply: int | None = None
    calendar: str | None = None
    next_reply: int | None = None
    resolution: int | None = None
    warn: int | None = None
    on_warning: Escalation | None = None
    on_breach: Escalation | None = None


@dataclass(frozen=True, slots=True)
class Actions:
    """What a rule does. `sets` holds fields of SINGLE, `adds` fields of LISTS, `raises` is n of `priority: +n`."""

    sets: Mapping[str, str | int | Sla] = field(default_factory=dict)
    adds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    raises: int = 0
    final: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """`when` holds when all of its conditions do; without any the rule always matches."""

    name: str
    place: Place
    when: tuple[Condition, ...]
    then: Actions


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of contact, with what holds for it where no rule says otherwise."""

    name: str
    label: str
    owners: tuple[str, ...] = ()
    sla: Sla | None = None
    priority: int | None = None
    playbook: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Where a message goes and what is known about it, with the explanation that the same evaluation wrote.

    `targets` is empty for a discarded message. `decided_by` names, for each field that was decided, the rule (several, joined
    by a comma, where rules added to it), `category` where the category's own setting held, or `default`. `explanation` is for
    `router.explain`. `extracted` has the fields that extractors filled, by their names without `fields.`. `reply` names the
    template of an answer, `notify` has who is to be told besides. `failed` has the rules with an expression that could not be
    evaluated though it had all values it asks for, each with the reason, a short code. `matched` has the rules that matched, in
    their order, whether they won anything or not.
    """

    category: str
    targets: tuple[str, ...]
    priority: int
    tags: tuple[str, ...]
    owners: tuple[str, ...]
    sla: Sla | None
    playbook: str | None
    product: str | None
    reply: str | None
    notify: tuple[str, ...]
    discard: str | None
    decided_by: Mapping[str, str]
    explanation: bytes
    extracted: Mapping[str, str | float | bool]
    failed: tuple[tuple[str, str], ...] = ()
    matched: tuple[str, ...] = ()
