"""A thousand replies, and a provider that fails by chance."""

import os
import random
import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.databases import migrated_sqlite
from tests.proof.figures import record
from tests.runners import moody

__all__ = ["migrated_sqlite"]

SEED: Final = int(os.environ.get("SEED", "20261121"))
COUNT: Final = 1000


@pytest.mark.proof
@pytest.mark.timeout(900)
async def test_each_of_a_thousand_replies_has_one_end(tmp_path: Path, migrated_sqlite: Path) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "regia.sqlite")
    outcome = await moody.play(tmp_path / "node", f"sqlite:///{tmp_path / 'regia.sqlite'}", COUNT, random.Random(SEED))  # noqa: S311  # chance, not a secret
    moody.check(outcome, COUNT)
    unknown = [reply for reply, (end,) in outcome.ends.items() if end == "unknown"]
    record(
        "replies",
        asked=COUNT,
        **outcome.states,
        taken=outcome.taken.total(),
        of_unknown_taken=sum(outcome.taken[one] for one in unknown),
    )
