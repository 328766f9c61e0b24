"""The most memory that a gateway and the processes it starts have held."""

import threading
from pathlib import Path
from typing import Self

from tests.proof.figures import peak_mb

_EVERY = 0.1


class MemoryWatch:
    """Looks ten times a second, so that processes which are killed or replaced are counted too. In MB."""

    def __init__(self) -> None:
        self.gateway = 0.0
        self.reader = 0.0
        self._pids: set[int] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def also(self, pid: int) -> None:
        """From now on this process too, with its children."""
        self._pids = {*self._pids, pid}

    def _watch(self) -> None:
        while not self._over.wait(_EVERY):
            for pid in self._pids:
                self.gateway = max(self.gateway, _peak(pid))
            for child in _readers(self._pids):
                self.reader = max(self.reader, _peak(child))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def _readers(parents: set[int]) -> list[int]:
    """Children that multiprocessing spawned to do work."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if parent in parents and b"spawn_main" in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue  # it has just ended
    return found


def _peak(pid: int) -> float:
    try:
        return peak_mb(pid)
    except OSError:
        return 0.0
