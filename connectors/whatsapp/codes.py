"""What WhatsApp's error numbers mean for whoever sends, over those that all of Meta's products have.

Source: Meta for Developers, "WhatsApp Cloud API: Error codes".
"""

from types import MappingProxyType
from typing import Final

from connectors import meta_codes
from connectors.errors import SendCode
from connectors.meta import GraphError

_OWN: Final = meta_codes.codes(
    # throttled: the number, the pair of numbers
    ("rate_limited", (130429, 131048, 131056, 131064, 133016)),
    # passing trouble at Meta
    ("retryable", (131000, 131016, 131053, 131057)),
    ("window_closed", (131047,)),
    ("blocked_by_user", (131050,)),
    # this customer cannot be reached here: undeliverable, ourselves, or held back by Meta's own policy
    ("invalid_recipient", (130472, 131021, 131026, 131049)),
    # for the operator: permission, account, payment, registration
    ("auth", (131005, 131031, 131037, 131042, 131045)),
    # our request is at fault, and would be next time
    ("unsupported", (131008, 131009, 131051, 132000, 132001, 132005, 132007, 132012, 132015, 132016, 135000)),
)
CODES: Final[meta_codes.Codes] = MappingProxyType({**meta_codes.GRAPH, **_OWN})


def send_code(number: int | None, *, status: int = 200, transient: bool = False) -> SendCode:
    """Our word for an error. WhatsApp tells by the number alone."""
    return meta_codes.send_code(GraphError(code=number, transient=transient), CODES, status=status)
