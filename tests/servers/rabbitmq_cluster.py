"""Three RabbitMQ nodes as one cluster, each with an address and a data folder of its own.

On the loopback they are 127.0.0.11 and so on, and share a port mapper, which always takes 127.0.0.1 as well. In
`Namespaces` each is alone behind its own network card, and its clients reach it through a proxy that needs none: so the
cluster's network can be cut, and clients still reach every part of it.
"""

import os
import secrets
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.namespaces import Namespaces
from tests.servers.process import ServerFailed, ServerProcess, exchange, find_program, free_port
from tests.servers.proxy import Proxy
from tests.servers.rabbitmq import PACKAGE, SCRIPTS

COUNT = 3
_JOIN_SECONDS = 60.0


class ClusterNode:
    """One node. `port` is where clients on this machine's loopback reach it."""

    def __init__(self, cluster: "RabbitMQCluster", number: int) -> None:
        self.number = number
        self._cluster = cluster
        self._folder = cluster.folder / f"node-{number}"
        self._folder.mkdir()
        self.address = cluster.address(number)
        self.name = cluster.name(number)
        self._dist_port = free_port()
        self._write_files()
        self._epmd: ServerProcess | None = None
        self._process: ServerProcess | None = None
        self.port = cluster.reachable(number)

    def _write_files(self) -> None:
        cookie = self._folder / ".erlang.cookie"
        cookie.write_text(self._cluster.cookie)
        cookie.chmod(0o400)
        (self._folder / "env.conf").touch()
        (self._folder / "enabled_plugins").write_text("[].\n")
        name = self._cluster.name
        peers = "".join(f"cluster_formation.classic_config.nodes.{n + 1} = {name(n)}\n" for n in range(COUNT))
        (self._folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = {self._cluster.served(self.number)}:{self._cluster.amqp_port}\n"
            "disk_free_limit.absolute = 1MB\nlog.file.level = info\nloopback_users = none\n"
            "cluster_partition_handling = pause_minority\n"
            f"cluster_formation.peer_discovery_backend = classic_config\n{peers}"
        )

    @property
    def _env(self) -> dict[str, str]:
        interface = self.address.replace(".", ",")
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C.UTF-8",
            "HOME": str(self._folder),
            "RABBITMQ_NODENAME": self.name,
            "RABBITMQ_USE_LONGNAME": "true",
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "db"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_PID_FILE": str(self._folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": str(self._folder / "env.conf"),
            "RABBITMQ_CONFIG_FILE": str(self._folder / "rabbitmq.conf"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": f"+S 1:1 -kernel inet_dist_use_interface {{{interface}}}",
            "ERL_EPMD_ADDRESS": self.address,
            "ERL_EPMD_PORT": str(self._cluster.epmd_port),
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def start(self) -> None:
        """The port mapper and the node; answers `ready` later."""
        prefix = self._cluster.prefix(self.number)
        if self._epmd is None and (mapped := self._cluster.mapped(self.number)):
            port, program = str(self._cluster.epmd_port), str(find_program("epmd", "erlang-base"))
            command = [*prefix, program, "-port", port, "-address", mapped]
            self._epmd = ServerProcess("epmd", command, log=self._folder / "epmd.log", env=self._env, cwd=self._folder)
            time.sleep(0.3)
        command = [*prefix, str(find_program("rabbitmq-server", PACKAGE, SCRIPTS))]
        self._process = ServerProcess("node", command, log=self._folder / "node.log", env=self._env, cwd=self._folder)

    @property
    def process(self) -> ServerProcess:
        assert self._process is not None, "the node was never started"
        return self._process

    def wait(self) -> None:
        """Until it speaks AMQP."""
        self.process.wait_ready(lambda: exchange(self.port, b"AMQP\x00\x00\x09\x01").startswith(b"\x01\x00\x00"))

    def kill(self) -> None:
        self.process.kill()

    def freeze(self) -> None:
        self.process.send(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send(signal.SIGCONT)

    def ctl(self, *arguments: str, seconds: float = 60) -> str:
        """rabbitmqctl on this node: what it printed. Raises `ServerFailed`."""
        program = str(find_program("rabbitmqctl", PACKAGE, SCRIPTS))
        command = [*self._cluster.prefix(self.number), program, "--quiet", "--longnames", "-n", self.name, *arguments]
        done = subprocess.run(
            command, env=self._env, cwd=self._folder, capture_output=True, text=True, timeout=seconds, check=False
        )
        if done.returncode != 0:
            raise ServerFailed(f"rabbitmqctl {arguments[0]} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def stop(self) -> None:
        """At once: the cluster's data live no longer than it."""
        for process in (self._process, self._epmd):
            if process is not None:
                process.kill()


class RabbitMQCluster:
    """`RabbitMQCluster.start(folder)`; `url(vhost)` names all nodes in one address, `urls` each in its own."""

    def __init__(self, folder: Path, namespaces: Namespaces | None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.cookie = secrets.token_hex(16)
        self.amqp_port, self.epmd_port = free_port(), free_port()
        self._namespaces = namespaces
        self._vhosts = 0
        self._stack = ExitStack()
        try:
            self.nodes = [ClusterNode(self, number) for number in range(COUNT)]
            self._boot()
        except BaseException:
            self._stack.close()
            raise

    @classmethod
    def start(cls, folder: Path, namespaces: Namespaces | None = None) -> Self:
        return cls(folder, namespaces)

    def _boot(self) -> None:
        for node in self.nodes:
            self._stack.callback(node.stop)
            node.start()
        with ThreadPoolExecutor() as threads:
            list(threads.map(ClusterNode.wait, self.nodes))
        until = time.monotonic() + _JOIN_SECONDS
        while len(self.running()) < COUNT:
            if time.monotonic() > until:
                raise ServerFailed(f"only {self.running()} have joined\n{self.nodes[0].process.log_tail()}")
            time.sleep(0.5)

    def address(self, number: int) -> str:
        return f"127.0.0.{11 + number}" if self._namespaces is None else self._namespaces.address(number)

    def served(self, number: int) -> str:
        """Where the node listens for clients: in a namespace on the loopback of that."""
        return self.address(number) if self._namespaces is None else "127.0.0.1"

    def name(self, number: int) -> str:
        return f"rabbit{number}@{self.address(number)}"

    def mapped(self, number: int) -> str:
        """The addresses of the port mapper that the node has to start."""
        if self._namespaces is not None:
            return self.address(number)
        return "" if number else ",".join(map(self.address, range(COUNT)))

    def prefix(self, number: int) -> list[str]:
        return [] if self._namespaces is None else self._namespaces.prefix(number)

    def reachable(self, number: int) -> int:
        """A port on this machine's loopback that leads to the node, whatever becomes of the cluster's network."""
        spaces = self._namespaces
        made = None if spaces is None else lambda: spaces.socket(number)
        target = (self.served(number), self.amqp_port)
        return self._stack.enter_context(Proxy(target, free_port(), made)).port

    def running(self, asked: int = 0) -> list[str]:
        """Names of the nodes that this one knows to run."""
        names = self.nodes[asked].ctl("eval", '[io:format("~s~n", [N]) || N <- rabbit_nodes:all_running()], ok.')
        return [name for name in names.split() if name.startswith("rabbit")]

    def leader(self, vhost: str, queue: str, asked: int = 0) -> ClusterNode:
        """The node where the queue's leader is."""
        listed = self.nodes[asked].ctl("list_queues", "-p", vhost, "name", "leader", "--no-table-headers")
        leaders = dict(line.split() for line in listed.splitlines() if len(line.split()) == 2)
        return next(node for node in self.nodes if node.name == leaders[queue])

    def urls(self, vhost: str) -> list[str]:
        return [f"amqp://guest:guest@127.0.0.1:{node.port}/{vhost}" for node in self.nodes]

    def url(self, vhost: str, first: int = 0) -> str:
        """All nodes in one address, beginning with that one."""
        hosts = [f"127.0.0.1:{node.port}" for node in (*self.nodes[first:], *self.nodes[:first])]
        return f"amqp://guest:guest@{','.join(hosts)}/{vhost}"

    def cut(self, node: ClusterNode) -> None:
        """Leave the node alone in its network. Needs namespaces."""
        assert self._namespaces is not None
        self._namespaces.cut(node.number)

    def join(self, node: ClusterNode) -> None:
        assert self._namespaces is not None
        self._namespaces.join(node.number)

    def hears(self, node: ClusterNode) -> bool:
        """Whether another node gets an answer of this one. After a cut that can take half a minute longer than the network is
        whole: the kernel waits between its attempts to send what is lost, longer each time (RFC 6298, 5.5)."""
        other = self.nodes[(node.number + 1) % COUNT]
        asked = f"io:format(\"~w\", [rpc:call('{node.name}', erlang, node, [], 2000)]), ok."
        return f"'{node.name}'" in other.ctl("eval", asked)

    def whole(self) -> bool:
        """Whether all nodes run and know of each other."""
        try:
            return all(len(self.running(number)) == COUNT for number in range(COUNT))
        except ServerFailed:
            return False

    def new_vhost(self) -> str:
        """The name of an empty one."""
        self._vhosts += 1
        name = f"c{self._vhosts}"
        self.nodes[0].ctl("add_vhost", name)
        self.nodes[0].ctl("set_permissions", "-p", name, "guest", ".*", ".*", ".*")
        return name

    def stop(self) -> None:
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
