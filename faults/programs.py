"""The processes of a stage that are not servers: our own programs, and what memory those of a gateway take."""

import subprocess
import sys
from pathlib import Path

import msgspec

from bench.machine import ROOT


class Broken(Exception):
    """The scenario could not be played: a process of it ended or hung. Not a figure."""


class Program:
    """One of our own programs with a job, which ends when its standard input does."""

    def __init__(self, module: str, job: msgspec.Struct, log: Path) -> None:
        self._log = log
        command = [sys.executable, "-m", module, msgspec.json.encode(job).decode()]
        with log.open("ab") as output:
            self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=output, stderr=output)  # noqa: S603  # ourselves

    def check(self) -> None:
        """Raises `Broken` when it has ended by itself."""
        if (code := self._process.poll()) is not None:
            raise Broken(f"{self._log.stem} ended with {code}: {self._log.read_text()[-2000:]}")

    def end(self, seconds: float) -> None:
        """Raises `Broken` when it does not end well in time."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Broken(f"{self._log.stem} did not end within {seconds:.0f} s") from None
        if code:
            raise Broken(f"{self._log.stem} ended with {code}: {self._log.read_text()[-2000:]}")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def peak_mb(pid: int) -> float:
    """The most memory that a process or one of its children, such as a worker, had in use so far; proc(5), VmHWM."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return 0.0
    own = next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmHWM")), 0.0)
    return max([own, *(peak_mb(int(child)) for child in children.split())])
