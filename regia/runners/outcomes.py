"""What becomes of a message after a try: the columns that record it, and the status that tells its end."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from connectors.base import Sent, Status
from connectors.errors import SendFailed
from connectors.exchange import OWN
from normalizer.values import clean_line
from storage.outgoing import FAILED, QUEUED, SENT, UNKNOWN
from storage.outgoing_ends import Ended
from storage.outgoing_tries import Claimed

BACKOFF: Final = (30.0, 120.0, 600.0, 1800.0, 7200.0)
"""Seconds to the next try; the last again and again."""
GIVE_UP_MS: Final = 24 * 3_600_000
"""After the first try; then there is no other."""

Values = dict[str, Any]
Left = Callable[[str, str], Awaitable[None]]
"""Told of a message that has left, or was given up, once that is in the tables: its id and the value of its handle."""


def sent(by_channel: Sent, now_ms: int) -> Values:
    """The channel took it. A text sent in parts is known by the first."""
    named = {"external_id": by_channel.external_ids[0]} if by_channel.external_ids else {}
    return _end(SENT, now_ms) | named


def failed(row: Claimed, error: SendFailed, now_ms: int) -> Values:
    """The channel did not take it: another try, or the end."""
    if error.code == "unknown":
        return _end(UNKNOWN, now_ms, str(error), error.provider_code)
    if not error.retryable:
        return _end(FAILED, now_ms, str(error), error.provider_code)
    due_ms = now_ms + int(pause(row.attempts, error) * 1000)
    if due_ms > row.first_ms + GIVE_UP_MS:
        return _end(FAILED, now_ms, f"{error}; given up after a day", error.provider_code)
    if row.until_ms is not None and due_ms >= row.until_ms:
        return _end(FAILED, now_ms, f"{error}; given up: it would come too late", error.provider_code)
    return {"state": QUEUED, "due_ms": due_ms} | _said(str(error), error.provider_code)


def broken(error: Exception, now_ms: int) -> Values:
    """The channel raised what it should not: whether the message left is not known."""
    return _end(UNKNOWN, now_ms, f"unknown: {type(error).__name__} in the connector; the log has the place")


def pause(attempts: int, error: SendFailed) -> float:
    """Seconds to the next try: what the provider says where it counts our messages, else longer each time."""
    usual = BACKOFF[min(attempts, len(BACKOFF)) - 1]
    if error.retry_after is None:
        return usual
    return min(error.retry_after, BACKOFF[-1]) if error.code == "rate_limited" else max(usual, error.retry_after)


def status(ended: Ended) -> Status:
    """The end as a status, in the words that providers' statuses have. Told twice, the second is a repeat."""
    told = {"id": ended.id, "state": ended.state, "attempts": ended.attempts, "provider_code": ended.provider_code}
    return Status(
        event_key=f"{OWN}{ended.id} {ended.state}",  # an unknown end may become known
        external_id=ended.external_id or ended.id,
        brand=ended.brand or "",
        channel=ended.channel or "",
        account=ended.account,
        state=f"other:{UNKNOWN}" if ended.state == UNKNOWN else ended.state,
        raw=orjson.dumps(told | {"external_id": ended.external_id, "error": ended.error}),
        at=datetime.fromtimestamp(ended.ended_ms / 1000, UTC),
        recipient=ended.handle_value,
        error=ended.error,
        token=ended.id,
    )


def _end(state: str, now_ms: int, error: str | None = None, provider_code: str | None = None) -> Values:
    return {"state": state, "ended_ms": now_ms} | _said(error, provider_code)


def _said(error: str | None, provider_code: str | None) -> Values:
    """As a database takes it: a channel may repeat any bytes of its provider."""
    said = {"error": error, "provider_code": provider_code}
    return {name: None if text is None else clean_line(text) for name, text in said.items()}
