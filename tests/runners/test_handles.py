"""A sample of the proof of handles, and that its judge sees what it is there for."""

import random
import shutil
from pathlib import Path

import pytest

from tests.runners import handles
from tests.runners.handles import Contact, Outcome


@pytest.mark.timeout(120)
async def test_who_wrote_is_who_is_answered(tmp_path: Path, migrated_sqlite: Path) -> None:
    shutil.copy(migrated_sqlite, tmp_path / "regia.sqlite")
    chance = random.Random(7)  # noqa: S311  # chance, not a secret
    outcome, _ = await handles.play(tmp_path / "node", f"sqlite:///{tmp_path / 'regia.sqlite'}", 300, chance)
    assert handles.elsewhere(outcome) == []
    assert all(outcome.done[name] > 0 for name in ("merge", "unmerge", *handles.REPLIES))


@pytest.mark.parametrize(
    "left",
    [
        [],
        [Contact("whatsapp", "393331230002")],
        [Contact("telegram", "5000001")],
        [Contact("whatsapp", "393331230001")] * 2,
    ],
    ids=["never", "to another", "by another channel", "twice"],
)
def test_what_went_elsewhere_is_seen(left: list[Contact]) -> None:
    outcome = Outcome(asked={"1": Contact("whatsapp", "393331230001")})
    outcome.left["1"] = left
    assert handles.elsewhere(outcome) == ["1"]
    outcome.left["1"] = [Contact("whatsapp", "393331230001")]
    assert handles.elsewhere(outcome) == []
