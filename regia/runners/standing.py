"""How it goes with a source: a figure, a line in the log and a durable event at each change, never silence."""

import logging
import time
from collections import deque
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias
from uuid import uuid4

import orjson

from connectors.base import ChannelEvent, Parsed
from connectors.errors import Rejected, SourceReason
from regia.pipeline.intake import Intake
from regia.watch.metrics import SOURCE_FAILURES, SOURCE_SUCCESS, SOURCE_UP

logger = logging.getLogger(__name__)

Reason: TypeAlias = SourceReason | Literal["not_accepted", "no_lease", "stuck"]
"""`not_accepted`: the journal takes nothing, so nothing is taken from the source either. `no_lease`: with Redis away
nobody knows who polls it. `stuck`: whoever polls it was not heard of for too long."""

OK: Final = "ok"
STARTING: Final = "starting"
ELSEWHERE: Final = "polled by another node"

_TELL_EVERY: Final = 600.0
"""Seconds between lines about what has not changed."""
_MOST_EVENTS: Final = 20
"""Events of a source in `_TELL_EVERY`: one that comes and goes every second must not fill the database."""


class Standing:
    """Of one source. `states` is where the readiness page reads it."""

    def __init__(self, intake: Intake, connector: str, source: str, states: dict[str, str]) -> None:
        self._intake = intake
        self._connector = connector
        self._source = source
        self._states = states
        self._since = datetime.now(UTC)
        """Of the state: for a failure, since when nothing was had."""
        self._failed: Reason | None = None
        self._announced: Reason | None = None
        """What the last event said."""
        self._told: tuple[Reason, str] | None = None
        """What the last line in the log said of a failure, and when (monotonic)."""
        self._told_at = 0.0
        self._events: deque[ChannelEvent] = deque(maxlen=_MOST_EVENTS)
        """Not accepted yet."""
        self._when: deque[float] = deque(maxlen=_MOST_EVENTS)
        """Times of the last events."""
        self.heard()
        self._show(STARTING, up=False)

    def heard(self) -> None:
        """There is somebody who polls it, or waits for something else than the source."""
        self._heard_at = time.monotonic()

    @property
    def quiet_for(self) -> float:
        """Seconds since the last word."""
        return time.monotonic() - self._heard_at

    async def ok(self) -> None:
        """It answered as it should."""
        self.heard()
        SOURCE_SUCCESS.labels(self._connector, self._source).set(time.time())
        self._show(OK, up=True)
        if self._failed is not None:
            logger.info("a source is back", extra=self._words | {"reason": self._failed, "since": self._since.isoformat()})
        self._announce(None)
        self._failed = self._told = None
        self._since = datetime.now(UTC)
        await self._flush()

    async def failed(self, reason: Reason, detail: str, defect: Exception | None = None) -> None:
        """An attempt failed. `detail` may stand in logs; of `defect` its type and place do."""
        self.heard()
        SOURCE_FAILURES.labels(self._connector, self._source, reason).inc()
        self._show(reason, up=False)
        now = time.monotonic()
        what = (reason, detail if defect else "")
        if what != self._told or now - self._told_at >= _TELL_EVERY:
            self._told, self._told_at = what, now
            more = {"reason": reason, "detail": detail, "since": self._since.isoformat()}
            level = logging.ERROR if defect else logging.WARNING
            logger.log(level, "a source cannot be polled; it is tried again", extra=self._words | more, exc_info=defect)
        self._failed = reason
        self._announce(reason)
        await self._flush()

    def elsewhere(self) -> None:
        """Another node polls it, and tells how it goes: a figure of ours would be an alarm about nothing."""
        self.heard()
        if self._states.get(self._key) == ELSEWHERE:
            return
        self._failed = self._announced = self._told = None
        self._states[self._key] = ELSEWHERE
        SOURCE_UP.remove(self._connector, self._source)
        logger.info("a source is polled by another node", extra=self._words)

    def gone(self) -> None:
        """It is not polled from here any more."""
        self._states.pop(self._key, None)
        SOURCE_UP.remove(self._connector, self._source)

    @property
    def _key(self) -> str:
        return f"{self._connector}/{self._source}"

    @property
    def _words(self) -> dict[str, str]:
        return {"connector": self._connector, "source": self._source}

    def _show(self, state: str, *, up: bool) -> None:
        self._states[self._key] = state
        SOURCE_UP.labels(self._connector, self._source).set(up)

    def _announce(self, reason: Reason | None) -> None:
        """Prepare the event of a change, unless there were too many: then the last state is told when there is room."""
        now = time.monotonic()
        full = len(self._when) == _MOST_EVENTS and now - self._when[0] < _TELL_EVERY
        if reason == self._announced or full:
            return
        self._when.append(now)
        self._events.append(self._event(reason))
        self._announced = reason

    def _event(self, reason: Reason | None) -> ChannelEvent:
        told = self._words | {"reason": reason or self._announced, "since": self._since.isoformat(timespec="milliseconds")}
        return ChannelEvent(
            event_key=f"{self._source} {uuid4().hex}",
            type="source.failed" if reason else "source.back",
            account=None,
            raw=orjson.dumps(told),
            at=datetime.now(UTC),
        )

    async def _flush(self) -> None:
        """Make the events durable; those that the journal does not take now are tried again at the next turn."""
        if not self._events:
            return
        waiting = tuple(self._events)
        try:
            await self._intake.accept(self._connector, Parsed(events=waiting))
        except Rejected:
            return
        for _ in waiting:
            self._events.popleft()
