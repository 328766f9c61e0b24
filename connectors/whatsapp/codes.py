"""What WhatsApp's error numbers mean for whoever sends, as one table.

Source: Meta for Developers, "WhatsApp Cloud API: Error codes"; the numbers below 1000 are the Graph API's own.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from connectors.errors import SendCode
from connectors.kit.outbound import status_code

_GROUPS: Final[tuple[tuple[SendCode, Iterable[int]], ...]] = (
    # throttled: the app, the account, the number, the pair of numbers
    ("rate_limited", (4, 613, 80007, 130429, 131048, 131056, 131064, 133016)),
    # passing trouble at Meta
    ("retryable", (1, 2, 131000, 131016, 131053, 131057)),
    ("window_closed", (131047,)),
    ("blocked_by_user", (131050,)),
    # this customer cannot be reached here: undeliverable, ourselves, or held back by Meta's own policy
    ("invalid_recipient", (130472, 131021, 131026, 131049)),
    # for the operator: token, permission, account, payment, registration, policy
    ("auth", (10, 190, *range(200, 300), 368, 131005, 131031, 131037, 131042, 131045)),
    # our request is at fault, and would be next time
    ("unsupported", (100, 131008, 131009, 131051, 132000, 132001, 132005, 132007, 132012, 132015, 132016, 135000)),
)

CODES: Final[Mapping[int, SendCode]] = MappingProxyType({number: code for code, numbers in _GROUPS for number in numbers})


def send_code(number: int | None, *, status: int = 200, transient: bool = False) -> SendCode:
    """Our word for an error. `transient` is Graph's own hint, which counts where the number is not in the table."""
    if number is not None and number in CODES:
        return CODES[number]
    if transient:
        return "retryable"
    return status_code(status)
