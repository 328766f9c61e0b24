"""A private RabbitMQ node with a name, cookie, data folder and port mapper (epmd) of its own."""

import os
import secrets
import signal
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.process import ServerFailed, ServerProcess, exchange, find_program, free_port

SCRIPTS = "/usr/lib/rabbitmq/bin"
"""Not the wrappers in /usr/sbin: those change the user and the folder."""

PACKAGE = "rabbitmq-server"
STANDS = 4.0
"""Seconds after which a queue outlives SIGKILL: one that is younger than about two may come back empty (docs/queues.md)."""
VHOSTS_AT_ONCE = 8
"""A call of rabbitmqctl costs more than a second, a vhost a tenth of it."""


class RabbitMQServer:
    """`RabbitMQServer.start(folder)`; `url` is the vhost `/`, `new_vhost()` gives an empty one. With `management` its API is
    at `management_url`."""

    def __init__(self, folder: Path, *, management: bool = False) -> None:
        self.folder = folder
        self.port, self._dist_port, self._epmd_port = free_port(), free_port(), free_port()
        self._management_port = free_port() if management else 0
        self.management_url = f"http://127.0.0.1:{self._management_port}/"
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}/"
        self._node = f"regia-{secrets.token_hex(4)}@localhost"
        self._server_program = find_program("rabbitmq-server", PACKAGE, SCRIPTS)
        self._ctl_program = find_program("rabbitmqctl", PACKAGE, SCRIPTS)
        self._vhosts: list[str] = []
        self._vhosts_made = 0
        self._vhosts_used: list[str] = []
        self._write_files()
        # The node would start epmd as a daemon that outlives it; ours is found running instead.
        self._epmd = self._spawn_epmd()
        try:
            self._process = self._spawn()
        except BaseException:
            self._epmd.kill()
            raise

    @classmethod
    def start(cls, folder: Path, *, management: bool = False) -> Self:
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder, management=management)

    def _write_files(self) -> None:
        cookie = self.folder / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(16))
        cookie.chmod(0o400)
        (self.folder / "env.conf").touch()
        port = self._management_port
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management].\n" if port else "[].\n")
        management = f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {port}\n" if port else ""
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{self.port}\ndisk_free_limit.absolute = 1MB\nlog.file.level = info\n{management}"
        )

    @property
    def _env(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "db"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "env.conf"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq.conf"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 -kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            # With this the start script becomes the node instead of staying its parent: one process id for signals.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def _spawn_epmd(self) -> ServerProcess:
        command = [str(find_program("epmd", "erlang-base")), "-port", str(self._epmd_port), "-address", "127.0.0.1"]
        epmd = ServerProcess("epmd", command, log=self.folder / "epmd.log", env=self._env, cwd=self.folder)
        # NAMES_REQ of the distribution protocol: length 1, tag 'n'; the answer starts with epmd's own port.
        epmd.wait_ready(lambda: exchange(self._epmd_port, b"\x00\x01n")[:4] == self._epmd_port.to_bytes(4, "big"))
        return epmd

    def _spawn(self) -> ServerProcess:
        command = [str(self._server_program)]
        process = ServerProcess("rabbitmq-server", command, log=self.folder / "node.log", env=self._env, cwd=self.folder)
        # An open port is not enough: only a node that has booted answers the protocol header with Connection.Start.
        process.wait_ready(lambda: exchange(self.port, b"AMQP\x00\x00\x09\x01").startswith(b"\x01\x00\x00"))
        return process

    def ctl(self, *arguments: str) -> str:
        """rabbitmqctl on this node: what it printed. Raises `ServerFailed`."""
        command = [str(self._ctl_program), "--quiet", *arguments]
        done = subprocess.run(command, env=self._env, cwd=self.folder, capture_output=True, text=True, timeout=90, check=False)
        if done.returncode != 0:
            raise ServerFailed(f"rabbitmqctl {arguments[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def new_vhost(self) -> str:
        """The address of an empty vhost that nobody else uses."""
        if not self._vhosts:
            self._make_vhosts()
        return self.url + self._vhosts.pop(0)

    def done_with(self, url: str) -> None:
        """A vhost of `new_vhost` goes when the next are made: a node that keeps hundreds takes minutes to start again."""
        self._vhosts_used.append(url.removeprefix(self.url))

    def _make_vhosts(self) -> None:
        first, last = self._vhosts_made + 1, self._vhosts_made + VHOSTS_AT_ONCE
        used = ", ".join(f'<<"{name}">>' for name in self._vhosts_used)
        self._vhosts_used.clear()
        self.ctl(
            "eval",
            f'[rabbit_vhost:delete(Name, <<"tests">>) || Name <- [{used}]],'
            "[begin Name = list_to_binary([$v | integer_to_list(N)]),"
            ' ok = rabbit_vhost:add(Name, <<>>, [], <<"tests">>),'
            " ok = rabbit_auth_backend_internal:set_permissions("
            '<<"guest">>, Name, <<".*">>, <<".*">>, <<".*">>, <<"tests">>)'
            f" end || N <- lists:seq({first}, {last})], ok.",
        )
        self._vhosts_made = last
        self._vhosts = [f"v{number}" for number in range(first, last + 1)]

    def kill(self) -> None:
        """SIGKILL: what is not on disk is gone."""
        self._process.kill()

    def restart(self) -> None:
        """Start again with the same data and ports, after `kill` or after a clean stop made here."""
        self._process.stop()
        self._process = self._spawn()

    def freeze(self) -> None:
        """Connections stay open and nothing answers."""
        self._process.send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send(signal.SIGCONT)

    def stop(self) -> None:
        self._process.stop()
        self._epmd.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
