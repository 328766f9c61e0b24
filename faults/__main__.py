"""`python -m faults [--short] [--only NAME,…] [--seconds N] [--write]`

Servers fail under traffic, and two ledgers say what became of it; in full within 45 minutes. Exits with 1 and names the
lines where something that is asked does not hold. With --write each line of the table in docs/reliability.md is written
as soon as it is measured; lines of scenarios that were not played stay as they are.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.machine import facts
from faults.programs import Broken
from faults.report import PAGE, cells, report, write
from faults.scenarios import SCENARIOS
from faults.stage import RATE, SHORT_RATE, servers
from tests.servers.process import ServerFailed

_NAMES = tuple(scenario.name for scenario in SCENARIOS)


def main(arguments: Sequence[str]) -> int:
    """0 when everything that is asked holds."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # everything that was started is ended
    known = facts()
    lines, wrong = [], []
    rate = SHORT_RATE if options.short else RATE
    with tempfile.TemporaryDirectory(prefix="regia-faults-") as name, servers(Path(name), rate) as running:
        for scenario in SCENARIOS:
            if scenario.name not in options.only:
                continue
            seconds = options.seconds or (scenario.short if options.short else scenario.long)
            _told(f"{scenario.name}: {scenario.what}, {seconds:.0f} s")
            folder = Path(name) / scenario.name
            folder.mkdir()
            try:
                row = scenario.play(scenario, running, folder, seconds)
            except (
                Broken,
                ServerFailed,
                AssertionError,
            ) as error:  # tests/e2e asserts that a gateway starts
                wrong.append(f"{scenario.name}: could not be played to its end: {error}")
                _told(wrong[-1])
                continue
            lines.append(cells(row, known))
            wrong += scenario.wrong(row)
            _told(" | ".join(lines[-1]))
            if options.write:
                write(lines, known)
                _told(f"written to {PAGE}")
    print(report(lines, known))
    for text in wrong:
        print(text, file=sys.stderr)
    return 1 if wrong else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument(
        "--short", action="store_true", help=f"seconds instead of minutes, {SHORT_RATE:.0f} messages a second; not written"
    )
    parser.add_argument("--write", action="store_true", help="put the figures into docs/reliability.md")
    parser.add_argument("--only", type=_named, default=_NAMES, help=f"some of {','.join(_NAMES)}")
    parser.add_argument("--seconds", type=float, help="how long each fault lasts, instead of its own time")
    options = parser.parse_args(arguments)
    if options.write and options.short:
        parser.error("only the long form is written: leave --short out")
    return options


def _named(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := set(names) - set(_NAMES):
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: name some of {', '.join(_NAMES)}")
    return names


def _told(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
