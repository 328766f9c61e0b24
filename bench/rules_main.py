"""`python -m bench rules [--sizes N,…] [--rounds N] [--write]`

What routing a message costs with 10, 100, 1,000 and 10,000 rules, beside a plain loop of `re`; half a minute.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Final

from bench.machine import facts
from bench.report import measured, table, words, write
from bench.rules import LENGTH, Cost, measure

NAME: Final = "rules"
SIZES: Final = (10, 100, 1_000, 10_000)
ROUNDS: Final = 9
MOST_EACH: Final = 60.0
"""Microseconds that a message may take with the most rules."""
MOST_RATIO: Final = 3.0
"""Times the cost with the fewest rules that it may take with the most."""
MOST_LOAD: Final = 5.0
"""Seconds in which the most rules are to be loaded."""


def main(arguments: Sequence[str]) -> int:
    """0 when the most rules cost no more than is asked."""
    options = _options(arguments)
    known = facts()
    costs = measure(options.sizes, rounds=options.rounds, told=_told)
    text = report(costs, measured(known, words("rules", *arguments)))
    print(text)
    if options.write:
        write(text, known, name=NAME)
    return 0 if held(costs) else 1


def held(costs: Sequence[Cost]) -> bool:
    few, many = min(costs, key=lambda cost: cost.rules), max(costs, key=lambda cost: cost.rules)
    return many.middle <= MOST_EACH and many.middle <= MOST_RATIO * few.middle and many.load <= MOST_LOAD


def report(costs: Sequence[Cost], head: str) -> str:
    """The costs as a table in Markdown; `head` says when and where."""
    few, many = min(cost.rules for cost in costs), max(cost.rules for cost in costs)
    base = next(cost.middle for cost in costs if cost.rules == few)
    rows = [
        (
            f"{cost.rules:,}",
            f"{cost.middle:.0f}",
            f"{min(cost.rounds):.0f} to {max(cost.rounds):.0f}",
            f"{cost.middle / base:.2f}",
            f"≤ {MOST_EACH:.0f} µs, ≤ {MOST_RATIO:.0f} times" if few < cost.rules == many else "",
            f"{cost.loop:,.0f}",
            f"{cost.loop / cost.middle:,.0f}",
            f"{cost.load:.2f}",
            f"≤ {MOST_LOAD:.0f} s" if few < cost.rules == many else "",
            f"{cost.memory / 1e6:.0f}",
        )
        for cost in costs
    ]
    names = ("rules", "µs each", "rounds", f"of {few:,}", "asked", "loop of `re` µs", "times", "load s", "asked", "MB")
    return f"{head} Distinct messages of {LENGTH} characters.\n\n{table(names, rows)}\n"


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench rules", description=__doc__)
    parser.add_argument("--sizes", type=_sizes, default=SIZES, help="numbers of rules, for example 10,1000")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--write", action="store_true", help="put the figures into docs/performance.md")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error("--rounds: at least one")
    if options.write and (options.sizes, options.rounds) != (SIZES, ROUNDS):
        parser.error("only a full run is written: leave --sizes and --rounds out")
    return options


def _sizes(text: str) -> tuple[int, ...]:
    try:
        sizes = tuple(sorted({int(word) for word in text.split(",")}))
    except ValueError:
        sizes = ()
    if not sizes or sizes[0] < 1 or sizes[-1] > SIZES[-1]:
        raise argparse.ArgumentTypeError(f"{text}: give numbers from 1 to {SIZES[-1]}, with commas between them")
    return sizes


def _told(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr)
