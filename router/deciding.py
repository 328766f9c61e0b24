"""How the actions of matching rules and the settings of the category become one decision."""

from collections.abc import Mapping
from typing import Any

from router.measures import PRIORITY_MAX
from router.model import CATEGORY, DEFAULT, Actions, Category, Decision


class Won:
    """The fields of a decision while rules set them, and who set each."""

    __slots__ = ("by", "lists", "raised", "single")

    def __init__(self) -> None:
        self.single: dict[str, Any] = {}
        self.lists: dict[str, tuple[str, ...]] = {}
        self.raised: dict[str, int] = {}
        self.by: dict[str, str] = {}

    def take(self, rule: str, then: Actions) -> list[str]:
        """Let a matching rule act; gives the fields it won or added to."""
        taken = []
        for field, value in then.sets.items():
            if field not in self.single:
                self.single[field] = value
                self.by[field] = rule
                taken.append(field)
        for field, items in then.adds.items():
            self.by[field] = f"{self.by[field]}, {rule}" if field in self.lists else rule
            self.lists[field] = self.lists.get(field, ()) + items
            taken.append(field)
        if then.raises:
            self.raised[rule] = then.raises
            taken.append("priority")
        return taken

    def complete(self, categories: Mapping[str, Category], default: str) -> Category:
        """Fill from the default and from the category what no rule decided, then raise the priority."""
        self._fill("category", default, DEFAULT)
        category = categories[self.single["category"]]
        self._fill("priority", category.priority, CATEGORY)
        self._fill("sla", category.sla, CATEGORY)
        self._fill("playbook", category.playbook, CATEGORY)
        if category.owners and "owners" not in self.lists:
            self.lists["owners"] = category.owners
            self.by["owners"] = CATEGORY
        if self.raised:
            names = [self.by["priority"], *self.raised] if "priority" in self.by else self.raised
            self.by["priority"] = ", ".join(names)
        return category

    def _fill(self, field: str, value: object, by: str) -> None:
        if value is not None and field not in self.single:
            self.single[field] = value
            self.by[field] = by


def decision(
    won: Won,
    category: Category,
    explanation: bytes,
    extracted: Mapping[str, str | float | bool],
    *,
    failed: tuple[tuple[str, str], ...],
    matched: tuple[str, ...],
) -> Decision:
    """The decision, of what was won and completed, with the fields that were taken out of the texts, the rules that failed,
    and those that matched."""
    single, lists = won.single.get, won.lists.get
    discard = single("discard")
    return Decision(
        category=category.name,
        targets=() if discard is not None else _unique((single("queue") or category.name, *lists("copy_to", ()))),
        priority=min(single("priority", 0) + sum(won.raised.values()), PRIORITY_MAX),
        tags=_unique(lists("tags", ())),
        owners=_unique(lists("owners", ())),
        sla=single("sla"),
        playbook=single("playbook"),
        product=single("product"),
        reply=single("reply"),
        notify=_unique(lists("notify", ())),
        discard=discard,
        decided_by=won.by,
        explanation=explanation,
        extracted=extracted,
        failed=failed,
        matched=matched,
    )


def _unique(items: tuple[str, ...]) -> tuple[str, ...]:
    return items if len(items) < 2 else tuple(dict.fromkeys(items))  # noqa: PLR2004 - one item repeats nothing
