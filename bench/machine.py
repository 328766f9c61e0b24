"""What the machine is, and what processes take of it (Linux: /proc)."""

import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_SYNCS: Final = 100


def cpu(pids: Iterable[int]) -> float:
    """Processor seconds these processes and their living children have taken since they began."""
    wanted = {pid for pid in pids if pid}
    stats = [stat for entry in Path("/proc").iterdir() if entry.name.isdigit() and (stat := _stat(entry))]
    parents = {pid: parent for pid, parent, _ in stats}
    return sum(seconds for pid, _, seconds in stats if wanted & _line(pid, parents))


def _stat(entry: Path) -> tuple[int, int, float] | None:
    """(process, parent, processor seconds): proc(5), fields 4, 14 and 15 after the name in parentheses."""
    try:
        fields = (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(entry.name), int(fields[1]), (int(fields[11]) + int(fields[12])) / _TICKS


def _line(pid: int, parents: dict[int, int]) -> set[int]:
    """The process and everything above it."""
    found = set()
    while pid in parents:
        found.add(pid)
        pid = parents[pid]
    return found


def fdatasync() -> float:
    """Seconds that 4 KB written and synced to the folder of the measurements take: what every commit waits for."""
    with tempfile.TemporaryFile() as file:
        start = time.perf_counter()
        for _ in range(_SYNCS):
            file.write(b"x" * 4096)
            file.flush()
            os.fdatasync(file.fileno())
        return (time.perf_counter() - start) / _SYNCS


def facts() -> dict[str, str]:
    """Date, commit and machine, for whoever reads the figures later."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": _commit(),
        "cores": str(len(os.sched_getaffinity(0))),
        "python": platform.python_version(),
    }


def _commit() -> str:
    """The commit, with `+changes` when files other than the pages differ from it; `unknown` outside a checkout."""
    head = _git("rev-parse", "--short=12", "HEAD")
    return (
        (head + ("+changes" if _git("status", "--porcelain", "--untracked-files=no", "--", ":!docs") else ""))
        if head
        else "unknown"
    )


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603, S607  # fixed words
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
