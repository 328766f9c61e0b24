"""What providers tell, as rows: statuses of our messages, echoes, and events of accounts."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from connectors.base import Status
from connectors.errors import SEND_CODES
from desk import reply_events
from desk.reply_events import Happened, State
from regia.pipeline.prepared import Told
from storage import erased, outgoing_parts
from storage.bulk import insert_rows
from storage.outgoing_parts import Named
from storage.schema import signals

_TAKEN: Final = frozenset({"sent", "delivered", "read", "played", "echo"})
"""States of a message that its provider has."""
_STATES: Final[Mapping[str, State]] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "played": "read",
    "failed": "failed",
    "other:unknown": "unknown",
}
_ARRIVED: Final[Mapping[State, tuple[str, ...]]] = {"delivered": ("delivered", "read", "played"), "read": ("read", "played")}
"""What must be told of each part before a message is in such a state."""
_CODE: Final = re.compile(r"[0-9A-Za-z_.-]{1,30}", re.ASCII)


def record(connection: Connection, told: Sequence[Told]) -> None:
    """Write the rows. Of a message that was erased since nothing is written but that something was told."""
    if not told:
        return
    gone = _about_erased(connection, told)
    insert_rows(connection, signals, [_without_words(_row(one)) if one.row.seq in gone else _row(one) for one in told])
    if named := [one for one in map(_named, told) if one is not None]:
        outgoing_parts.recognise(connection, named)
    reply_events.tell(connection, _happened(connection, [one for one in told if one.row.seq not in gone]))


def _happened(connection: Connection, told: Sequence[Told]) -> list[Happened]:
    """What became of replies."""
    known = [(one, one.signal) for one in told if isinstance(one.signal, Status) and one.signal.state in _STATES]
    owners = outgoing_parts.owners(connection, [status.external_id for _, status in known])
    found: list[Happened] = []
    for one, status in known:
        state, id_ = _STATES[status.state], owners.get((one.connector, status.external_id)) or status.token
        if id_ is None or (state in _ARRIVED and not outgoing_parts.all_told(connection, id_, _ARRIVED[state])):
            continue
        at_ms = int(status.at.timestamp() * 1000) if status.at else one.received_ms
        code, provider_code = _codes(status.error) if state in ("failed", "unknown") else (None, None)
        found.append(Happened(reply=id_, state=state, at_ms=at_ms, code=code, provider_code=provider_code))
    return found


def _codes(error: str | None) -> tuple[str | None, str | None]:
    """Ours and the provider's, of what is said of a failure; never its words, in which an address may stand."""
    first = (error or "").partition(":")[0]
    if first in SEND_CODES:
        return first, None
    word = (error or "").split(maxsplit=1)[:1]
    return None, word[0] if word and _CODE.fullmatch(word[0]) else None


def _about_erased(connection: Connection, told: Sequence[Told]) -> set[int]:
    """Numbers of the rows that are about erased messages."""
    by_id: dict[str, list[int]] = {}
    for one in told:
        if isinstance(one.signal, Status):
            for name in {one.signal.external_id, one.signal.token} - {None}:
                by_id.setdefault(erased.sent_id(one.connector, str(name)), []).append(one.row.seq)
    return {seq for id_ in erased.kinds(connection, by_id.keys()) for seq in by_id[id_]}


def _without_words(row: dict[str, Any]) -> dict[str, Any]:
    """A provider's id may hold an address too."""
    return row | {"external_id": None, "error": None, "raw": b""}


def _named(one: Told) -> Named | None:
    """A status that carries our own id of the message beside its provider's."""
    status = one.signal
    if not isinstance(status, Status) or status.token is None or status.external_id == status.token:
        return None
    return Named(one.connector, status.token, status.external_id, taken=status.state in _TAKEN)


def _row(one: Told) -> dict[str, Any]:
    signal = one.signal
    status = signal if isinstance(signal, Status) else None
    return {
        "id": str(one.row.id),
        "connector": one.connector,
        "type": "status" if status else "event",
        "external_id": status.external_id if status else None,
        "state": signal.state if isinstance(signal, Status) else signal.type,
        "at_ms": int(signal.at.timestamp() * 1000) if signal.at else None,
        "received_ms": one.received_ms,
        "error": status.error if status else None,
        "raw": signal.raw,
    }
