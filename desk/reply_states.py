"""How far replies are, by all that their channels told so far: of a message that left in parts, what holds of each of them.

What is told may overtake the answer to our own request, and several nodes may hear of several parts at once. So it is worked
out from what is stored, whenever something comes or the ids of a message become known, with its row locked.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from connectors.errors import SEND_CODES
from desk.reply_events import Happened, State
from storage.bulk import among, ids_parameter
from storage.outgoing import SENDING
from storage.schema import outgoing, outgoing_parts, signals

_ARRIVED: Final[Mapping[State, frozenset[str]]] = {
    "delivered": frozenset({"delivered", "read", "played"}),
    "read": frozenset({"read", "played"}),
}
_FAILED: Final = "failed"
_DIGITS: Final = frozenset("0123456789.")
_LONGEST_CODE: Final = 8

Names = Mapping[tuple[str, str], str]
"""Connector and external id, to the message out."""


def reached(connection: Connection, ids: Collection[str]) -> list[Happened]:
    """What is known of these messages. Nothing of one that is still being sent: which parts it has is not known yet."""
    names = _names(connection, ids)
    told: defaultdict[tuple[str, str], list[Row[Any]]] = defaultdict(list)
    for row in _told(connection, {external_id for _, external_id in names}):
        told[row.connector, row.external_id].append(row)
    parts: defaultdict[str, list[list[Row[Any]]]] = defaultdict(list)
    for name, id_ in names.items():
        parts[id_].append(told[name])
    return [one for id_, rows in sorted(parts.items()) for one in _states(id_, rows)]


def codes(error: str | None) -> tuple[str | None, str | None]:
    """Ours and the provider's, of what is said of a failure; never its words, in which an address may stand."""
    first = (error or "").partition(":")[0].partition(" ")[0]
    if first in SEND_CODES:
        return first, None
    is_number = 0 < len(first) <= _LONGEST_CODE and _DIGITS.issuperset(first)
    return None, first if is_number else None


def _names(connection: Connection, ids: Collection[str]) -> dict[tuple[str, str], str]:
    if not ids:
        return {}
    this = (among(connection, outgoing.c.id), outgoing.c.state != SENDING)
    own = select(outgoing.c.connector, outgoing.c.external_id, outgoing.c.id).where(*this).order_by(outgoing.c.id)
    rows = connection.execute(own.with_for_update(), ids_parameter(connection, ids)).all()
    found = {(row.connector, row.external_id): row.id for row in rows if row.external_id is not None}
    known = {row.id for row in rows}
    columns = (outgoing_parts.c.connector, outgoing_parts.c.external_id, outgoing_parts.c.outgoing_id)
    parts = select(*columns).where(among(connection, outgoing_parts.c.outgoing_id))
    for connector, external_id, id_ in connection.execute(parts, ids_parameter(connection, known)):
        found[connector, external_id] = id_
    return found


def _told(connection: Connection, external_ids: Collection[str]) -> list[Row[Any]]:
    columns = (
        signals.c.connector,
        signals.c.external_id,
        signals.c.state,
        signals.c.at_ms,
        signals.c.received_ms,
        signals.c.error,
    )
    query = select(*columns).where(among(connection, signals.c.external_id), signals.c.type == "status")
    return list(connection.execute(query, ids_parameter(connection, external_ids))) if external_ids else []


def _states(id_: str, parts: list[list[Row[Any]]]) -> Iterable[Happened]:
    for state, words in _ARRIVED.items():
        firsts = [min((_at_ms(row) for row in rows if row.state in words), default=None) for rows in parts]
        times = [at_ms for at_ms in firsts if at_ms is not None]
        if len(times) == len(parts):
            yield Happened(reply=id_, state=state, at_ms=max(times))
    for row in (row for rows in parts for row in rows if row.state == _FAILED):
        code, provider_code = codes(row.error)
        yield Happened(reply=id_, state="failed", at_ms=_at_ms(row), code=code, provider_code=provider_code)
        return


def _at_ms(row: Row[Any]) -> int:
    return int(row.at_ms or row.received_ms)
