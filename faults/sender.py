"""Many customers who write at a fixed rate, whatever becomes of it: `python -m faults.sender JOB` (a `Job` as JSON).

Open loop: message `n` is due at its own time and leaves then, also while others wait for their answers, and its time
to answer runs from when it was due. So a gateway that stops answering for a second is seen by all that were due in that
second. What gets no 2xx is sent again with the same content, to the next node where there are several, as providers and
load balancers do. New messages end when standard input does, repeats when all are accepted.
"""

import asyncio
import os
import random
import sys
import time
from pathlib import Path
from typing import Final

import msgspec
import uvloop

from faults.ledger import Answered, Ledger, Sent
from faults.lines import Lines
from faults.messages import PATH, request, sender_of

FINISH: Final = 120.0
"""Seconds after the last new message in which all must be accepted."""
AGAIN: Final = (0.05, 0.5, 1.0, 2.0)
"""Seconds before an attempt is repeated; the last one for ever after."""


class Job(msgspec.Struct, frozen=True):
    """Messages `rate` a second from `senders` customers to the gateways on `ports`. Of the accepted ones the share
    `repeats` is sent again, as providers do now and then. `run` makes their ids unlike those of other runs. `own_lines`: each
    customer writes over a connection of its own, so that one worker of those that share a port gets all of its messages."""

    ports: list[int]
    ledger: str
    run: str
    rate: float
    senders: int
    repeats: float = 0.01
    own_lines: bool = False


class Sender:
    def __init__(self, job: Job, lines: "Lines") -> None:
        self._job = job
        self._lines = lines
        self._ledger = Ledger(Path(job.ledger))
        self._chance = random.Random(job.run)  # noqa: S311  # chance, not a secret
        self._again: list[tuple[int, float, int]] = []
        """Attempts to make now: message, when it was due first, how many were made before."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._ending = False

    def end(self) -> None:
        self._ending = True
        self._wake.set()

    async def run(self) -> None:
        start, n = time.monotonic(), 0
        while not self._ending:
            due = start + n / self._job.rate
            await self._sleep(due - time.monotonic())
            attempts = self._take()
            while not self._ending and (due := start + n / self._job.rate) <= time.monotonic():
                attempts.append((n, due, 0))
                n += 1
            self._leave(attempts)
        until = time.monotonic() + FINISH
        while (self._tasks or self._again) and time.monotonic() < until:
            await self._sleep(0.5)
            self._leave(self._take())

    async def _sleep(self, seconds: float) -> None:
        """Until then, or until there is something to repeat."""
        self._wake.clear()
        if not self._again and seconds > 0:
            try:
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
            except TimeoutError:
                pass

    def _take(self) -> list[tuple[int, float, int]]:
        taken, self._again = self._again, []
        return taken

    def _leave(self, attempts: list[tuple[int, float, int]]) -> None:
        """All that is due leaves behind one fsync."""
        if not attempts:
            return
        now = time.monotonic()
        nodes = [(sender_of(n, self._job.senders) + before) % len(self._job.ports) for n, _, before in attempts]
        lines = [Sent(n=n, due=due, at=now, node=node) for (n, due, _), node in zip(attempts, nodes, strict=True)]
        self._ledger.note(*lines)
        self._ledger.sync()
        for (n, due, before), node in zip(attempts, nodes, strict=True):
            task = asyncio.create_task(self._attempt(n, due, before, self._job.ports[node]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _attempt(self, n: int, due: float, before: int, port: int) -> None:
        body, headers = request(n, self._job.senders, self._job.run)
        status, line = await self._lines.post(sender_of(n, self._job.senders), f"http://127.0.0.1:{port}{PATH}", body, headers)
        self._ledger.note(Answered(n=n, at=time.monotonic(), status=status, line=line))
        if 200 <= status < 300:  # noqa: PLR2004  # 2xx
            if before or self._ending or self._chance.random() >= self._job.repeats:
                return
            await asyncio.sleep(self._chance.uniform(0, 3))
        else:
            await asyncio.sleep(AGAIN[min(before, len(AGAIN) - 1)])
        self._again.append((n, due, before + 1))
        self._wake.set()


async def main(job: Job) -> None:
    async with Lines(job.senders if job.own_lines else 0) as lines:
        sender = Sender(job, lines)
        asyncio.get_running_loop().add_reader(sys.stdin, lambda: os.read(sys.stdin.fileno(), 1) or sender.end())
        await sender.run()


if __name__ == "__main__":
    uvloop.run(main(msgspec.json.decode(sys.argv[1], type=Job)))
