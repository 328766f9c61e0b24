"""What a dead node had committed is published by another: one relay a foreign node, under that node's lease.

Every node holds the lease of its own name and renews it (`regia.outbox_lease`). A node whose lease is free is dead (or stands
by without Redis, which costs repeats, never losses): whoever gets the lease relays its outbox until it is empty. Who was
paused meanwhile publishes nothing more of it: the relay's fence is open for as long as the lease lasts.
"""

import asyncio
import logging
import time
from typing import Final

from regia.gateway import Gateway
from regia.outbox_lease import LEASE, lease_of
from regia.runners.leases import owner_of
from storage import outbox
from storage.coordination import CoordinationUnavailable
from storage.database import DatabaseUnavailable

logger = logging.getLogger(__name__)

_EVERY: Final = 10.0
_LOOK: Final = 0.2


async def relay_for_the_dead(gateway: Gateway) -> None:
    """Every ten seconds look for outboxes of nodes that do not keep their leases."""
    while True:
        try:
            if not gateway.missing:
                await _look_around(gateway)
        except (CoordinationUnavailable, DatabaseUnavailable) as error:
            logger.warning("other nodes' outboxes are not looked after", extra={"reason": str(error)})
        except Exception:  # one defect must not leave them for ever
            logger.exception("other nodes' outboxes are not looked after")
        await asyncio.sleep(_EVERY)


async def _look_around(gateway: Gateway) -> None:
    node = gateway.configured.node
    others = [one for one in await gateway.stores.database.read(outbox.nodes_with_pending) if one != node]
    if others and not gateway.knows_other_nodes:
        logger.warning(
            "outboxes of other node names wait, and without Redis nobody can tell who lives", extra={"nodes": others}
        )
        return
    for other in others:
        await _take_over(gateway, other)


async def _take_over(gateway: Gateway, other: str) -> None:
    coordination, owner = gateway.stores.coordination, owner_of(gateway)
    asked = time.monotonic()
    token = await coordination.acquire(lease_of(other), owner, LEASE)
    if token is None:
        return
    logger.warning("a node is gone: its outbox is published from here", extra={"dead_node": other})
    relay = gateway.relay_of(other)
    relay.fence.hold(LEASE, asked)
    relay.start()
    try:
        while not relay.idle:
            await asyncio.sleep(_LOOK)
            if time.monotonic() - asked < _EVERY:
                continue
            asked = time.monotonic()
            if not await coordination.renew(lease_of(other), owner, token, LEASE):
                return
            relay.fence.hold(LEASE, asked)
    finally:
        await relay.stop()
    await coordination.release(lease_of(other), owner, token)
