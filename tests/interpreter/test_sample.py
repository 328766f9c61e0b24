"""A few rulesets through the router and the interpreter; `tests/proof/test_interpreter.py` does many."""

import time
from collections import Counter
from typing import Any

import pytest

from tests.interpreter.cases import wrong_cases
from tests.interpreter.defects import DEFECTS
from tests.interpreter.interpreter import Interpreter
from tests.interpreter.runs import run, short

pytestmark = pytest.mark.sample

SECONDS = 6
MESSAGES = 25
CASES = 12
ENOUGH = 400
"""So many rulesets must show a defect."""


def test_the_router_does_what_the_interpreter_does() -> None:
    seen: Counter[tuple[str, bool]] = Counter()
    until = time.monotonic() + SECONDS
    number = 0
    while time.monotonic() < until or number < 3:
        for pair in run(f"sample {number}", MESSAGES, seen):
            pytest.fail(short(pair))
        number += 1
    assert seen["expr", True]
    assert seen["expr", False]


@pytest.mark.parametrize("name", ["StopsNever", "LastWins", "AnyIsAll"])
def test_a_defect_is_found(name: str) -> None:
    defect: type[Any] = next(one for one in DEFECTS if one.__name__ == name)
    assert issubclass(defect, Interpreter)
    assert any(any(run(f"sample {number}", MESSAGES, Counter(), defect)) for number in range(ENOUGH))


def test_a_ruleset_passes_the_tests_that_the_interpreter_writes_for_it() -> None:
    assert [wrong for number in range(CASES) for wrong in wrong_cases(f"case {number}", 5)] == []
