"""`python -m bench [--quick] [--write] [--only NAME,…]`: everything measured in one run, beside bare parts.

In full within five minutes, with --quick within forty seconds and far less exactly: those figures are not written.

Some measurements have a command of their own: `python -m bench people …`, how well people are told apart,
`python -m bench customers …`, what a message costs among many customers, `python -m bench rules …`, among many rules,
`python -m bench chats …`, what visitors of a chat wait for, `python -m bench console …`, when pages of the console are to be
seen, `python -m bench kpi …`, how long figures take, and `python -m bench room …`, what messages take of disk and memory.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import chats_main, customers_main, kpi_main, mails, painting, parts, people_main, room, rules_main, scenarios
from bench.machine import facts, fdatasync
from bench.mails import Size
from bench.meter import Part
from bench.report import PAGE, report, write
from bench.scenarios import SCENARIOS, Line
from bench.servers import Servers, start

PARTS: Final = "parts"
MAILS: Final = "mails"
COMMANDS: Final = {
    "people": people_main.main,
    "customers": customers_main.main,
    "rules": rules_main.main,
    "chats": chats_main.main,
    "console": painting.main,
    "kpi": kpi_main.main,
    "room": room.main,
}
NAMES: Final = (*(scenario.name for scenario in SCENARIOS), PARTS, MAILS)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much: posts a round, rounds, whether senders are also skewed, seconds a part."""

    posts: int
    rounds: int
    skewed: bool
    seconds: float
    limit: float = 180.0
    """Seconds for all rounds together."""


FULL: Final = Scale(posts=3_000, rounds=3, skewed=True, seconds=1.2)
QUICK: Final = Scale(posts=400, rounds=1, skewed=False, seconds=0.1)


def measure(scale: Scale, only: Sequence[str], servers: Servers, folder: Path) -> tuple[list[Line], list[Part], list[Size]]:
    """What is named in `only`, against servers that run."""
    wanted = [scenario for scenario in SCENARIOS if scenario.name in only]
    lines = scenarios.measure(
        wanted,
        servers,
        folder,
        posts=scale.posts,
        rounds=scale.rounds,
        skewed=scale.skewed,
        limit=scale.limit,
        told=_told,
    )
    databases = [("SQLite", f"sqlite:///{folder / 'parts.sqlite'}"), ("PostgreSQL", servers.database())]
    pieces = parts.measure(folder, databases, seconds=scale.seconds, told=_told) if PARTS in only else []
    sizes = mails.measure(seconds=scale.seconds, told=_told) if MAILS in only else []
    return lines, pieces, sizes


def main(arguments: Sequence[str]) -> int:
    if arguments and arguments[0] in COMMANDS:
        return COMMANDS[arguments[0]](arguments[1:])
    options = _options(arguments)
    known = facts()
    with tempfile.TemporaryDirectory(prefix="regia-bench-") as name:
        folder = Path(name)
        with start(folder) as servers:
            lines, pieces, sizes = measure(QUICK if options.quick else FULL, options.only, servers, folder)
    text = report(lines, pieces, sizes, known, sync=fdatasync())
    print(text)
    if options.write:
        write(text, known)
        print(f"written to {PAGE}", file=sys.stderr)
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a glance in 40 seconds")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/performance.md")
    parser.add_argument("--only", type=_names, default=NAMES, help=f"some of {','.join(NAMES)}")
    options = parser.parse_args(arguments)
    if options.write and (options.quick or set(options.only) != set(NAMES)):
        parser.error("only a full run is written: leave --quick and --only out")
    return options


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := set(names) - set(NAMES):
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: name some of {', '.join(NAMES)}")
    return names


def _told(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
