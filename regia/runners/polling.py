"""Channels that are asked: every source of every connector is polled, by one node at a time, for as long as it runs.

One step: what lies there → read → journal → settle (flag, move) → cursor. Killed in between, the step comes again, and
what the journal or the database know already is a repeat. A session that fails is replaced, after a pause; a source is
never given up.
"""

import asyncio
import logging
import random
import time
from typing import Final

from connectors.base import Connector, Parsed, Polled, Session, Source
from connectors.errors import Rejected, SourceFailed
from regia.gateway import Gateway
from regia.runners import supervising, taking, watchdog
from regia.runners.leases import LOOK, Lease, owner_of
from regia.runners.places import Fenced, Place
from regia.runners.standing import Reason, Standing
from regia.runners.watchdog import Leftovers, bounded
from regia.watch.metrics import SOURCE_MESSAGES, SOURCE_UNSETTLED
from storage.coordination import CoordinationUnavailable

logger = logging.getLogger(__name__)

_PAUSES: Final = (1.0, 2.0, 5.0, 10.0, 15.0)
"""Seconds between attempts: new mail is seen within a minute of the end of an outage."""
_LONG_PAUSES: Final = (60.0, 120.0, 300.0)
_FOR_A_PERSON: Final = frozenset({"login_refused", "consent_gone", "not_installed", "folder_missing"})
"""What only a person repairs: asked less often, since many servers lock an account after some wrong logins."""
_STEADY: Final = 30.0
"""Seconds a session must have lived for the next failure to count as a first one."""
_LET_GO: Final = 2.0
"""Seconds a step that was cancelled has before its session is closed."""
_CLOSE: Final = 10.0
_SETTLE: Final = 3
"""Attempts to settle a step."""
_STOP: Final = 1.0
_UP: Final = 0.2


