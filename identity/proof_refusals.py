"""Why an address is not proven, as a closed list. The texts name no customer, no address and no code."""

from collections.abc import Mapping
from typing import Final, Literal

AnswerRefusal = Literal["unknown_challenge", "expired", "wrong_code", "too_many_attempts", "already_used"]
ProofRefusal = AnswerRefusal | Literal["unknown_customer", "too_many_asked", "cannot_send"]

PROOF_REFUSALS: Final[Mapping[ProofRefusal, str]] = {
    "unknown_challenge": "there is no such proof; ask for a new one",
    "expired": "it was good for a time only, and that is over: ask for a new one",
    "wrong_code": "that is not what was sent; after five wrong answers a new one must be asked for",
    "too_many_attempts": "too many wrong answers were given: ask for a new one",
    "already_used": "it was used before, and proves once only",
    "unknown_customer": "there is no customer of that id",
    "too_many_asked": "too many were asked for this address, for this customer or for all: wait",
    "cannot_send": "nothing can be sent to an address of that kind: see identity.codes in the configuration",
}


class ProofRefused(Exception):
    """A proof was not begun. `retry_ms`: how long until it may be asked again, where it is a matter of time."""

    def __init__(self, reason: ProofRefusal, *, retry_ms: int | None = None) -> None:
        super().__init__(PROOF_REFUSALS[reason])
        self.reason: ProofRefusal = reason
        self.retry_ms = retry_ms
