"""The parent of workers: holds the socket that listens, keeps the workers alive, and hands on what it is told.

    python -m regia.running.parent '{"config": …, "listening": [3], "plan": {…}}'

`regia run` becomes this program once it has checked the configuration and listens; the process id stays. Connections that wait
to be taken wait at the socket, which no death of a worker closes.

| signal | what it does |
| --- | --- |
| SIGTERM, SIGINT | all workers work off what they accepted, and the parent ends |
| SIGHUP | all workers read their rule files again |
| SIGUSR2 | one worker after the other ends and begins anew, with the code and the configuration there are now |
"""

import asyncio
import json
import logging
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from regia.running.keeper import Keeper
from regia.running.line import RULES
from regia.running.plan import Duty, Plan
from regia.watch import logs

logger = logging.getLogger(__name__)

LOOK: Final = (sys.executable, "-P", "-m", "regia.running.looked")
_LOOK_SECONDS: Final = 60.0
"""Seconds that reading a configuration may take."""
READY: Final = 120.0
"""Seconds a worker of a rolling restart has to become ready before the next one ends."""
_HOPELESS: Final = 0.2
"""Seconds between looks whether any worker works at all."""


class Parent:
    """`listening` are sockets that listen already."""

    def __init__(self, config: str, plan: Plan, listening: Sequence[socket.socket]) -> None:
        self._config = config
        self._plan = plan
        self._listening = listening
        self._keepers: list[Keeper] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._stop = asyncio.Event()
        self._roll = asyncio.Event()
        self._status = 0

    async def run(self) -> int:
        """Until it is told to stop; the exit status."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._rules)
        loop.add_signal_handler(signal.SIGUSR2, self._roll.set)
        for worker in range(self._plan.workers):
            self._add(worker)
        others = [asyncio.create_task(one) for one in (self._give_up(), self._roll_for_ever())]
        await self._stop.wait()
        logger.info("stopping: all workers work off what they accepted")
        for one in others:
            one.cancel()
        await asyncio.gather(*(keeper.stop() for keeper in self._keepers))
        await asyncio.gather(*self._tasks, *others, return_exceptions=True)
        logger.info("stopped")
        return self._status

    def _add(self, worker: int) -> Keeper:
        keeper = Keeper(worker, lambda line: self._duty(worker, line))
        self._keepers.append(keeper)
        self._tasks.append(asyncio.create_task(keeper.keep(), name=f"worker {worker}"))
        return keeper

    def _duty(self, worker: int, line: int) -> Duty:
        listening = [one.fileno() for one in self._listening]
        return Duty(worker=worker, workers=self._plan.workers, config=self._config, listening=listening, line=line)

    async def _give_up(self) -> None:
        """Where every worker ended by itself before any of them took connections, none will: the folder cannot be written, say.
        Each has said why."""
        while not any(keeper.was_up for keeper in self._keepers):
            if all((keeper.first_code or 0) > 0 for keeper in self._keepers):
                logger.error("no worker can start")
                self._status = 1
                self._stop.set()
                return
            await asyncio.sleep(_HOPELESS)

    def _rules(self) -> None:
        for keeper in self._keepers:
            keeper.say(RULES)

    async def _roll_for_ever(self) -> None:
        while True:
            await self._roll.wait()
            self._roll.clear()
            try:
                await self._renew_all()
            except Exception:  # the next one may succeed, and the workers there are go on
                logger.exception("the rolling restart failed")

    async def _renew_all(self) -> None:
        plan = await self._look()
        if plan is None:
            return
        before, self._plan = len(self._keepers), plan
        logger.info("rolling restart", extra={"workers": plan.workers})
        for worker in range(plan.workers):
            begun = await self._begun(worker)
            if not begun:
                told = "the rolling restart stops: a worker is not ready; the others stay as they are"
                logger.error(told, extra={"worker": worker})
                return
            logger.info("a worker is ready again", extra={"worker": worker})
        surplus = self._keepers[plan.workers :]
        await asyncio.gather(*(keeper.leave() for keeper in surplus))
        del self._keepers[plan.workers :]
        logger.info("rolling restart done", extra={"workers": plan.workers, "before": before})

    async def _begun(self, worker: int) -> bool:
        """Renew a worker, or add it; whether it is ready."""
        if worker < len(self._keepers):
            return await self._keepers[worker].renew(READY)
        return await self._add(worker).begun(READY)

    async def _look(self) -> Plan | None:
        """What the configuration says now, read by the code there is now; None where it is wrong, which that has said."""
        process = await asyncio.create_subprocess_exec(*LOOK, self._config, stdout=asyncio.subprocess.PIPE)
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                told, _ = await process.communicate()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            logger.error("no rolling restart: the configuration could not be read in time")  # noqa: TRY400
            return None
        if process.returncode != 0:
            logger.error("no rolling restart: the configuration is wrong; the workers go on with the one they have")
            return None
        plan = Plan.read(told.decode())
        if fixed := self._plan.fixed(plan):
            logger.error("no rolling restart: for these keys stop the gateway and start it", extra={"keys": fixed})
            return None
        return plan


def main() -> None:
    """The program."""
    told = json.loads(sys.argv[1])
    logs.set_up()
    listening = [socket.socket(fileno=number) for number in told["listening"]]
    for one in listening:
        one.set_inheritable(False)
    sys.exit(asyncio.run(Parent(told["config"], Plan.read(json.dumps(told["plan"])), listening).run()))


if __name__ == "__main__":
    main()
