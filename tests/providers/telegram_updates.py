"""The queue of updates behind getUpdates and setWebhook.

Source: core.telegram.org/bots/api "getUpdates": an update is confirmed as soon as getUpdates is called with an offset
higher than its update_id; a negative offset counts from the end and forgets all before; `allowed_updates` holds until it
is set again and does not touch updates that are waiting already.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from tests.providers.telegram_shapes import NOT_BY_DEFAULT, UPDATE_KINDS

DEFAULT_KINDS = frozenset(UPDATE_KINDS) - NOT_BY_DEFAULT


class Terminated(Exception):  # the term of the API
    """Another getUpdates came in: the older one ends with 409."""


class Updates:
    """`pending` are the updates not confirmed yet, oldest first."""

    def __init__(self, first_id: int = 700000001) -> None:
        self.pending: list[dict[str, Any]] = []
        self.allowed = DEFAULT_KINDS
        self._next_id = first_id
        self._changed = asyncio.Event()
        self._poll = 0

    def add(self, update: dict[str, Any]) -> int:
        """Queues it, with the next update_id unless it has one; what `allowed` leaves out gets an id and vanishes."""
        number = int(update.get("update_id", self._next_id))
        self._next_id = max(self._next_id, number) + 1
        if self.allowed & update.keys():
            self.pending.append({"update_id": number, **update})
            self.pending.sort(key=lambda waiting: int(waiting["update_id"]))
            self._changed.set()
        return number

    def allow(self, kinds: Iterable[str] | None) -> None:
        """None leaves the setting alone, an empty list restores the default."""
        if kinds is not None:
            self.allowed = frozenset(kinds) or DEFAULT_KINDS

    def confirm(self, offset: int) -> None:
        if offset < 0:
            self.pending = self.pending[offset:]
        elif offset > 0:
            self.pending = [update for update in self.pending if update["update_id"] >= offset]

    async def get(self, offset: int, limit: int, timeout_s: float) -> list[dict[str, Any]]:
        """Waits up to `timeout_s` for one to come; Terminated when another call takes over."""
        self._poll += 1
        mine = self._poll
        self.confirm(offset)
        self._changed.set()
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_s
        while not self.pending and (left := end - loop.time()) > 0:
            self._changed.clear()
            await self._wait(left)
            if mine != self._poll:
                raise Terminated
        return self.pending[:limit]

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return
