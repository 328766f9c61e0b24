"""A private Redis without persistence."""

import signal
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.process import ServerProcess, exchange, find_program, free_port


class RedisServer:
    """`RedisServer.start(folder)`; `url` is without a database number."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.url = f"redis://127.0.0.1:{port}"
        self._program = find_program("redis-server", "redis-server")
        self._process = self._spawn()

    @classmethod
    def start(cls, folder: Path) -> Self:
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder, free_port())

    def _spawn(self) -> ServerProcess:
        command = [str(self._program), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        command += ["--save", "", "--appendonly", "no", "--daemonize", "no"]
        process = ServerProcess("redis-server", command, log=self.folder / "redis.log", env={"LC_ALL": "C"}, cwd=self.folder)
        process.wait_ready(lambda: exchange(self.port, b"PING\r\n").startswith(b"+PONG"))
        return process

    def flush(self) -> None:
        """Forget everything in every database."""
        assert exchange(self.port, b"FLUSHALL\r\n").startswith(b"+OK")

    def kill(self) -> None:
        self._process.kill()

    def freeze(self) -> None:
        """Connections stay open and nothing answers."""
        self._process.send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send(signal.SIGCONT)

    def restart(self) -> None:
        """On the same port, empty."""
        self._process.kill()
        self._process = self._spawn()

    def stop(self) -> None:
        self._process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
