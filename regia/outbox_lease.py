"""The lease on a node's own outbox, and what follows from it for the node's relay.

| Redis says | the relay |
| --- | --- |
| the lease is ours | publishes, for as long as the lease lasts |
| another node has it | publishes nothing, and the gateway is not ready, until the other is done |
| nothing | publishes: who cannot ask cannot be told. Where another had it, only after the time that a lease lasts |

Whoever was paused for longer than its lease asks before it publishes.
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
ELSEWHERE: Final = "another node publishes what this one had committed; it goes on when that is done"


def lease_of(node: str) -> str:
    """The lease on a node's outbox."""
    return f"relay/{node}"


class OutboxLease:
    """Of the node `node`, whose relay looks at `fence`. The owner is the node's name, so that a restart gets it at once: names
    must differ."""

    def __init__(self, coordination: Callable[[], Coordination], node: str, fence: Fence) -> None:
        self._coordination = coordination
        self._node = node
        self._fence = fence
        self._refused = -math.inf
        """When somebody else was last heard to have it."""
        self._is_told = False

    async def hold(self) -> bool:
        """Take or keep it; False when another node has it. Raises `CoordinationUnavailable`."""
        asked = time.monotonic()
        try:
            async with asyncio.timeout(_EVERY):
                token = await self._coordination().acquire(lease_of(self._node), self._node, LEASE)
        except Exception as error:
            if asked - self._refused >= LEASE:
                self._fence.hold(LEASE, asked)
            if isinstance(error, TimeoutError):
                raise CoordinationUnavailable("Redis does not answer") from error
            raise
        if token is None:
            self._refused = asked
            self._fence.close()
            return False
        self._fence.hold(LEASE, asked)
        return True

    async def keep(self, missing: dict[str, str]) -> None:
        """For ever. `missing` gets `outbox` while another node has it."""
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

    def _tell(self, held: bool, missing: dict[str, str]) -> None:
        if not held and not self._is_told:
            missing["outbox"] = ELSEWHERE
            logger.warning("another node publishes the outbox of this one; nothing is published here until it is done")
        elif held and self._is_told:
            missing.pop("outbox", None)
            logger.info("the outbox is published from here again")
        self._is_told = not held
