"""Clients that go away within their request, under the event loop that the gateway runs on."""

import asyncio
import logging
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
import uvloop
from prometheus_client import REGISTRY

from tests.http.served import DESK, make_gateway, serving

HEAD: Final = "POST {address} HTTP/1.1\r\nHost: regia.example\r\n{token}{length}\r\n\r\n"
TOKEN: Final = f"Authorization: {DESK['Authorization']}\r\nContent-Type: application/json\r\n"

Leave = Callable[[bytes, str, bool], None]

ADDRESSES: Final = {"/v1/messages/desk": "desk", "/forms/form": "form"}
BODIES: Final = {
    "with a length": ("Content-Length: 100", b"ab"),
    "without a byte": ("Content-Length: 100", b""),
    "in chunks": ("Transfer-Encoding: chunked", b"5\r\nab"),
}


def refused(connector: str, code: str) -> float:
    return REGISTRY.get_sample_value("regia_rejected_total", {"connector": connector, "code": code}) or 0.0


def all_refused(connector: str) -> float:
    return refused(connector, "malformed") + refused(connector, "internal")


@pytest.fixture(params=[uvloop.new_event_loop, asyncio.new_event_loop], ids=["uvloop", "asyncio"])
def leave(request: pytest.FixtureRequest, tmp_path: Path, migrated_sqlite: Path) -> Iterator[Leave]:
    """Send the beginning of a request to a gateway and go away, politely or with a reset; return once that is counted."""

    async def leaving(begun: bytes, connector: str, reset: bool) -> None:
        before = all_refused(connector)
        async with serving(make_gateway(tmp_path, migrated_sqlite)) as client:
            _, writer = await asyncio.open_connection(client.host, client.port)
            writer.write(begun)
            await asyncio.sleep(0.1)
            if reset:
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            async with asyncio.timeout(5):
                while all_refused(connector) == before:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)  # for what is said after the answer

    with asyncio.Runner(loop_factory=request.param) as runner:
        yield lambda *given: runner.run(leaving(*given))


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("body", BODIES)
def test_within_the_body(leave: Leave, caplog: pytest.LogCaptureFixture, address: str, body: str, *, reset: bool) -> None:
    """It is counted as a request that was not whole, and is no defect of ours."""
    connector, (length, begun) = ADDRESSES[address], BODIES[body]
    before = refused(connector, "malformed"), refused(connector, "internal")
    caplog.set_level(logging.WARNING)
    leave(HEAD.format(address=address, token=TOKEN, length=length).encode() + begun, connector, reset)
    assert (refused(connector, "malformed"), refused(connector, "internal")) == (before[0] + 1, before[1])
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
