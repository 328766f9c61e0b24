"""Figures as the console shows them: plain values for its template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from desk.kpi.report import Figure, Line
from normalizer.advice import Language

MOST: Final = 12
"""Groups of a block; the table for a spreadsheet has all."""
_MINUTE: Final = 60_000
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_NOTHING: Final = "—"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A number of the whole period. `change` is in percent against the period before, None where there is nothing to compare;
    `better` whether that is good news, None where it is neither."""

    name: str
    value: str
    change: float | None
    better: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One group of a block. `part` is its share of the largest, in percent: the length of its bar."""

    label: str
    value: str
    detail: str
    part: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One figure by its groups; `more` are not shown."""

    name: str
    bars: Sequence[Bar]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One figure over time. `values` belong to `times` (seconds since 1970); `rows` say the same in words. `unit` is `ms` or
    `count`."""

    name: str
    unit: str
    times: Sequence[int]
    values: Sequence[float | None]
    rows: Sequence[tuple[str, str]]


def lasting(ms: float | None) -> str:
    """How long, to two units: `45 s`, `12 min`, `2 h 10 min`, `3 d 4 h`."""
    if ms is None:
        return _NOTHING
    if ms < _MINUTE:
        return f"{ms / 1000:.0f} s"
    for unit, name, smaller, its_name in ((_DAY, "d", _HOUR, "h"), (_HOUR, "h", _MINUTE, "min")):
        if ms >= unit:
            rest = int(ms % unit // smaller)
            return f"{int(ms // unit)} {name}" + (f" {rest} {its_name}" if rest else "")
    return f"{int(ms // _MINUTE)} min"


def number(value: float, language: Language, digits: int = 0) -> str:
    """With the separators of the language."""
    text = f"{value:,.{digits}f}"
    return text.translate(str.maketrans(",.", ".,")) if language == "it" else text


def said(found: Figure, line: Line, language: Language) -> str:
    """The number of a figure or of one of its groups."""
    if line.measured is None:
        return number(line.count, language)
    if line.mean is None:
        return _NOTHING
    return lasting(line.mean) if found.unit == "ms" else number(line.mean, language, 2)


def block(found: Figure, labels: Mapping[str, str], words: Mapping[str, str], language: Language) -> Block:
    """The largest groups first; of measured ones those with most behind them. `labels`: what categories are called. `words`:
    `of` and `median`, and what outcomes are called."""
    groups = sorted((one for one in found.groups if _weight(one)), key=_weight, reverse=True)
    if all(one.group is None for one in groups):  # nothing is known of any: the block says what is missing
        groups = []
    shown = groups[:MOST]
    most = max((_length(one) for one in shown), default=0) or 1
    bars = [
        Bar(
            label=labels.get(one.group or "", one.group or _NOTHING),
            value=said(found, one, language),
            detail=_detail(found, one, words, language),
            part=round(100 * _length(one) / most, 1),
        )
        for one in shown
    ]
    return Block(name=found.kpi, bars=bars, more=len(groups) - len(shown))


def tile(name: str, value: str, now: float | None, before: float | None, less_is_better: bool | None) -> Tile:
    """A number, and how it changed."""
    change = None if now is None or not before else 100 * (now - before) / before
    better = None if not change or less_is_better is None else (change < 0) == less_is_better
    return Tile(name=name, value=value, change=change, better=better)


def _weight(line: Line) -> int:
    return line.count if line.measured is None else line.measured


def _length(line: Line) -> float:
    return line.count if line.measured is None else line.mean or 0


def _detail(found: Figure, line: Line, words: Mapping[str, str], language: Language) -> str:
    if line.measured is not None:
        median = None if line.median is None else lasting(line.median) if found.unit == "ms" else f"{line.median}"
        of = words["of"].format(number=number(line.measured, language))
        return of if median is None else f"{of}, {words['median']} {median}"
    parts = [f"{words.get(name, name)} {number(count, language)}" for name, count in line.parts.items()]
    share = [] if line.share is None else [f"{number(100 * line.share, language, 1)} %"]
    return ", ".join(share + parts)
