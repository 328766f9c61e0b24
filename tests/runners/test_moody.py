"""A provider that fails by chance: the short form of the proof in tests/proof/test_replies.py."""

import random
import shutil
from pathlib import Path

from tests.runners import moody


async def test_each_reply_has_one_end(tmp_path: Path, migrated_sqlite: Path) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "regia.sqlite")
    database = f"sqlite:///{tmp_path / 'regia.sqlite'}"
    outcome = await moody.play(tmp_path / "node", database, 80, random.Random(20261127), kills=0.1)  # noqa: S311  # chance, not a secret
    moody.check(outcome, 80)
    assert set(outcome.states) == set(moody.FINAL), "everything happens"
