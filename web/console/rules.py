"""Rules as the console shows them: plain values for its templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from router.differing import Change
from web.console.playground import said

_MOVES_MAX: Final = 20
_KINDS: Final[Mapping[str, str]] = {"+": "added", "-": "removed", "@": "place"}


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of what differs: `kind` is added, removed, place, file or same."""

    kind: str
    text: str

    @classmethod
    def of(cls, line: str) -> "DiffLine":
        """A line of a unified diff."""
        return cls(_KINDS.get(line[:1], "same"), line)


class Sampled(Protocol):
    """A message that stands for others."""

    @property
    def id(self) -> str: ...
    @property
    def channel(self) -> str: ...


class Tallied(Protocol):
    """How many messages, and a few of them."""

    @property
    def count(self) -> int: ...
    @property
    def examples(self) -> Sequence[Sampled]: ...


class Compared(Protocol):
    """What came of asking two versions about the same messages."""

    @property
    def messages(self) -> int: ...
    @property
    def same(self) -> int: ...
    @property
    def changed(self) -> int: ...
    @property
    def left_out(self) -> int: ...
    @property
    def oldest_ms(self) -> int | None: ...
    @property
    def not_reproduced(self) -> Sequence[Sampled]: ...
    @property
    def not_comparable(self) -> Mapping[tuple[str, str], Tallied]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Messages of which one field would be otherwise, in one way."""

    before: str
    after: str
    by_before: str
    by_after: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldMoves:
    """Of one field: the ways of the most messages first; `more` are counted and not shown."""

    field: str
    count: int
    moves: tuple[Move, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """What would change. `missing`: the facts that are not known any more, with how many messages lack them."""

    messages: int
    same: int
    changed: int
    left_out: int
    oldest_ms: int | None
    fields: tuple[FieldMoves, ...]
    missing: tuple[tuple[str, int], ...]
    not_reproduced: int


def moves_of(by_field: Mapping[str, Sequence[tuple[Change, Tallied]]], outcome: Compared) -> Moves:
    return Moves(
        messages=outcome.messages,
        same=outcome.same,
        changed=outcome.changed,
        left_out=outcome.left_out,
        oldest_ms=outcome.oldest_ms,
        fields=tuple(_field(name, moves) for name, moves in by_field.items()),
        missing=tuple((fact, tally.count) for (fact, _), tally in outcome.not_comparable.items()),
        not_reproduced=len(outcome.not_reproduced),
    )


def _field(name: str, moves: Sequence[tuple[Change, Tallied]]) -> FieldMoves:
    shown = tuple(_move(change, tally) for change, tally in moves[:_MOVES_MAX])
    whole = sum(tally.count for _, tally in moves)
    return FieldMoves(field=name, count=whole, moves=shown, more=whole - sum(one.count for one in shown))


def _move(change: Change, tally: Tallied) -> Move:
    return Move(
        before=said(change.before),
        after=said(change.after),
        by_before=change.by_before or "",
        by_after=change.by_after or "",
        count=tally.count,
        examples=tuple(one.id for one in tally.examples),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleUse:
    """A rule of the live version and what it matched in the period: `days` has a number for each day, `share` its part of all
    messages in per cent. `last_ms` is the last time ever counted. `dead`: why it can never do anything, in words."""

    name: str
    file: str
    number: int
    line: int
    messages: int
    share: float
    days: tuple[int, ...]
    last_ms: int | None
    dead: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """A stored version. `chosen` has who chose it last for this brand, and when, where anybody has."""

    hash: str
    created_ms: int
    live: bool
    chosen_ms: int | None
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRow:
    """What decides on a node: `follows` where that is what was chosen last; `files` where its files say something else."""

    node: str
    live: str
    since_ms: int
    seen_ms: int
    follows: bool
    files: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowRow:
    """What a shadow would have done: the changes of the most messages first, each with how many and ids of a few."""

    live: str
    shadow: str
    since_ms: int
    last_ms: int
    messages: int
    different: int
    changes: tuple[tuple[str, str, str, int, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a small picture of days, in its own units: 100 wide, 20 high."""

    x: float
    y: float
    width: float
    height: float


def bars(days: Sequence[int]) -> tuple[Bar, ...]:
    """One a day; the highest is as high as the picture, and what is not nothing can be seen."""
    most, width = max((*days, 1)), 100 / max(1, len(days))
    heights = [max(1.5, 20 * one / most) if one else 0.0 for one in days]
    return tuple(
        Bar(round(number * width, 2), round(20 - height, 2), round(width * 0.8, 2), round(height, 2))
        for number, height in enumerate(heights)
    )
