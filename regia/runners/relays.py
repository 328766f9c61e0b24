"""What a dead node had committed is published by another: one relay a foreign node, under that node's lease.

Every node holds the lease of its own name and renews it. A node whose lease is free is dead (or stands by without
Redis, which costs repeats, never losses): whoever gets the lease relays its outbox until it is empty.
"""

import asyncio
import logging
from typing import Final

from regia.gateway import Gateway
from storage import outbox
from storage.coordination import CoordinationUnavailable
from storage.database import DatabaseUnavailable

logger = logging.getLogger(__name__)

_LEASE: Final = 30.0
_EVERY: Final = 10.0
_LOOK: Final = 0.2


async def relay_for_the_dead(gateway: Gateway) -> None:
    """Hold the own lease; every ten seconds look for outboxes of nodes that do not hold theirs."""
    node = gateway.configured.settings.node
    while True:
        try:
            await gateway.stores.coordination.acquire(_name(node), node, _LEASE)
            if not gateway.missing:
                for other in await gateway.stores.database.read(outbox.nodes_with_pending):
                    if other != node:
                        await _take_over(gateway, other)
        except (CoordinationUnavailable, DatabaseUnavailable) as error:
            logger.warning("other nodes' outboxes are not looked after", extra={"reason": str(error)})
        await asyncio.sleep(_EVERY)


async def _take_over(gateway: Gateway, other: str) -> None:
    coordination, node = gateway.stores.coordination, gateway.configured.settings.node
    token = await coordination.acquire(_name(other), node, _LEASE)
    if token is None:
        return
    logger.warning("a node is gone: its outbox is published from here", extra={"dead_node": other})
    relay = gateway.relay_of(other)
    relay.start()
    try:
        loop = asyncio.get_running_loop()
        renewed = loop.time()
        while not relay.idle:
            await asyncio.sleep(_LOOK)
            if loop.time() - renewed < _EVERY:
                continue
            renewed = loop.time()
            await coordination.acquire(_name(node), node, _LEASE)
            if not await coordination.renew(_name(other), node, token, _LEASE):
                return
    finally:
        await relay.stop()
    await coordination.release(_name(other), node, token)


def _name(node: str) -> str:
    return f"relay/{node}"
