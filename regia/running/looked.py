"""Reads a configuration and prints what the parent of workers must know of it: `python -m regia.running.looked PATH`.

A process of its own, so that what is read is read by the code that workers begun now will have. What is wrong is told on
standard error, and the exit status is 2: also where only rule files are wrong, with which a gateway would start.
"""

import sys
from pathlib import Path

import typer

from regia.cli.common import configured
from regia.running.plan import Plan
from regia.settings import Settings


def plan_of(settings: Settings) -> Plan:
    """The plan of a configuration."""
    server = settings.server
    data = str(settings.data.path.resolve())
    return Plan(workers=server.workers, host=server.host, port=server.port, data=data, node=settings.node)


def main() -> None:
    """The program."""
    try:
        print(plan_of(configured(Path(sys.argv[1])).settings))
    except typer.Exit as end:
        sys.exit(end.exit_code)


if __name__ == "__main__":
    main()
