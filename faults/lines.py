"""The connections over which customers write: a pool for all, or one for each customer."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Final

import aiohttp

PATIENCE: Final = 10.0
"""Seconds without an answer after which a provider gives an attempt up."""


@dataclass(slots=True)
class _Used:
    """Which connection a request went over; -1 until it has one."""

    line: int = -1


class _Line:
    """One connection at a time, the next only when it has ended."""

    def __init__(self) -> None:
        self._opened = 0
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(self._created)
        trace.on_connection_reuseconn.append(self._reused)
        self.session = _session(1, [trace])

    async def _created(self, session: object, context: SimpleNamespace, params: object) -> None:
        self._opened += 1
        context.trace_request_ctx.line = self._opened

    async def _reused(self, session: object, context: SimpleNamespace, params: object) -> None:
        context.trace_request_ctx.line = self._opened


class Lines:
    """`customers` is how many have a connection of their own; 0 for a pool, whose connections are not told apart."""

    def __init__(self, customers: int) -> None:
        self._own = [_Line() for _ in range(customers)]
        self._pool = _session(0, [])
        self._open = AsyncExitStack()

    async def __aenter__(self) -> "Lines":
        for session in (self._pool, *(line.session for line in self._own)):
            await self._open.enter_async_context(session)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def post(self, customer: int, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, int]:
        """The status, 0 without an answer in time, and which of the customer's connections it was: see `Answered`."""
        used = _Used()
        session = self._own[customer].session if self._own else self._pool
        try:
            async with session.post(url, data=body, headers=headers, trace_request_ctx=used) as response:
                await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0, -1 if self._own else 0
        return status, used.line if self._own else 0


def _session(limit: int, traces: list[aiohttp.TraceConfig]) -> aiohttp.ClientSession:
    limits = aiohttp.ClientTimeout(total=PATIENCE)
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=limit), timeout=limits, trace_configs=traces)
