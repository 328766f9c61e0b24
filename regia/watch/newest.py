"""The last event that this node knows of, and waiting for a later one."""

import asyncio
from contextlib import suppress


class Newest:
    """`number` is the last one seen. `ended`: nobody looks any more, and waiting is in vain."""

    def __init__(self) -> None:
        self.number = 0
        self.ended = False
        self._news = asyncio.Event()

    def see(self, number: int) -> None:
        """The feed has come to this number; a lower one than before changes nothing."""
        if number > self.number:
            self.number = number
            self._wake()

    def end(self) -> None:
        """Let all who wait go, and nobody wait from now on."""
        self.ended = True
        self._wake()

    async def beyond(self, number: int, seconds: float) -> None:
        """Wait until there is a later one than `number`, for `seconds` at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.number <= number and not self.ended:
                    await self._news.wait()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()
