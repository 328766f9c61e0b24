"""Refused in time: a journal that is as large as it may be, and a disk of which the rest is kept."""

import asyncio
import os
from pathlib import Path
from uuid import UUID

import pytest

from storage.journal import Journal
from storage.journal_file import Entry
from storage.journal_room import JournalFull, Limits

MB = 1 << 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "worker-0.sqlite"


def entry(number: int, size: int = MB) -> Entry:
    return Entry(id=UUID(int=number), kind="text", order_key="a", payload=bytes(size))


def free(folder: Path) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


async def accepted(journal: Journal, numbers: range, size: int = MB) -> list[int]:
    """The numbers that were taken."""
    answers = await asyncio.gather(*(journal.accept([entry(number, size)]) for number in numbers), return_exceptions=True)
    assert all(isinstance(answer, list | JournalFull) for answer in answers), answers
    return [number for number, answer in zip(numbers, answers, strict=True) if isinstance(answer, list)]


async def test_the_journal_takes_its_limit_and_no_more(path: Path) -> None:
    """Together too: what is on its way counts."""
    journal = Journal.open(path, limits=Limits(most=8 * MB, reserve=0))
    taken = await accepted(journal, range(1, 21))
    assert taken == list(range(1, 8))  # the tables themselves take some kilobytes of the eight
    assert journal.room().used <= 8 * MB
    with pytest.raises(JournalFull, match=r"journal.limit_mb"):
        await journal.ping()
    assert await accepted(journal, range(30, 31), size=1_000) == [30]

    journal.done([1, 2, 3])
    assert await accepted(journal, range(31, 32), size=1_000) == [31]  # the marks ride this commit
    await journal.ping()
    assert await accepted(journal, range(40, 50)) == [40, 41, 42]
    await journal.close()


async def test_what_waits_counts_after_a_restart(path: Path) -> None:
    journal = Journal.open(path)
    await accepted(journal, range(1, 6))
    before = journal.room().used
    await journal.close()
    again = Journal.open(path, limits=Limits(most=6 * MB, reserve=0))
    assert again.room().used == before
    assert await accepted(again, range(10, 12)) == []
    assert len(await again.pending()) == 5
    await again.close()


async def test_the_reserve_of_the_disk_is_never_given_away(path: Path) -> None:
    limits = Limits(most=2**40, reserve=free(path.parent) - 256 * MB)
    journal = Journal.open(path, limits=limits)
    assert await accepted(journal, range(1, 2), size=1_000) == [1]
    with pytest.raises(JournalFull, match="kept in reserve"):
        journal.look(512 * MB)
    with pytest.raises(JournalFull, match="kept in reserve"):
        await journal.ping()
    await journal.close()


async def test_filling_is_said_before_it_is_full(path: Path) -> None:
    journal = Journal.open(path, limits=Limits(most=10 * MB, reserve=0))
    assert journal.room().filling is None
    await accepted(journal, range(1, 9))
    assert "10 MB are used" in str(journal.room().filling)
    await journal.close()
    reserved = Journal.open(path, limits=Limits(most=2**40, reserve=free(path.parent) * 2 // 3))
    assert "kept in reserve" in str(reserved.room().filling)
    assert await accepted(reserved, range(20, 21), size=1_000) == [20]
    await reserved.close()


async def test_a_refused_call_leaves_no_promise_behind(path: Path) -> None:
    journal = Journal.open(path, limits=Limits(most=4 * MB, reserve=0))
    for number in range(50):
        assert await accepted(journal, range(100 + number, 101 + number), size=5 * MB) == []
    assert await accepted(journal, range(1, 4)) == [1, 2, 3]
    await journal.close()


async def test_a_disk_that_was_full_has_room_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a disk of 24 MB, of which the journal's own files are all there is; 8 are kept."""
    real = os.statvfs

    def small(folder: Path) -> os.statvfs_result:
        found = list(real(folder))
        used = sum(each.stat().st_blocks * 512 for each in path.parent.iterdir())
        found[4] = max(0, 24 * MB - used) // found[1]  # f_bavail in units of f_frsize
        return os.statvfs_result(found)

    monkeypatch.setattr(os, "statvfs", small)
    journal = Journal.open(path, limits=Limits(most=64 * MB, reserve=8 * MB))
    for beginning in (100, 200, 300):
        taken: list[int] = []
        for number in range(beginning, beginning + 50):
            try:
                taken.append((await journal.accept([entry(number)]))[0].seq)
            except JournalFull:
                break
        assert 0 < len(taken) < 20
        journal.done(taken)
        async with asyncio.timeout(20):
            while not await accepted(journal, range(beginning + 90, beginning + 91)):  # nothing else is committed meanwhile
                await asyncio.sleep(0.05)
        journal.done([taken[-1] + 1])
        await journal.ping()
    await journal.close()
