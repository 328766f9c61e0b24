"""The `journal` section: what a node keeps until it is committed, and how much of its disk that may take."""

from pydantic import BaseModel, ConfigDict, Field

from storage.journal_room import Limits

_MB = 1 << 20


class Journal(BaseModel):
    """What was accepted and waits to be committed."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    keep_ids: int = Field(default=200_000, ge=0, description="Finished events whose repeats are recognised at once.")
    limit_mb: int = Field(
        default=10_240, ge=64, description="How large a journal may grow, in MB; then contacts are answered with 503."
    )
    reserve_mb: int | None = Field(
        default=None,
        ge=0,
        description="MB of its disk that new contacts never take; one and a half times the largest contact if nothing is said.",
    )

    def limits(self, largest: int) -> Limits:
        """For a gateway whose largest contact has so many bytes."""
        reserve = largest * 3 // 2 if self.reserve_mb is None else self.reserve_mb * _MB
        return Limits(most=self.limit_mb * _MB, reserve=reserve)
