"""`python -m bench room [--messages N]`: what so many messages take of disk and memory, embedded and on servers.

The gateway's own files are counted as the disk has them after a stop in order; PostgreSQL says itself how large the database
is; the broker's queues are not consumed, so its folder has every message once. Memory is the gateway's peak (VmHWM).
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from bench.scenarios import SCENARIOS, Scenario, Target, running
from bench.servers import Servers, start

_WANTED: Final = ("embedded", "shared")
_JOURNAL, _DATABASE, _BLOBS, _BROKER = "journal", "database", "blobs", "broker"
PARTS: Final = (_JOURNAL, _DATABASE, _BLOBS, _BROKER)


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes by part, of which some are there without any message, and the gateway's peak of memory in bytes."""

    what: str
    parts: dict[str, int]
    memory: int


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench room", description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="regia-room-") as name, start(Path(name)) as servers:
        rooms = [_measure(one, servers, Path(name), options.messages) for one in SCENARIOS if one.name in _WANTED]
    print(table(rooms, options.messages))
    return 0


def table(rooms: Sequence[Room], messages: int) -> str:
    """Megabytes, as Markdown."""
    lines = [
        f"| {messages:,} messages of about 1 KB | {' | '.join(PARTS)} | memory |",
        "| --- |" + " ---: |" * (len(PARTS) + 1),
    ]
    for room in rooms:
        cells = (f"{room.parts[part] / 1e6:,.1f} MB" if part in room.parts else "" for part in PARTS)
        lines.append(f"| {room.what} | {' | '.join(cells)} | {room.memory / 1e6:,.0f} MB |")
    return "\n".join(lines)


def _measure(scenario: Scenario, servers: Servers, folder: Path, messages: int) -> Room:
    print(f"{scenario.what}: {messages} messages", file=sys.stderr)
    before, known = size(folder / "rabbitmq"), _databases(servers)
    with running([scenario], servers, folder) as processes:
        process, port = processes[scenario.name]
        Target(scenario, process, port, servers).post(messages, "skewed", "room")
        memory = peak(process.pid)
    data = folder / f"data-{port}"
    parts = {_JOURNAL: size(data / "journal"), _BLOBS: size(data / "blobs")}
    if scenario.name == "embedded":
        return Room(scenario.what, parts | {_DATABASE: size(data / "regia.sqlite")}, memory)
    # The others that are new are the empty ones that were asked from.
    largest = max(bytes_ for name, bytes_ in _databases(servers).items() if name not in known)
    return Room(scenario.what, parts | {_DATABASE: largest, _BROKER: size(folder / "rabbitmq") - before}, memory)


def size(path: Path) -> int:
    """Bytes on the disk of a file, or of all in a folder."""
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return sum(one.stat().st_blocks * 512 for one in files)


def peak(pid: int) -> int:
    """The most memory that a process had, in bytes."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _databases(servers: Servers) -> dict[str, int]:
    """Bytes of the server's databases, by name, but for the empty one that this makes to ask from."""
    url = servers.database().replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        query = "SELECT datname, pg_database_size(datname) FROM pg_database WHERE datname <> current_database()"
        return dict(connection.execute(query).fetchall())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
