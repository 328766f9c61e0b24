"""Counting while the gateway runs takes its time only where contacts do not need it."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from regia.runners import counting
from regia.runners.counting import Counting


class _Steps:
    """Counting that always has more to do, and takes a moment for it."""

    def __init__(self, number: int, *, building: bool) -> None:
        self.left = number
        self.building = building
        self.swept = 0

    async def step(self, now_ms: int) -> bool:
        self.left -= 1
        return self.left > 0

    async def sweep(self, now_ms: int) -> bool:
        self.swept += 1
        return False


@dataclass
class _Clock:
    """Time that passes only while somebody sleeps, `asyncio` and `time` of the module at once."""

    now: float = 0.0
    calm_at: float = float("inf")
    waiting: int = 0

    async def sleep(self, seconds: float) -> None:
        self.now += seconds

    def monotonic(self) -> float:
        return self.now

    def rows(self) -> dict[str, int]:
        return {"pipeline": self.waiting if self.now < self.calm_at else 0}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    made = _Clock()
    monkeypatch.setattr(counting, "asyncio", made)
    monkeypatch.setattr(counting, "time", made)
    monkeypatch.setattr(counting, "Turn", lambda *_: SimpleNamespace(mine=_yes))
    return made


def runner(clock: _Clock, steps: _Steps) -> Any:
    gateway: Any = SimpleNamespace(stores=SimpleNamespace(database=None), waiting=clock.rows)
    made: Any = Counting(gateway)
    made._rolling = steps
    return made


async def _yes() -> bool:
    return True


RESTS = [(0, False, 3), (499, False, 3), (500, False, 19), (500, True, 19), (0, True, 0.02)]


@pytest.mark.parametrize(("waiting", "building", "rests"), RESTS)
async def test_counting_rests_for_contacts(clock: _Clock, waiting: int, building: bool, rests: float) -> None:
    clock.waiting = waiting
    await runner(clock, _Steps(1, building=building))._rest(1.0)
    assert clock.now == pytest.approx(rests)


async def test_no_rest_is_longer_than_a_turn_lasts(clock: _Clock) -> None:
    clock.waiting = 500
    await runner(clock, _Steps(1, building=False))._rest(50.0)
    assert clock.now == pytest.approx(20)


async def test_a_rest_is_over_once_contacts_are(clock: _Clock) -> None:
    clock.waiting, clock.calm_at = 500, 4.0
    await runner(clock, _Steps(1, building=False))._rest(1.0)
    assert 3 <= clock.now <= 5


async def test_dead_facts_are_swept_though_there_is_always_more(clock: _Clock) -> None:
    steps = _Steps(1_000, building=False)
    await runner(clock, steps).look()
    assert steps.swept == pytest.approx(1_000 * 0.02 / counting.EVERY, abs=1)
