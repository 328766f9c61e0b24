"""All scenarios in the order of the table: what fails, and for how many seconds in the long and the short form."""

from typing import Final

from faults import broker, cluster, deleted, full, outside
from faults.plays import Scenario, proxied, simple

SCENARIOS: Final[tuple[Scenario, ...]] = (
    Scenario(name="killed", what="RabbitMQ killed (SIGKILL)", play=simple(broker.killed), long=10, short=2),
    Scenario(name="frozen", what="RabbitMQ frozen (SIGSTOP)", play=simple(broker.frozen), long=60, short=5),
    Scenario(name="memory", what="memory alarm of RabbitMQ", play=simple(broker.memory_alarm), long=30, short=3),
    Scenario(name="disk", what="disk alarm of RabbitMQ", play=simple(broker.disk_alarm), long=30, short=3),
    Scenario(
        name="resets",
        what="connections to RabbitMQ reset (RST), four times a second",
        play=proxied(broker.resets),
        long=125,
        short=4,
        stops=False,
    ),
    Scenario(name="black-hole", what="bytes to and from RabbitMQ vanish", play=proxied(broker.black_hole), long=90, short=6),
    Scenario(name="full-queue", what="a full queue refuses publishes (nack)", play=full.full_queue, long=30, short=4),
    Scenario(
        name="all-down",
        what="RabbitMQ, PostgreSQL and Redis killed; a gateway of two workers",
        play=simple(outside.all_down, workers=2),
        long=600,
        short=4,
    ),
    Scenario(
        name="postgresql-killed",
        what="PostgreSQL killed (SIGKILL)",
        play=simple(outside.postgresql_killed),
        long=10,
        short=3,
    ),
    Scenario(
        name="postgresql-frozen", what="PostgreSQL frozen (SIGSTOP)", play=simple(outside.postgresql_frozen), long=30, short=4
    ),
    Scenario(
        name="redis-frozen", what="Redis frozen (SIGSTOP)", play=simple(outside.redis_frozen), long=30, short=3, stops=False
    ),
    Scenario(
        name="nodes",
        what="three nodes, one killed by chance every few seconds",
        play=simple(outside.nodes_killed, nodes=3),
        long=60,
        short=5,
        accepts=False,
        stops=False,
    ),
    Scenario(
        name="cluster-killed",
        what="the leader in a cluster of three killed (SIGKILL); times from then",
        play=cluster.play(cluster.killed),
        long=30,
        short=3,
        stops=False,
    ),
    Scenario(
        name="cluster-frozen",
        what="the leader in a cluster of three frozen (SIGSTOP); times from then",
        play=cluster.play(cluster.frozen),
        long=30,
        short=5,
        prompt=False,
    ),
    Scenario(
        name="cluster-alone",
        what="the leader in a cluster of three alone in its network; times from then",
        play=cluster.play(cluster.alone),
        long=30,
        short=5,
        prompt=False,
    ),
    Scenario(name="deleted", what="a queue deleted with messages in it", play=deleted.play, long=15, short=2, stops=False),
    Scenario(
        name="full-disk",
        what="the disk of the data folder full while PostgreSQL is away (50 messages/s)",
        play=full.full_disk,
        long=20,
        short=2,
        accepts=False,
    ),
)
