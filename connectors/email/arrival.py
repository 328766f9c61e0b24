"""What a request made from a mail in a mailbox tells besides the mail's bytes."""

from datetime import UTC, datetime
from typing import Final

from connectors.exchange import Request

ARRIVED: Final = "x-regia-arrived-at"
"""Header: when the mailbox got the mail, in ISO 8601 with a zone."""


def arrived_at(request: Request) -> datetime | None:
    """When the mailbox got it (IMAP's INTERNALDATE), where the request tells."""
    try:
        return datetime.fromisoformat(request.headers[ARRIVED]).astimezone(UTC)
    except (KeyError, ValueError, OverflowError):  # OverflowError: a zone moves it out of the calendar
        return None
