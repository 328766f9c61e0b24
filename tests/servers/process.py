"""What all private test servers share: a free port, a process of its own group, waiting until it answers, stopping by id.

A server started here never listens on the port a real one would use, writes only into the folder it was given,
and ends with the test run, also when that is interrupted (see `ServerProcess`).
"""

import atexit
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

DEFAULT_PORTS = frozenset({4369, 5432, 5671, 5672, 6379, 25672})
"""epmd, PostgreSQL, RabbitMQ with and without TLS, Redis, Erlang distribution: somebody's real servers."""

READY_SECONDS = 90.0
"""A broker is up within 5 s; two loaded cores may need a multiple of it."""

STOP_SECONDS = 10.0

_ports = random.SystemRandom()
_RUN = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 4
_PORTS = (20_000 + _RUN * 3_000, 23_000 + _RUN * 3_000)
"""Of this process of a parallel run alone: a port is free until somebody listens on it, and another would find it so too."""


class ServerMissing(RuntimeError):
    """The program is not installed. The text is the command that installs it."""

    def __init__(self, program: str, package: str) -> None:
        command = f"apt-get install --no-install-recommends {package}"
        super().__init__(f"these tests need {program} and never skip: run `{command}` as root or with sudo")


class ServerFailed(RuntimeError):
    """The server ended or did not answer in time. The text ends with its log."""


def find_program(program: str, package: str, *folders: str) -> Path:
    """The program's path, looked for in `folders` and then on PATH. Raises `ServerMissing`."""
    search = os.pathsep.join([*folders, os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    found = shutil.which(program, path=search)
    if found is None:
        raise ServerMissing(program, package)
    return Path(found)


def free_port() -> int:
    """A free loopback port below the kernel's ephemeral range, so that no outgoing connection takes it meanwhile."""
    for _ in range(200):
        port = _ports.randrange(*_PORTS)
        if port in DEFAULT_PORTS:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerFailed("no free port between 20000 and 32000 on 127.0.0.1")


def exchange(port: int, request: bytes) -> bytes:
    """Send a few bytes to a loopback port and return the first bytes of the answer; empty when nobody answers."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as client:
            client.sendall(request)
            return client.recv(64)
    except OSError:
        return b""


def wait_closed(*ports: int) -> None:
    """Return when nobody listens on these loopback ports: a killed server's children may take a moment longer.

    Raises `ServerFailed` after `STOP_SECONDS`.
    """
    deadline = time.monotonic() + STOP_SECONDS
    for port in ports:
        while _listens(port):
            if time.monotonic() > deadline:
                raise ServerFailed(f"somebody still listens on port {port}, {STOP_SECONDS:.1f} s after the server's end")
            time.sleep(0.01)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def descendants(pid: int) -> list[int]:
    """The living processes below this one, children before grandchildren; proc(5)."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it has ended meanwhile
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                parents.setdefault(parent, []).append(int(entry.name))
    found = list(parents.get(pid, ()))
    for each in found:
        found += parents.get(each, ())
    return found


class Running(Protocol):
    """A process that was started, as `subprocess.Popen` shows one."""

    pid: int
    returncode: int | None

    def ended(self) -> bool:
        """Whether it has; its id stays its own until `wait`."""

    def send_signal(self, sig: int, /) -> None: ...
    def wait(self) -> int: ...


class Started(subprocess.Popen[bytes]):
    """In a session, and so a process group, of its own."""

    def ended(self) -> bool:
        return self.returncode is not None or os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


class ServerProcess:
    """One program in a process group of its own, logging into a file.

    It ends with us: by `stop`, by `atexit` when pytest is interrupted, and by a guard when pytest itself is killed: a
    shell that reads from a pipe of ours, and finds it closed. (The kernel's parent-death signal would not do: it
    fires when the *thread* that started the server ends.)
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str],
        cwd: Path,
        user: int | None = None,
        begun: Running | None = None,
    ) -> None:
        """`begun` is what runs already, in a group of its own and with this log; `command` is started otherwise."""
        self.name = name
        self._log = log
        self._process: Running = begun or _started(command, log, env, cwd, user)
        guard = ["sh", "-c", 'read -r _; kill -s KILL -- "-$0"', str(self._process.pid)]
        self._guard = subprocess.Popen(guard, stdin=subprocess.PIPE, start_new_session=True)
        atexit.register(self.kill)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return not self._process.ended()

    def wait_ready(self, answers: Callable[[], bool]) -> None:
        """Return when `answers()` is true. Raises `ServerFailed` with the log's end; the process is ended then."""
        deadline = time.monotonic() + READY_SECONDS
        while not answers():
            if not self.alive:
                self.kill()
                raise ServerFailed(f"{self.name} ended with code {self._process.returncode}\n{self.log_tail()}")
            if time.monotonic() > deadline:
                self.kill()
                raise ServerFailed(f"{self.name} did not answer within {READY_SECONDS:.1f} s\n{self.log_tail()}")
            time.sleep(0.05)

    def send(self, number: signal.Signals) -> None:
        """To the server process alone (freeze it with SIGSTOP, wake it with SIGCONT)."""
        self._process.send_signal(number)

    def send_all(self, number: signal.Signals) -> None:
        """To the whole group. Harmless when the server process has ended."""
        if self.alive:
            os.killpg(self.pid, number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask the process to end, and after `STOP_SECONDS` make its whole group end. Harmless when it has ended."""
        if self._process.returncode is None:
            self.send(signal.SIGCONT)
            self.send(number)
            deadline = time.monotonic() + STOP_SECONDS
            while self.alive and time.monotonic() < deadline:
                time.sleep(0.02)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the whole group, and wait. Harmless when it has ended."""
        atexit.unregister(self.kill)
        if self._process.returncode is None:
            self._guard.kill()
            self._guard.communicate()
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()

    def log_tail(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()
        return "\n".join([f"--- end of {self._log}", *lines[-60:]])


def _started(command: Sequence[str], log: Path, env: Mapping[str, str], cwd: Path, user: int | None) -> Started:
    with log.open("ab") as output:
        return Started(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            user=user,
            group=user if user is None else _group_of(user),
            extra_groups=None if user is None else [],
            start_new_session=True,
        )


def _group_of(user: int) -> int:
    import pwd

    return pwd.getpwuid(user).pw_gid
