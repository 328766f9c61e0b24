"""Why what a ticket system tells is not taken, as a closed list. The texts name no ticket and no customer."""

from collections.abc import Mapping
from typing import Final, Literal

TicketRefusal = Literal["unknown_conversation", "unknown_message", "unknown_ticket", "ambiguous_ticket", "gone"]

TICKET_REFUSALS: Final[Mapping[TicketRefusal, str]] = {
    "unknown_conversation": "there is no conversation of this id, or it is of another brand than the one named",
    "unknown_message": "there is no committed message of this id, or it is of another brand than the one named; "
    "one accepted a moment ago may still be on its way",
    "unknown_ticket": "nothing was told of this ticket yet: name its conversation, or a message of it",
    "ambiguous_ticket": "several brands have a ticket of this number: name the brand",
    "gone": "this message was erased, or is not kept any more",
}


class TicketRefused(Exception):
    """Nothing was changed."""

    def __init__(self, reason: TicketRefusal) -> None:
        super().__init__(TICKET_REFUSALS[reason])
        self.reason: TicketRefusal = reason
