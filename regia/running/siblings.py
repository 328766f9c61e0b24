"""The workers of one gateway ask each other: whoever is scraped answers for all.

Each serves what it knows of itself at a socket file of the data folder, `run/worker-<n>.sock`, which only its own user can
reach.
"""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, TypeAlias

import aiohttp
from aiohttp import web

from regia.running.figures import together
from regia.running.plan import run_folder

logger = logging.getLogger(__name__)

SECONDS: Final = 1.0
"""How long an answer is waited for."""
_LONGEST: Final = 100
"""Bytes of a socket's path; Linux takes 107."""

State: TypeAlias = Literal["ready", "not ready", "away"]


class Siblings:
    """All workers of a gateway as one of them, `worker` of `workers`, sees them. `figures` is its own text for Prometheus,
    `is_ready` whether all its parts were brought up."""

    def __init__(
        self, data: Path, worker: int, workers: int, *, figures: Callable[[], bytes], is_ready: Callable[[], bool]
    ) -> None:
        self._folder = run_folder(data)
        self._worker = worker
        self._others = [one for one in range(workers) if one != worker]
        self._figures = figures
        self._is_ready = is_ready
        self._runner: web.AppRunner | None = None
        self._opened: int | None = None

    async def start(self) -> None:
        """Serve the others. Where that cannot be, they count this one as away."""
        app = web.Application()
        app.add_routes([web.get("/figures", self._give_figures), web.get("/state", self._give_state)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._path(self._worker)
            Path(path).unlink(missing_ok=True)  # of a process that was killed
            await web.UnixSite(self._runner, path).start()
        except OSError as error:
            logger.warning("other workers cannot ask this one", extra={"reason": error.strerror})

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._opened is not None:
            os.close(self._opened)
            self._opened = None

    async def figures(self) -> bytes:
        """What all of them say, for Prometheus."""
        texts = dict.fromkeys(range(len(self._others) + 1))
        texts |= await self._ask("/figures")
        texts[self._worker] = self._figures()
        return await asyncio.to_thread(together, texts)

    async def states(self) -> dict[str, State]:
        """How each of them is, by its number."""
        told = await self._ask("/state")
        states: dict[int, State] = {one: "away" if said is None else _state(said == b"ready") for one, said in told.items()}
        states[self._worker] = _state(self._is_ready())
        return {str(one): states[one] for one in sorted(states)}

    async def _ask(self, what: str) -> dict[int, bytes | None]:
        answers = await asyncio.gather(*(self._answer(one, what) for one in self._others))
        return dict(zip(self._others, answers, strict=True))

    async def _answer(self, worker: int, what: str) -> bytes | None:
        """None when it does not answer in time."""
        try:
            connector = aiohttp.UnixConnector(self._path(worker))
            async with (
                asyncio.timeout(SECONDS),
                aiohttp.ClientSession(connector=connector) as client,
                client.get(f"http://worker{what}", raise_for_status=True) as answer,
            ):
                return await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None

    async def _give_figures(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._figures())

    async def _give_state(self, _request: web.Request) -> web.Response:
        return web.Response(text=_state(self._is_ready()))

    def _path(self, worker: int) -> str:
        """Raises `OSError`."""
        path = self._folder / f"worker-{worker}.sock"
        if len(os.fsencode(path)) <= _LONGEST:
            return str(path)
        if self._opened is None:  # a long name is reached by the number of its open folder
            self._opened = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        return f"/proc/self/fd/{self._opened}/{path.name}"


def _state(is_ready: bool) -> State:
    return "ready" if is_ready else "not ready"
