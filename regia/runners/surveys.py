"""Customers are asked after their ticket was closed: one node follows tickets, asks when it is time, and ends what is over."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection

from desk.surveys import asking, planning
from desk.surveys.planning import CLOSED, REOPENED
from desk.surveys.survey import Surveys
from regia.by_hand import now_ms
from regia.gateway import Gateway
from regia.runners.following import Follower
from regia.watch.metrics import SURVEYS
from storage.events import Numbered

_NAME: Final = "surveys"


class Asking:
    """The surveys of a gateway; without any in its configuration it does nothing."""

    def __init__(self, gateway: Gateway) -> None:
        self._follower = None
        if gateway.surveys is not None:
            work = Work(gateway.surveys)
            self._follower = Follower(gateway, _NAME, {CLOSED, REOPENED}, work.act, work.due, at_once=1)

    def start(self) -> None:
        """Return at once."""
        if self._follower is not None:
            self._follower.start()

    async def stop(self) -> None:
        """What was not committed is done by the next node that asks."""
        if self._follower is not None:
            await self._follower.stop()


class Work:
    """What is done in the transactions of the follower. `clock` gives milliseconds since 1970."""

    def __init__(self, surveys: Surveys, clock: Callable[[], int] = now_ms) -> None:
        self._surveys = surveys
        self._clock = clock

    def act(self, connection: Connection, told: Numbered) -> None:
        at_ms = self._clock()
        if told.type == REOPENED:
            for name, outcome in planning.reopened(connection, self._surveys, told, at_ms):
                SURVEYS.labels(name, outcome).inc()
        elif (planned := planning.plan(connection, self._surveys, told, at_ms)) is not None:
            SURVEYS.labels(*planned).inc()

    def due(self, connection: Connection, now_ms: int) -> bool:
        done, more = asking.work_off(connection, self._surveys, now_ms)
        if done is not None:
            SURVEYS.labels(*done).inc()
        return more
