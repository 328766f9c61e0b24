"""Journals that nobody owns are worked off, counted and removed; those of somebody are left alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from connectors.base import Parsed
from regia.pipeline.intake import Intake
from regia.pipeline.worker import Pipeline
from regia.runners import adoption
from storage import outbox
from storage.database import Database, DatabaseUnavailable
from storage.journal import Journal
from storage.journals import closed
from tests.contacts import inbound, phone
from tests.pipeline.conftest import Line


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adoption, "_EVERY", 0.02)
    monkeypatch.setattr(adoption, "_LOOK", 0.005)


def around(line: Line, *, workers: int = 1, journal: Journal | None = None, knows: bool = True) -> SimpleNamespace:
    """What the runner needs of a gateway."""
    settings = SimpleNamespace(
        data=SimpleNamespace(path=line.path.parents[1]), server=SimpleNamespace(workers=workers), node="n1"
    )
    return SimpleNamespace(
        missing={},
        configured=SimpleNamespace(settings=settings, node="n1"),
        knows_other_nodes=knows,
        journal=journal or line.journal,
        pipeline_of=line.pipeline_of,
        stores=SimpleNamespace(database=line.database),
    )


@pytest.fixture
async def gateway(line: Line) -> AsyncIterator[SimpleNamespace]:
    """With the runner going."""
    made = around(line)
    line.start()
    runner = asyncio.create_task(adoption.adopt_for_ever(made))  # type: ignore[arg-type]
    made.runner = runner
    yield made
    runner = made.runner
    assert not runner.done(), "the runner ended"
    runner.cancel()
    with suppress(asyncio.CancelledError):
        await runner


async def leave(line: Line, name: str, *contacts: Any) -> Path:
    """A journal that somebody left behind, with these contacts in it."""
    path = line.path.with_name(name)
    journal = Journal.open(path)
    await Intake(journal).accept("whatsapp", Parsed(messages=contacts))
    await journal.close()
    return path


async def gone(path: Path) -> None:
    async with asyncio.timeout(20):
        while list(path.parent.glob(f"{path.name}*")):
            await asyncio.sleep(0.005)


async def test_it_is_worked_off_counted_and_removed(line: Line, gateway: SimpleNamespace) -> None:
    await line.accept(inbound("m1"))
    path = await leave(line, "import-1.sqlite", inbound("m2"), inbound("m3"), inbound("m1"), inbound("m3"))
    await gone(path)
    await line.idle()
    assert sorted(await line.envelopes()) == ["m1", "m2", "m3"]
    assert sorted(one.envelope_id for one in line.queues.seen) == sorted(one["id"] for one in (await line.envelopes()).values())
    found = await line.books()
    assert (found.accepted, found.published, found.duplicate, found.balance) == (5, 3, 2, True)
    assert list((await line.database.read(closed)).values()) == [4]
    assert line.path.exists()


async def test_an_empty_one_is_removed(line: Line, gateway: SimpleNamespace) -> None:
    await gone(await leave(line, "worker-9.sqlite"))
    assert (await line.books()).balance


async def test_several(line: Line, gateway: SimpleNamespace) -> None:
    paths = [
        await leave(line, f"import-{n}.sqlite", *(inbound(f"m{n}-{k}", phone(f"+39{k}")) for k in range(30))) for n in range(4)
    ]
    for path in paths:
        await gone(path)
    await line.idle()
    found = await line.books()
    assert (found.accepted, found.published, found.balance) == (120, 120, True)


async def test_one_that_resists_holds_up_no_other_and_is_kept_at_the_end(
    line: Line, gateway: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_off = adoption.work_off

    async def resisting(pipeline: Pipeline, journal: Journal, database: Database) -> None:
        if journal.path.name == "import-1.sqlite":
            await asyncio.Event().wait()
        await work_off(pipeline, journal, database)

    monkeypatch.setattr(adoption, "work_off", resisting)
    stubborn = await leave(line, "import-1.sqlite", inbound("m1"))
    for number in range(2, 9):  # more than are worked off at once
        await gone(await leave(line, f"import-{number}.sqlite", inbound(f"m{number}")))
    assert stubborn.exists()
    gateway.runner.cancel()
    await asyncio.gather(gateway.runner, return_exceptions=True)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("adoption of")]
    await Journal.open(stubborn).close()  # nobody has it any more
    gateway.runner = asyncio.create_task(asyncio.Event().wait())  # what the fixture ends


async def test_one_that_somebody_holds_is_left_until_it_is_free(line: Line, gateway: SimpleNamespace) -> None:
    path = line.path.with_name("import-1.sqlite")
    journal = Journal.open(path)
    await Intake(journal).accept("whatsapp", Parsed(messages=(inbound("m1"),)))
    await asyncio.sleep(0.1)
    assert await line.envelopes() == {}
    assert [row.seq for row in await journal.pending()] == [1]
    await journal.close()
    await gone(path)
    assert list(await line.envelopes()) == ["m1"]


async def test_nothing_is_adopted_while_the_gateway_is_not_ready(line: Line, gateway: SimpleNamespace) -> None:
    gateway.missing["database"] = "away"
    path = await leave(line, "import-1.sqlite", inbound("m1"))
    await asyncio.sleep(0.1)
    assert path.exists()
    gateway.missing.clear()
    await gone(path)


async def test_a_file_that_is_no_journal_stays_and_stops_nobody(line: Line, gateway: SimpleNamespace) -> None:
    other = line.path.with_name("a-photo.sqlite")
    other.write_bytes(b"JFIF" * 1_000)
    line.path.with_name("b-folder.sqlite").mkdir()
    await gone(await leave(line, "import-1.sqlite", inbound("m1")))
    assert other.read_bytes() == b"JFIF" * 1_000


async def test_a_crash_between_the_count_and_the_removal(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    path = await leave(line, "import-1.sqlite", inbound("m1"), inbound("m2"))
    line.start()
    journal = Journal.open(path)
    pipeline = line.pipeline_of(journal)
    pipeline.start()

    async def die() -> None:
        raise SystemError

    monkeypatch.setattr(journal, "remove", die)
    with pytest.raises(SystemError):
        await adoption.work_off(pipeline, journal, line.database)
    await pipeline.stop()
    await journal.close()
    assert ((await line.books()).accepted, (await line.books()).balance) == (2, True)
    again = Journal.open(path)
    pipeline = line.pipeline_of(again)
    pipeline.start()
    await adoption.work_off(pipeline, again, line.database)
    await pipeline.stop()
    await line.idle()
    assert not path.exists()
    found = await line.books()
    assert (found.accepted, found.published, found.balance) == (2, 2, True)


async def test_a_database_that_is_away_when_the_count_is_entered(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    path = await leave(line, "import-1.sqlite", inbound("m1"))
    real, failures = line.database.write, [DatabaseUnavailable("away")] * 2

    async def write(work: Any) -> Any:
        if failures and "work_off" in work.__qualname__:
            raise failures.pop()
        return await real(work)

    monkeypatch.setattr(line.database, "write", write)
    line.start()
    journal = Journal.open(path)
    pipeline = line.pipeline_of(journal)
    pipeline.start()
    await adoption.work_off(pipeline, journal, line.database)
    await pipeline.stop()
    assert failures == []
    assert (await line.books()).balance


async def test_stopped_in_the_middle_it_is_kept(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(work: Any) -> Any:
        raise DatabaseUnavailable("away")

    path = await leave(line, "import-1.sqlite", inbound("m1"))
    monkeypatch.setattr(line.database, "write", away)
    made: Any = around(line)
    runner = asyncio.create_task(adoption.adopt_for_ever(made))
    await asyncio.sleep(0.1)
    runner.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.wait_for(runner, 10)
    again = Journal.open(path)
    assert [row.seq for row in await again.pending()] == [1]
    await again.close()


# Several workers


async def test_of_several_workers_one_adopts_it(line: Line) -> None:
    """And those who come late make nothing of it: neither a journal nor a count."""
    line.start()
    others = [around(line, workers=3) for _ in range(3)]
    for number in range(12):
        path = await leave(line, f"import-{number}.sqlite", inbound(f"m{number}"))
        await asyncio.gather(*(adoption.adopt(one, path) for one in others))  # type: ignore[arg-type]
        assert not list(path.parent.glob(f"{path.name}*"))
    await line.idle()
    found = await line.books()
    assert (found.accepted, found.published, found.duplicate, found.balance) == (12, 12, 0, True)
    assert len(await line.database.read(closed)) == 12


async def test_who_opens_what_another_has_just_removed_removes_it_again(line: Line) -> None:
    path = line.path.with_name("import-1.sqlite")
    exists = Path.exists
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Path, "exists", lambda self, **_: self == path or exists(self))  # it was there a moment ago
        await adoption.adopt(around(line), path)  # type: ignore[arg-type]
    assert not list(path.parent.glob(f"{path.name}*"))
    assert await line.database.read(closed) == {}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_the_journal_of_another_worker_is_left_to_it_for_a_while(line: Line) -> None:
    clock = Clock()
    path = await leave(line, "worker-1.sqlite", inbound("m1"))
    ownerless = adoption.Ownerless(around(line, workers=2), clock)  # type: ignore[arg-type]
    assert ownerless.found() == []
    clock.now = adoption.LEFT - 1
    assert ownerless.found() == []
    journal = Journal.open(path)  # it was started again, and dies later
    clock.now = adoption.LEFT + 1
    assert ownerless.found() == []
    await journal.close()
    assert ownerless.found() == []
    clock.now += adoption.LEFT
    assert ownerless.found() == [path]


@pytest.mark.parametrize(
    ("name", "knows", "node"),
    [
        ("worker-2.sqlite", True, "n1_w2"),
        ("worker-2.sqlite", False, "n1"),
        ("import-1.sqlite", True, "n1"),
    ],
)
async def test_in_whose_name_a_journal_is_worked_off(line: Line, name: str, knows: bool, node: str) -> None:
    """Where nobody would look at the worker's outbox, in one's own."""
    await adoption.adopt(around(line, knows=knows), await leave(line, name, inbound("m1")))  # type: ignore[arg-type]
    assert await line.database.read(outbox.nodes_with_pending) == [node]


async def test_the_journal_of_a_worker_that_there_is_no_more_is_adopted_at_once(line: Line) -> None:
    path = await leave(line, "worker-2.sqlite", inbound("m1"))
    assert adoption.Ownerless(around(line, workers=2)).found() == [path]  # type: ignore[arg-type]
