"""An erase leaves nothing in the figures: what was counted by words of the customer is in columns of many."""

from pathlib import Path

import orjson
import pytest
from sqlalchemy import Connection, func, select

from desk.kpi.rolling import Rolling
from dispatcher import relay
from regia.erasing.erase import erase
from regia.erasing.reach import Reach
from storage import kpi_store
from storage.schema import kpi_chunks, kpi_columns
from tests.erasing.planted import NOW, Planted, everything, holding
from tests.erasing.searched import in_files

FIGURES = ("kpi_columns", "kpi_fresh", "kpi_places", "kpi_changes")


@pytest.mark.parametrize("size", [2, 5, 4_096])
async def test_words_of_who_is_erased(reach: Reach, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(relay, "FRESH", 0.01)
    monkeypatch.setattr(kpi_store, "SIZE", size)
    anna, bruno = Planted("ANNA", "+393331234567"), Planted("BRUNO", "+393337654321")

    def work(connection: Connection) -> None:
        for person in (anna, bruno):
            person.write(connection)
            for number in range(3, 9):
                data = {"fields": {"who": f"order of {person.tag}"}, "routing": {"tags": [person.tag]}}
                person.message(connection, number, kind="text", envelope=orjson.dumps({"data": data}))

    for person in (anna, bruno):
        await reach.blobs.put_many([person.file, person.sent, *(person.large + str(n).encode() for n in range(1, 9, 2))])
    await reach.database.write(work)
    await Rolling(reach.database).finish(NOW)
    chunks = select(func.count()).select_from(kpi_chunks)
    assert (await reach.database.read(lambda one: one.execute(chunks).scalar_one()) > 0) == (size < 6)
    before = await everything(reach.database)
    assert {name for name in FIGURES if holding({name: before[name]}, anna.tag)}, "nothing of hers was counted"
    await erase(reach, anna.id, actor="token", now_ms=NOW + 9)
    after = await everything(reach.database)
    assert holding(after, *anna.secrets) == {}
    assert in_files(tmp_path, anna.secrets) == []
    assert holding({name: after[name] for name in FIGURES}, bruno.tag)
    assert await reach.database.read(lambda one: one.execute(select(kpi_columns.c.name)).first()) or size > 6
