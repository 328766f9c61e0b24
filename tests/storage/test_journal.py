"""The journal: what `accept` returned is on disk, whatever happens next."""

import asyncio
import fcntl
import sqlite3
import subprocess
import sys
import textwrap
import uuid
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from storage import journal_file
from storage.journal import Journal, JournalLocked
from storage.journal_file import REPEAT, Entry, JournalFile, JournalUnavailable, Receipt, Row, inspect

SECRET = b"Vorrei un rimborso, IBAN IT60X0542811101000000123456"


def entry(number: int, *, payload: bytes = b"ciao", key: str = "anna", digest: bytes | None = b"d") -> Entry:
    return Entry(id=uuid.UUID(int=number), kind="message", order_key=key, payload=payload, digest=digest)


def entries(*numbers: int) -> list[Entry]:
    return [entry(number) for number in numbers]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "worker-0.sqlite"


@pytest.fixture
async def journal(path: Path) -> AsyncIterator[Journal]:
    opened = Journal.open(path)
    yield opened
    await opened.close()


def on_disk(path: Path) -> list[tuple[int, bytes]]:
    """What another connection sees: number and payload of what waits."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return list(db.execute("SELECT seq, payload FROM rows ORDER BY seq"))
    finally:
        db.close()


def remembered(path: Path) -> list[int]:
    """The numbers of the ids by which a repeat is recognised."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return [seq for (seq,) in db.execute("SELECT seq FROM ids ORDER BY seq")]
    finally:
        db.close()


async def settled(journal: Journal) -> None:
    """Wait until the done marks given so far are committed."""
    await journal.count_pending()


async def test_what_was_accepted_is_seen_by_another_connection(journal: Journal, path: Path) -> None:
    receipts = await journal.accept([entry(1, payload=b"uno"), entry(2, payload=b"due")])
    assert on_disk(path) == [(1, b"uno"), (2, b"due")]
    assert receipts == [Receipt(1, uuid.UUID(int=1), repeat=False), Receipt(2, uuid.UUID(int=2), repeat=False)]
    assert journal.last_seq == 2


async def test_the_listener_hears_rows_before_accept_returns(journal: Journal) -> None:
    heard: list[Row] = []
    journal.listen(heard.extend)
    await journal.accept([entry(1, payload=b"uno"), entry(1, payload=b"uno")])
    assert heard == [
        Row(1, uuid.UUID(int=1), "message", "anna", b"uno", b"d"),
        Row(2, None, REPEAT, "anna", uuid.UUID(int=1).bytes),
    ]


async def test_a_listener_that_fails_keeps_nobody_waiting(journal: Journal) -> None:
    errors: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: errors.append(context["exception"]))

    def listener(rows: Sequence[Row]) -> None:
        raise LookupError

    journal.listen(listener)
    receipts = await asyncio.wait_for(journal.accept(entries(1)), 10)
    assert (receipts[0].repeat, [type(error) for error in errors]) == (False, [LookupError])


async def test_an_empty_call_is_nothing(journal: Journal, path: Path) -> None:
    assert await journal.accept([]) == []
    assert (journal.last_seq, on_disk(path)) == (0, [])


async def test_a_digest_comes_back_with_its_row(journal: Journal) -> None:
    await journal.accept([entry(1, digest=b"of one"), entry(2, digest=None)])
    assert [row.digest for row in await journal.pending()] == [b"of one", None]


async def test_a_ping_asks_the_writer_thread_and_no_table(journal: Journal, path: Path) -> None:
    await journal.accept(entries(1))
    db = sqlite3.connect(path)
    db.execute("ALTER TABLE rows RENAME TO gone")  # whatever the number of rows, they are not looked at
    await asyncio.wait_for(journal.ping(), 10)
    db.execute("ALTER TABLE gone RENAME TO rows")
    db.close()
    await journal.close()
    with pytest.raises(JournalUnavailable):
        await journal.ping()


