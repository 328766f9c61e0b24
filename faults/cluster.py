"""One node of a RabbitMQ cluster fails: the one that leads all queues, and to which the gateway is connected."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from faults.judge import Window
from faults.messages import QUEUES
from faults.plays import BEFORE_SECONDS, Play, Row, Scenario, end
from faults.stage import Servers, Stage
from tests.servers.rabbitmq_cluster import ClusterNode, RabbitMQCluster

QUEUE: Final = QUEUES[0]
"""All queues were declared by one gateway, so one node leads all of them."""
WHOLE_SECONDS: Final = 120.0
"""What a cluster may take to be whole again once its node is back."""

Failure = Callable[[RabbitMQCluster, ClusterNode, float], None]


def killed(_cluster: RabbitMQCluster, node: ClusterNode, seconds: float) -> None:
    node.kill()
    time.sleep(seconds)
    node.start()
    node.wait()


def frozen(_cluster: RabbitMQCluster, node: ClusterNode, seconds: float) -> None:
    node.freeze()
    try:
        time.sleep(seconds)
    finally:
        node.thaw()


def alone(cluster: RabbitMQCluster, node: ClusterNode, seconds: float) -> None:
    """Its clients still reach it, the other nodes do not, until they hear each other again."""
    cluster.cut(node)
    try:
        time.sleep(seconds)
    finally:
        cluster.join(node)
    until = time.monotonic() + WHOLE_SECONDS
    while not cluster.hears(node) and time.monotonic() < until:
        time.sleep(0.2)


def play(failure: Failure) -> Play:
    """The ticket system is connected to another node. A cluster is there to go on without one: so the time until publishing
    goes on runs from the failure, not from the repair. Where no delivery need be late, since another leader may be chosen at
    once, one must have been."""

    def played(scenario: Scenario, servers: Servers, folder: Path, seconds: float) -> Row:
        cluster = servers.cluster()
        if failure is alone and servers.not_permitted:
            note = f"no network namespaces: {servers.not_permitted}"
            return Row(name=scenario.name, what=scenario.what, seconds=seconds, figures=None, note=note)
        vhost = cluster.new_vhost()
        urls = cluster.urls(vhost)
        with Stage(servers, folder, amqp=cluster.url(vhost), consume=[*urls[1:], urls[0]]) as stage:
            stage.start()
            stage.listen()
            stage.begin()
            time.sleep(BEFORE_SECONDS)
            leader = cluster.leader(vhost, QUEUE)
            begun = time.monotonic()
            failure(cluster, leader, seconds)
            lasted = time.monotonic() - begun
            row = end(scenario, stage, seconds, Window(begun, begun))
            stage.until(cluster.whole, WHOLE_SECONDS, "the cluster is not whole again")
            kept = not scenario.stops and cluster.leader(vhost, QUEUE) is leader
            wrong = ("the cluster kept its leader, so nothing failed",) if kept else ()
            return replace(row, lasted=lasted, note=f"it lasted {lasted:.0f} s", wrong=wrong)

    return played
