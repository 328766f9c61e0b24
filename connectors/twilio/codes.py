"""What Twilio's error numbers mean for whoever sends, as one table: of the answer to a call, and of a later status.

Source: Twilio Docs, "Error and warning dictionary".
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from connectors.errors import SendCode
from connectors.kit.outbound import status_code

_GROUPS: Final[tuple[tuple[SendCode, Iterable[int]], ...]] = (
    # throttled: the account, the number, the sender's queue, the WhatsApp sender
    ("rate_limited", (20429, 14107, 21611, 30001, 30022, 63018)),
    # passing trouble at Twilio
    ("retryable", (20500, 20503, 63012)),
    ("window_closed", (63016,)),
    # the customer said STOP, or blocks us
    ("blocked_by_user", (21610, 30004, 63032)),
    # this customer cannot be reached here: no number, a landline, switched off, not on WhatsApp
    ("invalid_recipient", (21211, 21214, 21217, 21265, 21266, 21604, 21612, 21614, 30003, 30005, 30006, 63003, 63024)),
    # for the operator: token, account, sender, region, registration, balance, policy
    (
        "auth",
        (
            *(20003, 20004, 20005, 20008, 20403, 20404),
            *(21212, 21408, 21601, 21603, 21606, 21659, 21660, 21701, 21703, 21705),
            *(30002, 30007, 30032, 30034, 63001, 63007, 63015, 63020, 63051, 63112),
        ),
    ),
    ("too_large", (21617, 11751, 30019, 63019)),
    # our request is at fault, and would be next time
    ("unsupported", (20001, 20400, 21602, 21609, 21619, 21620, 21623, 21655, 21656, 21910, 63005, 63013, 63021)),
    # the carrier does not say
    ("unknown", (30008,)),
)

CODES: Final[Mapping[int, SendCode]] = MappingProxyType({number: code for code, numbers in _GROUPS for number in numbers})


def send_code(number: int | None, status: int = 200) -> SendCode:
    """Our word for an error; where the number is not in the table, for the HTTP status."""
    return CODES[number] if number is not None and number in CODES else status_code(status)
