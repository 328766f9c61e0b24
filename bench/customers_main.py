"""`python -m bench customers [--sizes N,…] [--rounds N] [--only sqlite|postgresql] [--write]`

What a message costs identity among a thousand, a hundred thousand and a million customers, the test for repeats and the row
of the message included. About seven minutes and 10 GB of disk in full, most of it to fill the databases; they are deleted.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bench.customers import ASKED, BATCH, Cost, measure
from bench.machine import facts
from bench.report import measured, table, words, write
from bench.servers import DurablePostgreSQL

NAME: Final = "customers"
SIZES: Final = (1_000, 100_000, 1_000_000)
DATABASES: Final = ("sqlite", "postgresql")
ROUNDS: Final = 9
BATCHES: Final = 8


def main(arguments: Sequence[str]) -> int:
    """0 when no message costs more than is asked."""
    options = _options(arguments)
    known = facts()
    costs: list[Cost] = []
    for name in options.only:
        costs += measure_on(name, options.sizes, options.rounds)
    text = report(costs, measured(known, words("customers", *arguments)))
    print(text)
    if options.write:
        write(text, known, name=NAME)
    return 0 if held(costs) else 1


def measure_on(name: str, sizes: Sequence[int], rounds: int) -> list[Cost]:
    """On databases that are there for that time only: a folder, or a private server."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="regia-customers-")))
        pid = 0
        if name == "sqlite":
            title, urls = "SQLite", {size: f"sqlite:///{folder / f'{size}.sqlite'}" for size in sizes}
        else:
            server = stack.enter_context(DurablePostgreSQL.start(folder / "postgresql"))
            pid = server._process.pid  # the tests' servers need not show it to anybody else
            title, urls = "PostgreSQL", {size: server.url_of(server.create_database()) for size in sizes}
        return asyncio.run(measure(title, urls, rounds=rounds, batches=BATCHES, server=pid, told=_told))


def held(costs: Sequence[Cost]) -> bool:
    """Whether a message among the most customers costs no more than is asked."""
    most = max(cost.customers for cost in costs)
    return all(cost.ratio.wall <= ASKED[cost.draw] for cost in costs if cost.customers == most)


def report(costs: Sequence[Cost], head: str) -> str:
    """The costs as a table in Markdown; `head` says when and where."""
    most, least = max(cost.customers for cost in costs), min(cost.customers for cost in costs)
    rows = [
        (
            cost.database,
            cost.draw,
            f"{cost.customers:,}",
            f"{1e6 / cost.middle.wall:,.0f}",
            f"{cost.middle.wall:.0f}",
            f"{min(cost.rounds).wall:.0f} to {max(cost.rounds).wall:.0f}",
            f"{cost.ratio.wall:.2f}",
            f"≤ {ASKED[cost.draw]}" if least < cost.customers == most else "",
            f"{cost.middle.cpu:.0f}",
            f"{cost.ratio.cpu:.2f}",
            f"{cost.filled.customer:,.0f}",
            f"{cost.filled.message:,.0f}",
        )
        for cost in costs
    ]
    names = ("database", "drawn", "customers", "messages/s", "µs each", "rounds", f"of {least:,}", "asked")
    sizes = ("CPU µs each", f"of {least:,}", "bytes a customer", "bytes a message")
    title = f"One writer, batches of {BATCH}."
    return f"{head} {title}\n\n{table((*names, *sizes), rows)}\n"


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench customers", description=__doc__)
    parser.add_argument("--sizes", type=_sizes, default=SIZES, help="numbers of customers, for example 1000,100000")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", type=lambda name: (name,), default=DATABASES, help=" or ".join(DATABASES))
    parser.add_argument("--write", action="store_true", help="put the figures into docs/performance.md")
    options = parser.parse_args(arguments)
    if not set(options.only) <= set(DATABASES):
        parser.error(f"--only: name {' or '.join(DATABASES)}")
    if options.rounds < 1:
        parser.error("--rounds: at least one")
    if options.write and (options.sizes, options.rounds, options.only) != (SIZES, ROUNDS, DATABASES):
        parser.error("only a full run is written: leave --sizes, --rounds and --only out")
    return options


def _sizes(text: str) -> tuple[int, ...]:
    try:
        sizes = tuple(sorted({int(word) for word in text.split(",")}))
    except ValueError:
        sizes = ()
    if not sizes or sizes[0] < BATCH or sizes[-1] > SIZES[-1]:
        raise argparse.ArgumentTypeError(f"{text}: give numbers from {BATCH} to {SIZES[-1]}, with commas between them")
    return sizes


def _told(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr)
