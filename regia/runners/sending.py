"""Messages out: what is queued is taken by one node, given to its channel, and its end is recorded and told.

A row is marked `sending` before the channel is called. Killed in between, nobody knows whether it left: it becomes
`unknown` and is not sent again. What the channel refuses for now comes again later, for a day; its conversation waits.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from sqlalchemy import Connection

from connectors.abilities import Limits
from connectors.base import Connector, Http, Outgoing, Sent
from connectors.errors import SendFailed
from desk.outbound import message
from dispatcher.cancelling import cancelled
from regia.pipeline.intake import Intake
from regia.runners import outcomes
from regia.runners.loading import Loader
from regia.runners.pacing import Pace
from regia.runners.settling import Settling
from regia.runners.telling import Telling
from regia.runners.tidying import tidy
from regia.watch.metrics import OUTGOING
from regia.watch.sends import Sends
from storage import outgoing_tries
from storage.database import Database, DatabaseUnavailable
from storage.outgoing_tries import Claimed, Tried

logger = logging.getLogger(__name__)

AT_ONCE, SHOWN_AT_ONCE = 4, 256
"""Messages on the way through one connector; the second where nobody is called, and we show ourselves what has left."""
LONGEST: Final = 900.0
"""Seconds after which a channel that bounds nothing itself is given up."""
LOST: Final = 3600.0
"""Seconds after which a row in `sending` is nobody's: more than the longest try and every pause of a machine."""

_LOOK: Final = 1.0
_TIDY: Final = 60.0
_LET_GO: Final = 2.0


