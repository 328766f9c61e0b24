"""How far messages out are, for people who look: by their rows, and by what their channels told since."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from desk.reply_states import codes
from storage.bulk import among, ids_parameter
from storage.outgoing import FAILED, SENT
from storage.schema import outgoing, outgoing_parts, signals

_TOLD: Final = (("failed", "failed"), ("read", "read"), ("played", "read"), ("delivered", "delivered"))
"""What a provider tells, and the state it comes to: the first that was told."""
_STAFF: Final = "staff/"
MOVING: Final = frozenset({"queued", "sending"})
"""States that go on by themselves within moments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """`state`: queued, sending, sent, delivered, read, failed or unknown. `code` says why it failed, of the closed list;
    `due_ms` is its next try. `key`: that of the form by which staff asked for it."""

    id: str
    state: str
    code: str | None
    due_ms: int
    ended_ms: int | None
    handle_kind: str
    handle_value: str
    key: str

    @property
    def moves(self) -> bool:
        """Whether it is worth looking again soon."""
        return self.state in MOVING


def shown(connection: Connection, ids: Collection[str]) -> dict[str, Shown]:
    """Those of the ids that are messages out."""
    if not ids:
        return {}
    query, bound = select(outgoing).where(among(connection, outgoing.c.id)), ids_parameter(connection, ids)
    rows = connection.execute(query, bound).all()
    names = {(row.connector, row.external_id): row.id for row in rows if row.external_id}
    parts = select(outgoing_parts).where(among(connection, outgoing_parts.c.outgoing_id))
    names |= {(row.connector, row.external_id): row.outgoing_id for row in connection.execute(parts, bound)}
    told = _told(connection, names)
    return {row.id: _shown(row, told[row.id]) for row in rows}


def _told(connection: Connection, names: dict[tuple[str, str], str]) -> defaultdict[str, list[Any]]:
    found: defaultdict[str, list[Any]] = defaultdict(list)
    query = select(signals.c.connector, signals.c.external_id, signals.c.state, signals.c.error)
    query = query.where(signals.c.type == "status", among(connection, signals.c.external_id))
    ids = ids_parameter(connection, {external_id for _, external_id in names})
    for row in connection.execute(query, ids):
        if (id_ := names.get((row.connector, row.external_id))) is not None:
            found[id_].append(row)
    return found


def _shown(row: Row[Any], told: list[Any]) -> Shown:
    said = {one.state for one in told}
    asker, _, key = (row.reply_key or "").partition("\n")
    state = row.state
    if state not in MOVING | {FAILED}:
        state = next((name for word, name in _TOLD if word in said), SENT if SENT in said else state)
    error = next((one.error for one in told if one.state == FAILED), row.error)
    return Shown(
        id=row.id,
        state=state,
        code=(codes(error)[0] or "failed") if state == FAILED else None,
        due_ms=row.due_ms,
        ended_ms=row.ended_ms,
        handle_kind=row.handle_kind,
        handle_value=row.handle_value,
        key=key if asker.startswith(_STAFF) else "",
    )
