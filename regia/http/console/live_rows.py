"""Rows of the page Live, out of what is stored."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection

from router.model import DEFAULT
from storage import recent
from storage.recent import Change
from web.console.live import LiveFilter, MessageRow

SHOWN: Final = 50
"""Rows of the page when it is opened."""
_TEXT: Final = 160
"""Characters of what was written."""


def newest(connection: Connection, wanted: LiveFilter, before_ms: int | None = None, behind: str = "") -> list[MessageRow]:
    """The newest messages that fit, newest first."""
    ids = recent.newest(connection, limit=SHOWN, before_ms=before_ms, behind=behind, **wanted.query)
    return of_changes(connection, recent.standing(connection, ids))


def of_changes(connection: Connection, changes: Sequence[Change]) -> list[MessageRow]:
    """The rows of these messages, in their order; one that is gone meanwhile is left out."""
    found = recent.rows(connection, [change.id for change in changes])
    return [_row(found[change.id], change) for change in changes if change.id in found]


def _row(row: Mapping[str, Any], change: Change) -> MessageRow:
    data = orjson.loads(row["envelope"])["data"]
    sender, routing = data["sender"], data["routing"]
    queued = None if change.published_ms is None else max(0, change.published_ms - change.received_ms)
    return MessageRow(
        **{name: row[name] for name in ("id", "received_ms", "brand", "channel", "connector", "kind", "customer_id")},
        customer=(data["customer"] or {}).get("name") or sender.get("name") or "",
        handle_kind=row["handle_kind"],
        handle=row["handle_value"],
        subject=data["subject"] or "",
        text=" ".join((data["text"] or "").split())[:_TEXT],
        emoji=(data["reaction"] or {}).get("emoji") or "",
        category=row["category"],
        rule=_decider(row, routing),
        priority=routing["priority"] or 0,
        state=change.state,
        queued_ms=queued,
    )


def _decider(row: Mapping[str, Any], routing: Mapping[str, Any]) -> str:
    """Empty where no rule did: the default category."""
    rule = str(row["discarded_by"] or routing["decided_by"].get("category") or "")
    return "" if rule == DEFAULT else rule


def fitting(rows: Collection[MessageRow], wanted: LiveFilter) -> list[MessageRow]:
    return [row for row in rows if wanted.fits(row)]
