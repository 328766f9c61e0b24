"""`python -m bench chats [--chats N] [--messages N] [--answers N] [--pause S]`: what visitors of a chat wait for.

So many chats at once, each with a WebSocket, on one embedded gateway: from sending a message to hearing that it is accepted,
which is after its fsync, and from an agent's `POST /v1/replies` to the answer in the window. Both share the machine.
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

from bench.chatting import Load, Spoken, percentile
from bench.machine import ROOT, cpu, facts
from bench.report import measured, table
from tests.servers.process import ServerProcess, free_port

CONFIG: Final = ROOT / "tests" / "e2e" / "config" / "chat.yaml"
_SHARES: Final = (0.5, 0.99, 1.0)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench chats", description=__doc__)
    parser.add_argument("--chats", type=int, default=100)
    parser.add_argument("--messages", type=int, default=10)
    parser.add_argument("--answers", type=int, default=3)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between the messages of one chat")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="regia-chats-") as name:
        spoken, seconds, share = measure(Path(name), options.chats, options.messages, options.answers, options.pause)
    print(measured(facts(), " ".join(["python -m bench chats", *arguments])), end="\n\n")
    print(report(spoken, seconds, share))
    return 0


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


def report(spoken: Sequence[Spoken], seconds: float, share: float) -> str:
    """A table in Markdown, in milliseconds."""
    waits = {
        "a message, until it is accepted": [time_ for one in spoken for time_ in one.accepted],
        "an answer, until it is in the window": [time_ for one in spoken for time_ in one.shown],
    }
    rows = [
        (what, f"{len(times):,}", *(f"{percentile(times, part) * 1e3:.0f}" for part in _SHARES))
        for what, times in waits.items()
    ]
    head = f"{len(spoken):,} chats at once, {seconds:.0f} s in all, {share:.0%} of a core for the gateway:"
    return f"{head}\n\n{table(('what', 'number', 'p50 ms', 'p99 ms', 'longest ms'), rows)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
