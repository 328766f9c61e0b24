"""A gateway as its operators see it: a process with a data folder, a port, signals and a command line.

Nothing here looks inside: what a test knows of the gateway comes over HTTP, AMQP, its exit code and its files.
"""

import functools
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.e2e import warm
from tests.servers.process import ServerProcess, free_port

CONFIG: Final = Path(__file__).parent / "config" / "regia.yaml"
DEMO: Final = Path(__file__).parents[2] / "config" / "examples" / "demo" / "regia.yaml"
REGIA: Final = (sys.executable, "-c", "from regia.cli.main import app; app()")
BRANDS: Final = ("acme", "demo")
CATEGORIES: Final = ("returns", "warranty", "delivery", "general")
QUEUES: Final = tuple(f"{brand}.{target}" for brand in BRANDS for target in (*CATEGORIES, "partners", "recovery"))
"""Every queue of `CONFIG`."""

_START_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Mode:
    """Where a gateway keeps its things: everything embedded, or on the servers named by `environ`."""

    name: str
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def amqp(self) -> str | None:
        return self.environ.get("REGIA__QUEUES__URL")


EMBEDDED: Final = Mode("embedded")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class _Process(ServerProcess):
    def code(self, seconds: float) -> int:
        """The exit code, once it has ended; a signal's number is negative."""
        deadline = time.monotonic() + seconds
        while self.alive:
            assert time.monotonic() < deadline, f"{self.name} still runs after {seconds} s\n{self.log_tail()}"
            time.sleep(0.01)
        self.kill()
        code = self._process.returncode
        assert code is not None
        return code


class Gateway:
    """One data folder, one port, and the process that runs on them, once or many times."""

    def __init__(self, folder: Path, mode: Mode = EMBEDDED, *, config: Path = CONFIG, **overrides: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.mode = mode
        self.config = config
        self.port = free_port()
        self.data = folder / "data"
        self.log = folder / "gateway.log"
        self._process: _Process | None = None
        self._overrides = overrides
        self._secrets: dict[str, str] = {}

    @property
    def environ(self) -> dict[str, str]:
        """What its processes get, and nothing of ours that could change what they do."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("REGIA", "PYTHON"))}
        own = {"REGIA__SERVER__PORT": str(self.port), "REGIA__DATA__PATH": str(self.data), "REGIA__NODE": "e2e"}
        return {**ours, "PYTHONPATH": str(Path(__file__).parents[2]), **own, **self.mode.environ, **self._overrides}

    def spawn(self, before: Sequence[str] = (), **environ: str) -> None:
        """Start the process, without waiting for anything. `before` is a program that runs it, such as strace."""
        assert not self.running, "the gateway runs already"
        ours = {**self.environ, **environ}
        arguments = ["run", "-c", str(self.config)]
        # What the linker and the allocator read, they read when a program starts.
        plain = not before and not any(name.startswith(("LD_", "MALLOC_")) for name in ours)
        begun = warm.Begun(arguments, ours, self.folder, self.log) if plain else None
        line = [*before, *REGIA, *arguments]
        self._process = _Process("regia", line, log=self.log, env=ours, cwd=self.folder, begun=begun)

    def start(self, before: Sequence[str] = (), **environ: str) -> None:
        """Start the process and wait until `/health/ready` says 200."""
        self.spawn(before, **environ)
        self.wait("/health/ready")

    def wait(self, path: str) -> None:
        """Until a GET of `path` is answered with 200; fails with the log when the process ends instead."""
        deadline = time.monotonic() + _START_SECONDS
        while not self.answers(path):
            assert self.running, f"the gateway ended before {path} answered\n{self.tail()}"
            assert time.monotonic() < deadline, f"{path} did not answer within {_START_SECONDS} s\n{self.tail()}"
            time.sleep(0.02)

    def answers(self, path: str) -> bool:
        try:
            return self.request("GET", path).status == http.client.OK
        except OSError:
            return False

    @property
    def process(self) -> _Process:
        """The one that runs, or ran last."""
        assert self._process is not None, "the gateway was never started"
        return self._process

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.alive

    def ended(self, seconds: float = 30) -> int:
        """Wait for the process to end by itself: its exit code."""
        return self.process.code(seconds)

    def stop(self) -> float:
        """SIGTERM; the seconds until it had ended. It must end with 0."""
        started = time.monotonic()
        self.process.send(signal.SIGTERM)
        code = self.process.code(30)
        assert code == 0, f"the gateway ended with {code} after SIGTERM\n{self.tail()}"
        return time.monotonic() - started

    def kill(self) -> None:
        """SIGKILL, and wait. Harmless when it has ended."""
        if self._process is not None:
            self._process.kill()

    def request(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """One request on a connection of its own. Raises `OSError`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        except http.client.HTTPException as error:
            raise ConnectionError(type(error).__name__) from error
        finally:
            connection.close()

    def secret(self, name: str) -> str:
        """A `file:` secret that the gateway made at its first start."""
        if name not in self._secrets:
            self._secrets[name] = (self.data / "secrets" / name).read_text().strip()
        return self._secrets[name]

    def consumer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret('consumer-token')}"}

    def get(self, path: str) -> Answer:
        """A GET with the consumer's token."""
        return self.request("GET", path, headers=self.consumer())

    def cli(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one command of `regia` on this gateway's configuration."""
        return _run([*arguments, "-c", str(self.config)], self.environ, self.folder, check=check)

    def import_mbox(self, path: Path) -> subprocess.Popen[str]:
        """Begin `regia import mbox`, to be waited for by the caller."""
        return self.begin("import", "mbox", str(path))

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin one command of `regia` on this gateway's configuration, to be waited for by the caller."""
        line = [*REGIA, *arguments, "-c", str(self.config)]
        return subprocess.Popen(
            line, env=self.environ, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def books(self) -> dict[str, Any]:
        """`regia books --json`. It exits with 1 when they do not balance, which fails here."""
        found: dict[str, Any] = json.loads(self.cli("books", "--json").stdout)
        return found

    def settle(self, seconds: float = 60) -> dict[str, Any]:
        """Wait until nothing waits in the journal or the outbox; the books then."""
        deadline = time.monotonic() + seconds
        time.sleep(0.3)  # most of the time that is enough, and asking costs the start of a program
        while True:
            found = self.books()
            if found["waiting"] == found["pending"] == 0:
                return found
            assert time.monotonic() < deadline, f"not everything was published within {seconds} s: {found}\n{self.tail()}"

    def tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join([f"--- end of {self.log}", *lines[-60:]])

    def defects(self) -> list[str]:
        """Log lines of level error: what the gateway itself calls one."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return re.findall(r'^\{.*"level": "(?:error|critical)".*$', text, re.MULTILINE)


@functools.cache
def envelope_schema() -> dict[str, Any]:
    """The published JSON Schema of the envelope, as `regia schema envelope` prints it."""
    root = Path(__file__).parents[2]
    found: dict[str, Any] = json.loads(
        _run(["schema", "envelope"], {**os.environ, "PYTHONPATH": str(root)}, root, check=True).stdout
    )
    return found


def _run(arguments: list[str], environ: dict[str, str], folder: Path, *, check: bool) -> subprocess.CompletedProcess[str]:
    done = warm.run(arguments, environ, folder)
    assert not check or done.returncode == 0, f"{arguments} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done
