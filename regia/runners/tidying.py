"""Rows that nobody sends any more get their end."""

from collections.abc import Collection

from sqlalchemy import Connection

from regia.runners import outcomes
from storage import outgoing_ends


def tidy(connection: Connection, node: str, known: Collection[str], now_ms: int, *, started: bool) -> int:
    """Those of connectors that are not `known` for a day, those that came too late, and those that were lost on their way: how
    many of the last. `started`: this node has just started, so also everything it was sending before."""
    outgoing_ends.orphan(connection, node, known, now_ms, now_ms - outcomes.GIVE_UP_MS)
    outgoing_ends.outlive(connection, node, now_ms)
    return outgoing_ends.lose(connection, node, now_ms, started=started)
