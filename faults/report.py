"""The table in docs/reliability.md. Each line carries its own date and commit, so that one scenario can be played again."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Final

from bench.machine import ROOT
from bench.report import measured, table
from faults.plays import Row
from faults.scenarios import SCENARIOS
from scripts.check_figures import block, replaced

PAGE: Final = ROOT / "docs" / "reliability.md"
NAME: Final = "reliability"
HEAD: Final = (
    *("name", "what fails", "for s", "accepted", "delivered", "lost", "repeated", "changed", "out of order"),
    *("no 2xx", "p50 ms", "p99 ms", "slowest ms", "again s", "drained s", "peak MB", "load", "date, commit"),
)


def cells(row: Row, facts: Mapping[str, str]) -> tuple[str, ...]:
    """One line of the table; of a scenario that was not played, why not."""
    figures, when = row.figures, f"{facts['date']}, {facts['commit']}"
    if figures is None:
        return (row.name, f"{row.what}: not played, {row.note}", *[""] * (len(HEAD) - 3), when)
    return (
        row.name,
        f"{row.what}; {row.note}" if row.note else row.what,
        f"{row.seconds:.0f}",
        *(f"{number:,}" for number in (figures.accepted, figures.delivered, figures.lost, figures.repeated)),
        *(f"{number:,}" for number in (figures.changed, figures.disordered, figures.refused)),
        *(f"{time * 1e3:,.0f}" for time in (figures.p50, figures.p99, figures.slowest)),
        *("never" if time is None else f"{time:.1f}" for time in (figures.again, figures.drained)),
        f"{row.peak_mb:.0f}",
        f"{os.getloadavg()[1]:.1f}",
        when,
    )


def report(lines: Sequence[Sequence[str]], facts: Mapping[str, str]) -> str:
    return f"{measured(facts, 'make faults')}\n\n{table(HEAD, lines)}\n"


def write(lines: Sequence[Sequence[str]], facts: Mapping[str, str]) -> None:
    """Into the page; lines of scenarios that were not played this time stay as they are."""
    page = PAGE.read_text("utf-8")
    known = {line[0]: line for line in (*_standing(page), *map(tuple, lines))}
    ordered = [known[scenario.name] for scenario in SCENARIOS if scenario.name in known]
    PAGE.write_text(replaced(page, NAME, block(NAME, report(ordered, facts), dict(facts))), "utf-8")


def _standing(page: str) -> list[tuple[str, ...]]:
    found = re.search(rf"<!-- figures:{NAME}\b.*?-->\n(.*?)<!-- /figures -->", page, re.DOTALL)
    rows = [line for line in (found[1].splitlines() if found else ()) if line.startswith("| ")]
    split = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in rows[2:]]
    return [line for line in split if len(line) == len(HEAD)]
