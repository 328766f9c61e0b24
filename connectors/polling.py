"""Channels that are asked: a mailbox, a bot. The gateway's runner owns the loop, the lease and the place reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from connectors.exchange import Http, Request, Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """One step through a source: what lay there, and the place after it. Several requests are several contacts."""

    requests: Sequence[Request]
    cursor: str
    """Where to go on once the journal has all of it; only the source reads it."""
    unreadable: Sequence[Unreadable] = ()
    """What lay there and cannot be handed over as it is."""
    marks: Sequence[Any] = ()
    """What `settle` needs to know; the source's own."""


class Session(Protocol):
    """An open source. Every method is bounded in time and raises `SourceFailed`, after which the session is over."""

    async def next(self, cursor: str | None) -> Polled | None:
        """What comes after `cursor` (None: from the source's configured beginning), or None when there is nothing now."""
        ...

    async def settle(self, polled: Polled) -> None:
        """Do what is to be done with contacts that the journal has: flag them, move them, or nothing."""
        ...

    async def wait(self) -> None:
        """Return when something may have come; at the latest after some 45 seconds, having seen that the session lives."""
        ...

    async def close(self) -> None:
        """End the session politely if that is possible; never raises."""
        ...


class Source(Protocol):
    """Something that is asked for contacts. `name` tells it from the connector's other ones, and may stand in logs."""

    @property
    def name(self) -> str: ...
    async def open(self, http: Http) -> Session:
        """Raises `SourceFailed`."""
        ...