class TestRepeats:
    async def test_within_one_call(self, journal: Journal) -> None:
        receipts = await journal.accept(entries(1, 2, 1))
        assert [(one.seq, one.repeat) for one in receipts] == [(1, False), (2, False), (3, True)]

    async def test_of_calls_at_once_exactly_one_is_new(self, journal: Journal) -> None:
        answers = await asyncio.gather(*(journal.accept(entries(7)) for _ in range(50)))
        assert sum(not receipt.repeat for (receipt,) in answers) == 1
        assert sorted(receipt.seq for (receipt,) in answers) == list(range(1, 51))
        assert journal.last_seq == 50

    async def test_after_it_is_done(self, journal: Journal) -> None:
        await journal.accept(entries(1))
        journal.done([1])
        assert (await journal.accept(entries(1)))[0].repeat

    async def test_after_opening_again(self, journal: Journal, path: Path) -> None:
        await journal.accept(entries(1, 2))
        journal.done([1])
        await journal.close()
        again = Journal.open(path)
        receipts = await again.accept(entries(1, 2, 3))
        assert [(one.seq, one.repeat) for one in receipts] == [(3, True), (4, True), (5, False)]
        await again.close()

    async def test_a_repeat_of_a_repeat_names_the_first(self, journal: Journal) -> None:
        await journal.accept(entries(1, 1, 1))
        rows = await journal.pending()
        assert [(row.kind, row.payload) for row in rows[1:]] == [(REPEAT, uuid.UUID(int=1).bytes)] * 2

    @pytest.mark.parametrize(
        ("first", "second", "same"), [(b"a", b"a", True), (b"a", b"b", False), (None, None, True), (b"a", None, False)]
    )
    async def test_same_is_told_by_the_digest(
        self, journal: Journal, first: bytes | None, second: bytes | None, same: bool
    ) -> None:
        await journal.accept([entry(1, digest=first)])
        journal.done([1])
        (receipt,) = await journal.accept([entry(1, digest=second)])
        assert (receipt.repeat, receipt.same) == (True, same)

    async def test_ids_beyond_keep_ids_are_forgotten_once_done(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(journal_file, "_PRUNE_EVERY", 5)
        journal = Journal.open(path, keep_ids=10)
        for number in range(1, 31):
            await journal.accept(entries(number))
            if number != 3:  # a row that is not done is never forgotten
                journal.done([number])
        await settled(journal)
        assert on_disk(path) == [(3, entry(3).payload)]
        assert remembered(path) == [3, *range(21, 31)]
        receipts = await journal.accept(entries(1, 3, 30))
        assert [receipt.repeat for receipt in receipts] == [False, True, True]
        assert journal.last_seq == 33
        await journal.close()


class TestAllOrNone:
    async def test_an_entry_that_cannot_be_written_takes_its_call_with_it(self, journal: Journal, path: Path) -> None:
        bad = entry(2, key="\ud83d")
        with pytest.raises(JournalUnavailable):
            await asyncio.wait_for(journal.accept([entry(1), bad, entry(3)]), 10)
        assert on_disk(path) == []
        assert journal.last_seq == 0

    async def test_but_not_its_neighbours(self, journal: Journal) -> None:
        calls = [journal.accept([entry(number, key="\ud83d" if number == 5 else "k")]) for number in range(10)]
        answers = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 10)
        assert [number for number, answer in enumerate(answers) if isinstance(answer, JournalUnavailable)] == [5]
        assert sorted(answer[0].seq for answer in answers if isinstance(answer, list)) == list(range(1, 10))
        assert await journal.count_pending() == 9

    async def test_a_refusal_names_no_value(self, journal: Journal) -> None:
        with pytest.raises(JournalUnavailable) as raised:
            await journal.accept([entry(1, key="anna@example.it \ud83d")])
        assert "anna" not in str(raised.value)


