"""The runner of the rules: it never spins, loses no request, and counts what shadows say once."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from regia.gateway import Gateway
from regia.rules.files import RuleFiles
from regia.rules.shadow import Asked
from regia.runners import rules as runner
from regia.runners.rules import Reloading
from storage import shadows
from storage.database import DatabaseUnavailable
from storage.shadows import Pair
from tests.http.served import CONFIG, is_up, make_gateway

PAIR = Pair("*", "sha256:a", "sha256:b")


@pytest.fixture
async def gateway(tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Gateway]:
    made = make_gateway(tmp_path, migrated_sqlite)
    made.start()
    await is_up(made)
    yield made
    await made.stop()


@pytest.fixture
async def reloading(gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Reloading]:
    monkeypatch.setattr(runner, "EVERY", 0.1)
    (tmp_path / "regia.yaml").write_text(CONFIG)
    made = Reloading(gateway, tmp_path / "regia.yaml", {})
    yield made
    await made.stop()


class Reads:
    """Counts how often the files are read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, gateway: Gateway, seconds: float = 0.0) -> None:
        self.number = 0

        def read(_self: RuleFiles, _known: Any) -> Any:
            self.number += 1
            time.sleep(seconds)
            return gateway.versions.files, None

        monkeypatch.setattr(RuleFiles, "read", read)


@pytest.mark.parametrize("error", [DatabaseUnavailable("away"), ValueError("a defect")])
async def test_what_fails_is_tried_again_and_not_all_the_time(
    gateway: Gateway, reloading: Reloading, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    reads = Reads(monkeypatch, gateway)
    bring = gateway.versions.bring

    async def failing(_files: Any) -> None:
        raise error

    monkeypatch.setattr(gateway.versions, "bring", failing)
    reloading.start()
    await asyncio.sleep(1.0)
    assert 2 <= reads.number <= 8
    monkeypatch.setattr(gateway.versions, "bring", bring)
    await asyncio.sleep(0.5)
    settled = reads.number
    await asyncio.sleep(0.5)
    assert reads.number == settled, "done is done"


async def test_a_request_during_a_load_is_not_lost(
    gateway: Gateway, reloading: Reloading, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = Reads(monkeypatch, gateway, seconds=0.4)
    reloading.start()
    await asyncio.sleep(0.2)
    assert reads.number == 1
    reloading.ask()
    await asyncio.sleep(1.5)
    assert reads.number == 2


async def test_what_is_being_stored_at_the_end_is_counted_once(
    gateway: Gateway, reloading: Reloading, monkeypatch: pytest.MonkeyPatch
) -> None:
    Reads(monkeypatch, gateway)
    add = shadows.add

    def slow(connection: Any, counted: Any) -> None:
        add(connection, counted)
        time.sleep(0.5)

    monkeypatch.setattr(shadows, "add", slow)
    gateway.shadowed.add([Asked(PAIR, "m1", 5, ("x",))])
    reloading.start()
    await asyncio.sleep(0.3)
    await reloading.stop()
    await asyncio.sleep(0.6)
    runs = await gateway.stores.database.read(shadows.runs)
    assert {pair: one.messages for pair, one in runs.items()} in ({PAIR: 1}, {})
