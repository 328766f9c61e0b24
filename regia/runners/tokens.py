"""Whether tokens are good, and for how long: every connector is asked about its own once an hour, by one node, and what is
refused when a message is sent says so too, on the node that sends."""

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
from regia.watch.sends import Sends

logger = logging.getLogger(__name__)

EVERY: Final = 3600.0
_FIRST: Final = 60.0
"""Seconds over which the first questions are spread."""
_LONGEST: Final = 60.0
"""Seconds a connector may take to answer."""
_KINDS: Final = ("token_expiring", "token_refused")


class Tokens:
    """Asks `connectors`, and hears `sends`. `days` is how long before its end a token is about to expire; `now` gives seconds
    since 1970, `clock` seconds of a clock that nobody sets."""

    def __init__(
        self,
        connectors: Mapping[str, Connector],
        http: Http,
        sends: Sends,
        alarms: Alarms,
        *,
        days: int,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connectors = connectors
        self._http = http
        self._sends = sends
        self._alarms = alarms
        self._soon = timedelta(days=days)
        self._now = now
        self._clock = clock
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
            due = self._due.setdefault(name, self._clock() + random.uniform(0, _FIRST))  # noqa: S311  # no secret
            if self._clock() < due:
                continue
            found = await self._ask(name, connector)
            if found is not None:
                await self._judge(name, found)
                self.known[name] = found
                answered = True
            self._due[name] = self._clock() + EVERY * random.uniform(0.9, 1.1)  # noqa: S311  # no secret
        await self._forget()
        return answered

    async def hear(self) -> bool:
        """Whether what was sent began or ended an alarm. Raises `DatabaseUnavailable`."""
        news = self._sends.news()
        for connector in news:
            detail = "a message was refused: the token is not valid, or may not do that"
            await self._alarms.begin("token_refused", connector, detail, name=SENDING)
            self._sends.reported(connector)
        ours = [one for one in self._alarms.open.values() if one.name == SENDING]
        over = [one for one in ours if self._sends.over(one.connector, one.raised_ms)]
        for alarm in over:
            await self._alarms.end(alarm)
        return bool(news or over)

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
        if found and all(one.valid for one in found):
            self._sends.valid(connector)
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
