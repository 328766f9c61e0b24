"""The rules that are measured route as they say, and their costs are told beside each other."""

import pytest

from bench.rules import Cost, measure
from bench.rules_main import held, report
from tests.bench.tables import rows


def test_a_small_run() -> None:
    told: list[str] = []
    few, many = measure((10, 200), rounds=2, told=told.append)
    assert told == ["10 rules: loading", "200 rules: loading", "measuring"]
    assert (few.rules, many.rules, len(many.rounds)) == (10, 200, 2)
    assert 0 < few.middle < 10_000
    assert 0 < many.middle < many.loop * 20


def cost(rules: int, each: float, load: float = 1.0) -> Cost:
    return Cost(rules, (each, each + 2, each - 2), each * 100, load, 5e6)


@pytest.mark.parametrize(
    ("few", "many", "load", "expected"),
    [(20, 60, 5.0, True), (20, 60.1, 1.0, False), (19, 58, 1.0, False), (20, 50, 5.1, False)],
)
def test_only_the_most_rules_are_held_to_what_is_asked(*, few: float, many: float, load: float, expected: bool) -> None:
    assert held([cost(10, few), cost(10_000, many, load)]) is expected


def test_the_table() -> None:
    first, second = rows(report([cost(10, 20), cost(10_000, 50)], "Head."))
    assert first == ["10", "20", "18 to 22", "1.00", "", "2,000", "100", "1.00", "", "5"]
    assert second == ["10,000", "50", "48 to 52", "2.50", "≤ 60 µs, ≤ 3 times", "5,000", "100", "1.00", "≤ 5 s", "5"]
