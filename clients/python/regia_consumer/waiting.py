"""Waits that are bounded, that grow, and that end early when somebody closes."""

import asyncio
import random
from collections.abc import Coroutine
from typing import Any, Final

_random: Final = random.SystemRandom()


class Closing(Exception):
    """The consumer is giving back what it holds: whoever waits for a next attempt lets go of its message."""


class Backoff:
    """Waits in seconds that double from `first` to `longest`, each shortened by up to half so that many do not come at once."""

    def __init__(self, first: float, longest: float) -> None:
        self._first, self._longest = first, longest
        self._next = first

    def next(self) -> float:
        wait = self._next * _random.uniform(0.5, 1.0)
        self._next = min(self._next * 2, self._longest)
        return wait

    def reset(self) -> None:
        self._next = self._first


async def pause(seconds: float, closing: asyncio.Event) -> bool:
    """Wait; true at once when `closing` is set, false when the time is over."""
    try:
        async with asyncio.timeout(seconds):
            await closing.wait()
    except TimeoutError:
        return closing.is_set()
    return True


async def first_of(*waits: Coroutine[Any, Any, object]) -> None:
    """Return when one of these returns; the others are cancelled. Raises what that one raised."""
    running = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    for one in done:
        one.result()
