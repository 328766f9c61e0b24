"""What makes faults: the proxy, namespaces, and servers that are frozen or killed."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from bench.servers import DurablePostgreSQL
from tests.servers.namespaces import Namespaces, NotPermitted
from tests.servers.process import exchange, free_port
from tests.servers.proxy import Proxy
from tests.servers.redis import RedisServer


def test_a_proxy_passes_swallows_and_resets(redis_server: RedisServer) -> None:
    with Proxy(redis_server.port, free_port()) as proxy:
        assert exchange(proxy.port, b"PING\r\n") == b"+PONG\r\n"
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as old:
            old.sendall(b"PING\r\n")
            assert old.recv(64) == b"+PONG\r\n"
            proxy.swallow()
            assert _silent(old)
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as young:
                assert _silent(young)
            proxy.mend()
            assert _silent(old), "what has lost bytes stays silent"
            assert exchange(proxy.port, b"PING\r\n") == b"+PONG\r\n"
            assert proxy.reset() >= 1
            with pytest.raises(ConnectionResetError):
                old.recv(64)
    assert exchange(proxy.port, b"PING\r\n") == b""


def _silent(client: socket.socket) -> bool:
    client.sendall(b"PING\r\n")
    client.settimeout(0.3)
    try:
        return not client.recv(64)
    except TimeoutError:
        return True
    finally:
        client.settimeout(5)


def test_a_frozen_redis_answers_when_it_is_thawed(tmp_path: Path) -> None:
    with RedisServer.start(tmp_path) as server, socket.create_connection(("127.0.0.1", server.port), timeout=0.3) as client:
        server.freeze()
        try:
            client.sendall(b"PING\r\n")
            with pytest.raises(TimeoutError):
                client.recv(64)
        finally:
            server.thaw()
        client.settimeout(10)
        assert client.recv(64) == b"+PONG\r\n"


def test_a_killed_postgresql_keeps_what_it_committed(tmp_path: Path) -> None:
    with DurablePostgreSQL.start(tmp_path) as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (n int)")
            connection.execute("INSERT INTO kept VALUES (7)")
            server.freeze()
            server.thaw()
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
            server.kill()
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
        server.restart()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_namespaces_can_be_cut() -> None:
    try:
        spaces = Namespaces(2)
    except NotPermitted as missing:
        pytest.skip(f"network namespaces are not permitted here: {missing}")
    with spaces:
        assert _reaches(spaces)
        spaces.cut(0)
        assert not _reaches(spaces)
        spaces.join(0)
        assert _reaches(spaces)
        with spaces.socket(0) as server, spaces.socket(0) as client, spaces.socket(1) as stranger:
            server.bind(("127.0.0.1", 7))
            server.listen()
            client.connect(("127.0.0.1", 7))
            with pytest.raises(ConnectionRefusedError):
                stranger.connect(("127.0.0.1", 7))
        made = spaces.name(0)
    assert not Path(f"/run/netns/{made}").exists()


def _reaches(spaces: Namespaces) -> bool:
    """Whether a process in the second namespace gets an answer from the first: a refusal, since nobody listens there."""
    program = f"import socket; socket.create_connection(({spaces.address(0)!r}, 7), timeout=2)"
    command = [*spaces.prefix(1), sys.executable, "-c", program]
    return b"ConnectionRefused" in subprocess.run(command, capture_output=True, timeout=30, check=False).stderr


def test_who_may_not_is_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    with pytest.raises(NotPermitted, match="only root"):
        Namespaces(1)
