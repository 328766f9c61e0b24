"""What a dead node had committed is published by another: one relay a foreign node, under that node's lease.

Every node holds the lease of its own name and renews it (`regia.outbox_lease`). A node whose lease is free is dead (or stands
by without Redis, which costs repeats, never losses): whoever gets the lease relays its outbox until it is empty, until the node
is back and says so, or until nothing was confirmed for a while, so that another may try. Who was paused meanwhile publishes
nothing more of it: the relay's fence is open for as long as the lease lasts.
"""

import asyncio
import logging
import math
import time
from contextlib import suppress
from typing import Final

from dispatcher.cancelling import cancelled
from dispatcher.relay import Relay
from regia.gateway import Gateway
from regia.outbox_lease import LEASE, lease_of, wanted
from regia.runners.leases import owner_of
from storage import outbox
from storage.coordination import CoordinationUnavailable
from storage.database import DatabaseUnavailable

logger = logging.getLogger(__name__)

_EVERY: Final = 10.0
_LOOK: Final = 0.2
_ASK: Final = 1.0
"""Seconds between looks whether the node is back."""
_IN_VAIN: Final = 30.0
"""Seconds without a confirm after which another node may try."""
_REST: Final = 15.0
"""Seconds for which an outbox that was given back is left to others: longer than they look away."""
_MOST: Final = 8
"""Outboxes that one node publishes at once beside its own."""
_LAST: Final = 5.0
"""Seconds for the answers to what is on its way, when an outbox is given back."""
_STOP: Final = 1.0
"""The same when the gateway stops, and for giving the lease back."""


async def relay_for_the_dead(gateway: Gateway) -> None:
    """Every ten seconds look for outboxes of nodes that do not keep their leases."""
    foreign = Foreign(gateway)
    try:
        while True:
            try:
                if not gateway.missing:
                    await foreign.look_around()
            except DatabaseUnavailable as error:
                logger.warning("other nodes' outboxes are not looked after", extra={"reason": str(error)})
            except Exception:  # one defect must not leave them for ever
                logger.exception("other nodes' outboxes are not looked after")
            await asyncio.sleep(_EVERY)
    finally:
        await foreign.stop()


class Foreign:
    """The outboxes of other nodes, each with work of its own: one that is stuck holds up no other."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._database, self._coordination = gateway.stores.database, gateway.stores.coordination
        self._owner = owner_of(gateway)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._given_back: dict[str, float] = {}
        """When work on a node's outbox ended that was not at its end."""

    async def look_around(self) -> None:
        """Begin with those that wait for somebody, longest left first. Raises `DatabaseUnavailable`."""
        node = self._gateway.configured.node
        others = [one for one in await self._database.read(outbox.nodes_with_pending) if one != node]
        if others and not self._gateway.knows_other_nodes:
            logger.warning(
                "outboxes of other node names wait, and without Redis nobody can tell who lives", extra={"nodes": others}
            )
            return
        rested = time.monotonic() - _REST
        self._given_back = {one: at for one, at in self._given_back.items() if one in others}
        for other in sorted(others, key=lambda one: self._given_back.get(one, -math.inf)):
            free = other not in self._tasks and self._given_back.get(other, -math.inf) <= rested
            if free and len(self._tasks) < _MOST:
                self._tasks[other] = asyncio.create_task(self._look_after(other), name=f"outbox of {other}")

    async def stop(self) -> None:
        """End all work, with a moment for what is on its way."""
        tasks = tuple(self._tasks.values())
        await cancelled(tasks)

    async def _look_after(self, other: str) -> None:
        try:
            await self._take_over(other)
        except (CoordinationUnavailable, DatabaseUnavailable) as error:
            more = {"dead_node": other, "reason": str(error)}
            logger.warning("another node's outbox is not looked after", extra=more)
        except Exception:  # one defect must not leave it for ever
            logger.exception("another node's outbox is not looked after", extra={"dead_node": other})
        finally:
            del self._tasks[other]

    async def _take_over(self, other: str) -> None:
        if await self._coordination.holder(wanted(other)) is not None:
            return  # it is back, and about to take it
        asked = time.monotonic()
        token = await self._coordination.acquire(lease_of(other), self._owner, LEASE)
        if token is None:
            return
        logger.warning("a node is gone: its outbox is published from here", extra={"dead_node": other})
        relay = self._gateway.relay_of(other)
        relay.fence.hold(LEASE, asked)
        relay.start()
        seconds = _STOP
        try:
            why = await self._while_it_is_ours(other, token, relay, asked)
            seconds = _LAST
            if why is not None:
                self._given_back[other] = time.monotonic()
                logger.info("a node's outbox is given back", extra={"dead_node": other, "reason": why})
        finally:
            await relay.finish(seconds)
            with suppress(CoordinationUnavailable, TimeoutError):  # it ends by itself
                async with asyncio.timeout(_STOP):
                    await self._coordination.release(lease_of(other), self._owner, token)

    async def _while_it_is_ours(self, other: str, token: int, relay: Relay, asked: float) -> str | None:
        """Until it is empty, or why it must be left. Raises `CoordinationUnavailable`."""
        began = looked = time.monotonic()
        while not relay.idle:
            await asyncio.sleep(_LOOK)
            now = time.monotonic()
            if now - looked >= _ASK:
                looked = now
                if await self._coordination.holder(wanted(other)) is not None:
                    return "the node is back"
            if now - max(began, relay.confirmed) >= _IN_VAIN:
                return "nothing was confirmed"
            if now - asked >= _EVERY:
                asked = time.monotonic()
                if not await self._coordination.renew(lease_of(other), self._owner, token, LEASE):
                    return "somebody else has it"
                relay.fence.hold(LEASE, asked)
        return None
