"""Which connection carried what: the judge compares the order of what one connection carried."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from faults.lines import Lines


class Gateway:
    """Notes by which port of the client each request came; `close` lets the connection end after the answer."""

    def __init__(self) -> None:
        self.ports: list[tuple[str, int]] = []
        self.close = False
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        self.ports.append(((await request.read()).decode(), request.transport.get_extra_info("peername")[1]))
        response = web.Response(text="ok")
        if self.close:
            response.force_close()
        return response


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    made = Gateway()
    app = web.Application()
    app.router.add_post("/", made.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield made
    await runner.cleanup()


async def test_each_customer_keeps_a_connection(gateway: Gateway) -> None:
    async with Lines(2) as lines:
        for customer in (0, 1, 0, 1, 0):
            assert await lines.post(customer, gateway.url, str(customer).encode(), {}) == (200, 1)
    assert len(set(gateway.ports)) == 2
    assert {name for name, _ in gateway.ports} == {"0", "1"}


async def test_a_new_connection_is_told(gateway: Gateway) -> None:
    async with Lines(1) as lines:
        told = []
        for close in (False, True, False, False):
            gateway.close = close
            told.append(await lines.post(0, gateway.url, b"", {}))
    assert told == [(200, 1), (200, 1), (200, 2), (200, 2)]
    assert len({port for _, port in gateway.ports}) == 2


async def test_without_an_answer_the_connection_is_not_known(gateway: Gateway) -> None:
    nobody = gateway.url.replace("127.0.0.1", "127.0.0.9")
    async with Lines(1) as lines:
        assert await lines.post(0, nobody, b"", {}) == (0, -1)
    async with Lines(0) as pool:
        assert await pool.post(7, gateway.url, b"", {}) == (200, 0)
        assert await pool.post(7, nobody, b"", {}) == (0, 0)
