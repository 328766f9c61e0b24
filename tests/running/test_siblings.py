"""Workers that ask each other, over real socket files."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from regia.running import siblings as module
from regia.running.siblings import Siblings

Make = Callable[..., Siblings]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    async with AsyncExitStack() as stack:

        def made(worker: int, workers: int = 3, *, ready: bool = True, data: Path = tmp_path) -> Siblings:
            told = f"# TYPE regia_waiting gauge\nregia_waiting {worker}\n".encode()
            one = Siblings(data, worker, workers, figures=lambda: told, is_ready=lambda: ready)
            stack.push_async_callback(one.stop)
            return one

        yield made


async def test_whoever_is_asked_answers_for_all(make: Make) -> None:
    all_ = [make(0), make(1, ready=False), make(2)]
    for one in all_:
        await one.start()
    for one in all_:
        assert await one.states() == {"0": "ready", "1": "not ready", "2": "ready"}
        told = (await one.figures()).decode()
        assert [f'regia_waiting{{worker="{n}"}} {n}.0' in told for n in range(3)] == [True] * 3


async def test_one_that_was_killed_leaves_its_socket_and_is_away_and_its_successor_takes_its_place(
    make: Make, tmp_path: Path
) -> None:
    one = make(0, 2)
    await one.start()
    (tmp_path / "run" / "worker-1.sock").write_bytes(b"")  # nobody listens there
    assert await one.states() == {"0": "ready", "1": "away"}
    assert 'regia_worker_up{worker="1"} 0.0' in (await one.figures()).decode()
    await make(1, 2).start()
    assert await one.states() == {"0": "ready", "1": "ready"}


async def test_one_that_hangs_costs_a_second_at_most(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.2)
    one = make(0, 2)
    await one.start()

    async def mute_to(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    mute = await asyncio.start_unix_server(mute_to, tmp_path / "run" / "worker-1.sock")
    async with asyncio.timeout(10):
        assert await one.states() == {"0": "ready", "1": "away"}
    mute.close()


async def test_a_data_folder_with_a_long_name(make: Make, tmp_path: Path) -> None:
    data = tmp_path / ("long-" * 30)
    both = [make(0, 2, data=data), make(1, 2, data=data)]
    for one in both:
        await one.start()
    assert await both[0].states() == await both[1].states() == {"0": "ready", "1": "ready"}
    assert sorted(one.name for one in (data / "run").iterdir()) == ["worker-0.sock", "worker-1.sock"]


async def test_where_no_socket_can_be_made_it_goes_on(make: Make, tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    one = make(0, 2)
    await one.start()
    assert await one.states() == {"0": "ready", "1": "away"}
