"""Random rulesets and messages: the router does what the interpreter does, which is written from docs/rules.md alone.

Compared are the decision, what was taken out of texts and the explanation: which rules matched and what they won, which
condition of the others failed first, where it stands and the values it saw.
"""

import os
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Final

import pytest

from tests.interpreter.cases import wrong_cases
from tests.interpreter.defects import DEFECTS
from tests.interpreter.interpreter import Interpreter
from tests.interpreter.reach import never_reached, table
from tests.interpreter.runs import batch, run
from tests.proof.figures import record

SEED: Final = os.environ.get("SEED", "20261127")
RULESETS: Final = 800
MESSAGES: Final = 125
AT_ONCE: Final = 25
PROCESSES: Final = 2
CASES: Final = 100
ENOUGH: Final = 2000
"""So many rulesets must show a defect."""


@pytest.mark.proof
@pytest.mark.timeout(1200)  # whatever differs is made short first, which takes many runs
def test_the_router_does_what_the_interpreter_does() -> None:
    started = time.monotonic()
    seen: Counter[tuple[str, bool]] = Counter()
    found: list[str] = []
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        starts = range(0, RULESETS, AT_ONCE)
        batches = [pool.submit(batch, SEED, range(start, start + AT_ONCE), MESSAGES) for start in starts]
        for one in batches:
            differing, reached = one.result()
            found += differing
            seen.update(reached)
    print("\n".join(table(seen)))
    record(
        f"{RULESETS * MESSAGES} pairs of ruleset and message through router and interpreter (SEED={SEED})",
        seconds=f"{time.monotonic() - started:.0f}",
        differing=len(found),
        constructs=len({what for what, _ in seen}),
    )
    assert not found, "\n\n".join(found[:3])
    assert never_reached(seen) == []


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_rulesets_pass_the_tests_that_the_interpreter_writes_for_them() -> None:
    assert [wrong for number in range(CASES) for wrong in wrong_cases(f"{SEED} {number}", 10)] == []
    record(f"tests within rulesets, right and wrong (SEED={SEED})", rulesets=CASES, tests=CASES * 20)


@pytest.mark.proof
@pytest.mark.timeout(900)
@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.__name__)
def test_a_defect_is_found(defect: type[Interpreter]) -> None:
    number = next(number for number in range(ENOUGH) if any(run(f"{SEED} {number}", MESSAGES // 5, Counter(), defect)))
    record(f"defect {defect.__name__}", rulesets=number + 1)
