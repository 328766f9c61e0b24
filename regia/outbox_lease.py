"""The lease on a node's own outbox, and what follows from it for the node's relay.

| Redis says | the relay |
| --- | --- |
| the lease is ours | publishes, for as long as the lease lasts |
| another has it | publishes nothing, and the gateway is not ready, until the other has given it back |
| nothing | publishes: who cannot ask cannot be told. Where another had it, only after the time that a lease lasts |

Whoever was paused for longer than its lease asks before it publishes. The owner is the node's name and its journal, as of all
leases (`regia.runners.leases`): a gateway that was killed has the lease back at once when it starts again, and of two processes
of one name the second one is told so.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from typing import Final

from dispatcher.fence import Fence
from storage.coordination import Coordination, CoordinationUnavailable

logger = logging.getLogger(__name__)

LEASE: Final = 30.0
"""Seconds after which a node that says nothing is taken for dead."""
_EVERY: Final = 10.0
_AGAIN: Final = 1.0
"""Seconds between renewals, and between attempts while another node has it."""
_WANTED: Final = 6.0
"""Seconds for which a node that was refused is known to be back. It asks more often than that."""
ELSEWHERE: Final = "another node publishes what this one had committed; this one has asked for it, and goes on in a moment"
TWICE: Final = (
    "another process has the name of this node, and each needs its own (node); or this one began with a new data folder, "
    "and goes on within 30 seconds"
)


class OutboxElsewhere(Exception):
    """Somebody else publishes this node's outbox. The text may be shown to anybody."""


def lease_of(node: str) -> str:
    """The lease on a node's outbox."""
    return f"relay/{node}"


def wanted(node: str) -> str:
    """The lease by which a node that is back asks for its outbox: whoever publishes it looks whether somebody has it."""
    return f"wanted/{node}"


class OutboxLease:
    """Of the node `node` with the journal `journal`, whose relay looks at `fence`."""

    def __init__(self, coordination: Callable[[], Coordination], node: str, journal: str, fence: Fence) -> None:
        self._coordination = coordination
        self._node = node
        self._owner = f"{node}/{journal}"
        self._fence = fence
        self._refused = -math.inf
        """When somebody else was last heard to have it."""
        self._told: str | None = None

    async def hold(self) -> str | None:
        """Take or keep it; when somebody else has it, that in words. Raises `CoordinationUnavailable`."""
        asked = time.monotonic()
        try:
            async with asyncio.timeout(_EVERY):
                token = await self._coordination().acquire(lease_of(self._node), self._owner, LEASE)
                if token is None:
                    self._refused = asked
                    self._fence.close()
                    return await self._refusal()
        except Exception as error:
            if asked - self._refused >= LEASE:
                self._fence.hold(LEASE, asked)
            if isinstance(error, TimeoutError):
                raise CoordinationUnavailable("Redis does not answer") from error
            raise
        self._fence.hold(LEASE, asked)
        return None

    async def _refusal(self) -> str:
        holder = await self._coordination().holder(lease_of(self._node))
        if holder is not None and holder.startswith(f"{self._node}/"):
            return TWICE
        await self._coordination().acquire(wanted(self._node), self._owner, _WANTED)
        return ELSEWHERE

    async def keep(self, missing: dict[str, str]) -> None:
        """For ever. `missing` gets `outbox` while somebody else has it."""
        away = False
        while True:
            try:
                self._tell(await self.hold(), missing)
                away = False
            except CoordinationUnavailable as error:
                if not away:
                    logger.warning("the outbox is published without its lease", extra={"reason": str(error)})
                away = True
            except Exception:  # without it the relay would stop
                logger.exception("the lease on the outbox cannot be kept")
            await asyncio.sleep(_EVERY if self._fence.is_open else _AGAIN)

    def _tell(self, told: str | None, missing: dict[str, str]) -> None:
        if told == self._told:
            return
        if told is not None:
            missing["outbox"] = told
            logger.warning("nothing of the outbox is published here", extra={"reason": told})
        else:
            missing.pop("outbox", None)
            logger.info("the outbox is published from here again")
        self._told = told
