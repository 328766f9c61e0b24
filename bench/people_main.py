"""`python -m bench people [--messages N] [--people N] [--seed S] [--postgresql] [--set NAME=VALUE] [--write]`

How well identity tells people apart: a stream of `bench.people` goes through it, and `bench.score` counts. Two minutes for
100,000 messages on SQLite.
"""

import argparse
import asyncio
import dataclasses
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.machine import facts
from bench.people import Stream
from bench.people_rates import Rates
from bench.people_run import PRECISION, RECALL, Outcome, run
from bench.report import measured, table, words, write
from bench.servers import DurablePostgreSQL
from identity.policy import Policy
from regia.compose import migrate
from storage.database import Database

NAME: Final = "people"
MESSAGES: Final = 100_000
PEOPLE: Final = 20_000
_RATES: Final = {field.name: field.type for field in dataclasses.fields(Rates) if field.type in (float, int)}


def main(arguments: Sequence[str]) -> int:
    """0 when everything that is asked is held."""
    options = _options(arguments)
    known = facts()
    stream = Stream(options.messages, options.people, seed=options.seed, rates=Rates(**dict(options.set)))
    with tempfile.TemporaryDirectory(prefix="regia-people-") as name, _database(Path(name), options.postgresql) as url:
        outcome = asyncio.run(_measure(url, stream))
    text = report(outcome, measured(known, words("people", *arguments)))
    print(text)
    if options.write:
        write(text, known, name=NAME)
    return 0 if outcome.held else 1


async def _measure(url: str, stream: Stream) -> Outcome:
    database = Database(url)
    await migrate(database)
    try:
        return await run(database, stream, Policy(), _told)
    finally:
        await database.close()


@contextmanager
def _database(folder: Path, postgresql: bool) -> Iterator[str]:
    """The address of an empty database."""
    if not postgresql:
        yield f"sqlite:///{folder / 'people.sqlite'}"
        return
    with DurablePostgreSQL.start(folder / "postgresql") as server:
        yield server.url_of(server.create_database())


def report(outcome: Outcome, head: str) -> str:
    """The outcome as a table in Markdown; `head` says when and where."""
    found = outcome.score
    suggested = {name: count for name, count in sorted(outcome.suggestions.items()) if name not in outcome.stopped}
    stopped = {name: count for name, count in outcome.stopped.items() if count}
    rows = [
        ("messages, people", f"{outcome.messages:,}, {outcome.people:,}", ""),
        (
            "pair precision",
            f"{found.precision:.5f}: {found.wrong:,} of {found.together:,} pairs are of different people",
            f"≥ {PRECISION}",
        ),
        ("pair recall", f"{found.recall:.4f}: {found.found:,} of {found.expected:,} proven pairs are together", f"≥ {RECALL}"),
        *((f"most of kind `{kind}`", str(most), f"≤ {cap}") for kind, (most, cap) in outcome.largest.items()),
        ("messages by a claim in a verified customer", str(outcome.seen_by_claim), "0"),
        ("customers", f"{outcome.customers:,}, and {outcome.merged:,} merged into these", ""),
        ("merges that a guard stopped", _listed(stopped), ""),
        ("other suggestions", _listed(suggested), ""),
        ("handles cut in two", str(found.cut), ""),
        ("messages a second", f"{outcome.messages / outcome.seconds:,.0f}", ""),
    ]
    return f"{head}\n\n{table(('what', 'found', 'asked'), rows)}\n"


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench people", description=__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--seed", default="20261121")
    parser.add_argument("--postgresql", action="store_true", help="instead of SQLite")
    parser.add_argument(
        "--set", action="append", default=[], type=_rate, metavar="NAME=VALUE", help="a rate of bench.people_rates"
    )
    parser.add_argument("--write", action="store_true", help="put the figures into docs/performance.md")
    options = parser.parse_args(arguments)
    if not 0 < options.people <= options.messages:
        parser.error("--messages: everybody writes at least once, so there are no fewer messages than people")
    if options.write and (options.messages, options.people, options.set) != (MESSAGES, PEOPLE, []):
        parser.error("only a full run is written: leave --messages, --people and --set out")
    return options


def _rate(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    if name not in _RATES:
        raise argparse.ArgumentTypeError(f"{name}: name one of {', '.join(_RATES)}")
    try:
        return name, _RATES[name](value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{name}: give a number") from None


def _told(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr)
