"""The log of what people did to accepted messages: replays, and what was re-driven, edited or discarded.

A row is written before anything is done, and goes on being written: also of a process that was killed it is known who began
what, and how far it came.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from sqlalchemy import Connection, insert, select, tuple_, update

from storage.schema import operations

Action = Literal[
    "replay",
    "dead.redrive",
    "dead.edit",
    "dead.discard",
    "quarantine.redrive",
    "quarantine.edit",
    "quarantine.discard",
]
State = Literal["running", "done", "stopped", "failed"]
"""`stopped`: somebody interrupted it; `failed`: something it needs did not answer."""

ACTIONS: Final[tuple[Action, ...]] = get_args(Action)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One row. Times in milliseconds since 1970."""

    id: str
    action: str
    actor: str
    selection: Mapping[str, Any]
    state: str
    done: int
    detail: Mapping[str, Any]
    begun_ms: int
    ended_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What is about to be done, and by whom: `actor` is a user of this machine or a token, by name."""

    id: str
    action: Action
    actor: str
    selection: Mapping[str, Any]
    begun_ms: int


def begin(connection: Connection, begun: Begun) -> None:
    """To be written before anything is done."""
    row = {"id": begun.id, "action": begun.action, "actor": begun.actor, "selection": _text(begun.selection)}
    connection.execute(insert(operations).values(**row, begun_ms=begun.begun_ms, state="running", done=0, detail="{}"))


def note(connection: Connection, id_: str, done: int, detail: Mapping[str, Any]) -> None:
    """How far it is."""
    connection.execute(update(operations).where(operations.c.id == id_).values(done=done, detail=_text(detail)))


def end(connection: Connection, id_: str, state: State, now_ms: int) -> None:
    """It is over. How far it came stands where `note` wrote it last."""
    connection.execute(update(operations).where(operations.c.id == id_).values(state=state, ended_ms=now_ms))


def listed(
    connection: Connection, *, limit: int, action: str | None = None, before: tuple[int, str] | None = None
) -> Sequence[Operation]:
    """The last ones, newest first; `before`: those that began before this time and id."""
    query = select(operations).order_by(operations.c.begun_ms.desc(), operations.c.id.desc()).limit(limit)
    if action is not None:
        query = query.where(operations.c.action == action)
    if before is not None:
        query = query.where(tuple_(operations.c.begun_ms, operations.c.id) < tuple_(*before))
    return [_operation(row) for row in connection.execute(query).mappings()]


def _operation(row: Mapping[Any, Any]) -> Operation:
    return Operation(**{**row, "selection": json.loads(row["selection"]), "detail": json.loads(row["detail"])})


def _text(data: Mapping[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True)
