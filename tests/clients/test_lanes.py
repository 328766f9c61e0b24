"""Order for each key, side by side for different ones, and an end that is bounded."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regia_consumer.lanes import Lanes


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3)), max_size=40))
def test_each_key_keeps_its_order(items: list[tuple[str, int]]) -> None:
    done, busy = list[tuple[str, int]](), set[str]()

    async def work(item: tuple[str, int]) -> None:
        key, index = item
        assert key not in busy
        busy.add(key)
        for _ in range(items[index][1]):
            await asyncio.sleep(0)
        busy.remove(key)
        done.append(item)

    async def run() -> None:
        lanes = Lanes(work)
        for index, (key, turns) in enumerate(items):
            lanes.put(key, (key, index))
            if turns == 3:
                await asyncio.sleep(0)
        assert await lanes.finish(10) == 0

    asyncio.run(run())
    for key in "abcd":
        assert [item for item in done if item[0] == key] == [(key, index) for index, (one, _) in enumerate(items) if one == key]


async def test_different_keys_do_not_wait_for_each_other() -> None:
    held, done = asyncio.Event(), list[str]()

    async def work(item: str) -> None:
        if item == "slow":
            await held.wait()
        done.append(item)

    lanes = Lanes(work)
    lanes.put("a", "slow")
    lanes.put("a", "behind")
    lanes.put("b", "fast")
    await asyncio.sleep(0.01)
    assert done == ["fast"]
    assert lanes.drop_waiting() == 1
    held.set()
    assert await lanes.finish(1) == 0
    assert done == ["fast", "slow"]


async def test_what_does_not_end_in_time_is_cancelled() -> None:
    lanes = Lanes(lambda _item: asyncio.sleep(60))
    lanes.put("a", 1)
    assert await lanes.finish(0.01) == 1


async def test_what_work_raises_is_told() -> None:
    async def work(_item: int) -> None:
        raise ValueError("a fault")

    lanes = Lanes(work)
    lanes.put("a", 1)
    with pytest.raises(ValueError, match="a fault"):
        async with asyncio.timeout(5):
            await lanes.failed()
