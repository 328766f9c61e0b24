"""Several nodes in one address, and connections that fall silent."""

import asyncio

import pytest
from pydantic import ValidationError

from dispatcher.addresses import addresses
from dispatcher.base import QueuesUnavailable
from dispatcher.link import Link
from regia.settings import QueuesStore
from tests.servers.process import free_port
from tests.servers.proxy import Proxy
from tests.servers.rabbitmq import RabbitMQServer


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("amqp://host", ["amqp://host"]),
        ("amqp://u:p@host:5672/v?heartbeat=5", ["amqp://u:p@host:5672/v?heartbeat=5"]),
        ("amqp://u:a,b@one:1,two/v", ["amqp://u:a,b@one:1/v", "amqp://u:a,b@two/v"]),
        ("amqps://one,[::1]:7?x=1,2", ["amqps://one?x=1,2", "amqps://[::1]:7?x=1,2"]),
        ("local", ["local"]),
    ],
)
def test_hosts_of_an_address(url: str, expected: list[str]) -> None:
    assert list(addresses(url)) == expected


@pytest.mark.parametrize("url", ["amqp://one,two:99999/v", "amqp://one,,two/v", "amqp://one,/v", "http://one,two/v"])
def test_every_host_must_be_valid(url: str) -> None:
    with pytest.raises(ValidationError, match="valid host and port"):
        QueuesStore.model_validate({"url": url})


def test_several_hosts_are_valid() -> None:
    url = "amqp://u:p@one,two:5673,[::1]/v"
    assert QueuesStore.model_validate({"url": url}).url.get_secret_value() == url


async def test_the_next_node_is_tried(amqp_url: str, rabbitmq: RabbitMQServer) -> None:
    nobody = amqp_url.replace(f":{rabbitmq.port}/", f":{free_port()},127.0.0.1:{rabbitmq.port}/")
    link = Link(nobody, "test")
    await link.channel(20)
    assert link.connected
    await link.close()


async def test_a_node_that_hangs_is_not_waited_for(
    amqp_url: str, rabbitmq: RabbitMQServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatcher.link.NODE_SECONDS", 0.5)
    with Proxy(rabbitmq.port, free_port()) as proxy:
        proxy.swallow()
        link = Link(amqp_url.replace(f":{rabbitmq.port}/", f":{proxy.port},127.0.0.1:{rabbitmq.port}/"), "test")
        await link.channel(20)
        assert link.connected
        await link.close()


async def test_the_trouble_names_one_node_and_no_secret() -> None:
    port = free_port()
    link = Link(f"amqp://user:password@127.0.0.1:{port},127.0.0.1:{port}/v", "test")
    with pytest.raises(QueuesUnavailable) as error:
        await link.channel(0.5)
    assert f"127.0.0.1:{port}/v" in str(error.value)
    assert "password" not in str(error.value)


async def test_a_silent_connection_is_cut(amqp_url: str, rabbitmq: RabbitMQServer) -> None:
    with Proxy(rabbitmq.port, free_port()) as proxy:
        link = Link(amqp_url.replace(f":{rabbitmq.port}/", f":{proxy.port}/") + "?heartbeat=2", "test")
        await link.channel(20)
        await asyncio.sleep(5)
        assert link.connected, "heartbeats keep an idle connection"
        proxy.swallow()
        async with asyncio.timeout(10):
            while link.connected:
                await asyncio.sleep(0.05)
        proxy.mend()
        await link.channel(20)
        assert link.connected
        await link.close()
