"""Times as a ticket system writes them."""

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from connectors.declared.times import readable_format, zone_name
from connectors.reading import Misshapen, moment
from desk.bridges.described.requests import Strict

_ISO: Final = "iso"
_UNITS: Final = {"unix": 1000, "unix_ms": 1}


def _written(text: str) -> str:
    return text if text == _ISO or text in _UNITS else readable_format(text)


class Times(Strict):
    read: Annotated[str, AfterValidator(readable_format)] | None = Field(
        default=None,
        description="Python's strptime, where times are neither ISO 8601 nor seconds or milliseconds since 1970.",
    )
    write: Annotated[str, AfterValidator(_written)] = Field(
        default=_ISO, description="How `{since}` is written: `iso`, `unix` (seconds), `unix_ms`, or Python's strftime."
    )
    zone: Annotated[str, AfterValidator(zone_name)] = Field(default="UTC", description="Of times that name no zone.")

    def read_ms(self, value: Any, path: str) -> int:
        """Raises `Misshapen` where it is no time."""
        at = moment(value) if self.read is None else None
        try:
            if at is None and isinstance(value, str):
                at = datetime.fromisoformat(value) if self.read is None else datetime.strptime(value, self.read)  # noqa: DTZ007  # the next line gives it a zone
        except ValueError:
            at = None
        if at is None:
            raise Misshapen(path, "a time")
        zoned = at if at.tzinfo is not None else at.replace(tzinfo=ZoneInfo(self.zone))
        return int(zoned.timestamp() * 1000)

    def text(self, at_ms: int) -> str:
        """For a request, in the zone of the system."""
        if self.write in _UNITS:
            return str(at_ms // _UNITS[self.write])
        at = datetime.fromtimestamp(at_ms // 1000, UTC)
        if self.write == _ISO:
            return at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return at.astimezone(ZoneInfo(self.zone)).strftime(self.write)


def minutes_since(at_ms: int, now_ms: int) -> int:
    """Whole minutes, never too few."""
    return max(1, math.ceil((now_ms - at_ms) / 60_000) + 1)


def of_header(date: str | None) -> int | None:
    """The clock of the system, as its answers tell it (RFC 9110, 6.6.1)."""
    try:
        return None if date is None else int(parsedate_to_datetime(date).timestamp() * 1000)
    except ValueError:
        return None
