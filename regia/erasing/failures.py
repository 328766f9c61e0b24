"""Why a customer was not erased or exported, as a closed list. The texts name no customer and no address."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

FailureReason = Literal["unknown_customer", "merged", "not_worked_off", "queues_away", "files_away", "not_scrubbed"]

FAILURES: Final[Mapping[FailureReason, str]] = MappingProxyType(
    {
        "unknown_customer": "there is no customer of that id",
        "merged": "this customer was merged into another one: name that one, or undo the merge first",
        "not_worked_off": "contacts that were accepted before this are not committed yet: nothing was erased, try again",
        "queues_away": "the customer is erased, but copies may be left in the gateway's own queues: try again",
        "files_away": "the customer is erased, but files may be left in the blob store: try again",
        "not_scrubbed": "the customer is erased, but remains may be left in files of SQLite: try again",
    }
)
_FINAL: Final[frozenset[FailureReason]] = frozenset({"unknown_customer", "merged"})


class EraseFailed(Exception):
    """It was not done, or not all of it. `detail` says more to whoever operates the gateway; `root_id`, for `merged`, whom the
    customer was merged into."""

    def __init__(self, reason: FailureReason, detail: str = "", *, root_id: str | None = None) -> None:
        super().__init__(f"{FAILURES[reason]} ({detail})" if detail else FAILURES[reason])
        self.reason: FailureReason = reason
        self.root_id = root_id

    @property
    def retryable(self) -> bool:
        """Whether the same again may do it."""
        return self.reason not in _FINAL
