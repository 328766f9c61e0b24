"""Ten thousand merges, unmerges and replies by chance: no answer leaves through another handle than the one that wrote."""

import os
import random
import shutil
from pathlib import Path
from typing import Final

import pytest

from tests.databases import migrated_sqlite
from tests.proof.figures import record
from tests.runners import handles

__all__ = ["migrated_sqlite"]

SEED: Final = int(os.environ.get("SEED", "20261121"))
COUNT: Final = 10_000


@pytest.mark.proof
@pytest.mark.timeout(900)
async def test_who_wrote_is_who_is_answered(tmp_path: Path, migrated_sqlite: Path) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "regia.sqlite")
    chance = random.Random(SEED)  # noqa: S311  # chance, not a secret
    outcome, shared = await handles.play(tmp_path / "node", f"sqlite:///{tmp_path / 'regia.sqlite'}", COUNT, chance)
    done = {name.replace(" ", "_").replace(":", ""): count for name, count in sorted(outcome.done.items())}
    record(f"merges, unmerges and replies (SEED={SEED})", answered=len(outcome.asked), shared=shared, **done)
    assert handles.elsewhere(outcome) == []
    assert min(outcome.done[name] for name in ("merge", "unmerge", *handles.REPLIES)) > COUNT / 20
    assert shared > 0
