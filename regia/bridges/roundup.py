"""Bridges to Roundup."""

from typing import Literal

from pydantic import Field

from config.secrets import Secret
from connectors.exchange import Http
from desk.bridges.roundup import Roundup
from desk.bridges.roundup_rest import RoundupRest
from regia.bridges.common import Address, Marked, Word


class RoundupBridge(Marked):
    """A tracker, of which contacts become issues."""

    type: Literal["roundup"]
    url: Address = Field(description="The tracker's first page, such as https://help.example/support/.")
    user: Word = Field(description="The bridge's own user in the tracker: what it writes is no agent's answer.")
    password: Secret = Field(description="Of that user.")
    closed: tuple[Word, ...] = Field(default=("resolved",), min_length=1, description="Statuses in which an issue is closed.")
    reopened: Word = Field(default="chatting", description="The status of an issue that is open again.")


def roundup(settings: RoundupBridge, http: Http) -> Roundup:
    rest = RoundupRest(http, settings.url, settings.user, settings.password)
    return Roundup(rest, settings.ways, user=settings.user, marks=settings.marks)
