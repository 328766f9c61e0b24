"""Named things of rules files: in which order they can be read, what they cost, and which of them nothing uses.

Lists, patterns, conditions and templates are declared once, in any file, and used by name. Nothing here reads or evaluates.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from router.model import Place

NAME: Final = re.compile(r"[a-z][a-z0-9_-]*")
"""A name begins with a letter, so that `$100` is never taken for one."""

NESTED_MAX: Final = 16
"""How many times a named thing may lead to another, and how deep conditions may be nested, those of names included."""

SIZE_MAX: Final = 500_000
"""How many texts and conditions names may stand for in the whole ruleset, counted anew wherever one is used."""

_SHOWN_MAX: Final = 8
_CYCLES_MAX: Final = 20

Kind = Literal["list", "pattern", "condition", "template"]

Key: TypeAlias = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class Names:
    """The named things of a ruleset. `uses` has the names in each, and under None those in rules and extractors."""

    declared: Mapping[Key, Place]
    uses: Mapping[Key | None, Collection[Key]]


def unused(names: Names) -> tuple[tuple[Kind, str, Place], ...]:
    """What no rule and no extractor uses, directly or through others, in the order of the declarations."""
    reached: set[Key] = set()
    waiting = list(names.uses.get(None, ()))
    while waiting:
        key = waiting.pop()
        if key not in reached:
            reached.add(key)
            waiting += names.uses.get(key, ())
    return tuple((kind, name, place) for (kind, name), place in names.declared.items() if (kind, name) not in reached)


@dataclass(slots=True)
class Usage:
    """Keeps account while files are read: who uses what, and how much all uses come to."""

    owner: Key | None = None
    """The named thing that is being read; None for rules and extractors."""
    uses: dict[Key | None, dict[Key, None]] = field(default_factory=dict)
    size: int = 0

    def note(self, key: Key) -> None:
        """The owner uses it."""
        self.uses.setdefault(self.owner, {})[key] = None

    def spend(self, size: int) -> bool | None:
        """Add what one use stands for. True where it fits, False where it is the first too many, None from then on."""
        if self.size > SIZE_MAX:
            return None
        self.size += size
        return self.size <= SIZE_MAX


def reading_order(uses: Mapping[str, Sequence[str]]) -> tuple[list[str], dict[str, str]]:
    """The names, each behind all that it uses, and the cycles: for the first name of each, its chain in words.

    Names that are used and not declared are passed over. Steps are kept in a list: a chain may be longer than
    Python's stack.
    """
    order: list[str] = []
    cycles: dict[str, str] = {}
    done: set[str] = set()
    for start in uses:
        path = [] if start in done else [(start, iter(uses[start]))]
        places = {start: 0}
        while path:
            name, rest = path[-1]
            used = next((one for one in rest if one in uses and one not in done), None)
            if used is None:
                path.pop()
                del places[name]
                done.add(name)
                order.append(name)
            elif used not in places:
                places[used] = len(path)
                path.append((used, iter(uses[used])))
            elif used not in cycles and len(cycles) < _CYCLES_MAX:
                cycles[used] = _chain([name for name, _ in path[places[used] :]])
    return order, cycles


def _chain(names: list[str]) -> str:
    """`a > b > a`, in the middle of which a long one is left out."""
    shown = names if len(names) <= _SHOWN_MAX else [*names[: _SHOWN_MAX - 2], "…", names[-1]]
    return " > ".join([*shown, names[0]])
