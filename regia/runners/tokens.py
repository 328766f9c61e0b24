"""Whether tokens are good, and for how long: every connector is asked about its own once an hour, by one node."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from connectors.base import Connector, Credential, Http
from connectors.errors import ChannelError
from regia.runners.alarms import SENDING, Alarms

logger = logging.getLogger(__name__)

EVERY: Final = 3600.0
_FIRST: Final = 60.0
"""Seconds over which the first questions are spread."""
_LONGEST: Final = 60.0
"""Seconds a connector may take to answer."""
_KINDS: Final = ("token_expiring", "token_refused")


class Tokens:
    """Asks `connectors`. `now` gives seconds since 1970; `days` is how long before its end a token is about to expire."""

    def __init__(
        self,
        connectors: Mapping[str, Connector],
        http: Http,
        alarms: Alarms,
        days: int,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._connectors = connectors
        self._http = http
        self._alarms = alarms
        self._soon = timedelta(days=days)
        self._now = now
        self._due: dict[str, float] = {}
        self.known: dict[str, Sequence[Credential]] = {}
        """What connectors last said."""

    def leave(self) -> None:
        """Another node asks now."""
        self._due.clear()
        self.known.clear()

    async def look(self) -> bool:
        """Ask those that are due, one after the other; whether any answered. Raises `DatabaseUnavailable`."""
        answered = False
        for name, connector in self._connectors.items():
            due = self._due.setdefault(name, self._now() + random.uniform(0, _FIRST))  # noqa: S311  # no secret
            if self._now() < due:
                continue
            found = await self._ask(name, connector)
            if found is not None:
                await self._judge(name, found)
                self.known[name] = found
                answered = True
            self._due[name] = self._now() + EVERY * random.uniform(0.9, 1.1)  # noqa: S311  # no secret
        await self._forget()
        return answered

    async def _ask(self, name: str, connector: Connector) -> Sequence[Credential] | None:
        """None: nobody knows."""
        try:
            async with asyncio.timeout(_LONGEST):
                return await connector.credentials(self._http)
        except (ChannelError, TimeoutError) as error:
            logger.info("nothing is known of a connector's tokens now", extra={"connector": name, "reason": str(error)})
        except Exception:
            logger.exception("a connector failed to say how it goes with its tokens", extra={"connector": name})
        return None

    async def _judge(self, connector: str, found: Sequence[Credential]) -> None:
        for one in found:
            if not one.valid:
                await self._alarms.begin("token_refused", connector, "the provider says that it is not valid", name=one.name)
                continue
            if (refused := self._alarms.get("token_refused", connector, one.name)) is not None:
                await self._alarms.end(refused)
            await self._judge_end(connector, one)
        names = {one.name for one in found} | {SENDING}
        for alarm in list(self._alarms.open.values()):
            if alarm.kind in _KINDS and alarm.connector == connector and alarm.name not in names:
                await self._alarms.end(alarm, "not_watched")

    async def _judge_end(self, connector: str, one: Credential) -> None:
        left = None if one.expires_at is None else one.expires_at - datetime.fromtimestamp(self._now(), UTC)
        if one.expires_at is not None and left is not None and left <= self._soon:
            detail = f"it ends at {one.expires_at.astimezone(UTC).isoformat(timespec='seconds')}"
            await self._alarms.begin("token_expiring", connector, detail, name=one.name)
        elif (expiring := self._alarms.get("token_expiring", connector, one.name)) is not None:
            await self._alarms.end(expiring)

    async def _forget(self) -> None:
        """Alarms of connectors that there are no more."""
        for alarm in list(self._alarms.open.values()):
            if alarm.kind in _KINDS and alarm.connector not in self._connectors:
                await self._alarms.end(alarm, "not_watched")
