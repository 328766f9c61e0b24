"""What runs in a reading process: one `parse` at a time, bounded, mute, and gone when the gateway is.

Nothing here imports the gateway: a process is ready in half a second and holds no journal, no database and no password
of a mailbox.
"""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from connectors.base import Connector
from connectors.errors import Rejected
from regia.pipeline.confined import be_mute, bound, end_with_the_gateway
from regia.pipeline.reading_jobs import Answer, Done, Failure, Job, Recipe, Refusal, encode

NO_MEMORY: Final = 77
"""Exit code of a process that reached its bound: what is left of its memory is of no use to the next mail."""
GRACE: Final = 1.0
"""Seconds after the gateway's own limit at which a process that was not ended ends itself."""


@dataclass(slots=True)
class _Process:
    """This process: what `prepare` was told, and the connectors made so far."""

    seconds: float = 0.0
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    connectors: dict[str, Connector] = field(default_factory=dict)

    def connector(self, name: str) -> Connector:
        if name not in self.connectors:
            self.connectors[name] = self.recipes[name].connector(name)
        return self.connectors[name]

    def make_connectors(self) -> None:
        """Now, so that loading their channels is not in the time of the first job."""
        for name in self.recipes:
            with suppress(Exception):  # whoever asks for it gets the same again, as a value
                self.connector(name)


_here: Final = _Process()


def prepare(recipes: Mapping[str, Recipe], seconds: float, memory: int) -> None:
    """The process's first act. `memory`: bytes it may take above what it has now."""
    _here.recipes = recipes
    _here.seconds = seconds
    # The library's handler would wait for the interpreter, which a regular expression may hold for minutes.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    end_with_the_gateway()
    _here.make_connectors()
    bound(memory)
    be_mute()


def ready() -> bool:
    """Asked once of each new pool: the process stands."""
    return True


def work(jobs: Sequence[Job]) -> list[Done]:
    """Read them one after the other. Ends the process instead when memory runs out, or when nobody else ended it in time."""
    try:
        return [_timed(job) for job in jobs]
    except MemoryError:
        os._exit(NO_MEMORY)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _timed(job: Job) -> Done:
    began = time.perf_counter()
    signal.setitimer(signal.ITIMER_REAL, _here.seconds + GRACE)
    data = _encoded(_answer(job), job.body)
    return time.perf_counter() - began, data


def _answer(job: Job) -> Answer:
    try:
        return job.by(_here.connector(job.connector))
    except Rejected as error:
        return Refusal.of(error)
    except MemoryError:
        raise
    except BaseException as error:  # noqa: BLE001  # also SystemExit: it is a value of the gateway's, not its end
        return Failure.of(error)


def _encoded(answer: Answer, body: bytes) -> bytes:
    try:
        return encode(answer, body)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  # an answer made of what cannot be written down is a defect of its connector
        return encode(Failure.of(error), body)
