"""The first step of a commit: what of a batch is new, what is a repeat, and what only calls itself one."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import Connection

from regia.pipeline.prepared import Held, Prepared, Ready, Repeated, Told
from storage import ledger
from storage.ledger import Event

_CONFLICT: Final = "its key was used before, for another content"

Item = tuple[Prepared, Event]


@dataclass(slots=True)
class Entered:
    """How the events of a batch stand."""

    new: list[Prepared] = field(default_factory=list)
    """Contacts in order."""
    repeats: list[Event] = field(default_factory=list)
    conflicts: list[Item] = field(default_factory=list)
    committed: bool = False
    """Some were committed before, by a process or an attempt that did not live to say so."""


def enter(connection: Connection, batch: Sequence[Prepared], journal: str) -> Entered:
    """Enter every event into the ledger and count the repeats. A repeat of a key with another content is new too, once,
    for quarantine."""
    now = time.time_ns() // 1_000_000
    result = Entered()
    result.repeats += [
        Event(str(UUID(bytes=one.row.payload)), journal, one.row.seq, now) for one in batch if isinstance(one, Repeated)
    ]
    _enter(connection, [(one, _event(one, journal, now)) for one in batch if not isinstance(one, Repeated)], result)
    # Under an id made of both, so that the same conflict again, from any journal, is a repeat of the first.
    under_own_ids = [(one, _event(one, journal, now)) for one in map(_conflict, result.conflicts)]
    _enter(connection, under_own_ids, result)
    ledger.enter_repeats(connection, result.repeats)
    return result


def _enter(connection: Connection, entering: Sequence[Item], result: Entered) -> None:
    if not entering:
        return
    standings = ledger.enter(connection, [event for _, event in entering])
    for (one, event), standing in zip(entering, standings, strict=True):
        match standing:
            case "new":
                result.new.append(one)
            case "repeat":
                result.repeats.append(event)
            case "conflict":
                result.conflicts.append((one, event))
            case "committed":
                result.committed = True


def _event(one: Prepared, journal: str, now: int) -> Event:
    return Event(str(one.row.id), journal, one.row.seq, now, one.row.digest)


def _conflict(item: Item) -> Held:
    one, event = item
    digest = event.digest or b""
    row = replace(one.row, id=uuid5(UUID(event.id), digest.hex()))
    match one:
        case Ready(_, message):
            received_ms = int(message.received_at.timestamp() * 1000)
            raw, content_type = message.inbound.raw, message.inbound.raw_content_type
            return Held(row, message.connector, received_ms, "conflicting_repeat", _CONFLICT, raw, content_type)
        case Held():
            return replace(one, row=row)
        case Told() | Repeated():
            raise TypeError("only contacts have a digest")
