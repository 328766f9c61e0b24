"""`python -m bench chats [--chats N] [--messages N] [--answers N] [--pause S] [--write]`: what visitors of a chat wait for.

So many chats at once, each with a WebSocket, on one embedded gateway: from sending a message to hearing that it is accepted,
which is after its fsync, and from an agent's `POST /v1/replies` to the answer in the window. Both share the machine. Under
three minutes.
"""

import argparse
import asyncio
import http.client
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.chatting import Faults, Load, Spoken, faults, percentile
from bench.machine import ROOT, cpu, facts
from bench.report import measured, table, words, write
from tests.servers.process import ServerProcess, free_port

CONFIG: Final = ROOT / "tests" / "e2e" / "config" / "chat.yaml"
PAGE: Final = ROOT / "docs" / "chat.md"
NAME: Final = "chats"
ASKED_S: Final = (2.0, 10.0)
"""Seconds within which half of the answers are in their windows, and 99 of 100."""
_SHARES: Final = (0.5, 0.99, 1.0)


def main(arguments: Sequence[str]) -> int:
    """0 when nothing was lost, doubled or out of order, and answers are as fast as is asked."""
    options = _options(arguments)
    known = facts()
    with tempfile.TemporaryDirectory(prefix="regia-chats-") as name:
        spoken, seconds, share = measure(Path(name), options.chats, options.messages, options.answers, options.pause)
    text = report(spoken, seconds, share, measured(known, words(NAME, *arguments)), options.pause)
    print(text)
    if options.write:
        write(text, known, PAGE, name=NAME)
    return 0 if held(spoken) else 1


def held(spoken: Sequence[Spoken]) -> bool:
    """Whether it is as it should be."""
    shown = [time_ for one in spoken for time_ in one.shown]
    fast = bool(shown) and all(percentile(shown, part) <= most for part, most in zip(_SHARES, ASKED_S, strict=False))
    return fast and faults(spoken) == Faults(0, 0, 0)


def measure(folder: Path, chats: int, messages: int, answers: int, pause: float) -> tuple[list[Spoken], float, float]:
    """What the windows saw, the seconds it took, and the gateway's share of one core."""
    port = free_port()
    command = [sys.executable, "-c", "from regia.cli.main import app; app()", "run", "-c", str(CONFIG)]
    data = folder / "data"
    environ = {"REGIA__SERVER__PORT": str(port), "REGIA__DATA__PATH": str(data), "PATH": os.defpath, "PYTHONPATH": str(ROOT)}
    process = ServerProcess("regia", command, log=folder / "regia.log", env=environ, cwd=ROOT)
    try:
        process.wait_ready(lambda: _is_ready(port))
        token = (data / "secrets" / "consumer-token").read_text().strip()
        base = f"http://127.0.0.1:{port}"
        load = Load(
            base=base,
            connector="site",
            origin="https://shop.example",
            token=token,
            chats=chats,
            messages=messages,
            answers=answers,
            pause=pause,
        )
        began, before = time.perf_counter(), cpu([process.pid])
        spoken = asyncio.run(load.run())
        seconds = time.perf_counter() - began
        return spoken, seconds, (cpu([process.pid]) - before) / seconds
    finally:
        process.kill()


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def report(spoken: Sequence[Spoken], seconds: float, share: float, head: str, pause: float) -> str:
    """A table in Markdown, in milliseconds; `head` says when and where."""
    waits = {
        "a message, until it is accepted": [time_ for one in spoken for time_ in one.accepted],
        "an answer, until it is in the window": [time_ for one in spoken for time_ in one.shown],
    }
    rows = [
        (what, f"{len(times):,}", *(f"{percentile(times, part) * 1e3:,.0f}" for part in _SHARES))
        for what, times in waits.items()
        if times
    ]
    run = f"{len(spoken):,} chats at once, a message of each every {pause:g} s, {seconds:.0f} s in all"
    found = faults(spoken)
    wrong = f"Lost: {found.lost}. Shown twice: {found.twice}. Chats out of order: {found.disordered}."
    columns = ("what", "number", "p50 ms", "p99 ms", "longest ms")
    return f"{head}\n\n{run}, {share:.0%} of a core for the gateway:\n\n{table(columns, rows)}\n\n{wrong}\n"


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench chats", description=__doc__)
    parser.add_argument("--chats", type=int, default=500)
    parser.add_argument("--messages", type=int, default=8)
    parser.add_argument("--answers", type=int, default=3)
    parser.add_argument("--pause", type=float, default=15.0, help="seconds between the messages of one chat")
    parser.add_argument("--write", action="store_true", help="put the figures into docs/chat.md")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
