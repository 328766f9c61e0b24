"""A hundred sequences of attacks on both databases; `make proof` runs ten thousand."""

from storage.database import Database
from tests.attacks.runs import run


async def test_strangers_get_nothing_and_honest_people_are_known(database: Database) -> None:
    tally = await run([database], range(100), "sample")
    assert tally.problems == []
    assert tally.sequences == 100
    assert len(tally.attacks) >= 25
    assert tally.merges > 50
    assert tally.answers["queued"] > 100
    assert tally.linked.total() >= 0.95 * tally.pairs.total() > 90
    assert tally.shown.total() >= 0.95 * tally.pairs.total()


async def test_the_same_over_three_nodes(postgresql_url: str) -> None:
    """Batches of strangers and victims, merges and proofs, at the same time in three transactions."""
    nodes = [Database(postgresql_url) for _ in range(3)]
    tally = await run(nodes, range(40), "nodes")
    for node in nodes:
        await node.close()
    assert tally.problems == []
    assert tally.merges > 20
    assert tally.linked.total() >= 0.95 * tally.pairs.total() > 30
