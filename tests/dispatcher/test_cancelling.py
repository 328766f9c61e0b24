"""Tasks that are cancelled end, also where a library drops the first cancellation."""

import asyncio

import pytest

from dispatcher import cancelling
from dispatcher.cancelling import cancelled


async def test_one_that_drops_its_first_cancellation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancelling, "AGAIN", 0.01)
    dropped = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            dropped.set()
        await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await cancelled([task])
    assert dropped.is_set()
    assert task.cancelled()


async def test_what_takes_its_time_to_tidy_up_is_left_to_it() -> None:
    tidy = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            tidy.set()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    await cancelled([task])
    assert tidy.is_set()


async def test_how_they_ended_interests_nobody() -> None:
    async def wrong() -> None:
        raise ValueError("a defect")

    task = asyncio.create_task(wrong())
    await asyncio.sleep(0)
    await cancelled([task])
    await cancelled([])
    assert isinstance(task.exception(), ValueError)
