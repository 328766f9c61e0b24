"""A gateway that runs on a data folder and adopts nothing, as one does whose database is away."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def stuck_gateway(data: Path) -> Iterator[None]:
    """Holds what a gateway holds: the lock of its journal."""
    folder = data / "journal"
    folder.mkdir(exist_ok=True)
    with (folder / "worker-0.sqlite.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
