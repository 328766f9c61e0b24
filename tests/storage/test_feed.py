"""The feed against a naive model: rows of a key in order, never two of them apart at once, none lost, none twice."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from storage import feed as module
from storage.feed import Feed

CAP = 8
KEYS = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=5)


@dataclass(frozen=True)
class Item:
    seq: int
    key: str


class Store:
    """Rows in a table: those not settled can be read. `slow` holds the answers of reads back."""

    def __init__(self) -> None:
        self.rows: dict[int, Item] = {}
        self.last = 0
        self.reads: list[tuple[int, int]] = []
        self.open = asyncio.Event()
        self.open.set()

    def add(self, keys: Sequence[str]) -> list[Item]:
        new = [Item(self.last + number, key) for number, key in enumerate(keys, 1)]
        self.rows |= {item.seq: item for item in new}
        self.last += len(new)
        return new

    async def read(self, after: int, limit: int) -> list[Item]:
        self.reads.append((after, limit))
        found = [self.rows[seq] for seq in sorted(self.rows) if seq > after][:limit]
        await self.open.wait()
        return found

    def remove(self, items: Sequence[Item]) -> None:
        for item in items:
            del self.rows[item.seq]


def made(store: Store, *, cap: int = 4_000, a_key: int | None = None) -> Feed[Item]:
    return Feed(store.read, lambda item: item.key, cap=cap, a_key=a_key)


class Loop(asyncio.SelectorEventLoop):
    """A loop whose clock stands still until it is told."""

    now = 0.0

    def time(self) -> float:
        return self.now


class FeedMachine(RuleBasedStateMachine):
    """Workers that take, settle and fail, beside writers whose word of a commit may come late or never."""

    a_key: int | None = None
    passed_over = 100_000

    def __init__(self) -> None:
        super().__init__()
        self.loop = Loop()
        self.store = self.loop.run_until_complete(self._store())
        self.feed = made(self.store, cap=CAP, a_key=self.a_key)
        self.untold: list[list[Item]] = []
        self.unheard: set[str] = set()
        self.taking: list[tuple[int, asyncio.Task[list[Item]]]] = []
        self.in_flight: list[list[Item]] = []
        self.blocked: set[str] = set()
        self.resting: set[str] = set()
        """Keys that failed and may have been dropped from memory: those come again after a rest, whatever their delay."""
        self.finished: dict[str, list[int]] = defaultdict(list)
        self.stored: dict[str, list[int]] = defaultdict(list)

    async def _store(self) -> Store:
        return Store()

    def run(self) -> None:
        async def turns() -> None:
            for _ in range(12):
                await asyncio.sleep(0)

        self.loop.run_until_complete(turns())
        for limit, task in list(self.taking):
            if task.done():
                self.taking.remove((limit, task))
                self._taken(limit, task.result())

    def _taken(self, limit: int, batch: list[Item]) -> None:
        assert 1 <= len(batch) <= limit
        held = {item.key for other in self.in_flight for item in other}
        by_key: dict[str, list[int]] = defaultdict(list)
        for item in batch:
            by_key[item.key].append(item.seq)
        for key, seqs in by_key.items():
            assert key not in held, "two batches hold one key"
            assert key not in self.blocked, "a key waits for its retry"
            assert seqs == sorted(seq for seq, row in self.store.rows.items() if row.key == key)[: len(seqs)]
            assert self.a_key is None or len(seqs) <= self.a_key
        self.in_flight.append(batch)

    def _settle(self, batch: list[Item], failed: list[Item], delay: float) -> None:
        async def settle() -> None:
            self.feed.settle(batch, failed=failed, delay=delay)

        self.loop.run_until_complete(settle())
        self.run()

    def _commit(self, keys: Sequence[str]) -> list[Item]:
        rows = self.store.add(keys)
        for row in rows:
            self.stored[row.key].append(row.seq)
        return rows

    @rule(keys=KEYS)
    def commit(self, keys: list[str]) -> None:
        if rows := self._commit([key for key in keys if key not in self.unheard]):
            self.untold.append(rows)

    @precondition(lambda self: self.untold)
    @rule()
    def tell(self) -> None:
        self.feed.offer(self.untold.pop(0))
        self.run()

    @rule(keys=KEYS)
    def commit_unheard(self, keys: list[str]) -> None:
        """The connection ended during COMMIT: rows are there, nobody knows. Their keys are held by who will ask again:
        nothing more of them is committed until then."""
        closed = {row.key for rows in self.untold for row in rows} | self.unheard
        self.unheard |= {row.key for row in self._commit([key for key in keys if key not in closed])}

    @precondition(lambda self: not self.untold)
    @rule()
    def reread(self) -> None:
        self.feed.reread()
        self.unheard.clear()
        self.run()

    @precondition(lambda self: len(self.taking) < 2)
    @rule(limit=st.integers(1, 6))
    def take(self, limit: int) -> None:
        self.taking.append((limit, self.loop.create_task(self.feed.take(limit))))
        self.run()

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        batch = self.in_flight.pop(data.draw(st.integers(0, len(self.in_flight) - 1)))
        # Within a key what follows a failure was not done either.
        cut = {key: data.draw(st.booleans()) for key in {item.key for item in batch}}
        failed = [item for item in batch if cut[item.key]]
        done = [item for item in batch if not cut[item.key]]
        self.store.remove(done)
        for item in done:
            self.finished[item.key].append(item.seq)
        delay = data.draw(st.sampled_from([0.0, 1.0]))
        self.resting |= {item.key for item in failed}
        if delay:
            self.blocked |= {item.key for item in failed}
        self._settle(batch, failed, delay)

    @rule()
    def time_passes(self) -> None:
        self.loop.now += 1.5
        self.blocked.clear()
        self.resting.clear()
        self.run()

    @rule()
    def slow_store(self) -> None:
        if self.store.open.is_set():
            self.store.open.clear()
        else:
            self.store.open.set()
            self.run()

    @precondition(lambda self: self.taking)
    @rule()
    def a_worker_is_cancelled(self) -> None:
        _, task = self.taking.pop()
        task.cancel()
        self.run()

    @precondition(lambda self: self.in_flight)
    @rule()
    def everything_fails(self) -> None:
        """As when a queue refuses: what fails is more than may stay in memory."""
        for batch in self.in_flight:
            self.blocked |= {item.key for item in batch}
            self.resting |= self.blocked
            self._settle(batch, batch, 1.0)
        self.in_flight = []

    @precondition(lambda self: self.store.open.is_set() and not self.untold and not self.unheard and not self.taking)
    @precondition(lambda self: self.passed_over > 6)
    @rule()
    def whoever_can_be_handed_out_is(self) -> None:
        """However much of the others fails: a taker that finds nothing waits only for keys that are held."""
        self.taking.append((1, self.loop.create_task(self.feed.take(1))))
        for _ in range(10):
            self.run()
        held = {item.key for batch in self.in_flight for item in batch} | self.blocked | self.resting
        assert not self.taking or {row.key for row in self.store.rows.values()} <= held

    @invariant()
    def memory_is_bounded(self) -> None:
        returned = 2 * 6
        assert len(self.feed) <= CAP + CAP // 2 + 5 + returned

    @invariant()
    def idle_means_that_all_that_was_told_is_settled(self) -> None:
        if self.feed.idle:
            heard = {row.seq for rows in self.untold for row in rows}
            assert all(seq in heard or row.key in self.unheard for seq, row in self.store.rows.items())

    def teardown(self) -> None:
        try:
            self._finish()
        finally:
            tasks = [task for _, task in self.taking]
            for task in tasks:
                task.cancel()
            self.loop.run_until_complete(asyncio.wait(tasks) if tasks else asyncio.sleep(0))
            self.loop.close()

    def _finish(self) -> None:
        """Whatever happened: now everything comes, once and in order."""
        self.store.open.set()
        for rows in self.untold:
            self.feed.offer(rows)
        self.untold = []
        self.feed.reread()
        for _ in range(150):
            self.loop.now += 1.5
            self.blocked.clear()
            while self.in_flight:
                batch = self.in_flight.pop()
                self.store.remove(batch)
                for item in batch:
                    self.finished[item.key].append(item.seq)
                self._settle(batch, [], 0)
            if not self.taking:
                self.taking.append((6, self.loop.create_task(self.feed.take(6))))
            self.run()
            if self.feed.idle and not self.in_flight:
                break
        assert (self.feed.idle, self.store.rows, len(self.feed)) == (True, {}, 0)
        assert self.finished == {key: seqs for key, seqs in self.stored.items() if seqs}


class OneAKeyMachine(FeedMachine):
    a_key = 1


class FewKeysMachine(FeedMachine):
    """More keys than may be passed over: reading stops, and all come in the end."""

    passed_over = 2


@pytest.mark.parametrize("machine", [FeedMachine, OneAKeyMachine, FewKeysMachine])
def test_against_the_model(machine: type[FeedMachine], monkeypatch: pytest.MonkeyPatch) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    monkeypatch.setattr(module, "_READ", 4)
    monkeypatch.setattr(module, "_PASSED_OVER", machine.passed_over)
    run_state_machine_as_test(machine, settings=settings(max_examples=70, stateful_step_count=40, deadline=None))


@pytest.fixture
async def store() -> Store:
    return Store()


async def test_what_was_stored_before_comes_first(store: Store) -> None:
    store.add("abc")
    feed = made(store)
    assert not feed.idle
    feed.offer(store.add("abd"))
    batch = await feed.take(10)
    assert sorted(item.seq for item in batch) == [1, 2, 3, 4, 5, 6]
    assert [item.seq for item in batch if item.key == "a"] == [1, 4]


async def test_above_the_cap_rows_stay_where_they_are(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_READ", 5)
    feed = made(store, cap=10)
    taking = asyncio.create_task(feed.take(1))
    await asyncio.sleep(0)
    most, order = 0, []
    for number in range(100):
        feed.offer(store.add([f"k{number % 7}" for _ in range(10)]))
        most = max(most, len(feed))
    batch = await taking
    while True:
        order += [item.seq for item in batch]
        store.remove(batch)
        feed.settle(batch)
        most = max(most, len(feed))
        if feed.idle or not store.rows:
            break
        batch = await asyncio.wait_for(feed.take(4), 10)
    assert sorted(order) == list(range(1, 1001))
    assert most <= 20


async def test_above_the_cap_of_bytes_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_READ", 2)
    feed = Feed(store.read, lambda item: item.seq, weigh=lambda item: 100, cap_bytes=1_000)
    taking = asyncio.create_task(feed.take(1))
    await asyncio.sleep(0)
    for _ in range(100):
        feed.offer(store.add(["k"]))
        assert len(feed) <= 10
    order = await taking
    while len(order) < 100:
        order += await asyncio.wait_for(feed.take(3), 10)
        assert len(feed) <= 10
    assert [item.seq for item in order] == list(range(1, 101))


async def test_what_is_offered_during_a_read_is_not_lost(store: Store) -> None:
    store.add("a")
    feed = made(store)
    store.open.clear()
    taking = asyncio.create_task(feed.take(10))
    await asyncio.sleep(0)
    feed.offer(store.add("b"))
    store.open.set()
    first = await taking
    rest = await asyncio.wait_for(feed.take(10), 10) if len(first) == 1 else []
    assert sorted(item.seq for item in (*first, *rest)) == [1, 2]


async def test_a_read_that_is_faster_than_the_word_of_the_commit(store: Store) -> None:
    feed = made(store)
    rows = store.add("ab")
    batch = await feed.take(10)
    feed.offer(rows)
    store.remove(batch)
    feed.settle(batch)
    more = asyncio.create_task(feed.take(10))
    await asyncio.sleep(0.01)
    assert (feed.idle, len(feed), more.done()) == (True, 0, False)
    more.cancel()


async def test_a_failed_read_is_the_takers_and_repeated(store: Store) -> None:
    failures = [OSError("away"), OSError("away")]

    async def read(after: int, limit: int) -> list[Item]:
        if failures:
            raise failures.pop()
        return await store.read(after, limit)

    feed = Feed(read, lambda item: item.key)
    feed.offer(store.add("a"))
    for _ in range(2):
        with pytest.raises(OSError, match="away"):
            await feed.take(1)
        assert not feed.idle
    assert [item.seq for item in await feed.take(1)] == [1]


async def test_a_key_that_fails_holds_up_only_itself(store: Store) -> None:
    feed = made(store, a_key=1)
    feed.offer(store.add("aab"))
    batch = await feed.take(10)
    assert [(item.key, item.seq) for item in batch] == [("a", 1), ("b", 3)]
    feed.settle(batch, failed=[batch[0]], delay=0.05)
    feed.offer(store.add("b"))
    assert [item.seq for item in await feed.take(10)] == [4]
    loop = asyncio.get_running_loop()
    before = loop.time()
    assert [item.seq for item in await feed.take(10)] == [1]
    assert loop.time() - before >= 0.03


async def test_several_failed_rows_of_a_key_keep_their_order(store: Store) -> None:
    feed = made(store)
    feed.offer(store.add("aaaa"))
    batch = await feed.take(3)
    feed.settle(batch, failed=batch[1:])
    assert [item.seq for item in await asyncio.wait_for(feed.take(10), 10)] == [2, 3, 4]


async def drained(feed: Feed[Item], store: Store, refuses: Callable[[Item], bool], want: int, most: int) -> list[int]:
    """Work the feed as the relay does until `want` rows are done; their numbers."""
    done: list[int] = []
    while len(done) < want:
        batch = await asyncio.wait_for(feed.take(50), 5)
        failed = [item for item in batch if refuses(item)]
        good = [item for item in batch if not refuses(item)]
        store.remove(good)
        done += [item.seq for item in good]
        feed.settle(batch, failed=failed, delay=0.001)
        assert len(feed) <= most
        await asyncio.sleep(0)
    return done


@pytest.mark.parametrize("senders", [1, 7, 4_500], ids=["one sender", "few senders", "each its own sender"])
async def test_what_lies_behind_many_rows_that_fail_is_reached(
    store: Store, senders: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_REST", 0.01)
    monkeypatch.setattr(module, "_READ", 5)
    bad = [f"bad{number % senders}" for number in range(450)]
    store.add([*bad, *(f"good{number}" for number in range(10))])
    feed = made(store, cap=40, a_key=1)
    refusing = True
    got = await drained(feed, store, lambda item: refusing and item.key.startswith("bad"), 10, 2 * 40)
    assert sorted(got) == list(range(451, 461))
    refusing = False
    got = await drained(feed, store, lambda item: False, 450, 2 * 40)
    for key in set(bad):
        own = [number for number, name in enumerate(bad, 1) if name == key]
        assert [seq for seq in got if seq in set(own)] == own
    assert sorted(got) == list(range(1, 451))
    more = asyncio.create_task(feed.take(1))
    await asyncio.sleep(0.01)
    assert (feed.idle, len(feed), more.done()) == (True, 0, False)
    more.cancel()


async def test_new_rows_go_past_those_that_fail(store: Store) -> None:
    """Nothing is to be read back, and the memory for failing keys is used up: offers still come at once."""
    feed = made(store, cap=40)
    feed.offer(store.add(["bad"] * 30))
    batch = await feed.take(100)
    feed.settle(batch, failed=batch, delay=60)
    for _ in range(10):
        feed.offer(store.add(["bad"] * 20))
        assert len(feed) <= 80
        feed.offer(store.add(["good"]))
        got = await asyncio.wait_for(feed.take(100), 5)
        assert {item.key for item in got} == {"good"}
        store.remove(got)
        feed.settle(got)


async def test_a_senders_backlog_is_read_about_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is more than its share of the memory."""
    monkeypatch.setattr(module, "_READ", 50)
    store.add(["a"] * 5_000)
    feed = made(store, cap=400)
    assert await drained(feed, store, lambda item: False, 5_000, 800) == list(range(1, 5_001))
    assert len(store.reads) < 3 * 5_000 / 50


async def test_keys_passed_over_are_limited(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PASSED_OVER", 20)
    monkeypatch.setattr(module, "_REST", 0.01)
    monkeypatch.setattr(module, "_READ", 5)
    store.add([f"bad{number}" for number in range(200)])
    feed = made(store, cap=10, a_key=1)
    refusing = True

    async def work() -> list[int]:
        return await drained(feed, store, lambda item: refusing, 200, 40)

    task = asyncio.create_task(work())
    for _ in range(50):
        await asyncio.sleep(0.002)
        assert len(feed._passed) <= 20 + 5
    refusing = False
    assert sorted(await asyncio.wait_for(task, 20)) == list(range(1, 201))
