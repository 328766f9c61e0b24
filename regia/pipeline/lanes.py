"""Room in memory for files that are fetched: so many small ones at once, and so many bytes of large ones.

Half of the memory is for small files, each of which has its own share and waits for no large one. The other half is given
to large files in the order in which they ask. A file is large when it is found to be: it is left then, and fetched again
when there is room, so that whoever waits has neither a connection nor a share of the small ones.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

AT_ONCE: Final = 64
"""Small files."""


class Lanes:
    """`memory` in bytes."""

    def __init__(self, memory: int) -> None:
        self.small: Final = memory // 2 // AT_ONCE
        """Bytes of a small file at most."""
        self._shares = asyncio.Semaphore(AT_ONCE)
        self._all = memory - self.small * AT_ONCE
        self._free = self._all
        self._turn = asyncio.Lock()
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def for_small(self) -> AsyncIterator[None]:
        """Room for a file of `small` bytes."""
        async with self._shares:
            yield

    @asynccontextmanager
    async def for_large(self, size: int) -> AsyncIterator[None]:
        """Room for a file of `size` bytes; one that is larger than all there is goes alone."""
        size = min(size, self._all)
        async with self._turn:  # who is next waits for enough, and nobody passes it: asyncio's locks are taken in order
            while self._free < size:
                self._freed.clear()
                await self._freed.wait()
            self._free -= size
        try:
            yield
        finally:
            self._free += size
            self._freed.set()
