"""One worker's process: `python -m regia.starting DUTY`, begun by the parent and by nobody else."""

import os
import signal
import socket
import sys
from pathlib import Path
from typing import Final

import typer
import uvloop

from regia.cli.standing import standing
from regia.running.plan import Duty
from regia.running.serving import Worker, serve
from regia.watch import logs

SWITCH: Final = 0.0005
"""Seconds a thread keeps the interpreter while another waits. Commits run beside the loop in threads of their own; at
Python's 5 ms each of their many short waits for SQLite would cost the loop, or them, a whole turn."""


def main() -> None:
    """The program."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)  # until it serves there is nothing to work off
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    duty = Duty.read(sys.argv[1])
    for descriptor in (*duty.listening, duty.line):
        os.set_inheritable(descriptor, False)
    logs.set_up(worker=duty.worker)
    sys.setswitchinterval(SWITCH)
    worker = Worker(
        number=duty.worker,
        workers=duty.workers,
        listening=[socket.socket(fileno=one) for one in duty.listening],
        line=socket.socket(fileno=duty.line),
    )
    path = Path(duty.config)
    try:
        uvloop.run(serve(standing(path), path, started=lambda: None, worker=worker))
    except typer.Exit as end:
        sys.exit(end.exit_code)
