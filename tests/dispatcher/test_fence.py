"""The fence before a relay: by the clock, whatever the process remembers."""

import asyncio

import pytest

from dispatcher import fence as module
from dispatcher.fence import Fence


class Clock:
    """Both clocks of a fence; the one that nobody sets goes on from 0."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fence(clock: Clock) -> Fence:
    return Fence(clock, lambda: 1_000.0 + clock.time)


def test_it_is_open_until_a_lease_is_spoken_of(fence: Fence, clock: Clock) -> None:
    clock.time = 1e9
    assert fence.is_open
    assert fence.since_ms == 0


def test_it_closes_by_the_clock_and_counts_from_when_it_was_asked(fence: Fence, clock: Clock) -> None:
    clock.time = 5.0
    fence.hold(30.0, asked=2.0)
    clock.time = 31.9
    assert fence.is_open
    clock.time = 32.0
    assert not fence.is_open


def test_a_renewal_in_time_is_the_same_hold_and_one_too_late_is_another(fence: Fence, clock: Clock) -> None:
    fence.hold(30.0, asked=0.0)
    clock.time = 10.0
    fence.hold(30.0, asked=10.0)
    assert fence.since_ms == 0
    clock.time = 50.0
    fence.hold(30.0, asked=50.0)
    assert fence.is_open
    assert fence.since_ms == 1_050_000


def test_an_answer_that_came_too_late_opens_nothing(fence: Fence, clock: Clock) -> None:
    """Paused between the question and what was made of its answer."""
    fence.hold(30.0, asked=0.0)
    clock.time = 60.0
    fence.hold(30.0, asked=20.0)
    assert not fence.is_open


async def test_who_waits_goes_on_when_it_is_held(fence: Fence, clock: Clock) -> None:
    fence.close()
    waiting = asyncio.create_task(fence.opened())
    await asyncio.sleep(0.02)
    assert not waiting.done()
    fence.hold(30.0, asked=0.0)
    async with asyncio.timeout(1):
        await waiting


async def test_who_waits_is_not_let_through_by_what_came_too_late(
    fence: Fence, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LOOK", 0.01)
    fence.close()
    clock.time = 100.0
    waiting = asyncio.create_task(fence.opened())
    await asyncio.sleep(0)
    fence.hold(30.0, asked=0.0)
    await asyncio.sleep(0.05)
    assert not waiting.done()
    waiting.cancel()
