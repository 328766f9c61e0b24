"""The `console` section: whether there is one, how long a login lasts, and who sees personal data masked."""

from typing import Annotated, Final
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from desk.staff.logins import Lasting
from desk.staff.roles import Role

_UNITS: Final = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}

Span = Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,3}[mhd]$")]
"""`30m`, `8h`, `7d`."""


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("must be a time zone such as Europe/Rome")
    return name


Zone = Annotated[str, AfterValidator(_zone)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Mask(_Section):
    """Whether what customers wrote, and their names and addresses, are shown in part only."""

    viewer: bool = Field(default=True, description="Whether viewers see what customers wrote, and who they are, in part only.")
    agent: bool = Field(default=False, description="The same for agents. Admins see everything.")

    def holds(self, role: Role) -> bool:
        return {"viewer": self.viewer, "agent": self.agent, "admin": False}[role]


class Console(_Section):
    """The staff console under `/console/`."""

    enabled: bool = Field(default=True, description="Whether there is a console.")
    idle: Span = Field(default="8h", description="A login that is not used ends after so long: a number and `m`, `h` or `d`.")
    longest: Span = Field(default="7d", description="A login ends after so long, however much it is used.")
    one_time: Span = Field(
        default="24h", description="A one-time password that nobody used ends after so long, that of the first admin too."
    )
    mask: Mask = Mask()
    zone: Zone = Field(default="UTC", description="The time zone of the days in figures, such as Europe/Rome.")

    @property
    def lasting(self) -> Lasting:
        return Lasting(idle_ms=milliseconds(self.idle), whole_ms=milliseconds(self.longest))

    @property
    def one_time_ms(self) -> int:
        return milliseconds(self.one_time)


def milliseconds(span: Span) -> int:
    return int(span[:-1]) * _UNITS[span[-1]]
