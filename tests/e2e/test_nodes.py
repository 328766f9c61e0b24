"""Several gateways on one database. Pauses that outlast leases: tests/proof/test_nodes.py."""

import pytest

from tests.e2e.consumers import consumer_of
from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import Mode
from tests.e2e.nodes import start_nodes
from tests.e2e.traffic import Traffic
from tests.e2e.workers import shared

__all__ = ["shared"]

pytestmark = pytest.mark.timeout(300)


def test_the_same_contact_at_two_nodes_is_one_envelope(make_gateway: MakeGateway, shared: Mode) -> None:
    nodes = start_nodes(make_gateway, shared, "a", "b")
    traffic = Traffic(1, nodes[0].secret)
    posts = [traffic.text(f"Quando arriva il pacco {number}?") for number in range(5)]
    for post in posts:
        told = [node.request("POST", post.path, post.body, post.headers) for node in (*nodes, *reversed(nodes))]
        assert {answer.status for answer in told} <= {200, 202}
        assert len({answer.json()["id"] for answer in told}) == 1
    for node in nodes:
        books = node.settle()
        assert books["balance"]
    consumer = consumer_of(nodes[0])
    consumer.drain()
    assert len({one.envelope_id for one in consumer.deliveries}) == len(consumer.deliveries) == len(posts)
    for node in nodes:
        node.stop()
