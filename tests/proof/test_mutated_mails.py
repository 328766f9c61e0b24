"""Thousands of mutated mails through the reading processes: none is lost, none is slow, and memory stays bounded."""

import asyncio
import os
import time
from collections.abc import Iterator
from multiprocessing import active_children
from pathlib import Path
from typing import Final

import pytest

from connectors.base import Parsed
from connectors.registry import find
from regia.pipeline.reading import Reader
from regia.settings import Reading
from regia.watch.metrics import READER_KILLED
from tests.mutants import Mutant, mutants
from tests.mutants.verdict import CONNECTOR, SECONDS, faults, keep, request
from tests.proof.figures import peak_mb, record

SEED: Final = int(os.environ.get("SEED", "20261121"))
MAILS: Final = int(os.environ.get("PROOF_MUTANTS", "5000"))
WORKERS: Final = 2
GROWTH_MB: Final = 300.0
"""What a reading process may take for its mails above what it has when it is ready."""


@pytest.mark.proof
@pytest.mark.timeout(900)
async def test_mutated_mails_are_read_or_kept_and_bounded(tmp_path: Path) -> None:
    reader = Reader({"mail": CONNECTOR}, {"mail": find("email")}, Reading(workers=WORKERS))
    before_us = {child.pid for child in active_children()}
    try:
        await reader.warm()
        processes = {child.pid for child in active_children()} - before_us
        at_first = {pid: peak_mb(pid) for pid in processes if pid}
        started = time.monotonic()
        run = _Run(mutants(MAILS, SEED), tmp_path)
        # One mail for each process at a time, so that nobody's time holds the waiting for another.
        await asyncio.gather(*(run.feed(reader) for _ in range(WORKERS)))
        seconds = time.monotonic() - started
        growth = max(peak_mb(pid) - first for pid, first in at_first.items())  # raises when one was replaced
    finally:
        await reader.close()
    assert not run.bad, "\n".join(run.bad)
    record(
        f"{MAILS} mutated mails (SEED={SEED})",
        seconds=f"{seconds:.0f}",
        mails_a_second=f"{MAILS / seconds:.0f}",
        slowest=f"{run.slowest[0]:.2f} s ({run.slowest[1]})",
        peak_of_a_reading_process=f"{max(at_first.values()) + growth:.0f} MB",
        growth=f"{growth:.0f} MB",
        outcome=run.outcome,
    )
    assert len(at_first) == WORKERS
    assert growth < GROWTH_MB
    assert run.slowest[0] < SECONDS
    assert killed() == 0
    assert run.outcome["messages"] > MAILS * 0.8
    assert run.outcome["statuses"] > 0
    assert run.outcome["unreadable"] > 0


def killed() -> float:
    """Readings of this connector that were ended, whatever the cause."""
    samples = (sample for metric in READER_KILLED.collect() for sample in metric.samples if sample.name.endswith("_total"))
    return sum(sample.value for sample in samples if sample.labels["connector"] == CONNECTOR.name)


def _faults(mutant: Mutant, parsed: Parsed, seconds: float) -> list[str]:
    return list(faults(mutant.raw, parsed, seconds))


class _Run:
    def __init__(self, mails: Iterator[Mutant], folder: Path) -> None:
        self._mails = mails
        self._folder = folder
        self.bad: list[str] = []
        self.slowest = (0.0, "")
        self.outcome = {"messages": 0, "statuses": 0, "unreadable": 0}

    async def feed(self, reader: Reader) -> None:
        for mutant in self._mails:
            started = time.perf_counter()
            parsed = await reader.read(CONNECTOR, request(mutant.raw))
            seconds = time.perf_counter() - started
            self.slowest = max(self.slowest, (seconds, mutant.name))
            for kind in self.outcome:
                self.outcome[kind] += bool(getattr(parsed, kind))
            if found := await asyncio.to_thread(_faults, mutant, parsed, seconds):
                self.bad.append(keep(self._folder, mutant, found))
