"""Figures that a proof measures: printed with the test, and once more in the summary of the run."""

from pathlib import Path
from typing import Final

FIGURES: Final[list[str]] = []


def record(what: str, **figures: object) -> None:
    """Note one line for the summary."""
    line = f"{what}: " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items())
    FIGURES.append(line)
    print(line)


def peak_mb(pid: int) -> float:
    """The most memory a process has held so far, in MB (proc(5), VmHWM). Raises `OSError` when it has ended."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)  # a process that has ended and waits for its parent has no memory any more
