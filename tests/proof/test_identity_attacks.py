"""Ten thousand sequences of strangers who try to become somebody else, beside honest people who prove who they are."""

import os
import time
from pathlib import Path
from typing import Final

import pytest

from tests.attacks.runs import run_many
from tests.databases import migrated_sqlite
from tests.proof.figures import record

__all__ = ["migrated_sqlite"]

SEED: Final = int(os.environ.get("SEED", "20261121"))
SEQUENCES: Final = int(os.environ.get("PROOF_SEQUENCES", "10000"))
"""How many; `make proof` runs all of them."""


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_no_stranger_becomes_somebody_else(migrated_sqlite: Path, tmp_path: Path) -> None:
    started = time.monotonic()
    tally = run_many(SEQUENCES, SEED, migrated_sqlite, tmp_path)
    seconds = time.monotonic() - started
    by_claim = sum("merged by a claim" in problem for problem in tally.problems)
    wrong = tally.answers.pop("wrong recipient", 0)
    record(
        f"{tally.sequences} sequences of attacks (SEED={SEED})",
        seconds=f"{seconds:.0f}",
        contacts=tally.contacts,
        merges_by_themselves=tally.merges,
        merges_by_claim=by_claim,
        leaks=len(tally.problems) - by_claim - wrong,
        answers=dict(tally.answers),
        wrong_recipients=wrong,
        honest_pairs_linked=f"{tally.linked.total()}/{tally.pairs.total()}",
        shown=f"{tally.shown.total()}/{tally.pairs.total()}",
        linked_by_way={way: f"{tally.linked[way]}/{count}" for way, count in tally.pairs.most_common()},
    )
    record("attacks", **{kind.replace(" ", "_"): count for kind, count in tally.attacks.most_common()})
    record("refused by the connectors", **{kind.replace(" ", "_"): count for kind, count in tally.refused.most_common()})
    assert tally.problems == []
    assert tally.sequences == SEQUENCES
    assert tally.linked.total() >= 0.95 * tally.pairs.total() > 0
    assert tally.shown.total() >= 0.95 * tally.pairs.total()
