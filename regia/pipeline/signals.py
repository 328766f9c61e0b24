"""What providers tell, as rows: statuses of our messages, echoes, and events of accounts."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from connectors.base import Status
from connectors.exchange import OWN
from desk import reply_events
from desk.reply_events import Happened, State
from desk.reply_states import codes, reached
from regia.pipeline.prepared import Told
from storage import erased, outgoing_parts
from storage.bulk import insert_rows
from storage.outgoing import TAKEN
from storage.outgoing_parts import Named
from storage.schema import signals

_ENDS: Final[Mapping[str, State]] = {"sent": "sent", "failed": "failed", "other:unknown": "unknown"}
"""Ends of sending, as our own sender tells them."""


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
    """What became of replies. Whether one was sent, our own sender says: a provider tells of each of its parts."""
    statuses = [(one, one.signal) for one in told if isinstance(one.signal, Status)]
    ours = [(one, status) for one, status in statuses if status.event_key.startswith(OWN)]
    theirs = [(one, status) for one, status in statuses if not status.event_key.startswith(OWN)]
    owners = outgoing_parts.owners(connection, [status.external_id for _, status in theirs])
    ids = {owners.get((one.connector, status.external_id)) or status.token for one, status in theirs}
    return [*(_end(one, status) for one, status in ours if status.token), *reached(connection, ids - {None})]  # type: ignore[arg-type]  # just taken out


def _end(one: Told, status: Status) -> Happened:
    at_ms = int(status.at.timestamp() * 1000) if status.at else one.received_ms
    code = codes(status.error)[0]
    return Happened(reply=status.token or "", state=_ENDS[status.state], at_ms=at_ms, code=code)


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
    return Named(one.connector, status.token, status.external_id, taken=status.state in TAKEN)


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
