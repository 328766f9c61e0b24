"""Whether a stored contact can be answered at all."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from sqlalchemy import Connection, RowMapping

from desk.refusals import RefusalReason
from storage import lookup

TEXT: Final = "text"


def unanswerable(connection: Connection, row: RowMapping, can_send: Callable[[str], bool], at_ms: int) -> RefusalReason | None:
    """Why a contact cannot be answered at that time, whatever is answered; None where it can."""
    data = orjson.loads(row["envelope"])["data"]
    if TEXT not in data["reply"]["allowed"]:
        return "not_allowed"
    if not can_send(row["connector"]):
        return "cannot_send"
    if lookup.address_ended(connection, row):
        return "address_gone"
    return "window_closed" if _is_over(closes(connection, row, data), at_ms) else None


def closes(connection: Connection, row: RowMapping, data: dict[str, Any]) -> str | None:
    """Until when it may be answered: the customer's last contact opens the time for all before it. One that gave an address
    of its own, such as a comment, is answered there, and has its own time."""
    if data["reply"]["via"] is not None:
        return data["reply"]["until"]  # type: ignore[no-any-return]  # our own envelope
    latest = orjson.loads(lookup.latest_of_sender(connection, row)["envelope"])["data"]
    return latest["reply"]["until"]  # type: ignore[no-any-return]  # as above


def _is_over(until: str | None, at_ms: int) -> bool:
    return until is not None and datetime.fromisoformat(until).astimezone(UTC).timestamp() * 1000 < at_ms
