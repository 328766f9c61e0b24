"""Commands of `regia` without waiting for their imports, which take seconds on a busy machine and are the same each time.

A process that has imported the command line forks for each command; the fork gets the caller's arguments, environment, folder
and open files. So do gateways: hundreds are started. Those that run under another program (strace) are started in full, as are
those of the README.
"""

import atexit
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from tests.e2e import crashing, failing

_ROOT: Final = Path(__file__).parents[2]
_SERVE: Final = "from tests.e2e.warm import serve; serve()"
_SHIM: Final = """#!{python} -E
import os, sys
if sys.argv[1:2] == ["run"]:
    os.execv("{program}", ["regia", *sys.argv[1:]])
sys.path.insert(0, "{root}")
from tests.e2e.warm import Order, ask
sys.exit(ask("{socket}", Order(sys.argv[1:], dict(os.environ), os.getcwd()), [0, 1, 2], None))
"""
_LARGEST: Final = 1 << 20


def run(
    arguments: Sequence[str], environ: Mapping[str, str], folder: Path, *, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """What `subprocess.run` would give for `regia` with these arguments and no input. Raises `TimeoutError`."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        order = Order(list(arguments), dict(environ), str(folder))
        code = ask(address(), order, [given.fileno(), out.fileno(), err.fileno()], timeout)
        printed = [_whole(file) for file in (out, err)]
    return subprocess.CompletedProcess(["regia", *arguments], code, *printed)


def _whole(file: Any) -> str:
    file.seek(0)
    text: str = file.read().decode()
    return text


@dataclass(frozen=True)
class Order:
    arguments: list[str]
    environ: dict[str, str]
    folder: str
    leads: bool = False
    """A process group of its own."""


def ask(path: str, order: Order, files: list[int], timeout: float | None) -> int:
    """Have one command run on these three open files; its exit code."""
    with _ordered(path, order, files, timeout) as line:
        _number(line)
        return _number(line)


def _ordered(path: str, order: Order, files: list[int], timeout: float | None) -> socket.socket:
    """A line on which the process id of the command comes, and then its exit code."""
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(timeout)
    line.connect(path)
    written = json.dumps(asdict(order)).encode()
    socket.send_fds(line, [len(written).to_bytes(4)], files)
    line.sendall(written)
    return line


def _number(line: socket.socket) -> int:
    answer = line.recv(4, socket.MSG_WAITALL)
    assert len(answer) == 4, "the command ended without a code"
    return int.from_bytes(answer, signed=True)


class Begun:
    """A command that goes on beside us, in a process group of its own; `tests.servers.process.Running`."""

    def __init__(self, arguments: Sequence[str], environ: Mapping[str, str], folder: Path, log: Path) -> None:
        order = Order(list(arguments), dict(environ), str(folder), leads=True)
        with log.open("ab") as out, tempfile.TemporaryFile() as given:
            self._line = _ordered(address(), order, [given.fileno(), out.fileno(), out.fileno()], None)
        self.pid = _number(self._line)
        self.returncode: int | None = None

    def ended(self) -> bool:
        return self.returncode is not None or bool(select.select([self._line], [], [], 0)[0])

    def send_signal(self, sig: int, /) -> None:
        if not self.ended():
            os.kill(self.pid, sig)

    def wait(self) -> int:
        if self.returncode is None:
            self.returncode = _number(self._line)
            self._line.close()
        return self.returncode


@functools.cache
def address() -> str:
    """Of this process' own, which ends with it."""
    home = tempfile.mkdtemp(prefix="warm-")
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("REGIA", "PYTHON"))}
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVE, f"{home}/socket"],
        env={**ours, "PYTHONPATH": str(_ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )

    def end() -> None:
        server.kill()
        server.communicate()
        Path(f"{home}/socket").unlink(missing_ok=True)
        Path(home).rmdir()

    atexit.register(end)
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n", "the command line cannot be imported"
    return f"{home}/socket"


def shim(path: Path, socket_: str) -> None:
    """Write a program at `path` that passes its command on; `regia run` is started in full."""
    program = Path(sys.executable).with_name("regia")
    path.write_text(_SHIM.format(python=sys.executable, root=str(_ROOT), socket=socket_, program=str(program)))
    path.chmod(0o755)


def serve() -> None:
    """Fork for each command, until whoever started this has ended: its end of our standard input is closed then."""
    from regia.cli.main import app

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(sys.argv[1])
        listening.listen(64)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        print("ready", flush=True)
        while sys.stdin not in select.select([listening, sys.stdin], [], [])[0]:
            line, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                os._exit(_attend(line, app))
            line.close()


def _attend(line: socket.socket, app: Any) -> int:
    """Run the command in a process of its own and tell its code; its id is free again when whoever asked has hung up."""
    head, files, _, _ = socket.recv_fds(line, 4, 3)
    written = b""
    while len(written) < int.from_bytes(head):
        written += line.recv(_LARGEST)
    order = Order(**json.loads(written))
    command = os.fork()
    if command == 0:
        if order.leads:
            os.setsid()
        line.sendall(os.getpid().to_bytes(4))
        line.close()
        _become(order, files, app)
    for file in files:
        os.close(file)
    end = os.waitid(os.P_PID, command, os.WEXITED | os.WNOWAIT)
    assert end is not None
    code = end.si_status if end.si_code == os.CLD_EXITED else -end.si_status
    line.sendall(code.to_bytes(4, signed=True))
    line.recv(1)
    os.waitpid(command, 0)
    return 0


def _become(order: Order, files: list[int], app: Any) -> None:
    """What a fresh interpreter would have: these files, this folder, this environment."""
    for place, file in enumerate(files):
        os.dup2(file, place)
        os.close(file)
    os.chdir(order.folder)
    os.environ.clear()
    os.environ.update(order.environ)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # for as long as it lives
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # for as long as it lives
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, errors="backslashreplace")  # noqa: SIM115  # for as long as it lives
    sys.argv = ["regia", *order.arguments]
    code = 0
    try:
        crashing.arm()
        failing.arm()
        app()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001  # as an interpreter ends
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()
    for file in (sys.stdout, sys.stderr):
        file.flush()
    os._exit(code)
