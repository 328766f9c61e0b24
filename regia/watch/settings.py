"""When a channel is said to be silent, a token about to expire, and a queue not to take what it should."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,60}$")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class SilenceLimits(_Section):
    """When a channel is silent."""

    contacts: float = Field(default=10.0, gt=0)
    minutes: int = Field(default=30, ge=5, description="Minutes without a contact before a channel can be silent.")


OwnLimits = Annotated[
    Annotated[Literal["off"], Tag("off")] | Annotated[SilenceLimits, Tag("limits")],
    Discriminator(lambda value: "limits" if isinstance(value, dict | SilenceLimits) else "off"),
]


class Silence(SilenceLimits):
    """Channels that bring nothing although they usually do."""

    connectors: dict[Name, OwnLimits] = Field(
        default_factory=dict,
        description="Name of a connector to `contacts` and `minutes` of its own, or to `off`: it is not watched.",
    )

    def limits(self, connector: str) -> SilenceLimits | None:
        """What holds for a connector; None where it is not watched."""
        own = self.connectors.get(connector)
        if own == "off":
            return None
        return self if own is None else SilenceLimits.model_validate(self._usual | own.model_dump(exclude_unset=True))

    @property
    def _usual(self) -> dict[str, Any]:
        return self.model_dump(include={"contacts", "minutes"})


class Watch(_Section):
    """What is told before anybody asks."""

    silence: Silence = Silence()
    token_days: int = Field(default=7, ge=0, description="Days before a token's end when it is about to expire.")
    waiting_seconds: int = Field(
        default=60, ge=10, description="Seconds after which it is an alarm that a message waits for its queue."
    )
