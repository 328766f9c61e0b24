"""Commands of `regia` one after the other, as JSON on a line each, in a process that has loaded it once.

Starting the program takes a hundred times as long as queueing a reply, and a round on every channel queues one.
"""

import asyncio
import json
import sys
from typing import Self

from tests.e2e.gateway import Gateway


class Commands:
    """Some such processes for one gateway. `run` waits for one that is free."""

    def __init__(self, gateway: Gateway, processes: int) -> None:
        self._gateway = gateway
        self._processes = processes
        self._all: list[asyncio.subprocess.Process] = []
        self._free: asyncio.Queue[asyncio.subprocess.Process] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        for _ in range(self._processes):
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                __name__,
                env=self._gateway.environ,
                cwd=self._gateway.folder,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            self._all.append(process)
            self._free.put_nowait(process)
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in self._all:
            if process.stdin is not None:
                process.stdin.close()
            await process.wait()

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, output and complaint of one command on the gateway's configuration."""
        process = await self._free.get()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([*arguments, "-c", str(self._gateway.config)]).encode() + b"\n")
        line = await process.stdout.readline()
        assert line, f"the process of {arguments[0]} ended"
        self._free.put_nowait(process)
        code, output, complaint = json.loads(line)
        return code, output, complaint


def _serve() -> None:
    from typer.testing import CliRunner

    from regia.cli.main import app

    for line in sys.stdin:
        done = CliRunner().invoke(app, json.loads(line))
        broken = "" if isinstance(done.exception, SystemExit | type(None)) else repr(done.exception)
        print(json.dumps([done.exit_code, done.stdout, done.stderr + broken]), flush=True)


if __name__ == "__main__":
    _serve()
