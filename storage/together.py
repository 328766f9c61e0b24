"""Work of many callers done in one go: who comes while it is under way waits for the next, and nobody waits for a timer.

A caller alone is served at once. Under load many share one transaction, and so one fsync and one turn of the writing thread.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

MOST: Final = 64
"""Callers served in one go: what else is to be written must not wait for long."""


@dataclass(slots=True, eq=False)
class _Asked(Generic[T, R]):
    what: T
    future: "asyncio.Future[R]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Together(Generic[T, R]):
    """`work` does what it is given, in its order, all or nothing, and returns a result for each. An error of the kind `shared`
    is everybody's."""

    def __init__(
        self, work: Callable[[Sequence[T]], Awaitable[Sequence[R]]], *, shared: type[Exception], most: int = MOST
    ) -> None:
        self._work = work
        self._shared = shared
        self._most = most
        self._waiting: list[_Asked[T, R]] = []
        self._task: asyncio.Task[None] | None = None

    async def do(self, what: T) -> R:
        """The result of `what`, or the error of `work` for it. Whoever is cancelled before its turn has nothing done."""
        asked: _Asked[T, R] = _Asked(what)
        self._waiting.append(asked)
        if self._task is None:
            # A task of its own: it must not end with whichever caller came first.
            self._task = asyncio.create_task(self._run(), name="together")
        return await asked.future

    async def _run(self) -> None:
        try:
            while self._waiting:
                turn, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._do([asked for asked in turn if not asked.future.done()])
        finally:
            self._task = None

    async def _do(self, turn: "list[_Asked[T, R]]") -> None:
        if not turn:
            return
        try:
            results = await self._work([asked.what for asked in turn])
        except BaseException as error:  # noqa: BLE001  # it is the callers', whatever it is
            if len(turn) == 1 or isinstance(error, (self._shared, asyncio.CancelledError)):
                _fail(turn, error)
            else:
                for asked in turn:
                    await self._do([asked])
            return
        for asked, result in zip(turn, results, strict=True):
            if not asked.future.done():
                asked.future.set_result(result)


def _fail(turn: "Sequence[_Asked[T, R]]", error: BaseException) -> None:
    for asked in turn:
        if isinstance(error, asyncio.CancelledError):
            asked.future.cancel()
        elif not asked.future.done():
            asked.future.set_exception(error)
