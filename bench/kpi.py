"""How long figures take to be worked out among a million contacts: the worst of many questions."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, create_engine

from bench.kpi_copies import multiply
from bench.kpi_fill import UNTIL_MS, YEAR_MS, fill, fill_readings
from desk.kpi.definitions import KPIS
from desk.kpi.measuring import Condition
from desk.kpi.report import Wanted, figure
from desk.kpi.rolling import Rolling
from regia.http.console.kpi_parts import PARTS, Page, make
from regia.http.console.kpi_question import Chosen
from storage.database import Database
from storage.migrate import upgrade

COPIES: Final = 50
FRESH: Final = 5_000
"""Contacts counted since, that the figures have loose; and a tenth of them that are not counted yet."""
_DAY_MS: Final = 86_400_000
_BEGIN_MS: Final = UNTIL_MS - YEAR_MS + 54_321
"""A little within the year, so that the first and last chunks are cut."""
_END_MS: Final = UNTIL_MS + _DAY_MS
_ZONE: Final = ZoneInfo("Europe/Rome")
_ONE: Final[tuple[Condition, ...]] = (("tag", ("tag-3",)),)
_SEVERAL: Final[tuple[Condition, ...]] = (
    *(("brand", ("verde", "officina")), ("channel", ("email", "call")), ("category", ("category-1",))),
    *(("tag", ("tag-3", "tag-4")), ("field.shop", ("Roma",))),
)
_ORDER: Final[tuple[Condition, ...]] = (("field.order", ("IT-77",)),)
PAGE: Final = "the page"
Asked = tuple[str, str | tuple[str, str] | None, tuple[Condition, ...]]
QUESTIONS: Final[tuple[Asked, ...]] = (
    ("each its own way", None, ()),
    ("by day", "day", ()),
    ("by category", "category", ()),
    ("by product, of a tag", "product", _ONE),
    ("by a field", "field.shop", ()),
    ("by month, five conditions", "month", _SEVERAL),
    ("by day, of one order", "day", _ORDER),
    ("by category and channel", ("category", "channel"), ()),
)


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds for one question: the best of three, since others use the machine too."""

    kpi: str
    question: str
    ms: float
    count: int


async def prepare(url: str, number: int, row: Callable[..., dict[str, Any]]) -> int:
    """Put about `number` contacts of a year into an empty database, counted but for the last; how many there are. `row`
    completes what a table needs."""
    each, began_ms = number // COPIES, UNTIL_MS - YEAR_MS
    make_tables(url)
    fill(url, each, row, begin_ms=began_ms, days=365 / COPIES)
    await _count(url)
    engine = create_engine(Database(url).url)
    multiply(engine, COPIES, YEAR_MS // COPIES)
    with engine.begin() as connection:
        fill_readings(connection, begin_ms=began_ms, days=365)
    engine.dispose()
    fill(url, FRESH, row, begin_ms=UNTIL_MS - _DAY_MS, days=0.9, after=each * COPIES)
    await _count(url)
    fill(url, FRESH // 10, row, begin_ms=UNTIL_MS - _DAY_MS // 10, days=0.1, after=each * COPIES + FRESH)
    return each * COPIES + FRESH + FRESH // 10


def make_tables(url: str) -> None:
    """Make the tables."""
    database = Database(url)
    upgrade(database.engine)
    database.engine.dispose()


async def ask(url: str, *, enough_ms: float = 0) -> list[Took]:
    """Every figure, each by every question, over the whole year. What took no more than `enough_ms` is not asked again."""
    database = Database(url)
    found = [await _time(database, name, question, enough_ms) for name in KPIS for question in QUESTIONS]
    await database.close()
    return found


async def ask_page(url: str) -> list[Took]:
    """Every part of the console's page of figures, of the whole year."""
    database = Database(url)
    of = Wanted(since_ms=_BEGIN_MS, until_ms=_END_MS, zone=_ZONE)
    page = Page(chosen=Chosen(period="365"), of=of, labels={}, language="it")
    found = []
    for kind, name in PARTS:
        ms = await _best(database, lambda connection, part=(kind, name): make(connection, *part, page))  # type: ignore[misc]
        found.append(Took(PAGE, f"{kind} {name}", ms, 0))
    await database.close()
    return found


def worst(took: list[Took]) -> Iterator[Took]:
    """The slowest question of each figure."""
    for name in KPIS:
        yield max((one for one in took if one.kpi == name), key=lambda one: one.ms)


async def _time(database: Database, name: str, question: Asked, enough_ms: float) -> Took:
    told, by, where = question
    by, across = by if isinstance(by, tuple) else (by, None)
    wanted = Wanted(since_ms=_BEGIN_MS, until_ms=_END_MS, where=where, by=by, across=across, zone=_ZONE)
    counts = []

    def work(connection: Connection) -> None:
        counts.append(figure(connection, name, wanted).all.count)

    best = await _best(database, work, enough_ms)
    return Took(name, told, best, counts[-1])


async def _best(database: Database, work: Callable[[Connection], object], enough_ms: float = 0) -> float:
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        await database.read(work)
        best = min(best, (time.perf_counter() - began) * 1000)
        if best <= enough_ms:
            break
    return best


async def _count(url: str) -> None:
    database = Database(url)
    await Rolling(database).finish(0)
    await database.close()
