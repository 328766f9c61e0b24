"""Writing down what people do to accepted messages, from the command line and over HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from identity.ids import new_id
from storage import operations
from storage.database import Database
from storage.operations import Action, Begun, State


@dataclass(frozen=True, slots=True)
class Doing:
    """What is done, by whom (`user/<name>` or `token/<name>`), and to what."""

    action: Action
    actor: str
    selection: Mapping[str, Any]


@asynccontextmanager
async def log(database: Database, doing: Doing, progress: Callable[[], tuple[int, Mapping[str, Any]]]) -> AsyncIterator[str]:
    """Enter a row before it begins, and at its end how many and what else: `progress` says so. Gives the row's id. Raises
    `DatabaseUnavailable`, and then nothing has begun."""
    id_ = new_id("op")
    begun = Begun(id=id_, action=doing.action, actor=doing.actor, selection=doing.selection, begun_ms=now_ms())
    await database.write(lambda connection: operations.begin(connection, begun))
    state: State = "failed"
    try:
        yield id_
        state = "done"
    except asyncio.CancelledError:
        state = "stopped"
        raise
    finally:
        done, detail = progress()

        def end(connection: Connection) -> None:
            operations.note(connection, id_, done, detail)
            operations.end(connection, id_, state, now_ms())

        await asyncio.shield(database.write(end))


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000
