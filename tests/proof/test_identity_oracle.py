"""Random sequences of contacts, merges, unmerges and all else that happens to customers: identity does what the model does.

The model (`tests/oracle/`) is written from `docs/identity.md` alone. After every step both are compared: who owns which
link, message and conversation, homes, merges, numbers, matches, profiles, what is split, what repeats what, what an envelope
shows; that who named another's address, and what a guard stopped, is suggested, and that no suggestion is open within one
customer nor between two who were just taken apart.
"""

import os
import time
from collections import Counter
from typing import Final

import pytest

from storage.database import Database
from tests.databases import database, filled_url, migrated_postgresql, migrated_sqlite, postgresql_url
from tests.oracle.driver import Real, real_rules
from tests.oracle.runs import check_short
from tests.oracle.sequences import RULES, sequence
from tests.proof.figures import record

__all__ = ["database", "filled_url", "migrated_postgresql", "migrated_sqlite", "postgresql_url"]

SEED: Final = int(os.environ.get("SEED", "20261121"))
SEQUENCES: Final = {"sqlite": 1000, "postgresql": 100}


@pytest.mark.proof
@pytest.mark.timeout(900)  # whatever differs is made short first, which takes many runs
async def test_identity_does_what_the_model_does(database: Database) -> None:
    kind = database.engine.dialect.name
    real, rules = Real(database, RULES), real_rules(RULES)

    async def fresh() -> Real:
        await real.empty()
        return real

    happened: Counter[str] = Counter()
    steps = 0
    started = time.monotonic()
    for number in range(SEQUENCES[kind]):
        operations = sequence(f"{SEED} {number}")
        happened += (await check_short(operations, rules, fresh)).happened
        steps += len(operations)
    record(
        f"{SEQUENCES[kind]} random sequences against the model on {kind} (SEED={SEED})",
        seconds=f"{time.monotonic() - started:.0f}",
        steps=steps,
        **{what.replace(" ", "_"): count for what, count in sorted(happened.items())},
    )
    assert happened["unmerge"] > SEQUENCES[kind] / 2
    assert happened["merge by itself"] > SEQUENCES[kind] / 2
