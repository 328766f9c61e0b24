"""Runs of many sequences, and what they come to."""

import asyncio
import shutil
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from storage.database import Database
from tests.attacks.scene import Tally
from tests.attacks.sequence import sequence
from tests.attacks.verdict import Verdict
from tests.attacks.world import World

TOGETHER: Final = 500
"""Sequences over one database."""
_WORKERS: Final = 2


async def run(nodes: Sequence[Database], numbers: range, seed: object) -> Tally:
    """All sequences of these numbers together over one empty database, which all nodes write to."""
    world, tally = World(nodes, f"{seed}/{numbers.start}"), Tally()
    await world.run([sequence(number, seed, world, tally) for number in numbers])
    verdict = await nodes[0].read(lambda connection: Verdict(connection, world.truth))
    tally.merges, tally.tries = verdict.merges, world.tries
    tally.problems = [*world.problems, *verdict.problems()]
    return tally


def run_many(count: int, seed: object, migrated: Path, folder: Path) -> Tally:
    """So many sequences over copies of an empty database, in processes of their own."""
    parts = [range(start, min(start + TOGETHER, count)) for start in range(0, count, TOGETHER)]
    with ProcessPoolExecutor(_WORKERS, mp_context=get_context("spawn")) as pool:
        return total(pool.map(_over_a_copy, *zip(*((part, seed, migrated, folder) for part in parts), strict=True)))


def _over_a_copy(numbers: range, seed: object, migrated: Path, folder: Path) -> Tally:
    path = folder / f"{numbers.start}.sqlite"
    shutil.copy(migrated, path)

    async def all_of_it() -> Tally:
        database = Database(f"sqlite:///{path}")
        try:
            return await run([database], numbers, seed)
        finally:
            await database.close()

    found = asyncio.run(all_of_it())
    for file in folder.glob(f"{path.name}*"):
        file.unlink()
    return found


def total(parts: Iterable[Tally]) -> Tally:
    found = Tally()
    for part in parts:
        found.add(part)
    return found
