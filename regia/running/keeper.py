"""The parent's side of one worker: started, heard, told, restarted when it dies, ended."""

import asyncio
import logging
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from regia.running.backoff import Backoff
from regia.running.line import LEAVE, READY, UP, Line
from regia.running.plan import Duty

logger = logging.getLogger(__name__)

COMMAND: Final = (sys.executable, "-P", "-m", "regia.starting")
"""`-P`: nothing of the folder it is started in is imported."""
STOP: Final = 12.0
"""Seconds a worker has to end by itself: it needs 10 at most."""

Duties = Callable[[int], Duty]
"""By the number of the worker's end of its line."""


class Life:
    """One process of a worker."""

    def __init__(self, process: asyncio.subprocess.Process, line: Line) -> None:
        self._process = process
        self._line = line
        self.up_at: float | None = None
        """Since when it takes connections (monotonic)."""
        self.ready = asyncio.Event()
        self._heard = asyncio.create_task(line.listen({UP: self._is_up, READY: self.ready.set}, lambda: None))

    @classmethod
    async def begin(cls, duties: Duties) -> "Life":
        """Raises `OSError` when no process can be made."""
        ours, theirs = socket.socketpair()
        try:
            duty = duties(theirs.fileno())
            process = await asyncio.create_subprocess_exec(
                *COMMAND, str(duty), pass_fds=(theirs.fileno(), *duty.listening), stdin=asyncio.subprocess.DEVNULL
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return cls(process, await Line.connect(ours))

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def worked(self) -> float:
        """Seconds since it took connections; 0 where it never did."""
        return 0.0 if self.up_at is None else time.monotonic() - self.up_at

    def _is_up(self) -> None:
        self.up_at = time.monotonic()

    def say(self, word: str) -> None:
        self._line.say(word)

    def send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    async def ended(self) -> int:
        """Its exit code, once it has ended; a signal's number is negative."""
        return await self._process.wait()

    def close(self) -> None:
        """After its end."""
        self._heard.cancel()
        self._line.close()


class Keeper:
    """Keeps one worker alive until it is told otherwise."""

    def __init__(self, worker: int, duties: Duties) -> None:
        self.worker = worker
        self._duties = duties
        self._backoff = Backoff()
        self._life: Life | None = None
        self._begun = asyncio.Event()
        """A life that began after the last `renew`."""
        self._renewing = False
        self._over = asyncio.Event()
        self.was_up = False
        """Whether it ever took connections."""
        self.first_code: int | None = None
        """How its first life ended."""

    async def keep(self) -> None:
        """Returns after `stop`."""
        while not self._over.is_set():
            try:
                life = await Life.begin(self._duties)
            except OSError as error:
                logger.error("a worker cannot be started", extra=self._words | {"reason": error.strerror})  # noqa: TRY400
                await self._rest(0.0)
                continue
            self._life = life
            self._begun.set()
            if self._over.is_set():
                life.send(signal.SIGTERM)
            code = await life.ended()
            life.close()
            self._life = None
            self.was_up = self.was_up or life.up_at is not None
            self.first_code = code if self.first_code is None else self.first_code
            if not self._over.is_set() and not self._renewing:
                await self._died(life, code)

    async def _died(self, life: Life, code: int) -> None:
        ended = f"signal {-code}" if code < 0 else f"status {code}"
        told = self._words | {"pid": life.pid, "ended": ended, "lived": round(life.worked, 1)}
        logger.error("a worker ended; it is started again", extra=told)
        await self._rest(life.worked)

    async def _rest(self, lived: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._backoff.after(lived)):
                await self._over.wait()

    def say(self, word: str) -> None:
        """To the process there is, if there is one."""
        if self._life is not None:
            self._life.say(word)

    async def renew(self, seconds: float) -> bool:
        """Let it end and begin anew; whether the new one was ready within so many seconds."""
        self._begun.clear()
        self._renewing = True
        try:
            await self._end(lambda life: life.say(LEAVE))
            return await self.begun(seconds)
        finally:
            self._renewing = False

    async def begun(self, seconds: float) -> bool:
        """Whether the life that has begun, or is about to, is ready within so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._begun.wait()
                self._renewing = False
                return self._life is not None and await self._is_ready(self._life)
        except TimeoutError:
            return False

    async def _is_ready(self, life: Life) -> bool:
        """False when it ended before."""
        waits = {asyncio.create_task(life.ready.wait()), asyncio.create_task(life.ended())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        return life.ready.is_set()

    async def stop(self) -> None:
        """End it, and start it no more."""
        self._over.set()
        await self._end(lambda life: life.send(signal.SIGTERM))

    async def leave(self) -> None:
        """End it without refusing anybody, and start it no more."""
        self._over.set()
        await self._end(lambda life: life.say(LEAVE))

    async def _end(self, ask: Callable[[Life], None]) -> None:
        """Return when the process there is has ended."""
        life = self._life
        if life is None:
            return
        ask(life)
        try:
            async with asyncio.timeout(STOP):
                await life.ended()
        except TimeoutError:
            logger.warning("a worker does not end, and is killed; what it had accepted is safe", extra=self._words)
            life.send(signal.SIGKILL)
            await life.ended()

    @property
    def _words(self) -> dict[str, int]:
        return {"worker": self.worker}
