"""A gateway that ends itself with SIGKILL at a named point.

`E2E_CRASH` is `<point>:<n>`: the n-th time the point is reached. Before dying the process writes the point into the file
named by `E2E_CRASHED`. The product has no hooks for this: functions are replaced here, in the process that
was forked for it (`tests.e2e.warm`), before it starts.
"""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

Die = Callable[[], None]


def _dying(point: str, nth: int, told: Path) -> Die:
    lock = threading.Lock()
    reached = 0

    def die() -> None:
        nonlocal reached
        with lock:
            reached += 1
            if reached == nth:
                told.write_text(f"{point}:{nth}")
                os.kill(os.getpid(), signal.SIGKILL)

    return die


class _Commits:
    """A journal's SQLite connection that is watched for the COMMIT of newly accepted rows."""

    def __init__(self, writer: Any, die: Die, *, after: bool) -> None:
        self._writer = writer
        self._real = writer._db
        self._die = die
        self._after = after

    def execute(self, statement: str, *parameters: Any) -> Any:
        counts = statement == "COMMIT" and self._writer.fresh
        if counts and not self._after:
            self._die()
        result = self._real.execute(statement, *parameters)
        if counts and self._after:
            self._die()
        return result

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def _journal_commit(die: Die, *, after: bool) -> None:
    from storage.journal_file import JournalWriter

    initialise = JournalWriter.__init__

    def watched(self: Any, *arguments: Any) -> None:
        initialise(self, *arguments)
        self._db = _Commits(self, die, after=after)

    JournalWriter.__init__ = watched  # type: ignore[method-assign]


def _before_database_commit(die: Die) -> None:
    """Everything of the batch is in the transaction, and the transaction is open."""
    from regia.pipeline import worker

    commit = worker.commit

    def watched(*arguments: Any) -> Any:
        result = commit(*arguments)
        die()
        return result

    worker.commit = watched


def _after_database_commit(die: Die) -> None:
    """The batch is committed, and neither the relay nor the journal has heard of it."""
    from regia.pipeline import worker
    from storage.database import Database

    commit, transaction, of_a_batch = worker.commit, Database._transaction, threading.local()

    def noted(*arguments: Any) -> Any:
        of_a_batch.done = True
        return commit(*arguments)

    def watched(*arguments: Any, **named: Any) -> Any:
        of_a_batch.done = False
        result = transaction(*arguments, **named)
        if of_a_batch.done:
            die()
        return result

    worker.commit = noted
    Database._transaction = watched  # type: ignore[method-assign]


def _after_publish(die: Die) -> None:
    """RabbitMQ's confirm has arrived and is not looked at; an embedded queue has the envelopes and nobody was told."""
    import aiormq

    from dispatcher.local import LocalQueues

    confirm, publish = aiormq.Channel._on_confirm_frame, LocalQueues.publish

    async def confirmed(self: Any, frame: Any) -> None:
        die()
        await confirm(self, frame)

    async def published(self: Any, batch: Any, *landed: Any) -> Any:
        result = await publish(self, batch, *landed)
        die()
        return result

    aiormq.Channel._on_confirm_frame = confirmed  # type: ignore[method-assign]
    LocalQueues.publish = published  # type: ignore[method-assign]


def _before_marking(die: Die) -> None:
    """Confirmed, and about to be marked as published."""
    from storage import outbox

    mark = outbox.mark

    def watched(*arguments: Any) -> None:
        die()
        mark(*arguments)

    outbox.mark = watched


def _before_marking_events(die: Die) -> None:
    """Events are confirmed, and about to be marked as published."""
    from storage import events

    mark = events.mark

    def watched(*arguments: Any) -> None:
        die()
        mark(*arguments)

    events.mark = watched


POINTS: Final[dict[str, Callable[[Die], None]]] = {
    "before_journal_commit": lambda die: _journal_commit(die, after=False),
    "after_journal_commit": lambda die: _journal_commit(die, after=True),
    "before_database_commit": _before_database_commit,
    "after_database_commit": _after_database_commit,
    "after_publish": _after_publish,
    "before_marking": _before_marking,
}
EVENT_POINTS: Final[dict[str, Callable[[Die], None]]] = {"before_marking_events": _before_marking_events}
"""About once a second, whatever the traffic: not for the tests that kill at random counts."""


def arm() -> None:
    """Have this process die as its environment says, if it says so."""
    point, _, nth = os.environ.get("E2E_CRASH", "").partition(":")
    if point:
        (POINTS | EVENT_POINTS)[point](_dying(point, int(nth), Path(os.environ["E2E_CRASHED"])))
