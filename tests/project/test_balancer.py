"""The load balancers of the cluster profile, run by the real HAProxy with the configuration that is mounted."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

import pytest

from tests.servers.process import ServerProcess, exchange, find_program, free_port

ROOT = Path(__file__).resolve().parents[2]
AMQP = b"AMQP\x00\x00\x09\x01"


class Fake(ThreadingHTTPServer):
    """A gateway, as far as a balancer sees it: it counts what it accepts, and may refuse, or die with a request in hand."""

    daemon_threads = True

    def __init__(self, number: int) -> None:
        super().__init__(("127.0.0.1", 0), _Gateway)
        self.number = number
        self.accepted: list[tuple[str, str]] = []
        self.refuses = False
        self.dies = False
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def kill(self) -> None:
        self.shutdown()
        self.server_close()


class _Gateway(BaseHTTPRequestHandler):
    server: Fake
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(200 if self.path == "/health/live" else 404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.server.refuses:
            self._answer(503, ("Retry-After", "7"))
            return
        self.server.accepted.append((body, self.headers.get("X-Forwarded-For", "")))
        if self.server.dies:  # accepted, and the answer is lost
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self._answer(202)

    def _answer(self, status: int, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for header in (*headers, ("Content-Length", "0"), ("X-Node", str(self.server.number))):
            self.send_header(*header)
        self.end_headers()

    def handle(self) -> None:
        with suppress(ConnectionResetError):  # as HAProxy ends its looks
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name is the base class's
        """Quiet."""


def balancer(folder: Path, name: str, listens: int, ports: list[int]) -> ServerProcess:
    """HAProxy with the mounted file, whose names are replaced by loopback ports."""
    port = free_port()
    text = (ROOT / f"deploy/{name}.cfg").read_text()
    text = text.replace(f"bind :{listens}", f"bind 127.0.0.1:{port}")
    servers = re.findall(r"^    server \S+ (\S+)$", text, re.MULTILINE)
    assert len(servers) == len(ports)
    for server, real in zip(servers, ports, strict=True):
        text = re.sub(rf"(server \S+) {re.escape(server)}$", rf"\1 127.0.0.1:{real}", text, flags=re.MULTILINE)
    (folder / "haproxy.cfg").write_text(text)
    program = str(find_program("haproxy", "haproxy"))
    process = ServerProcess(
        "haproxy", [program, "-W", "-db", "-f", "haproxy.cfg"], log=folder / "log", env={"PATH": "/usr/sbin"}, cwd=folder
    )
    process.wait_ready(lambda: bool(exchange(port, AMQP if name == "amqp" else b"GET /health/live HTTP/1.0\r\n\r\n")))
    process.port = port  # type: ignore[attr-defined]  # for the tests
    return process


def post(port: int, body: str) -> tuple[int, str | None, str | None]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", "/webhooks/x", body)
        answer = connection.getresponse()
        return answer.status, answer.getheader("X-Node"), answer.getheader("Retry-After")
    finally:
        connection.close()


@pytest.fixture
def gateways() -> Iterator[list[Fake]]:
    made = [Fake(number) for number in (1, 2, 3)]
    yield made
    for one in made:
        one.kill()


@pytest.fixture
def port(tmp_path: Path, gateways: list[Fake]) -> Iterator[int]:
    process = balancer(tmp_path, "balancer", 8080, [one.server_port for one in gateways])
    yield process.port  # type: ignore[attr-defined]
    process.stop()


def test_one_of_three_is_killed_and_everything_is_accepted(gateways: list[Fake], port: int) -> None:
    for number in range(60):
        if number == 20:
            gateways[1].kill()
        assert post(port, f"m{number}")[0] == 202
    assert sorted(body for one in gateways for body, _ in one.accepted) == sorted(f"m{number}" for number in range(60))
    assert all(len(one.accepted) > 3 for one in gateways), "each had its share"
    assert {forwarded for one in gateways for _, forwarded in one.accepted} == {"127.0.0.1"}


def test_what_one_refuses_another_takes(gateways: list[Fake], port: int) -> None:
    gateways[0].refuses = True
    answers = [post(port, f"m{number}") for number in range(24)]
    assert {answer[:2] for answer in answers} == {(202, "2"), (202, "3")}
    gateways[1].refuses = gateways[2].refuses = True
    status, _, after = post(port, "late")
    assert (status, after) == (503, "7"), "all refuse: the gateway's own words reach the sender"


def test_what_may_have_been_accepted_is_not_sent_again_from_here(gateways: list[Fake], port: int) -> None:
    for one in gateways:
        one.dies = True
    assert post(port, "once")[0] == 502
    assert [body for one in gateways for body, _ in one.accepted] == ["once"]


def test_a_gateway_that_comes_back_is_used_again(gateways: list[Fake], port: int, tmp_path: Path) -> None:
    gateways[0].kill()
    time.sleep(3)
    assert "DOWN" in (tmp_path / "log").read_text()
    again = Fake.__new__(Fake)
    ThreadingHTTPServer.allow_reuse_address = True
    ThreadingHTTPServer.__init__(again, ("127.0.0.1", gateways[0].server_port), _Gateway)
    again.number, again.accepted, again.refuses, again.dies = 4, [], False, False
    threading.Thread(target=again.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    deadline = time.monotonic() + 20
    while not again.accepted:
        assert post(port, "m")[0] == 202
        assert time.monotonic() < deadline
    again.kill()


class _Broker(BaseRequestHandler):
    def handle(self) -> None:
        while True:
            try:
                if not self.request.recv(64):
                    return
            except ConnectionResetError:  # as HAProxy ends its looks
                return
            if not self.server.silent:  # type: ignore[attr-defined]
                self.request.sendall(b"\x01" + str(self.server.number).encode())  # type: ignore[attr-defined]


class Broker(ThreadingTCPServer):
    """As far as a balancer sees one: it answers the protocol header, or it is frozen and only its kernel takes connections."""

    daemon_threads = True

    def __init__(self, number: int) -> None:
        super().__init__(("127.0.0.1", 0), _Broker)
        self.number, self.silent = number, False
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


def test_a_broker_that_is_silent_gets_no_connections(tmp_path: Path) -> None:
    brokers = [Broker(number) for number in (1, 2, 3)]
    with ExitStack() as stack:
        for one in brokers:
            stack.callback(one.server_close)
            stack.callback(one.shutdown)
        process = balancer(tmp_path, "amqp", 5672, [one.server_address[1] for one in brokers])
        stack.callback(process.stop)
        port = process.port  # type: ignore[attr-defined]
        held = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
        held.sendall(AMQP)
        first = int(held.recv(2)[1:])
        brokers[first - 1].silent = True
        assert held.recv(1) == b"", "the connection to it is ended once it is known to be down"
        others = {str(number).encode() for number in (1, 2, 3) if number != first}
        assert {exchange(port, AMQP)[1:] for _ in range(9)} == others
