"""`python -m bench kpi [--messages N] [--only sqlite|postgresql] [--write]`

How long figures take among a million contacts of a year. About five minutes and 4 GB of disk; the databases are deleted.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bench.kpi import PAGE, QUESTIONS, Took, ask, ask_page, prepare, worst
from bench.machine import facts
from bench.report import measured, table, words, write
from bench.servers import DurablePostgreSQL
from tests.erasing.planted import row

NAME: Final = "kpi"
ASKED_MS: Final = 500
_PAGE: Final = Path(__file__).parents[1] / "docs" / "kpi.md"


def main(arguments: Sequence[str]) -> int:
    """0 when no figure takes longer than is asked."""
    options = _options(arguments)
    known = facts()
    took = {name: asyncio.run(_measure(name, options.messages)) for name in options.only}
    text = report(took, measured(known, words(NAME, *arguments)))
    print(text)
    if options.write:
        write(text, known, name=NAME, page=_PAGE)
    return 0 if all(one.ms <= ASKED_MS for each, _ in took.values() for one in each) else 1


async def _measure(name: str, number: int) -> tuple[list[Took], int]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="regia-kpi-")))
        if name == "sqlite":
            url = f"sqlite:///{folder / 'regia.sqlite'}"
        else:
            server = stack.enter_context(DurablePostgreSQL.start(folder / "postgresql"))
            url = server.url_of(server.create_database())
        made = await prepare(url, number, row)
        found = [*await ask(url), *await ask_page(url)]
        print(name, *(f"{one.kpi} {one.question}: {one.ms:.0f} ms" for one in worst(found)), sep="\n  ", file=sys.stderr)
        return found, made


def report(took: dict[str, tuple[list[Took], int]], head: str) -> str:
    """The slowest question of each figure as a table in Markdown; `head` says when and where."""
    rows = [
        (name, f"{made:,}", one.kpi, one.question, f"{one.count:,}", _ms(one.ms))
        for name, (each, made) in took.items()
        for one in worst(each)
    ]
    page = [
        (name, f"{sum(one.ms for one in some):.0f}", worst_part.question, _ms(worst_part.ms))
        for name, (each, _) in took.items()
        for some in [[one for one in each if one.kpi == PAGE]]
        for worst_part in [max(some, key=lambda one: one.ms)]
    ]
    names = ("database", "contacts", "figure", "slowest question", "facts in it", "ms")
    told = (
        f"The slowest of {len(QUESTIONS)} questions for each figure, the best of three times; at most {ASKED_MS} ms is asked,"
        f" and {_over(took)}."
    )
    of_page = table(("database", "all parts of the page, ms", "slowest part", "ms"), page)
    return f"{head} {told}\n\n{table(names, rows)}\n\nThe console's page, of the whole year:\n\n{of_page}\n"


def _over(took: dict[str, tuple[list[Took], int]]) -> str:
    """How many questions take longer: also those that a table of the slowest does not show."""
    all_ = [one for each, _ in took.values() for one in each]
    over = sum(one.ms > ASKED_MS for one in all_)
    return f"**{over} of {len(all_)} questions and parts take longer**" if over else f"none of {len(all_)} takes longer"


def _ms(ms: float) -> str:
    return f"**{ms:.0f}, more than asked**" if ms > ASKED_MS else f"{ms:.0f}"


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench kpi", description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--only", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite", "postgresql"))
    parser.add_argument("--write", action="store_true", help="into docs/kpi.md")
    return parser.parse_args(arguments)
