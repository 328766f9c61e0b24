"""Messages out as a channel takes them: those that answer a contact, and those that answer nothing."""

from connectors.base import Outgoing
from desk import replies
from normalizer.inbound import Handle
from storage.outgoing import Claimed


def message(row: Claimed) -> Outgoing:
    """What the channel is given. Raises `SendFailed` when the contact it answers is not stored any more."""
    if row.message_id is not None:
        return replies.message(row)
    return Outgoing(
        to=Handle(row.handle_kind, row.handle_value, row.handle_proof),  # type: ignore[arg-type]  # as it was stored
        text=row.text,
        account=row.account,
        in_reply_to=None,
        token=row.id,
        subject=row.subject,
        html=row.html,
        conversation=row.conversation_id,
        automatic=row.automatic,
    )
