"""Figures as the console shows them: plain values for its template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from desk.kpi.definitions import SPANS
from desk.kpi.report import Figure, Line
from normalizer.advice import Language
from web.console.saying import NOTHING, lasting, number
from web.console.texts.channels import channel_name

MOST: Final = 12
"""Groups of a block; the table for a spreadsheet has all."""
MOST_SPANS: Final = 62
MOST_COLUMNS: Final = 8
"""Groups of the second grouping that a table has."""

Labels = Mapping[str, Mapping[str, str]]
"""Dimension to its groups to what they are called; of those that are not there the name is the word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A number of the whole period. `change` is in percent against the period before, None where there is nothing to compare;
    `better` whether that is good news, None where it is neither. `of`: of how many it is told."""

    name: str
    value: str
    of: str
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
class Table:
    """`rows`: what each is called, and a number and what is behind it for each column."""

    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[tuple[str, str]]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One figure by its groups, or as a table by two kinds of them at once; `more` are not shown. `csv` is what the address of
    its spreadsheet says beyond the page's own question; `problem`: there are too many groups."""

    name: str
    bars: Sequence[Bar] = ()
    table: Table | None = None
    more: int = 0
    csv: str = ""
    problem: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One figure over time. `values` belong to `times` (seconds since 1970); `rows` say the same in words. `unit` is `s` or
    `count`; `problem`: there are too many times."""

    name: str
    unit: str
    times: Sequence[int]
    values: Sequence[float | None]
    rows: Sequence[tuple[str, str]]
    problem: bool = False


def said(found: Figure, line: Line, language: Language) -> str:
    """The number of a figure or of one of its groups."""
    if line.measured is None:
        return number(line.count, language)
    if line.mean is None:
        return NOTHING
    return lasting(1000 * line.mean, language) if found.unit == "s" else number(line.mean, language, 2)


def block(found: Figure, labels: Labels, words: Mapping[str, str], language: Language) -> Block:
    """The largest groups first, of measured ones those with most behind them; spans of time in their order. `words`:
    `of` and `median`, and what outcomes are called."""
    groups = [one for one in found.groups if _weight(one)]
    if found.by in SPANS:
        shown = groups[-MOST_SPANS:]
    else:
        groups.sort(key=_weight, reverse=True)
        if all(one.group is None for one in groups):  # nothing is known of any: the block says what is missing
            groups = []
        shown = groups[:MOST]
    most = max((_length(one) for one in shown), default=0) or 1
    bars = [
        Bar(
            label=_called(one.group, found.by, labels, language),
            value=said(found, one, language),
            detail=_detail(found, one, words, language),
            part=round(100 * _length(one) / most, 1),
        )
        for one in shown
    ]
    return Block(name=found.kpi, bars=bars, more=len(groups) - len(shown))


def crossed(found: Figure, labels: Labels, words: Mapping[str, str], language: Language) -> Block:
    """A figure by two groupings as a table: of each the groups with most in them, spans of time in their order."""
    cells = {(one.group, one.across): one for one in found.groups if _weight(one)}
    rows, columns = _largest(cells, 0, found.by, MOST), _largest(cells, 1, found.across, MOST_COLUMNS)

    def cell(row: str | None, column: str | None) -> tuple[str, str]:
        line = cells.get((row, column))
        return ("", "") if line is None else (said(found, line, language), _detail(found, line, words, language))

    table = Table(
        columns=[_called(one, found.across, labels, language) for one in columns],
        rows=[(_called(row, found.by, labels, language), [cell(row, column) for column in columns]) for row in rows],
    )
    left = len(cells) - sum(1 for row, column in cells if row in rows and column in columns)
    return Block(name=found.kpi, table=table if rows else None, more=left)


def _largest(cells: Mapping[tuple[str | None, str | None], Line], place: int, by: str | None, most: int) -> list[str | None]:
    sums: dict[str | None, int] = {}
    for groups, line in cells.items():
        sums[groups[place]] = sums.get(groups[place], 0) + _weight(line)
    if by in SPANS:
        return sorted(sums, key=str)[-most:]
    return sorted(sums, key=lambda one: (-sums[one], one is None, str(one)))[:most]


def _called(group: str | None, by: str | None, labels: Labels, language: Language) -> str:
    name = group or NOTHING
    return channel_name(name, language) if by == "channel" else labels.get(by or "", {}).get(name, name)


def tile(name: str, value: str, now: float | None, before: float | None, less_is_better: bool | None, *, of: str = "") -> Tile:
    """A number, and how it changed."""
    change = None if now is None or not before else 100 * (now - before) / before
    better = None if not change or less_is_better is None else (change < 0) == less_is_better
    return Tile(name=name, value=value, of=of, change=change, better=better)


def _weight(line: Line) -> int:
    return line.count if line.measured is None else line.measured


def _length(line: Line) -> float:
    return line.count if line.measured is None else line.mean or 0


def _detail(found: Figure, line: Line, words: Mapping[str, str], language: Language) -> str:
    if line.measured is not None:
        of = words["of"].format(number=number(line.measured, language))
        if line.median is None:
            return of
        return f"{of}, {words['median']} {lasting(1000 * line.median, language) if found.unit == 's' else line.median}"
    parts = [f"{words.get(name, name)} {number(count, language)}" for name, count in line.parts.items()]
    if line.share is None or found.kpi == "sla":  # beside promises it would read as the share of those that were kept
        return ", ".join(parts)
    return ", ".join([f"{number(100 * line.share, language, 1)} %", *parts])
