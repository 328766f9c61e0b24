"""How a description says when a message was sent."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from connectors.declared.query import OfEvent

_PROBE: Final = datetime(2026, 11, 21, 19, 3, 20, tzinfo=UTC)
"""A time that is written and read with each format."""


def zone_name(name: str) -> str:
    """A name of the time zone database. ValueError for any other."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise ValueError("is no name of the time zone database: continent and city, with a / between") from None
    return name


def readable_format(text: str) -> str:
    """A format that strptime can read a time with. ValueError for any other."""
    try:
        read = datetime.strptime(_PROBE.strftime(text), text)  # noqa: DTZ007  # only its year is looked at
    except (ValueError, re.error):
        raise ValueError("is nothing that Python's strptime can read: see its list of % codes") from None
    if read.year != _PROBE.year:
        raise ValueError("does not say where the year stands: %Y, or %y for two digits")
    return text


class SentAt(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    at: OfEvent = Field(description="RFC 3339, or seconds or milliseconds since 1970 as a number or digits.")
    format: Annotated[str, AfterValidator(readable_format)] | None = Field(
        default=None, description="Python's strptime, for anything else."
    )
    zone: Annotated[str, AfterValidator(zone_name)] = Field(default="UTC", description="Of times that name no zone.")
