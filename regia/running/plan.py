"""What the parent knows of a configuration, and what a worker is told: handed over as JSON, since both are processes that begin
anew, and may be of two versions."""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

JOURNALS: Final = "journal"
_RUN: Final = "run"
_JOURNAL: Final = re.compile(r"worker-([0-9]+)\.sqlite")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`data` is the data folder, `node` the name of this node; `host` and `port` are where it listens."""

    workers: int
    host: str
    port: int
    data: str
    node: str

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises `ValueError` and `TypeError` for what is none."""
        return cls(**json.loads(text))

    def __str__(self) -> str:
        return json.dumps(asdict(self))

    def journal(self, worker: int) -> Path:
        return journal_of(Path(self.data), worker)

    def fixed(self, other: "Plan") -> list[str]:
        """The keys in which another plan differs that cannot change while the parent lives."""
        keys = {"server.host": "host", "server.port": "port", "data.path": "data", "node": "node"}
        return [key for key, name in keys.items() if getattr(self, name) != getattr(other, name)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What one worker is told: which of how many it is, the configuration's path, and the numbers of inherited descriptors: the
    sockets that listen, and the one that connects it with its parent."""

    worker: int
    workers: int
    config: str
    listening: list[int]
    line: int

    @classmethod
    def read(cls, text: str) -> Self:
        return cls(**json.loads(text))

    def __str__(self) -> str:
        return json.dumps(asdict(self))


def journal_of(data: Path, worker: int) -> Path:
    """A worker's journal."""
    return data / JOURNALS / f"worker-{worker}.sqlite"


def worker_of(journal: Path) -> int | None:
    """Whose journal it is; None for one that is no worker's, as that of an import."""
    found = _JOURNAL.fullmatch(journal.name)
    return None if found is None else int(found[1])


def name_of(node: str, worker: int) -> str:
    """The name in which a worker of a node works: the node's, and for further workers one of their own."""
    return f"{node}_w{worker}" if worker else node


def run_folder(data: Path) -> Path:
    """Where the workers of a gateway find each other."""
    return data / _RUN
