"""A figure of a period: in all, and by group; as a view for people and programs, and as lines of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from desk.kpi.definitions import DIMENSIONS, FIELD, KPIS, SPANS, Kpi
from desk.kpi.measuring import RANKED, Condition, Group, Question, Sums, ask
from desk.kpi.periods import Span, edges, shown
from storage.bulk import among, ids_parameter
from storage.schema import handles

UTC: Final = ZoneInfo("UTC")
COLUMNS: Final = ("kpi", "unit", "group", "count", "share", "mean", "median", "p90", "parts")


_SPANS: Final[Mapping[str, Span]] = {one: one for one in SPANS}


class BadQuestion(Exception):
    """There is no such figure, or nothing to group by under that name. The text says what there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """From `since_ms` on, before `until_ms` (milliseconds since 1970); all of `where` holds. `by`: a dimension, `field.<name>`,
    or hour, day, week or month of `zone`; None for the figure's own, empty for none."""

    since_ms: int
    until_ms: int
    where: Sequence[Condition] = ()
    by: str | None = None
    zone: ZoneInfo = UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`count` facts; `share` of all of them. Of what is measured `measured` have a value, whose mean, median and 90th
    percentile (nearest rank; None for more than `RANKED` groups) are given. `parts` by outcome, where the figure has any; of
    unheard customers `contacts` says how many contacts wait."""

    group: str | None
    count: int
    share: float | None
    measured: int | None = None
    mean: float | None = None
    median: int | None = None
    p90: int | None = None
    parts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure. `by` is what `groups` are; of a dimension that has several values for one fact they overlap."""

    kpi: str
    unit: str
    meaning: str
    since_ms: int
    until_ms: int
    by: str | None
    all: Line
    groups: Sequence[Line]


def figure(connection: Connection, name: str, wanted: Wanted) -> Figure:
    """Work out one. Raises `BadQuestion`, `NotCounted`, `TooManyGroups`, `TooManySpans`."""
    kpi = KPIS.get(name)
    if kpi is None:
        raise BadQuestion(f"there is no figure {name!r}: the figures are {', '.join(KPIS)}")
    by = (kpi.by if wanted.by is None else wanted.by) or None
    span: Span | None = _SPANS.get(by or "")
    for dimension in (*((by,) if by and span is None else ()), *(one for one, _ in wanted.where)):
        if dimension not in DIMENSIONS and not (dimension.startswith(FIELD) and dimension != FIELD):
            known = ", ".join((*SPANS, *DIMENSIONS))
            raise BadQuestion(f"{dimension!r} is nothing to count by: there are {known}, and {FIELD}<name>")
    until_ms = max(wanted.since_ms, wanted.until_ms)
    question = Question(
        kind=kpi.kind,
        since_ms=wanted.since_ms,
        until_ms=until_ms,
        where=wanted.where,
        by=None if span else by,
        edges=edges(wanted.since_ms, until_ms, span, wanted.zone) if span and until_ms > wanted.since_ms else (),
        measure=kpi.measure,
        split=kpi.split,
        members=kpi.members,
    )
    answer = ask(connection, question)
    owners = _owners(connection, answer.all.members) if kpi.members else {}
    everything = _people(answer.all, owners) if kpi.members else answer.all.count

    def line(group: str | None, sums: Sums, *, ranked: bool) -> Line:
        return _line(kpi, group, sums, everything, owners, ranked=ranked)

    named = {group: _name(group, span, wanted.zone) for group in answer.groups}
    ranked = len(answer.groups) <= RANKED
    return Figure(
        kpi=name,
        unit=kpi.unit,
        meaning=kpi.meaning,
        since_ms=wanted.since_ms,
        until_ms=until_ms,
        by=by,
        all=line(None, answer.all, ranked=True),
        groups=[line(named[group], sums, ranked=ranked) for group, sums in answer.groups.items()],
    )


def rows(found: Figure) -> list[list[str]]:
    """As lines of a table with `COLUMNS`: the whole first, with a `*` as its group."""
    return [_row(found, "*", found.all), *(_row(found, one.group or "", one) for one in found.groups)]


def _row(found: Figure, group: str, line: Line) -> list[str]:
    count = line.count if line.measured is None else line.measured
    share = "" if line.share is None else f"{line.share:.4f}"
    mean = "" if line.mean is None else f"{line.mean:.3f}"
    ranks = ("" if one is None else str(one) for one in (line.median, line.p90))
    parts = " ".join(f"{name}={number}" for name, number in line.parts.items())
    return [found.kpi, found.unit, group, str(count), share, mean, *ranks, parts]


def _line(kpi: Kpi, group: str | None, sums: Sums, everything: int, owners: Mapping[str, str], *, ranked: bool) -> Line:
    parts: dict[str, int] = {name or "": number for name, number in sorted(sums.split.items(), key=lambda one: one[0] or "")}
    count = _people(sums, owners) if kpi.members else sums.count
    share = round(count / everything, 6) if everything else None
    if kpi.members:
        return Line(group=group, count=count, share=share, parts={"contacts": sums.count})
    if kpi.measure is None:
        return Line(group=group, count=sums.count, share=share, parts=parts)
    measured = sums.measured
    median, p90 = sums.ranks(50, 90) if ranked else (None, None)
    return Line(
        group=group,
        count=sums.count,
        share=share,
        measured=measured,
        mean=round(sums.total / measured, 3) if measured else None,
        median=median,
        p90=p90,
        parts=parts,
    )


def _people(sums: Sums, owners: Mapping[str, str]) -> int:
    shared = sums.members & owners.keys()
    return len(sums.members) - len(shared) + len({owners[one] for one in shared})


def _name(group: Group, span: Span | None, zone: ZoneInfo) -> str | None:
    return shown(group, span, zone) if span is not None and isinstance(group, int) else None if group is None else str(group)


def _owners(connection: Connection, links: set[str]) -> dict[str, str]:
    """Whose an address is now, of those that share their customer with another: merges move it, and nothing is counted anew
    for that."""
    of_one = func.count().over(partition_by=handles.c.customer_id)
    theirs = (
        select(handles.c.id, handles.c.customer_id, of_one.label("number")).where(among(connection, handles.c.id)).subquery()
    )
    query = select(theirs.c.id, theirs.c.customer_id).where(theirs.c.number > 1)
    return {row.id: row.customer_id for row in connection.execute(query, ids_parameter(connection, list(links))).all()}
