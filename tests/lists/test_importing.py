"""Importing a list: stopped anywhere and started again it does the same, and loses nothing. On SQLite and PostgreSQL."""

import asyncio
import csv
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from identity.policy import Policy
from regia.lists import importing
from regia.lists.importing import Import, Overtaken, Tally, Wanted
from regia.lists.sheet import open_sheet
from storage import schema
from storage.database import Database
from tests.identity.batches import rows

LINES = [
    "crm_id,phone,email,name,tags",
    *(f"C-{n},+3933{n:08},a{n}@esempio.it,Nome{n},vip" for n in range(20)),
    "C-99,not a number,x@esempio.it,Nobody,",
    "C-3,,a3@esempio.it,Nome Nuovo,",
    ",+393399999999,info@esempio.it,Shared,",
    '"C-77,+393300000077,open,mark,',
    "C-78,+393300000001,,Moglie,",
]
DONE = Tally(new=22, changed=1, same=0, rejected=2, suggested=1, left_out=1)
"""Of the rows above: 20 and the last two that can be read are new, one has a new name for its customer."""


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "crm.csv"
    path.write_text("\n".join(LINES) + "\n")
    return path


def wanted(path: Path, *claimed: str) -> Wanted:
    sheet, kinds = open_sheet(path), frozenset(claimed)
    return Wanted(sheet=sheet, brand="demo", source="import", region="IT", policy=Policy(), actor="x", claimed=kinds)


async def whole(database: Database, path: Path, **more: Any) -> Import:
    one = await Import.begin(database, wanted(path), **more)
    one.look_ahead()
    await one.run(lambda _: None)
    return one


async def state(database: Database) -> dict[str, tuple[Any, ...]]:
    """What customers are, by their names, without ids and times."""
    links = await rows(database, schema.handles)
    return {
        row["name"]: (row["crm_id"], row["tags"], sorted(one["value"] for one in links if one["customer_id"] == row["id"]))
        for row in await rows(database, schema.customers)
    }


def rejected(path: Path) -> list[tuple[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [(row["reject_line"], row["reject_reason"].split(":")[0].split(",")[0]) for row in csv.DictReader(file)]


REJECTED = [
    ("22", "phone"), ("24", "email left out"), ("25", "its quotation marks do not fit together"),
]  # fmt: skip


async def test_at_once(database: Database, path: Path) -> None:
    done = await whole(database, path)
    assert done.tally == DONE
    found = await state(database)
    assert found["Nome Nuovo"] == ("C-3", '["vip"]', ["+393300000003", "C-3", "a3@esempio.it"])
    assert found["Nome1"] == ("C-1", '["vip"]', ["+393300000001", "C-1", "a1@esempio.it"])
    assert (found["Moglie"], found["Shared"]) == (("C-78", "[]", ["C-78"]), (None, "[]", ["+393399999999"]))
    assert "Nome3" not in found
    assert done.rejects.path == path.with_name("crm.rejects.csv")
    assert rejected(done.rejects.path) == REJECTED
    assert await rows(database, schema.cursors) == []


async def test_again_it_changes_nothing(database: Database, path: Path) -> None:
    await whole(database, path)
    tables = (schema.customers, schema.handles, schema.suggestions, schema.audit, schema.events)
    before = [await rows(database, table) for table in tables]
    again = await whole(database, path)
    assert again.tally == Tally(same=23, rejected=2, suggested=1, left_out=1)
    assert [await rows(database, table) for table in tables] == before
    assert again.rejects.path == path.with_name("crm.rejects-2.csv")


@pytest.mark.parametrize("batches", range(7))
@pytest.mark.parametrize("when", ["before", "while", "after"])
async def test_stopped_and_started_again(database: Database, path: Path, batches: int, when: str) -> None:
    """Before a batch, while its transaction is not committed but its rejected rows are written, or after it."""

    class Stopped(Exception):
        pass

    first = await Import.begin(database, wanted(path))
    first.look_ahead()
    real = database.write
    left = batches

    async def write(work: Any) -> Any:
        nonlocal left
        left -= 1
        if left >= 0:
            return await real(work)
        if when == "before":
            raise Stopped
        if when == "while":

            def fail(connection: Any) -> None:
                work(connection)
                raise Stopped

            return await real(fail)
        await real(work)
        raise Stopped

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "write", write)
        with pytest.raises(Stopped):
            await first.run(lambda _: None)
    second = await Import.begin(database, wanted(path))
    assert second.place.line < len(LINES) + 1
    assert second.look_ahead() == len(LINES) - 1 - second.tally.rows
    await second.run(lambda _: None)
    assert second.tally == DONE
    found = await state(database)
    assert (len(found), found["Nome Nuovo"][0]) == (22, "C-3")
    (kept,) = path.parent.glob("crm.rejects*.csv")
    assert rejected(kept) == REJECTED


async def test_from_the_beginning(database: Database, path: Path) -> None:
    first = await Import.begin(database, wanted(path))
    await first._take(list(importing.records(first.wanted.sheet))[:4])
    assert (await Import.begin(database, wanted(path))).tally.rows == 4
    done = await whole(database, path, again=True)
    assert (done.tally.rows, done.tally.same) == (DONE.rows, 4)


async def test_another_list_is_another_import(database: Database, path: Path) -> None:
    first = await Import.begin(database, wanted(path))
    await first._take(list(importing.records(first.wanted.sheet))[:4])
    path.write_text("\n".join([*LINES, "C-100,,,New,"]) + "\n")
    assert (await Import.begin(database, wanted(path))).tally.rows == 0


async def test_of_two_at_once_the_later_goes_on(database: Database, path: Path) -> None:
    first = await Import.begin(database, wanted(path))
    second = await Import.begin(database, wanted(path))
    found = list(importing.records(first.wanted.sheet))
    await first._take(found[:4])
    await second._take(found[:4])
    with pytest.raises(Overtaken):
        await first._take(found[4:8])
    query = select(schema.customers.c.id)
    assert len(await database.read(lambda connection: connection.execute(query).all())) == 4


async def test_rejected_rows_that_were_corrected(database: Database, path: Path) -> None:
    done = await whole(database, path)
    kept = done.rejects.path
    kept.write_text(kept.read_text(encoding="utf-8-sig").replace("not a number", "+393312345678"), encoding="utf-8")
    again = await whole(database, kept)
    assert (again.tally.new, again.tally.rejected) == (1, 1)
    assert (await state(database))["Nobody"][2] == ["+393312345678", "C-99", "x@esempio.it"]
    assert again.rejects.path == path.with_name("crm.rejects.rejects.csv")
    assert '"""C-77,+393300000077,open,mark,"' in again.rejects.path.read_text(encoding="utf-8-sig")


async def test_two_nodes_at_once_make_each_customer_once(postgresql_url: str, tmp_path: Path) -> None:
    """Two lists that overlap, on two connections."""
    nodes = [Database(postgresql_url) for _ in range(2)]
    paths = [tmp_path / f"list{number}.csv" for number in range(2)]
    for path, lines in zip(paths, (LINES[1:21], LINES[20:0:-1]), strict=True):
        path.write_text("\n".join([LINES[0], *lines]) + "\n")
    done = await asyncio.gather(*(whole(node, path) for node, path in zip(nodes, paths, strict=True)))
    assert sum(one.tally.rows for one in done) == 40
    assert len(await state(nodes[0])) == 20
    links = [one for one in await rows(nodes[0], schema.handles) if one["key"]]
    assert len(links) == 60
    assert len({one["customer_id"] for one in links}) == 20
    await asyncio.gather(*(node.close() for node in nodes))
