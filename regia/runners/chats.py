"""The open windows of chats: told what is new from the beginning, and closed before anything else stops."""

import asyncio
from typing import Final

from dispatcher.cancelling import cancelled
from regia.gateway import Gateway

_UP: Final = 0.2
"""Seconds between looks whether the database is there."""


class Chats:
    """Of a gateway. `start` returns at once; the first look waits for the database."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if any(channel.way_in == "chat" for channel in self._gateway.configured.channels.values()):
            self._task = asyncio.create_task(self._run(), name="chats")

    async def stop(self) -> None:
        """Close all windows, so that their widgets go to another node or come again."""
        await self._gateway.chats.stop()
        if self._task is not None:
            await cancelled([self._task])

    async def _run(self) -> None:
        while "database" in self._gateway.missing:
            await asyncio.sleep(_UP)
        await self._gateway.chats.run()
