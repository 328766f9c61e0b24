"""What is asked about dead letters, in JSON."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from connectors.api_body import Moment
from dispatcher.letters import Reason, Wanted, Where

_Name = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]{1,255}$")]
MOST = 1_000


class LettersBody(BaseModel):
    """Which letters: all that is given must hold, and something must be."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    ids: list[_Name] = Field(default=[], max_length=MOST, description="As `GET /v1/dead` names them, or envelope ids.")
    where: Where | None = Field(default=None, alias="from", description="Dead ones, or those that no queue took.")
    queue: _Name | None = Field(default=None, description="Where they died, or were to go.")
    reason: Reason | None = None
    category: _Name | None = None
    since: Moment | None = Field(default=None, description="Died from this time on.")
    before: Moment | None = Field(default=None, description="Died before this time.")
    everything: bool = Field(default=False, alias="all", description="All there are.")
    limit: int = Field(default=100, ge=1, le=MOST, description="So many at most; ask again for more.")

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.wanted == Wanted() and not self.everything:
            raise ValueError("say which letters, or all: true")
        return self

    @property
    def wanted(self) -> Wanted:
        """As the dispatcher takes it."""
        more: dict[str, Any] = {name: getattr(self, name) for name in ("where", "queue", "reason", "category")}
        return Wanted(ids=tuple(self.ids), since_ms=_ms(self.since), before_ms=_ms(self.before), **more)


class RedriveBody(LettersBody):
    """Which letters are to be published again, and where."""

    to: _Name | None = Field(default=None, description="To this queue, instead of where they came from.")


class DiscardBody(LettersBody):
    """Which letters are to go for good, and why."""

    why: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        description="It is kept: no names, no addresses."
    )


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)
