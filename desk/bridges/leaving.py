"""Answers of agents that are on their way: what did not arrive is told in its ticket, also what a provider tells of later."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, and_, delete, or_, select

from desk.reply_states import reached
from storage.bulk import insert_rows
from storage.schema import bridge_answers, outgoing, outgoing_parts, signals

_ENDED: Final = ("failed", "unknown")
_BOUNCES_MS: Final = 3 * 24 * 3_600_000
"""For which one that has left is not forgotten: mail servers try for days, and tell afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """An answer that did not arrive."""

    reply: str
    ticket: str
    state: str
    error: str | None


def add(connection: Connection, bridge: str, reply: str, ticket: str) -> None:
    """An answer of an agent is queued."""
    row = {"bridge": bridge, "outgoing_id": reply, "ticket": ticket}
    insert_rows(connection, bridge_answers, [row], ignore=True)


def lost(connection: Connection, bridge: str, now_ms: int) -> list[Lost]:
    """Answers that have not arrived and of which their tickets were not told. Those that left three days ago are forgotten."""
    mine = bridge_answers.c.bridge == bridge
    old = select(outgoing.c.id).where(outgoing.c.state == "sent", outgoing.c.ended_ms < now_ms - _BOUNCES_MS)
    connection.execute(delete(bridge_answers).where(mine, bridge_answers.c.outgoing_id.in_(old)))
    query = (
        select(outgoing.c.id, outgoing.c.state, outgoing.c.error, bridge_answers.c.ticket)
        .join(bridge_answers, bridge_answers.c.outgoing_id == outgoing.c.id)
        .where(mine, outgoing.c.state.in_(_ENDED))
    )
    ended = [Lost(reply=row.id, ticket=row.ticket, state=row.state, error=row.error) for row in connection.execute(query)]
    return ended + _bounced(connection, bridge)


def _bounced(connection: Connection, bridge: str) -> list[Lost]:
    """Those that have left, and of which their providers tell that they failed."""
    part = and_(signals.c.connector == outgoing_parts.c.connector, signals.c.external_id == outgoing_parts.c.external_id)
    whole = and_(signals.c.connector == outgoing.c.connector, signals.c.external_id == outgoing.c.external_id)
    failed = and_(signals.c.type == "status", signals.c.state == "failed")
    of_parts = select(signals.c.id).join(outgoing_parts, part).where(failed, outgoing_parts.c.outgoing_id == outgoing.c.id)
    of_whole = select(signals.c.id).where(failed, whole)
    query = (
        select(outgoing.c.id, bridge_answers.c.ticket)
        .join(bridge_answers, bridge_answers.c.outgoing_id == outgoing.c.id)
        .where(bridge_answers.c.bridge == bridge, outgoing.c.state == "sent", or_(of_parts.exists(), of_whole.exists()))
    )
    tickets = {row.id: row.ticket for row in connection.execute(query)}
    told = [one for one in reached(connection, tickets) if one.state == "failed"] if tickets else []
    return [
        Lost(reply=one.reply, ticket=tickets[one.reply], state="failed", error=one.code or one.provider_code) for one in told
    ]


def told(connection: Connection, bridge: str, reply: str) -> None:
    """Its ticket knows that it did not arrive."""
    mine = (bridge_answers.c.bridge == bridge, bridge_answers.c.outgoing_id == reply)
    connection.execute(delete(bridge_answers).where(*mine))
