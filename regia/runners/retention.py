"""Removing what is older than the configuration keeps it, and what an erase could not do at once.

One node, which holds the lease `retention`, goes through everything once an hour, a small transaction at a time. Without
Redis all do: what is removed twice is removed once. Every node looks after its own journals when a customer was erased.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Final

from sqlalchemy import Connection, func, select

from dispatcher.base import QueuesUnavailable
from dispatcher.cancelling import cancelled
from regia.erasing.erase import forget_queued
from regia.erasing.failures import EraseFailed
from regia.erasing.files import end_files
from regia.erasing.journals import journals, scrub_files
from regia.erasing.reach import Reach
from regia.erasing.settings import Kind
from regia.gateway import Gateway
from regia.runners.leases import Turn
from regia.watch.metrics import REMOVED
from storage import retention as steps
from storage import staff_audit
from storage.blobs import BlobsUnavailable
from storage.database import DatabaseUnavailable
from storage.retention import Before, Done, Place, Step
from storage.schema import erased

logger = logging.getLogger(__name__)

EVERY: Final = 3600.0
"""Seconds between two passes through everything."""
LOOK: Final = 60.0
"""Seconds between looks for what an erase has left: the first pass is at the first of them."""
LEASE: Final = 300.0
"""Seconds after which another node goes on instead of one that is gone; longer than any transaction here."""
AGAIN: Final = 7 * 24 * 3600.0
"""Seconds for which dead letters are looked through again for an erased customer: who had one may reject it only then."""
_NAME: Final = "retention"
_REST: Final = 0.05
"""Seconds between two transactions: contacts come first."""
_JOURNAL: Final = 30.0
"""Seconds that a journal's file is waited for."""
_UP: Final = 0.2
_STOP: Final = 0.4
_DAY_MS: Final = 86_400_000

_BY_BRAND: Final[Mapping[Kind, Step]] = {
    "messages": steps.old_messages,
    "raw": steps.old_raw,
    "attachments": steps.old_attachments,
    "tickets": steps.old_tickets,
    "surveys": steps.old_surveys,
}
_BY_CONNECTOR: Final[Mapping[Kind, Step]] = {
    "quarantine": steps.old_quarantine,
    "signals": steps.old_signals,
    "outgoing": steps.old_outgoing,
}
_FOR_ALL: Final[Mapping[Kind, Step]] = {
    "events": steps.old_events,
    "event_ids": steps.old_ids,
    "repeats": steps.old_repeats,
    "mentions": steps.old_words,
    "challenges": steps.old_challenges,
    "operations": steps.old_operations,
    "notices": steps.old_notices,
    "console": staff_audit.old,
}


class Retaining:
    """The retention of a gateway. `start` returns at once; the first look waits for the database."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._retainer = Retainer(gateway)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="retention")

    async def stop(self) -> None:
        """End at once: what was not removed is removed the next time."""
        if self._task is not None:
            await cancelled([self._task])
        await self._retainer.close()

    async def _run(self) -> None:
        while "database" in self._gateway.missing:
            await asyncio.sleep(_UP)
        while True:
            await asyncio.sleep(LOOK)
            try:
                await self._retainer.look()
            except (DatabaseUnavailable, QueuesUnavailable, BlobsUnavailable, EraseFailed) as error:
                logger.warning("what is old is not removed now", extra={"reason": str(error)})
            except Exception:  # one defect must not keep everything for ever
                logger.exception("what is old is not removed now")


class Retainer:
    """Does what is due. `now` gives seconds since 1970, `clock` seconds of a clock that nobody sets."""

    def __init__(
        self, gateway: Gateway, *, now: Callable[[], float] = time.time, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._gateway = gateway
        self._reach = Reach.of(gateway)
        self._settings = gateway.configured.settings.retention
        self._turn = Turn(gateway, _NAME, LEASE)
        self._now = now
        self._clock = clock
        self._passed = float("-inf")
        self._scrubbed = 0
        """When the last customer was erased whose bytes are in no journal of this machine any more."""

    async def look(self) -> None:
        """Raises `DatabaseUnavailable`, `QueuesUnavailable`, `BlobsUnavailable` and `EraseFailed`."""
        await self._scrub()
        if not await self._turn.mine():
            return
        await end_files(self._reach.database, self._reach.blobs)
        if self._clock() - self._passed >= EVERY:
            await self._go_through()
            self._passed = self._clock()

    async def close(self) -> None:
        """Give the lease back, if that is done at once."""
        await self._turn.give_back()

    async def _go_through(self) -> None:
        if await self._last_erased() > (self._now() - AGAIN) * 1000:
            await forget_queued(self._reach)
        for kinds, names in ((_BY_BRAND, self._brands()), (_BY_CONNECTOR, self._connectors()), (_FOR_ALL, {})):
            for kind, step in kinds.items():
                before = self._before(kind, names)
                if before.latest is not None and not await self._all(kind, step, before):
                    return
        await end_files(self._reach.database, self._reach.blobs)

    async def _all(self, kind: Kind, step: Step, before: Before) -> bool:
        """Every transaction of a step; False when it is another node's turn meanwhile."""
        place: Place | None = ()
        while place is not None:
            if not await self._turn.mine():
                return False
            done = await self._once(step, before, place)
            REMOVED.labels(kind).inc(done.removed)
            place = done.place
            await asyncio.sleep(_REST)
        return True

    async def _once(self, step: Step, before: Before, place: Place) -> Done:
        now_ms = self._now_ms()
        return await self._reach.database.write(lambda connection: step(connection, before, place, now_ms))

    def _before(self, kind: Kind, names: Mapping[str, frozenset[str]]) -> Before:
        """`names`: brands or connectors, each with the brands that have a say in it: the longest time holds."""
        by_name = {name: self._at(kind, brands) for name, brands in names.items()}
        return Before(self._ago(self._settings.days(kind)), by_name)

    def _at(self, kind: Kind, brands: frozenset[str]) -> int | None:
        days = [self._settings.days(kind, brand) for brand in brands]
        known = [one for one in days if one is not None]
        return self._ago(max(known)) if known and len(known) == len(days) else None

    def _ago(self, days: int | None) -> int | None:
        return None if days is None else self._now_ms() - days * _DAY_MS

    def _brands(self) -> dict[str, frozenset[str]]:
        return {brand: frozenset((brand,)) for brand in self._settings.brands}

    def _connectors(self) -> dict[str, frozenset[str]]:
        return {name: connector.brands for name, connector in self._gateway.configured.connectors.items()}

    async def _scrub(self) -> None:
        """Contacts of a customer whom another process has erased may have left bytes in journals here."""
        last = await self._last_erased()
        if last > self._scrubbed:
            await scrub_files(journals(self._reach.journals), _JOURNAL)
            self._scrubbed = last

    async def _last_erased(self) -> int:
        def last(connection: Connection) -> int:
            query = select(func.max(erased.c.at_ms)).where(erased.c.kind == "customer")
            return connection.execute(query).scalar_one() or 0

        return await self._reach.database.read(last)

    def _now_ms(self) -> int:
        return int(self._now() * 1000)
