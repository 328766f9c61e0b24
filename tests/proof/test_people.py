"""A hundred thousand messages of twenty thousand people: who is one customer, by `bench.score`."""

import os
from pathlib import Path
from typing import Final

import pytest

from bench.people import Stream
from bench.people_run import PRECISION, RECALL, run
from identity.policy import Policy
from regia.compose import migrate
from storage.database import Database
from tests.proof.figures import record

SEED: Final = os.environ.get("SEED", "20261121")
MESSAGES, PEOPLE = 100_000, 20_000


@pytest.mark.proof
@pytest.mark.timeout(900)
async def test_people_are_told_apart_and_put_together(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'people.sqlite'}")
    await migrate(database)
    outcome = await run(database, Stream(MESSAGES, PEOPLE, seed=SEED), Policy())
    await database.close()
    found = outcome.score
    record(
        f"{MESSAGES} messages of {PEOPLE} people (SEED={SEED})",
        precision=f"{found.precision:.5f} of {found.together} pairs",
        recall=f"{found.recall:.4f} of {found.expected} pairs",
        most_of_a_kind={kind: f"{most} of {cap}" for kind, (most, cap) in outcome.largest.items()},
        customers=outcome.customers,
        merged=outcome.merged,
        stopped=sum(outcome.stopped.values()),
        messages_a_second=round(MESSAGES / outcome.seconds),
    )
    assert found.expected > MESSAGES / 10
    assert found.precision >= PRECISION
    assert found.recall >= RECALL
    assert outcome.over_cap == []
    assert outcome.seen_by_claim == 0
