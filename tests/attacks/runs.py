"""Runs of many sequences, and what they come to."""

from storage.database import Database
from tests.attacks.scene import Tally
from tests.attacks.sequence import sequence
from tests.attacks.verdict import Verdict
from tests.attacks.world import World


async def run(database: Database, numbers: range, seed: object, tally: Tally) -> None:
    """All sequences of these numbers together over an empty database; `tally` counts them."""
    world = World(database, f"{seed}/{numbers.start}")
    await world.run([sequence(number, seed, world, tally) for number in numbers])
    verdict = await database.read(lambda connection: Verdict(connection, world.truth))
    tally.merges += verdict.merges
    tally.problems += [*world.problems, *verdict.problems()]
