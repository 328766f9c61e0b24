"""The private servers themselves: they answer, they are where they were told to be, they are gone afterwards."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.servers import process
from tests.servers.loopback import OutsideHost, is_loopback
from tests.servers.postgresql import PostgreSQLServer
from tests.servers.process import DEFAULT_PORTS, ServerFailed, ServerMissing, ServerProcess, exchange, find_program, free_port
from tests.servers.rabbitmq import RabbitMQServer
from tests.servers.redis import RedisServer


def test_ports_are_free_and_never_a_default() -> None:
    ports = {free_port() for _ in range(50)}
    assert not ports & DEFAULT_PORTS
    assert all(exchange(port, b"") == b"" for port in ports)


def test_a_missing_program_names_the_command() -> None:
    with pytest.raises(ServerMissing, match="apt-get install --no-install-recommends rabbitmq-server"):
        find_program("rabbitmq-server-that-is-not-there", "rabbitmq-server")


def test_a_server_that_ends_shows_its_log(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo cannot read my data; exit 3"]
    broken = ServerProcess("broken", command, log=tmp_path / "log", env={"PATH": os.defpath}, cwd=tmp_path)
    with pytest.raises(ServerFailed, match=r"(?s)code 3.*cannot read my data"):
        broken.wait_ready(lambda: False)


def test_a_server_that_never_answers_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "READY_SECONDS", 0.3)
    silent = ServerProcess("silent", ["sleep", "60"], log=tmp_path / "log", env={"PATH": os.defpath}, cwd=tmp_path)
    with pytest.raises(ServerFailed, match="did not answer"):
        silent.wait_ready(lambda: False)
    assert not silent.alive


def ends(pid: int) -> bool:
    """Whether the process is gone, or dead and not yet collected, within five seconds."""
    state = Path(f"/proc/{pid}/stat")
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if not state.exists() or state.read_text().split(")")[1].split()[0] == "Z":
            return True
        time.sleep(0.01)
    return False


def test_stopping_ends_the_whole_group(tmp_path: Path) -> None:
    command = ["sh", "-c", f"sleep 61 & echo $! > {tmp_path / 'child'}; wait"]
    parent = ServerProcess("parent", command, log=tmp_path / "log", env={"PATH": os.defpath}, cwd=tmp_path)
    child = tmp_path / "child"
    parent.wait_ready(lambda: child.exists() and child.read_text().endswith("\n"))
    parent.stop()
    assert ends(int(child.read_text()))


def test_a_server_ends_when_the_tests_are_killed(tmp_path: Path) -> None:
    program = f"""
import os, pathlib, signal
from tests.servers.process import ServerProcess
folder = pathlib.Path({str(tmp_path)!r})
server = ServerProcess("left alone", ["sleep", "62"], log=folder / "log", env=dict(os.environ), cwd=folder)
print(server.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=False, timeout=30)
    assert killed.returncode == -signal.SIGKILL
    assert ends(int(killed.stdout))


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        (None, True),
        (b"localhost", True),
        ("0.0.0.0", False),  # noqa: S104  # nothing is bound: it is a name to be refused
        ("10.0.0.5", False),
        ("169.254.169.254", False),
        ("graph.facebook.com", False),
        ("localhost.example.it", False),
    ],
)
def test_which_hosts_are_ours(host: str | bytes | None, *, ours: bool) -> None:
    assert is_loopback(host) is ours


def test_outside_hosts_are_refused() -> None:
    with pytest.raises(OutsideHost, match=r"example\.org"):
        socket.getaddrinfo("example.org", 443)
    with socket.socket() as client, pytest.raises(OutsideHost, match=r"192\.0\.2\.1"):
        client.connect(("192.0.2.1", 443))
    with socket.socket() as client, pytest.raises(OutsideHost, match=r"192\.0\.2\.1"):
        client.connect_ex(("192.0.2.1", 443))


def test_redis_restarts_on_its_port(tmp_path: Path) -> None:
    with RedisServer.start(tmp_path / "redis") as server:
        exchange(server.port, b"SET cart pan\r\n")
        server.kill()
        assert exchange(server.port, b"PING\r\n") == b""
        server.restart()
        assert exchange(server.port, b"GET cart\r\n") == b"$-1\r\n"
    assert exchange(server.port, b"PING\r\n") == b""


def test_postgresql_databases_are_separate(postgresql: PostgreSQLServer, database_url: str) -> None:
    assert database_url.startswith("postgresql+psycopg://")
    other = postgresql.create_database()
    assert other not in database_url
    address = database_url.replace("+psycopg", "")
    with psycopg.connect(address) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("off",)
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
        postgresql.drop_database(other)


def test_rabbitmq_answers_its_own_ctl(rabbitmq: RabbitMQServer, amqp_url: str) -> None:
    assert rabbitmq.port not in DEFAULT_PORTS
    vhosts = rabbitmq.ctl("list_vhosts", "name", "--no-table-headers").split()
    assert amqp_url.rsplit("/", 1)[1] in vhosts
    assert rabbitmq.new_vhost() != amqp_url
    with pytest.raises(ServerFailed, match="list_nonsense"):
        rabbitmq.ctl("list_nonsense")
