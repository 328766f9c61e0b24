"""Why something cannot be done to a customer or a link, as a closed list. The texts name no customer and no address."""

from collections.abc import Mapping
from typing import Final, Literal

Reason = Literal[
    "unknown_customer",
    "unknown_link",
    "unknown_suggestion",
    "same_customer",
    "merged_already",
    "not_merged",
    "other_brand",
    "link_ended",
    "decided_already",
    "shared_handle",
    "handle_cap",
    "crm_conflict",
]

REASONS: Final[Mapping[Reason, str]] = {
    "unknown_customer": "there is no customer of this id",
    "unknown_link": "there is no link of this id",
    "unknown_suggestion": "there is no suggestion of this id",
    "same_customer": "these two are one customer already",
    "merged_already": "this customer stands below another: name the one at the top, or unmerge it first",
    "not_merged": "this customer stands below nobody: there is nothing to undo",
    "other_brand": "these two customers are of different brands",
    "link_ended": "this link has ended already",
    "decided_already": "somebody has decided this suggestion already",
    "shared_handle": "this address is known to be of many people, so it links nobody; see identity.shared",
    "handle_cap": "this customer would have more addresses of this kind than one person has; see identity.caps",
    "crm_conflict": "this customer has another CRM id: take that back first (null), or merge the two customers",
}


class NotPossible(Exception):
    """Nothing was changed."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(REASONS[reason])
        self.reason: Reason = reason