class Polling:
    """One task a source. `start` returns at once; the first step waits for the gateway's database."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._leftovers = Leftovers()
        self._pollers = [
            Poller(gateway, connector, source, self._leftovers)
            for connector in gateway.configured.connectors.values()
            for source in connector.sources()
        ]
        self._tasks: list[asyncio.Task[None]] = []
        self._looking_after: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._tasks = [supervising.begin(poller) for poller in self._pollers]
        self._looking_after = asyncio.create_task(supervising.look_after(self._gateway, self._pollers, self._tasks))

    async def stop(self) -> None:
        """Take nothing more, close the sessions and give the leases back, all within some three seconds: a session that
        does not close is left behind."""
        tasks = [*self._tasks, *((self._looking_after,) if self._looking_after else ())]
        for task in reversed(tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=2 * _STOP)
        await self._leftovers.end(_STOP)


class Poller:
    """Polls one source."""

    def __init__(self, gateway: Gateway, connector: Connector, source: Source, leftovers: Leftovers) -> None:
        self.name = f"{connector.name}/{source.name}"
        self._gateway = gateway
        self._connector = connector
        self._source = source
        self._leftovers = leftovers
        key = f"poll/{self.name}"
        self._lease = Lease(gateway.stores.coordination, key, owner_of(gateway))
        self._place = Place(gateway.stores.database, key)
        self.standing = Standing(gateway.intake, connector.name, source.name, gateway.sources)
        self._pause = Pause()
        self._step: asyncio.Task[object] | None = None
        """What the session is doing."""
        self._lives_since: float | None = None
        """Since when there is a session (monotonic)."""
        self._journalled = b""
        """The step that the journal has and the cursor has not passed: settled again, not accepted again."""
        self._refused = 0
        """How often that step could not be settled."""

    async def run(self) -> None:
        """For ever. Ends only by being cancelled, and gives the lease back then."""
        try:
            while "database" in self._gateway.missing:
                await asyncio.sleep(_UP)
            while True:
                try:
                    await self._as_owner()
                except CoordinationUnavailable as error:
                    await self.standing.failed("no_lease", str(error))
                except Exception as error:  # noqa: BLE001  # told with its place, and tried again: it must not end unseen
                    await self.standing.failed("defect", type(error).__name__, error)
                await asyncio.sleep(LOOK)
        finally:
            self.standing.gone()

    async def _as_owner(self) -> None:
        """Poll while the lease holds; return when somebody else has it."""
        token = await self._lease.take()
        if token is None:
            self.standing.elsewhere()
            return
        kept = asyncio.create_task(self._lease.keep())
        work = asyncio.create_task(self._work(token))
        try:
            await asyncio.wait({kept, work}, return_when=asyncio.FIRST_COMPLETED)
            if kept.done():
                logger.warning("a source's lease is lost; it is asked for again", extra={"source": self.name})
        finally:
            kept.cancel()
            work.cancel()
            await asyncio.wait({kept, work}, timeout=_STOP)
            await self._lease.give_back()
        for ended in (kept, work):
            if ended.done() and not ended.cancelled():
                ended.result()

    async def _work(self, token: int) -> None:
        """One session after the other. Returns when another owner has moved the cursor."""
        await self._place.open(token)
        while True:
            self._lives_since = None
            try:
                await self._poll()
            except Fenced:
                logger.warning("a source has another owner by now", extra={"source": self.name})
                return
            except SourceFailed as error:
                await self._again(error.reason, error.detail)
            except Exception as error:  # noqa: BLE001  # told with its place, and tried again
                await self._again("defect", type(error).__name__, error)

    async def _again(self, reason: Reason, detail: str, defect: Exception | None = None) -> None:
        """Say that it failed, and return when it is time for another attempt."""
        await self.standing.failed(reason, detail, defect)
        if self._lives_since is not None and time.monotonic() - self._lives_since >= _STEADY:
            self._pause.reset()
        await asyncio.sleep(self._pause.next(reason))

    async def _poll(self) -> None:
        """One session, until it fails. Raises `SourceFailed` and `Fenced`."""
        self._step = opening = asyncio.create_task(self._source.open(self._gateway.stores.http))
        try:
            session = await bounded(opening, watchdog.STEP)
        except BaseException:
            self._leftovers.add(_undo(opening), _CLOSE)
            raise
        self._lives_since = time.monotonic()
        try:
            while True:
                await self._turn(session)
        finally:
            self._leftovers.add(_close(session, self._step), _LET_GO + _CLOSE)

    async def _turn(self, session: Session) -> None:
        """One step, or one wait when there is nothing."""
        self._step = looking = asyncio.create_task(session.next(self._place.cursor))
        polled = await bounded(looking, watchdog.STEP)
        if polled is None:
            await self.standing.ok()
            await self._place.save()
            self._step = waiting = asyncio.create_task(session.wait())
            await bounded(waiting, watchdog.STEP)
            return
        await self._journal(polled)
        await self._settle(session, polled)
        await self._place.move(polled.cursor)
        await self.standing.ok()

    async def _journal(self, polled: Polled) -> None:
        """Return when the journal has the whole step, however long it takes nothing."""
        fingerprint = taking.fingerprint(polled)
        if fingerprint == self._journalled:
            return
        pause = Pause()
        parsed: Parsed | None = None
        while True:
            try:
                parsed = parsed or await taking.taken(self._connector, polled, self._gateway.reader)
                await self._gateway.intake.accept(self._connector.name, parsed)
            except Rejected as error:
                await self.standing.failed("not_accepted", error.detail)
                await asyncio.sleep(pause.next("not_accepted"))
            else:
                break
        self._journalled, self._refused = fingerprint, 0
        SOURCE_MESSAGES.labels(self._connector.name, self._source.name).inc(taking.number(polled))

    async def _settle(self, session: Session, polled: Polled) -> None:
        """Flag or move what the journal has. What is refused time and again, in one session after the other (no right to
        write in that folder), stays as it is: it is safe, and what came after it must not wait for it."""
        if self._refused == _SETTLE:
            logger.warning("contacts stay unmarked in their source: it refuses", extra={"source": self.name})
            SOURCE_UNSETTLED.labels(self._connector.name, self._source.name).inc(len(polled.marks))
            return
        self._refused += 1
        self._step = settling = asyncio.create_task(session.settle(polled))
        await bounded(settling, watchdog.STEP)
        self._refused = 0


class Pause:
    """How long to wait before the next attempt: longer with every failure of the same kind in succession."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._failures = 0
        self._long = False

    def next(self, reason: Reason) -> float:
        """Seconds after a failure, a little different each time so that sources do not come all at once."""
        long = reason in _FOR_A_PERSON
        if long != self._long:
            self._failures, self._long = 0, long
        pauses = _LONG_PAUSES if long else _PAUSES
        pause = pauses[min(self._failures, len(pauses) - 1)]
        self._failures += 1
        return pause * random.uniform(0.8, 1.0)  # noqa: S311  # no secret


async def _undo(opening: "asyncio.Task[Session]") -> None:
    """What an attempt to open leaves: nothing, or a session that came too late."""
    await asyncio.wait({opening})
    if not opening.cancelled() and opening.exception() is None:
        await opening.result().close()


async def _close(session: Session, step: "asyncio.Task[object] | None") -> None:
    """End a session, once its last step has let go of it."""
    if step is not None and not step.done():
        await asyncio.wait({step}, timeout=_LET_GO)
    await session.close()
