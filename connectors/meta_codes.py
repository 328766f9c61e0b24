"""What the Graph API's error numbers mean for whoever sends: one table for all of Meta's products, to which each adds its own.

Source: Meta for Developers, "Graph API: Handle errors" and "Rate limits".
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from connectors.errors import SendCode
from connectors.kit.outbound import status_code
from connectors.meta import GraphError

Number: TypeAlias = int | tuple[int, int]
"""An error's `code`, or its `code` and `error_subcode`, which counts for more."""
Codes: TypeAlias = Mapping[Number, SendCode]


def codes(*groups: tuple[SendCode, Iterable[Number]]) -> Codes:
    """A table from our words, each with the numbers it stands for."""
    return MappingProxyType({number: code for code, numbers in groups for number in numbers})


GRAPH: Final = codes(
    # throttled: the app, the user, the page, custom limits; 800xx are those of a business use case
    ("rate_limited", (4, 17, 32, 613, 80001, 80002, 80006, 80007)),
    # passing trouble at Meta
    ("retryable", (1, 2)),
    # for the operator: token, permission, policy
    ("auth", (10, 190, *range(200, 300), 368)),
    # our request is at fault, and would be next time
    ("unsupported", (100,)),
)


def send_code(error: GraphError, known: Codes, *, status: int = 200) -> SendCode:
    """Our word for an error. `transient` is Graph's own hint, which counts where the number is not in the table."""
    if error.code is not None:
        numbers: tuple[Number, ...] = (error.code,) if error.subcode is None else ((error.code, error.subcode), error.code)
        for number in numbers:
            if number in known:
                return known[number]
    return "retryable" if error.transient else status_code(status)