class Sender:
    """Sends what is queued in one database. `left`, by connector, hears of it; `wake` is set where something may be due at
    once. `now` gives seconds since 1970, `clock` those of a clock that nobody sets."""

    def __init__(
        self,
        database: Database,
        connectors: Mapping[str, Connector],
        http: Http,
        intake: Intake,
        node: str,
        *,
        loader: Loader,
        limits: Mapping[str, Limits] | None = None,
        sends: Sends | None = None,
        left: Mapping[str, outcomes.Left] | None = None,
        wake: asyncio.Event | None = None,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._connectors = connectors
        self._http = http
        self._node = node
        self._loader = loader
        self._limits = limits or {}
        self._sends = sends or Sends(now)
        self._left = left or {}
        self._now = now
        self._clock = clock
        self._settling = Settling(database, node)
        self._telling = Telling(database, intake, node)
        self._pace = Pace({name: limit.rate for name, limit in self._limits.items()}, clock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: Counter[str] = Counter()
        """Messages on their way, by connector."""
        self._wake = wake or asyncio.Event()
        self._tidied = float("-inf")
        self._started = False

    async def run(self) -> None:
        """For ever."""
        while True:
            self._wake.clear()
            try:
                await self.look()
            except DatabaseUnavailable as error:
                logger.warning("nothing can be sent", extra={"reason": str(error)})
            except Exception:  # one defect must not keep everything from being sent for ever
                logger.exception("sending failed; it goes on")
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK):  # not wait_for, which before Python 3.12 may swallow a cancellation
                    await self._wake.wait()

    async def look(self) -> None:
        """Take what is due, and tell what has ended. Raises `DatabaseUnavailable`."""
        await self._tidy()
        now_ms = self._now_ms()
        free = [name for name in self._connectors if self._busy[name] < self._most(name)]
        for name in await self._database.read(lambda connection: outgoing_tries.due(connection, now_ms, free)):
            for row in await self._claim(name, now_ms):
                task = asyncio.create_task(self._send(row), name=f"send {row.id}")
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        await self._tell()

    async def close(self) -> None:
        """After `run` was cancelled. What is not done in time stays `sending`, and is `unknown` at the next start."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LET_GO)
        await cancelled(self._tasks)
        if self._started:
            with suppress(DatabaseUnavailable, TimeoutError):
                async with asyncio.timeout(_LET_GO / 2):
                    await self._tell()

    def _most(self, connector: str) -> int:
        return SHOWN_AT_ONCE if connector in self._left else AT_ONCE

    def _now_ms(self) -> int:
        return int(self._now() * 1000)

    async def _tidy(self) -> None:
        """Once a minute, and first of all: rows that nobody sends any more get their end."""
        if self._clock() - self._tidied < _TIDY:
            return
        now_ms, known, started = self._now_ms(), list(self._connectors), not self._started
        if lost := await self._database.write(lambda one: tidy(one, self._node, known, now_ms, started=started)):
            logger.warning("nobody knows whether messages left; they are not sent again", extra={"messages": lost})
        self._started, self._tidied = True, self._clock()

    async def _claim(self, connector: str, now_ms: int) -> Sequence[Claimed]:
        """Take rows, with the ids they will have, in one transaction before anything leaves."""
        lost_ms = now_ms + int(LOST * 1000)
        limit = self._most(connector) - self._busy[connector]

        def work(connection: Connection) -> list[Claimed]:
            rows = outgoing_tries.claim(connection, connector, self._node, now_ms=now_ms, lost_ms=lost_ms, limit=limit)
            named: dict[str, str] = {}
            for row in rows:
                with suppress(SendFailed):  # `send` says the same again
                    if (id_ := self._connectors[connector].outgoing_id(message(row))) is not None:
                        named[row.id] = id_
            outgoing_tries.name(connection, named)
            return rows

        rows = await self._database.write(work)
        self._busy[connector] += len(rows)
        return rows

    async def _send(self, row: Claimed) -> None:
        try:
            values, parts = await self._known_outcome(row)
            OUTGOING.labels(row.connector, values["state"]).inc()
            await self._recorded(Tried(row=row, values=values, parts=parts))
        finally:
            self._busy[row.connector] -= 1
            self._wake.set()

    async def _known_outcome(self, row: Claimed) -> tuple[outcomes.Values, Sequence[str]]:
        """Whatever goes wrong, the row gets an end: one left in `sending` would hold its conversation for an hour."""
        try:
            return await self._outcome(row)
        except Exception as error:
            logger.exception("what became of a message could not be worked out", extra={"connector": row.connector})
            return outcomes.broken(error, self._now_ms()), ()

    async def _outcome(self, row: Claimed) -> tuple[outcomes.Values, Sequence[str]]:
        """Call the channel in its turn; the columns that tell what came of it, and the ids of several parts."""
        try:
            async with asyncio.timeout(LONGEST):
                files = await self._loader.files(row)
                sent = await self._in_turn(row.connector, message(row, files))
        except SendFailed as failed:
            if failed.code == "auth":
                self._sends.refused(row.connector, failed)
            return outcomes.failed(row, failed, self._now_ms()), failed.left
        except Exception as error:
            logger.exception("a channel failed to say what became of a message", extra={"connector": row.connector})
            return outcomes.broken(error, self._now_ms()), ()
        self._sends.taken(row.connector)
        return outcomes.sent(sent, self._now_ms()), sent.external_ids if len(sent.external_ids) > 1 else ()

    async def _in_turn(self, connector: str, outgoing_: Outgoing) -> Sent:
        """Raises `SendFailed`."""
        account, limits = (connector, outgoing_.account), self._limits.get(connector)
        await self._pace.turn(account, limits.messages(outgoing_.text, len(outgoing_.files)) if limits else 1)
        try:
            return await self._connectors[connector].send(outgoing_, self._http)
        except SendFailed as failed:
            if failed.code == "rate_limited":
                self._pace.hold(account, failed.retry_after)
            raise

    async def _recorded(self, tried: Tried) -> None:
        """Also where what came of it cannot be written down: see `_known_outcome`."""
        try:
            await self._settle(tried)
        except Exception as error:
            logger.exception("what became of a message cannot be recorded", extra={"connector": tried.row.connector})
            await self._settle(Tried(row=tried.row, values=outcomes.broken(error, self._now_ms())))

    async def _settle(self, tried: Tried) -> None:
        row = tried.row
        if not await self._settling.record(tried):
            logger.warning("a message was given up before it was known what became of it", extra={"outgoing": row.id})
        elif (told := self._left.get(row.connector)) is not None:
            await told(row.id, row.handle_value)

    async def _tell(self) -> None:
        await self._telling.tell(self._now_ms())
