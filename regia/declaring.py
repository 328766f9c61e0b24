"""Keeps the queues as rules and configuration need them, and says where they are not."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final

from config.problems import Problem
from dispatcher.base import QueueMismatch, Queues, QueuesUnavailable, Topology
from regia.watch.metrics import AS_CONFIGURED

logger = logging.getLogger(__name__)

AGAIN: Final = 10.0
"""Seconds between looks whether what was wrong is put right."""


class Declaring:
    """Declares the topology, and that of rules that come later. What is wrong with some queues holds up no other."""

    def __init__(self, queues: Callable[[], Queues], topology: Topology, stray: Iterable[Problem] = ()) -> None:
        self._queues = queues
        self.topology = topology
        """Of all rules that have decided: messages of earlier ones may be on their way."""
        self.wrong: str | None = None
        """What is not as it should be, and what to do."""
        self._stray = {one.key: f"{one.message} ({one.hint})" if one.hint else one.message for one in stray}
        for key, told in self._stray.items():
            logger.warning("the configuration speaks of a queue that is not there", extra={"key": key, "problem": told})

    async def open(self) -> None:
        """Declare everything. Raises `QueuesUnavailable`; what is wrong with single queues is kept in `wrong`."""
        try:
            await self._queues().open(self.topology)
        except QueueMismatch as error:
            self.wrong = str(error)  # the queues have logged it
        else:
            if self.wrong is not None:
                logger.info("all queues are as they should be")
            self.wrong = None
        AS_CONFIGURED.set(self.wrong is None)

    def add(self, topology: Topology) -> None:
        """Have these too, from the next `open` on."""
        self.topology = self.topology.joined(topology)

    async def mend(self, every: float = AGAIN) -> None:
        """For ever, each time after `every` seconds: declare again while something is wrong, which somebody may have put right;
        else ask whether what is somebody else's is still there."""
        while True:
            await asyncio.sleep(every)
            try:
                if self.wrong is not None or not await self._queues().others_stand():
                    await self.open()
            except QueuesUnavailable as error:
                logger.warning("the queues cannot be looked at", extra={"reason": str(error)})

    @property
    def alarms(self) -> dict[str, str]:
        """For the readiness page. A target that rules have brought since is no stray any more."""
        here = {f"queues.targets.{name}" for name in self.topology.queues}
        stray = {key: told for key, told in self._stray.items() if key not in here}
        return stray if self.wrong is None else {"queues": self.wrong, **stray}
