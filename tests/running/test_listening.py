"""Sockets bound once, and what an earlier gateway still has."""

import socket
import threading
import time
from pathlib import Path

import pytest

from regia.running import listening
from regia.running.listening import held, is_held, listen
from storage.journal import Journal
from tests.servers.process import free_port


def test_every_address_of_the_host_is_listened_at() -> None:
    port = free_port()
    made = listen("localhost", port)
    expected = {address[4][0] for address in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM)}
    assert {one.getsockname()[0] for one in made} == expected
    for one in made:
        with socket.create_connection(one.getsockname()[:2], timeout=2):
            pass  # it waits in the backlog: nobody takes it
        one.close()


def test_a_port_in_use_is_waited_for_and_then_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    (first,) = listen("127.0.0.1", port)
    threading.Timer(0.3, first.close).start()
    began = time.monotonic()
    (second,) = listen("127.0.0.1", port)
    assert time.monotonic() - began >= 0.2
    monkeypatch.setattr(listening, "PATIENCE", 0.2)
    with pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", port)
    second.close()


async def test_journals_that_somebody_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "PATIENCE", 0.1)
    paths = [tmp_path / f"worker-{number}.sqlite" for number in range(3)]
    journal = Journal.open(paths[1])
    await Journal.open(paths[2]).close()
    assert [is_held(path) for path in paths] == [False, True, False]
    assert held(paths) == [paths[1]]
    await journal.close()
    assert held(paths) == []
    assert not paths[0].exists()
