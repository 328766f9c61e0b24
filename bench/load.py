"""The load: a process of its own that posts prepared requests over keep-alive connections, one at a time on each.

It writes and reads plain sockets, so that it costs a fraction of what it measures; the table says what it took.
Started with a job as its argument; writes `ready` when every request is built and every connection open, begins at
the first line of its input, and ends with the result as a line of JSON.
"""

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Final, cast

import msgspec
import uvloop

from bench.machine import ROOT
from bench.webhooks import Senders, requests

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_END: Final = b"\r\n\r\n"
_PATIENCE: Final = 120.0
"""Seconds a load may take."""


class Failed(RuntimeError):
    """A measurement that cannot be one: no load, refused posts, or a gateway that stopped publishing."""


class Job(msgspec.Struct, frozen=True):
    """What to post where."""

    port: int
    path: str
    count: int
    connections: int
    senders: Senders
    seed: str


class Result(msgspec.Struct, frozen=True):
    """What came of it. Times in seconds; `started` and `ended` on the clock that all processes of the machine share."""

    answered: int
    refused: int
    started: float
    ended: float
    cpu: float
    median: float
    worst: float
    """99 of 100 answers came within this time."""

    @property
    def seconds(self) -> float:
        return self.ended - self.started


class _Connection(asyncio.Protocol):
    """Writes a request, waits for its answer, writes the next."""

    def __init__(self, waiting: Iterator[bytes], latencies: list[float], refused: list[bytes]) -> None:
        self._waiting = waiting
        self._latencies = latencies
        self._refused = refused
        self._transport: asyncio.Transport
        self._answer = b""
        self._sent = 0.0
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class is no subclass of it

    def next(self) -> None:
        request = next(self._waiting, None)
        if request is None:
            self.over.set_result(None)
            return
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, end, body = self._answer.partition(_END)
        if not end:
            return
        length = _LENGTH.search(head + b"\r\n")
        if length is None or len(body) < int(length[1]):
            return
        self._latencies.append(time.perf_counter() - self._sent)
        if not head.startswith(b"HTTP/1.1 2"):
            self._refused.append(head.partition(b"\r\n")[0])
        self._answer = b""
        self.next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.over.done():
            self.over.set_exception(exc or ConnectionResetError("the server closed a connection"))

    def close(self) -> None:
        self._transport.close()


async def run(job: Job) -> Result:
    """Post everything. Raises OSError when the server goes away."""
    waiting = iter(list(requests(job.count, job.senders, job.seed, job.path)))
    latencies: list[float] = []
    refused: list[bytes] = []
    loop = asyncio.get_running_loop()
    connections = [
        (await loop.create_connection(lambda: _Connection(waiting, latencies, refused), "127.0.0.1", job.port))[1]
        for _ in range(job.connections)
    ]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.readline)
    cpu, started = time.process_time(), time.monotonic()
    for connection in connections:
        connection.next()
    await asyncio.gather(*(connection.over for connection in connections))
    ended, cpu = time.monotonic(), time.process_time() - cpu
    for connection in connections:
        connection.close()
    latencies.sort()
    worst = latencies[min(len(latencies) - 1, len(latencies) * 99 // 100)]
    return Result(len(latencies), len(refused), started, ended, cpu, latencies[len(latencies) // 2], worst)


def in_a_process(job: Job) -> Result:
    """Run the load in a process of its own and wait for it. Raises `Failed`."""
    command = [sys.executable, "-m", "bench.load", msgspec.json.encode(job).decode()]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603  # ourselves
        assert process.stdout is not None  # noqa: S101  # asked for above
        first = process.stdout.readline()
        output, _ = process.communicate(b"go\n", timeout=_PATIENCE)
    if first != b"ready\n" or process.returncode != 0:
        raise Failed(f"the load ended with {process.returncode}: see its error above")
    return msgspec.json.decode(output, type=Result)


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(run(msgspec.json.decode(sys.argv[1], type=Job)))) + b"\n")
