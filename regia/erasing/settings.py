"""How long each kind of data is kept: the section `retention` of the configuration."""

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Days = Annotated[int, Field(ge=1, le=36_500)]
Brand = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,60}$")]
OfBrand = Literal["messages", "raw", "attachments", "quarantine", "signals", "outgoing", "tickets", "surveys"]
Kind = OfBrand | Literal["events", "event_ids", "repeats", "mentions", "challenges", "operations", "notices", "console"]

_CONFIG: Final = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class BrandRetention(BaseModel):
    """What may differ between brands."""

    model_config = _CONFIG

    messages: Days | None = Field(
        default=None, description="Days for which messages are kept, with their files and raw bytes; without it for ever."
    )
    raw: Days | None = Field(default=None, description="The same for the bytes as the channel delivered them.")
    attachments: Days | None = Field(default=None, description="The same for files.")
    quarantine: Days | None = Field(default=None, description="The same for what could not be read.")
    signals: Days | None = Field(default=None, description="The same for statuses, echoes and events of accounts.")
    outgoing: Days | None = Field(default=None, description="The same for messages out that have come to their end.")
    tickets: Days | None = Field(default=None, description="The same for what ticket systems told.")
    surveys: Days | None = Field(default=None, description="The same for surveys that came to their end, with their answers.")


class Retention(BrandRetention):
    """How long everything is kept."""

    events: Days | None = Field(default=None, description="The same for events that were published.")
    event_ids: Days | None = Field(
        default=30, description="Days for which ids are kept of what was erased or removed: a retry of it revives nothing."
    )
    repeats: Days | None = Field(default=None, description="Days for which it is kept when something came again.")
    mentions: Days | None = Field(
        default=2, description="Days for which digests of words are kept, by which repeats on other channels are known."
    )
    challenges: Days | None = Field(default=None, description="Days for which proofs that were asked for are kept.")
    operations: Days | None = Field(
        default=None, description="Days for which it is kept what was replayed, driven again, edited or discarded by hand."
    )
    notices: Days | None = Field(
        default=30, description="Days for which it is kept who was told of what; what could not be told by then is forgotten."
    )
    console: Days | None = Field(default=None, description="Days for which the audit log of the console is kept.")
    brands: dict[Brand, BrandRetention] = Field(default_factory=dict, description="Brand to what is different there.")

    def days(self, kind: Kind, brand: str | None = None) -> int | None:
        """Days for which a kind is kept; None for ever. A brand that says nothing of it has what all have."""
        other = self.brands.get(brand or "")
        found = other if other is not None and kind in other.model_fields_set else self
        days: int | None = getattr(found, kind)
        return days
