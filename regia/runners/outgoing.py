"""The sender of a gateway: begins with it and ends with it."""

import asyncio
from typing import Final

from dispatcher.cancelling import cancelled
from regia.gateway import Gateway
from regia.runners.loading import Loader
from regia.runners.sending import Sender

_UP: Final = 0.2
"""Seconds between looks whether the database is there."""


class Sending:
    """The sender of a gateway. `start` returns at once; the first look waits for the database."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._sender = Sender(
            gateway.stores.database,
            gateway.configured.connectors,
            gateway.stores.http,
            gateway.intake,
            gateway.configured.node,
            loader=Loader(gateway.stores.blobs, gateway.links),
            limits=gateway.configured.limits,
            sends=gateway.sends,
            wake=gateway.to_send,
            left={name: gateway.chats.left for name, one in gateway.configured.channels.items() if one.way_in == "chat"},
        )
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="sending")

    async def _run(self) -> None:
        while "database" in self._gateway.missing:
            await asyncio.sleep(_UP)
        await self._sender.run()

    async def stop(self) -> None:
        """Take nothing more, and let what is on its way arrive, for two seconds."""
        if self._task is not None:
            await cancelled([self._task])
        await self._sender.close()
