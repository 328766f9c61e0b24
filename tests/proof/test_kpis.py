"""A million contacts of a year in SQLite, a fifth in PostgreSQL: every figure by every question, and SQL confirms counts."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from bench.kpi import COPIES, ask, prepare, worst
from bench.kpi_fill import UNTIL_MS, YEAR_MS
from bench.kpi_main import ASKED_MS
from desk.kpi.report import Wanted, figure
from storage.database import Database
from storage.schema import messages
from tests.erasing.planted import row
from tests.proof.figures import record
from tests.servers.postgresql import PostgreSQLServer

NUMBER = {"sqlite": 1_000_000, "postgresql": 200_000}
BUSY = 6
"""A machine on which other proofs run takes so many times as long: the figures themselves are those of `make bench`."""


@pytest.mark.proof
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_every_figure_of_a_million_contacts(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = f"sqlite:///{tmp_path / 'regia.sqlite'}"
    if kind == "postgresql":
        server: PostgreSQLServer = request.getfixturevalue("postgresql")
        url = server.url_of(server.create_database())
    made = await prepare(url, NUMBER[kind], row)
    took = await ask(url, enough_ms=ASKED_MS)
    for one in worst(took):
        record(f"{one.kpi}, {kind}", contacts=made, slowest=one.question, ms=round(one.ms))
    await _same_as_sql(url, made)
    slow = [f"{one.kpi} {one.question}: {one.ms:.0f} ms" for one in took if one.ms > BUSY * ASKED_MS]
    assert not slow


async def _same_as_sql(url: str, made: int) -> None:
    """Of the copies too: their counts by category are those of their rows, within a period that cuts chunks."""
    database = Database(url)
    since_ms, until_ms = UNTIL_MS - YEAR_MS + YEAR_MS // (3 * COPIES), UNTIL_MS - YEAR_MS // 7
    wanted = Wanted(since_ms=since_ms, until_ms=until_ms)
    found = await database.read(lambda one: figure(one, "reasons", wanted))
    this = (messages.c.at_ms >= since_ms, messages.c.at_ms < until_ms)
    query = select(messages.c.category, func.count()).where(*this).group_by(messages.c.category)
    counts = {row[0]: row[1] for row in await database.read(lambda one: one.execute(query).all())}
    assert {line.group: line.count for line in found.groups} == counts
    everything = Wanted(since_ms=0, until_ms=UNTIL_MS * 2)
    assert (await database.read(lambda one: figure(one, "sources", everything))).all.count == made
    await database.close()
