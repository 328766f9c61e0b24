"""A gateway that polls, as tests look at it, kill it and wait for it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import select, text

from regia.gateway import Gateway
from regia.runners.polling import Polling
from storage import cursors
from storage.cursors import Cursor
from storage.schema import messages, quarantine, repeats, signals


@dataclass
class Node:
    """A gateway that runs, with its poller; `source` is the one that is looked at."""

    gateway: Gateway
    polling: Polling
    source: str = "box/INBOX"

    @property
    def state(self) -> str | None:
        return self.gateway.sources.get(self.source)

    def kill(self) -> None:
        """What a killed process leaves: nothing is closed, nothing is given back."""
        for poller in self.polling._pollers:
            poller._lease._token = None
        for task in self.polling._tasks:
            task.cancel()

    async def rows(self, table: Any) -> list[dict[str, Any]]:
        read = self.gateway.stores.database.read
        return await read(lambda connection: [dict(row) for row in connection.execute(select(table)).mappings()])

    async def events(self, number: int = 0) -> list[tuple[str, dict[str, str]]]:
        """Type and content of the events of sources, in their order, once there are so many."""
        query = select(signals).order_by(text("rowid"))
        async with asyncio.timeout(5):
            while True:
                found = await self.gateway.stores.database.read(lambda connection: connection.execute(query).all())
                if len(found) >= number:
                    return [(row.state, orjson.loads(row.raw)) for row in found]
                await asyncio.sleep(0.005)

    async def names(self) -> list[str]:
        """The contacts that are committed."""
        return sorted(row["external_id"] for row in await self.rows(messages))

    async def repeats(self) -> int:
        return len(await self.rows(repeats))

    async def held(self) -> list[tuple[str, bytes]]:
        return sorted((row["reason"], bytes(row["raw"])) for row in await self.rows(quarantine))

    async def cursor(self, name: str | None = None) -> Cursor | None:
        name = name or f"poll/{self.source}"
        return await self.gateway.stores.database.read(lambda connection: cursors.read(connection, name))

    async def place(self) -> str | None:
        found = await self.cursor()
        return found.place if found else None

    async def until(self, condition: Callable[[], bool], seconds: float = 10) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.003)

    async def reaches(self, place: str, seconds: float = 10) -> None:
        """Until the cursor is there and everything accepted is committed."""
        async with asyncio.timeout(seconds):
            while await self.place() != place or not self.gateway.pipeline.idle:
                await asyncio.sleep(0.005)
