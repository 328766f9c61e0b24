"""Figures are what an oracle over the tables they are of says, at any moment: before anything new is counted, in the middle of
counting, and after it."""

from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, func, select

from desk.kpi.definitions import KPIS, READINGS, SPANS, Kpi, can_be_by
from desk.kpi.measuring import RANKED
from desk.kpi.report import Figure, Line, Wanted, figure
from desk.kpi.rolling import Rolling
from storage.database import Database
from storage.schema import kpi_chunks
from tests.kpi import oracle
from tests.kpi.history import BEGINS, HOUR, History

STEPS = 120
_BY = (None, "", "hour", "day", "week", "month", "brand", "channel", "category", "tag", "target", "agent", "field.size")
_BY_TOO = (
    "field.shop",
    "reason",
    "outcome",
    "question",
    "promise",
    "product",
    "connector",
    "survey",
    "rule",
    "right",
    "article",
    "faq",
)
_WHERE = (
    *(
        ("brand", ["demo"]),
        ("channel", ["email", "form"]),
        ("category", ["returns"]),
        ("tag", ["rma"]),
        ("tag", ["vip", "b2b"]),
    ),
    *(("field.gift", ["true"]), ("field.size", ["28"]), ("product", ["POT-20"]), ("target", ["general"]), ("agent", ["marco"])),
    *(("rule", ["by-words"]), ("faq", ["help"]), ("article", ["aid/care"])),
)


@pytest.mark.parametrize("seed", range(2))
async def test_any_figure_at_any_moment(database: Database, seed: int) -> None:
    history, rolling, pick = History(seed), Rolling(database), Random(seed)  # noqa: S311 - the same each time
    for _ in range(pick.choice((0, 30))):
        await database.write(history.happen)
    await rolling.finish(0)
    done = []
    for step in range(STEPS):
        done.append(await database.write(history.happen))
        if pick.random() < 0.15:
            await rolling.step(0)
        if pick.random() < 0.1:
            await rolling.sweep(0)
        if step % 12 == 0:
            await database.read(lambda connection: _same(connection, pick, history.now_ms))
    await rolling.finish(0)
    while await rolling.sweep(0):
        pass
    await rolling.finish(0)
    for _ in range(2):
        await database.read(lambda connection: _same(connection, pick, history.now_ms))
    chunks = await database.read(lambda one: one.execute(select(func.count()).select_from(kpi_chunks)).scalar_one())
    assert chunks > 2, "too little happened for a chunk"
    assert len(set(done)) == 11


def _same(connection: Connection, pick: Random, now_ms: int) -> None:
    """Every figure, each over another period, by another group, and of other conditions."""
    rows = oracle.rows_of(connection)
    for name in KPIS:
        found = oracle.things(rows, name)
        assert [one for thing in found for one in thing.dims if not can_be_by(name, one)] == [], name
        for _ in range(2):
            zone = pick.choice(("UTC", "Europe/Rome", "Asia/Kathmandu", "America/New_York"))
            times = sorted(pick.randrange(BEGINS[0] - 50 * HOUR, now_ms + HOUR) for _ in range(2))
            since_ms, until_ms = pick.choice((times, (BEGINS[0] - 99 * HOUR, now_ms + 1), (now_ms - 90 * HOUR, now_ms + 1)))
            by = pick.choice((*_BY, *_BY_TOO))
            if by == "hour" and until_ms - since_ms > 900 * HOUR:
                since_ms = until_ms - 900 * HOUR
            across = pick.choice((None, None, *_BY[3:], *_BY_TOO))
            if KPIS[name].kind == READINGS:  # which have days, and no hours
                by, across = ("day" if one == "hour" else one for one in (by, across))
            where = pick.sample(_WHERE, pick.choice((0, 0, 1, 1, 2)))
            wanted = Wanted(since_ms=since_ms, until_ms=until_ms, where=where, by=by, across=across, zone=ZoneInfo(zone))
            answer = figure(connection, name, wanted)
            kpi = KPIS[name]
            expected = oracle.figure(found, since_ms, until_ms, where=where, by=_by(answer), zone=zone)
            ranked = len(answer.groups) <= RANKED
            told = {group: _as_expected(kpi, sums, ranked or group == "*") for group, sums in expected.items()}
            of = f"{name} by {by} across {across} where {where} in {zone} from {since_ms} to {until_ms}"
            assert _told(answer) == told, of
            assert _in_order(answer), of


def _told(answer: Figure) -> dict[Any, Any]:
    """What was answered; spans in which nothing was are no groups to the oracle."""
    by, told = _by(answer), {}
    for one in answer.groups:
        if one.count or any(one.parts.values()) or not (answer.across is None and answer.by in SPANS):
            groups = (one.group, one.across)[: len(by)]
            name = tuple(_whole(str(group), what) if what in SPANS else group for group, what in zip(groups, by, strict=True))
            assert name not in told
            told[name] = _line(one)
    return {"*": _line(answer.all)} | told if answer.all.count or any(answer.all.parts.values()) else told


def _in_order(answer: Figure) -> bool:
    """Times as they go on; values with the most facts first, and those without one last of as many. What is one in the first
    grouping stands together, in the order of the second."""
    by = _by(answer)
    members = KPIS[answer.kpi].members is not None
    counts: dict[tuple[int, str | None], int] = {}
    for one in answer.groups:
        for place, group in enumerate((one.group, one.across)[: len(by)]):
            number = one.parts["contacts"] if members else one.count
            counts[place, group] = counts.get((place, group), 0) + number

    def place_of(one: Line) -> list[tuple[Any, ...]]:
        return [
            (_instant(str(group)),) if what in SPANS else (-counts[place, group], group is None, str(group))
            for place, (group, what) in enumerate(zip((one.group, one.across), by, strict=False))
        ]

    return list(answer.groups) == sorted(answer.groups, key=place_of)


def _instant(group: str) -> str | datetime:
    return datetime.fromisoformat(group) if "T" in group else group


def _by(answer: Figure) -> list[str]:
    return [one for one in (answer.by, answer.across) if one]


def _whole(group: str, by: str | None) -> str:
    """The first week, or hour, may be cut: it bears the day, or time, on which the period begins."""
    if by == "week":
        day = date.fromisoformat(group)
        return (day - timedelta(days=day.weekday())).isoformat()
    return f"{group[:14]}00{group[16:]}" if by == "hour" else group


def _line(line: Line) -> dict[str, Any]:
    found = {name: getattr(line, name) for name in ("count", "measured", "mean", "parts")}
    return found | ({"median": line.median, "p90": line.p90} if line.median is not None else {})


def _as_expected(kpi: Kpi, sums: dict[str, Any], ranked: bool) -> dict[str, Any]:
    found = {"count": sums["members"] if kpi.members else sums["count"], "measured": None, "mean": None, "parts": {}}
    if kpi.measure:
        found |= {"measured": sums["measured"], "mean": sums["mean"]}
        found |= {"median": sums["median"], "p90": sums["p90"]} if sums["measured"] and ranked else {}
    if kpi.split or kpi.kind == READINGS:
        found["parts"] = sums["outcomes"]
    if kpi.members:
        found["parts"] = {"contacts": sums["count"]}
    return found
