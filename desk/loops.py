"""Whether an automatic answer may go out: two programs that answer each other never stop by themselves (RFC 3834, 2)."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection

from desk.refusals import RefusalReason
from normalizer.inbound import Handle
from storage import outgoing

AN_HOUR: Final = 3_600_000
A_DAY: Final = 24 * AN_HOUR
"""Milliseconds."""
AN_HOUR_TO_A_SENDER: Final = 1
A_DAY_IN_A_CONVERSATION: Final = 5

_NO_ADDRESS: Final = "unknown_sender"
"""Kind of a handle that stands for a sender without an address."""


def refusal(
    connection: Connection,
    *,
    sender: Handle,
    to: Handle,
    conversation_id: str,
    automated: str | None,
    own: Callable[[Handle], bool],
    now_ms: int,
) -> RefusalReason | None:
    """Why no automatic answer may go `to` there, or None when it may: then queue it in this same transaction, which
    keeps all others from counting until it ends. `automated` is what the envelope says; `own` knows our own addresses."""
    if automated is not None:
        return "automated_mail"
    if _NO_ADDRESS in (sender.kind, to.kind):
        return "not_allowed"
    if own(sender) or own(to):
        return "own_address"
    outgoing.hold(connection, f"handle {to.kind} {to.value}", f"conversation {conversation_id}")
    if outgoing.automatic_to(connection, to.kind, to.value, now_ms - AN_HOUR) >= AN_HOUR_TO_A_SENDER:
        return "once_an_hour"
    if outgoing.automatic_in(connection, conversation_id, now_ms - A_DAY) >= A_DAY_IN_A_CONVERSATION:
        return "five_a_day"
    return None