class TestAfterOpeningAgain:
    async def test_what_is_not_done_is_pending(self, journal: Journal, path: Path) -> None:
        await journal.accept([entry(number, payload=f"n{number}".encode()) for number in range(1, 8)])
        journal.done([1, 4])
        await journal.close()
        again = Journal.open(path)
        rows = await again.pending()
        assert [(row.seq, row.payload) for row in rows] == [(n, f"n{n}".encode()) for n in (2, 3, 5, 6, 7)]
        assert [row.seq for row in await again.pending(after=3, limit=2)] == [5, 6]
        assert await again.count_pending() == 5
        await again.close()

    async def test_reads_are_bounded_by_bytes_and_never_empty_early(
        self, journal: Journal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(journal_file, "_BYTES_A_READ", 100)
        await journal.accept([entry(number, payload=b"x" * 60) for number in range(1, 8)])
        found: list[int] = []
        while rows := await journal.pending(after=found[-1] if found else 0, limit=1000):
            assert len(rows) <= 2
            found += [row.seq for row in rows]
        assert found == list(range(1, 8))

    async def test_id_and_numbers_go_on(self, journal: Journal, path: Path) -> None:
        await journal.accept(entries(1, 2, 2))
        journal.done([1, 2, 3])
        await journal.close()
        again = Journal.open(path, keep_ids=0)
        assert (again.id, again.last_seq) == (journal.id, 3)
        assert (await again.accept(entries(9)))[0].seq == 4
        await again.close()

    async def test_a_failed_call_takes_no_number(self, journal: Journal, path: Path) -> None:
        """`last_seq` counts what was accepted, and the books are balanced against it."""
        await journal.accept(entries(1))
        with pytest.raises(JournalUnavailable):
            await journal.accept([entry(2), entry(3, key="\ud83d")])
        assert (await journal.accept(entries(4)))[0].seq == 2
        await journal.close()
        assert inspect(path) == JournalFile(journal.id, 2, (1, 2))


class TestOneOwner:
    async def test_a_second_opening_is_refused(self, journal: Journal, path: Path) -> None:
        with pytest.raises(JournalLocked):
            Journal.open(path)
        assert (await journal.accept(entries(1)))[0].seq == 1

    async def test_another_process_is_refused_until_the_owner_dies(self, path: Path) -> None:
        holder = subprocess.Popen(  # noqa: ASYNC220  # the loop has nothing else to do
            [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert holder.stdout is not None
        assert holder.stdin is not None
        try:
            assert holder.stdout.readline() == "open\n"
            with pytest.raises(JournalLocked):
                Journal.open(path)
        finally:
            holder.kill()
            holder.wait(20)
            holder.stdin.close()
            holder.stdout.close()
        again = Journal.open(path)
        assert [row.payload for row in await again.pending()] == [b"ciao"]
        await again.close()

    async def test_a_lock_on_a_removed_journal_keeps_nobody_out(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its owner removes the journal between another's opening of the lock file and the lock: that lock is void."""
        first = Journal.open(path)
        real = fcntl.flock
        removed: list[bool] = []

        def flock(descriptor: int, operation: int) -> None:
            if not removed:
                removed.append(True)
                Path(f"{path}.lock").unlink()  # as `remove` does, just before it gives the lock back
                real(first._lock, fcntl.LOCK_UN)
            real(descriptor, operation)

        monkeypatch.setattr(fcntl, "flock", flock)
        second = Journal.open(path)
        with pytest.raises(JournalLocked):
            Journal.open(path)
        await second.close()
        await first.close()

    async def test_removed_for_good(self, journal: Journal, path: Path) -> None:
        await journal.accept(entries(1))
        journal.done([1])
        await journal.remove()
        assert list(path.parent.iterdir()) == []
        await journal.close()
        fresh = Journal.open(path)
        assert (fresh.last_seq, fresh.id != journal.id) == (0, True)
        await fresh.close()

    @pytest.mark.parametrize(
        "content", [b"this is no database, not even a small one" * 100, None], ids=["other file", "folder"]
    )
    async def test_what_is_no_journal_is_refused_and_left_alone(self, path: Path, content: bytes | None) -> None:
        path.mkdir() if content is None else path.write_bytes(content)
        with pytest.raises(JournalUnavailable):
            Journal.open(path)
        assert path.is_dir() if content is None else path.read_bytes() == content
        with pytest.raises(JournalUnavailable):
            inspect(path)

    async def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(JournalUnavailable):
            Journal.open(tmp_path / "file" / "worker-0.sqlite")


HOLD = textwrap.dedent("""
    import asyncio, sys, uuid
    from pathlib import Path
    from storage.journal import Journal
    from storage.journal_file import Entry

    async def main():
        journal = Journal.open(Path(sys.argv[1]))
        await journal.accept([Entry(id=uuid.UUID(int=1), kind="message", order_key="k", payload=b"ciao")])
        print("open", flush=True)
        await asyncio.to_thread(sys.stdin.read)

    asyncio.run(main())
""")

FULL = textwrap.dedent("""
    import asyncio, resource, sys, uuid
    from pathlib import Path
    from storage.journal import Journal
    from storage.journal_file import Entry, JournalUnavailable

    def entries(first, count, size):
        numbers = range(first, first + count)
        return [Entry(id=uuid.UUID(int=n), kind="message", order_key="k", payload=bytes(size)) for n in numbers]

    async def main():
        path = Path(sys.argv[1])
        journal = Journal.open(path)
        await journal.accept(entries(1, 3, 10))
        wal = Path(f"{path}-wal").stat().st_size
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (wal + 40_000, hard))
        journal.done([1])
        refused = 0
        for number in range(5):
            try:
                await asyncio.wait_for(journal.accept(entries(100 + 10 * number, 10, 20_000)), 20)
            except JournalUnavailable:
                refused += 1
        journal.done([2])
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        receipts = await asyncio.wait_for(journal.accept(entries(4, 2, 10)), 20)
        rows = await journal.pending()
        print(refused, [r.seq for r in receipts], [r.seq for r in rows], journal.last_seq)
        await journal.close()

    asyncio.run(main())
""")


async def test_a_full_disk_refuses_and_is_survived(path: Path) -> None:
    """A limit on the size of files stands for the full disk: the write fails in the middle of a transaction."""
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    # Refused calls left no row and took no number; the done marks given meanwhile were not forgotten.
    assert done.stdout == "5 [4, 5] [3, 4, 5] 5\n"
    assert inspect(path).pending == (3, 4, 5)


ROOM = textwrap.dedent("""
    import asyncio, resource, sys, uuid
    from pathlib import Path
    from storage.journal import Journal
    from storage.journal_file import Entry, JournalUnavailable

    async def works(call):
        try:
            await asyncio.wait_for(call, 20)
        except JournalUnavailable:
            return False
        return True

    def accepting(journal, number, size):
        return journal.accept([Entry(id=uuid.UUID(int=number), kind="message", order_key="k", payload=bytes(size))])

    async def main():
        path = Path(sys.argv[1])
        journal = Journal.open(path)
        await accepting(journal, 1, 200_000)
        wal = Path(f"{path}-wal").stat().st_size
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        for room, size in ((wal + 40_000, 10), (wal + 2_000_000, 3_000_000)):
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
            print(await works(journal.ping()), await works(accepting(journal, size, size)), await works(journal.ping()))
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
            print(await works(journal.ping()), await works(accepting(journal, size, size)), await works(journal.ping()))
        print(sorted(one.name for one in path.parent.iterdir()))
        await journal.close()

    asyncio.run(main())
""")


async def test_a_ping_needs_room_for_an_entry(path: Path) -> None:
    """Small entries find their place on a full disk for a while, since a log has been as long before: a ping does not. And
    where a large one had no room, a ping asks for as much, until it is there."""
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", ROOM, str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    names = [f"{path.name}{suffix}" for suffix in ("", "-shm", "-wal", ".lock")]
    assert done.stdout.splitlines() == ["False True False", "True True True", "True False False", "True True True", str(names)]


class TestClosing:
    @pytest.mark.parametrize("calls", [1, 700, 2_000])
    async def test_every_call_under_way_ends(self, path: Path, calls: int) -> None:
        journal = Journal.open(path)
        waiting = [asyncio.create_task(journal.accept(entries(number))) for number in range(calls)]
        await asyncio.sleep(0)
        closing = asyncio.create_task(journal.close())
        late = [asyncio.create_task(journal.accept(entries(10_000 + number))) for number in range(10)]
        answers = await asyncio.wait_for(asyncio.gather(*waiting, *late, return_exceptions=True), 30)
        await closing
        accepted = [answer[0].seq for answer in answers if isinstance(answer, list)]
        refused = [answer for answer in answers if isinstance(answer, JournalUnavailable)]
        assert len(accepted) + len(refused) == calls + 10
        assert len(accepted) >= calls
        assert [seq for seq, _ in on_disk(path)] == sorted(accepted)

    async def test_done_marks_are_written_last(self, journal: Journal, path: Path) -> None:
        await journal.accept(entries(*range(1, 1500)))
        for seq in range(1, 1500):
            journal.done([seq])
        await journal.close()
        assert inspect(path).pending == ()

    async def test_afterwards_everything_is_refused(self, journal: Journal) -> None:
        await journal.close()
        await journal.close()
        for call in (journal.accept(entries(1)), journal.pending(), journal.count_pending()):
            with pytest.raises(JournalUnavailable):
                await call

    async def test_a_cancelled_caller_harms_nobody(self, journal: Journal) -> None:
        tasks = [asyncio.create_task(journal.accept(entries(number))) for number in range(20)]
        await asyncio.sleep(0)
        tasks[3].cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert [number for number, one in enumerate(answers) if isinstance(one, asyncio.CancelledError)] == [3]
        assert len(await journal.pending()) == 20


async def test_many_callers_share_commits(journal: Journal) -> None:
    statements: list[str] = []
    journal._writer._db.set_trace_callback(statements.append)
    await asyncio.gather(*(journal.accept(entries(number)) for number in range(2_000)))
    commits = statements.count("COMMIT")
    assert 4 <= commits <= 40
    assert await journal.count_pending() == 2_000


async def test_a_commit_is_on_disk_before_accept_returns(path: Path) -> None:
    journal = Journal.open(path)
    levels = [journal._writer._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")]
    assert levels == [2, "wal"]
    await journal.close()


async def test_nothing_of_a_payload_is_left_once_it_is_done(journal: Journal, path: Path) -> None:
    await journal.accept([entry(number, payload=SECRET * size) for number, size in ((1, 1), (2, 400), (3, 1))])
    await journal.accept([entry(4, key="+393331234567", payload=b"x")])
    assert SECRET in Path(f"{path}-wal").read_bytes()
    journal.done([1, 2, 3, 4])
    await journal.close()
    content = path.read_bytes()
    assert (SECRET in content, b"+393331234567" in content, b"IT60X0542811101000000123456" in content) == (False, False, False)
    assert not Path(f"{path}-wal").exists()


class TestInspect:
    async def test_counts_while_the_owner_writes(self, journal: Journal, path: Path) -> None:
        journal.done([])
        writing = asyncio.create_task(_write(journal, 300))
        seen = []
        while not writing.done():
            seen.append(await asyncio.to_thread(inspect, path))
        await writing
        assert all(len(file.pending) == file.accepted for file in seen)
        assert inspect(path).accepted == 300

    async def test_of_a_closed_journal(self, journal: Journal, path: Path) -> None:
        await journal.accept(entries(1, 1, 2))
        journal.done([1])
        await journal.close()
        assert inspect(path) == JournalFile(journal.id, 3, (2, 3))

    def test_what_is_not_there(self, path: Path) -> None:
        with pytest.raises(JournalUnavailable):
            inspect(path)
        assert not path.exists()

    def test_a_journal_that_is_just_being_made(self, path: Path) -> None:
        db = sqlite3.connect(path)
        db.executescript(journal_file._SCHEMA)
        db.close()
        with pytest.raises(JournalUnavailable):
            inspect(path)


async def _write(journal: Journal, count: int) -> None:
    for number in range(count):
        await journal.accept(entries(number))
