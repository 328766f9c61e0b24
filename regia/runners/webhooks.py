"""Webhooks at work: each is run by one node at a time. One that fails for long is disabled; its contacts stay in the queue."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Final, NoReturn

import msgspec

from desk import webhooks
from desk.bridges.base import SystemUnavailable
from desk.bridges.bridge import envelope_id_of
from desk.webhooks import HookFailed, HookGone, HookRefused
from dispatcher.orders import NotNow
from regia.by_hand import now_ms
from regia.compose import Configured, Stores
from regia.gateway import Gateway
from regia.runners.carrying import DONE, Carrier
from regia.runners.leases import Lease, owner_of
from regia.runners.owned import STOP, once_open, run_owned
from regia.runners.places import Place
from regia.watch.metrics import BRIDGES
from storage.database import DatabaseUnavailable

logger = logging.getLogger(__name__)

_HOUR_MS: Final = 3_600_000
_TRIES: Final = 3
"""Of one that is refused, before it is a dead letter."""
_MOST_DEAD: Final = 3
"""Dead letters without one being taken in between: then it is the receiver that is wrong."""
_CONTINUOUS_MS: Final = _HOUR_MS
"""Between two failures of which the second goes on with the first."""
LOOK: Final = 5.0
"""Seconds between two looks at whether somebody has enabled it."""


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """`failing_ms`: since when nothing was taken; `disabled`: why nothing is sent, `gone` or `failing`. `works`: something was
    taken once; `dead`: how many were refused for good since the last that was taken."""

    failing_ms: int | None = None
    disabled: str | None = None
    works: bool = False
    dead: int = 0


def place_of(name: str) -> str:
    """Where the state of a webhook is kept."""
    return f"webhook/{name}"


class Webhooks:
    """All of them."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        names = gateway.configured.settings.webhooks
        self._hooks = [Hook(gateway.configured, gateway.stores, name, owner_of(gateway)) for name in names]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(once_open(self._gateway, one.run), name=f"webhook-{one.name}") for one in self._hooks
        ]

    async def stop(self) -> None:
        """What was posted and not acknowledged is posted again, under the same id."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP)


class Hook:
    """Runs one. `owner` is who this process is among those that could."""

    def __init__(
        self, configured: Configured, stores: Stores, name: str, owner: str, *, now: Callable[[], int] = now_ms
    ) -> None:
        self.name = name
        self._settings = configured.settings.webhooks[name]
        self._stores = stores
        self._now_ms = now
        self._place = Place(stores.database, place_of(name))
        self._lease = Lease(stores.coordination, place_of(name), owner)
        self._carriers = {queue: Carrier(configured, stores, name, self._put, self._enabled) for queue in self._settings.queues}
        self._refused: Counter[str] = Counter()
        """How often envelopes were refused that are not taken yet."""
        self._failed_ms: int | None = None
        """When the last try failed."""

    async def run(self) -> NoReturn:
        """For ever: while the lease is this process's."""
        carried = self._carriers.items()
        await run_owned(self.name, self._lease, self._place, lambda: [one.carry(queue) for queue, one in carried])

    @property
    def _state(self) -> State:
        return State() if self._place.cursor is None else msgspec.json.decode(self._place.cursor, type=State)

    async def _enabled(self) -> None:
        while self._is_disabled():
            BRIDGES.labels(self.name).set(0)
            await asyncio.sleep(LOOK)
            await self._place.save()  # first of all it must be known
            try:
                await self._place.reread()
            except DatabaseUnavailable:
                continue
            if not self._is_disabled():
                logger.info("a webhook is enabled again", extra={"webhook": self.name})

    def _is_disabled(self) -> bool:
        return self._state.disabled is not None

    async def _become(self, state: State) -> None:
        """Raises `Fenced`."""
        if state != self._state:
            await self._place.move(msgspec.json.encode(state).decode())

    async def _put(self, body: bytes) -> str:
        id_ = envelope_id_of(body)
        if not id_:
            return "no_envelope"
        self._check()
        headers = webhooks.headers_of(id_, int(time.time()), body, self._settings.keys)
        try:
            await webhooks.post(self._stores.http, self._settings.url, body, headers)
        except HookGone:
            await self._disable("gone")
        except HookFailed as error:
            self._check()  # by another queue meanwhile
            if not (isinstance(error, HookRefused) and self._is_alone(id_)):
                await self._failed(error)
            about = {"webhook": self.name, "envelope": id_, "error": str(error)}
            logger.warning("a webhook refuses a contact, which is a dead letter now", extra=about)
            await self._went(id_, State(works=True, dead=self._state.dead + 1))
            return "refused"
        await self._went(id_, State(works=True))
        return DONE

    def _check(self) -> None:
        """Raises `NotNow` where nothing is sent any more."""
        if self._state.disabled is not None:
            raise NotNow(f"webhook {self.name} is disabled: {self._state.disabled}")

    async def _went(self, id_: str, state: State) -> None:
        """It leaves its queue."""
        del self._refused[id_]
        self._failed_ms = None
        BRIDGES.labels(self.name).set(1)
        if self._state.disabled is None:
            await self._become(state)

    def _is_alone(self, id_: str) -> bool:
        """Whether this one is wrong, and not the receiver."""
        self._refused[id_] += 1
        return self._refused[id_] >= _TRIES and self._state.works and self._state.dead < _MOST_DEAD

    async def _failed(self, error: HookFailed) -> NoReturn:
        """Raises `SystemUnavailable`, and `NotNow` where it was too long."""
        now_ms, before, state = self._now_ms(), self._failed_ms, self._state
        goes_on = before is None or now_ms - before < _CONTINUOUS_MS
        since = state.failing_ms if goes_on and state.failing_ms is not None else now_ms
        self._failed_ms = now_ms
        if now_ms - since >= self._settings.disable_after_hours * _HOUR_MS:
            await self._disable("failing")
        await self._become(msgspec.structs.replace(state, failing_ms=since))
        raise SystemUnavailable(f"webhook {self.name}: {error}", error.after)

    async def _disable(self, why: str) -> NoReturn:
        logger.error("a webhook is disabled: see regia webhook enable", extra={"webhook": self.name, "reason": why})
        await self._become(msgspec.structs.replace(self._state, disabled=why))
        raise NotNow(f"webhook {self.name} is disabled: {why}")
