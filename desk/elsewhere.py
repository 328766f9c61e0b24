"""Replies that leave by mail to an address which the customer only typed, as into a chat while nobody was there.

Whoever writes decides that: nobody has proven whose the address is, and that something was sent there proves nothing either.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, RowMapping

from desk.refusals import RefusalReason
from identity.views.claimed import claimed
from normalizer.inbound import Handle
from storage import lookup

FORMS: Final = ("text", "image", "video", "audio", "document")
"""What a mail takes."""
KIND: Final = "email"


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """By which mail connector it leaves, and to whom; `subject` where the reply has none of its own."""

    connector: str
    to: Handle
    subject: str


def refusal(
    connection: Connection,
    row: RowMapping,
    wanted: Elsewhere,
    *,
    can_send: Callable[[str], bool],
    own: Callable[[Handle], bool],
) -> RefusalReason | None:
    """Why the answer to a stored contact cannot go there: only to what this customer has typed themselves, and to no address of
    ours, from where it would come in again."""
    if not can_send(wanted.connector):
        return "cannot_send"
    if own(wanted.to):
        return "own_address"
    owner = lookup.owner_of(connection, row["handle_id"])
    typed = {(one.handle.kind, one.handle.value) for one in claimed(connection, owner)} if owner else set()
    is_theirs = wanted.to.kind == KIND and (wanted.to.kind, wanted.to.value) in typed
    return None if is_theirs else "not_allowed"
