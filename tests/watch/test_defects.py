"""Errors nobody had foreseen are counted by the part that went on after them."""

import asyncio
import io
import logging
from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY

from regia.chats import hub
from regia.watch.logs import set_up
from storage.database import DatabaseUnavailable


@pytest.fixture
def logs() -> Iterator[io.StringIO]:
    """As a gateway has them, for the time of a test."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    out = io.StringIO()
    set_up(stream=out)
    yield out
    root.handlers = before
    root.setLevel(level)


def counted(part: str) -> float:
    return REGISTRY.get_sample_value("regia_defects_total", {"part": part}) or 0.0


async def test_work_that_fails_again_and_again_is_counted_and_rests(logs: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_AGAIN", 0.05)
    before, errors = counted("regia.chats.hub"), [ValueError("of a customer"), DatabaseUnavailable("away"), KeyError("x")]

    async def work() -> None:
        if errors:
            raise errors.pop()
        await asyncio.Event().wait()

    task = asyncio.create_task(hub.Hub._repeat(None, "look", work))  # type: ignore[arg-type]
    begun = asyncio.get_running_loop().time()
    async with asyncio.timeout(5):
        while errors:
            await asyncio.sleep(0.01)
    task.cancel()
    assert asyncio.get_running_loop().time() - begun >= 0.1, "it rests after each"
    assert counted("regia.chats.hub") == before + 2, "that a server is away is no defect"
    assert "of a customer" not in logs.getvalue()


async def test_a_warning_is_none(logs: io.StringIO) -> None:
    before = counted("regia.part")
    logging.getLogger("regia.part").warning("said with care", exc_info=ValueError("x"))
    logging.getLogger("regia.part").error("said without a traceback")
    assert counted("regia.part") == before
