"""What error numbers of the Send API and of comments mean, over those that all of Meta's products have.

Source: Meta for Developers, "Messenger Platform: Common Error Codes" and "Instagram Messaging: Error codes".
"""

from types import MappingProxyType
from typing import Final

from connectors import meta_codes

_OWN: Final = meta_codes.codes(
    # the words "Temporary send message failure" stand for it
    ("retryable", (1200,)),
    # Graph's number for a missing permission, which the subcode makes something else: Messenger's two, Instagram's
    ("window_closed", ((10, 2018065), (10, 2018278), (10, 2534022))),
    # "This person isn't available right now": they blocked us, or left
    ("blocked_by_user", (551, (10, 1545041), (200, 1545041))),
    # nobody of that id has written to this account; Instagram's number; a comment that is gone
    ("invalid_recipient", ((100, 2018001), (100, 2534014), (100, 33))),
    ("too_large", ((100, 2018109),)),
    # a private reply was sent to this comment before
    ("unsupported", (10900,)),
)
CODES: Final[meta_codes.Codes] = MappingProxyType({**meta_codes.GRAPH, **_OWN})
