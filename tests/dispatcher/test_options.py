"""What queues are asked to be like, and which routing keys copies are made of."""

import random

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from dispatcher.base import Topology
from dispatcher.options import Also, Layout, QueueOptions, matches
from dispatcher.topology import INBOUND, Binding, Exchange, Queue, declarations, title

WORK = {
    "x-queue-type": "quorum",
    "x-dead-letter-exchange": "regia.dead",
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
    "x-delivery-limit": 20,
}
CLASSIC = {"x-queue-type": "classic", "x-dead-letter-exchange": "regia.dead", "x-overflow": "reject-publish"}

OPTIONS = [
    (QueueOptions(), WORK),
    (QueueOptions(delivery_limit=5), {**WORK, "x-delivery-limit": 5}),
    (QueueOptions(max_length=100, max_bytes=2**40), {**WORK, "x-max-length": 100, "x-max-length-bytes": 2**40}),
    (QueueOptions(ttl_ms=2_592_000_000), {**WORK, "x-message-ttl": 2_592_000_000}),
    (QueueOptions(single_active_consumer=True), {**WORK, "x-single-active-consumer": True}),
    (
        QueueOptions(leader="balanced", members=3),
        {**WORK, "x-queue-leader-locator": "balanced", "x-quorum-initial-group-size": 3},
    ),
    (
        QueueOptions(dead_letter_exchange="helpdesk.dlx", dead_letter_key="vip"),
        {**WORK, "x-dead-letter-exchange": "helpdesk.dlx", "x-dead-letter-routing-key": "vip"},
    ),
    (QueueOptions(type="classic"), CLASSIC),
    (QueueOptions(type="classic", priorities=9, max_length=7), {**CLASSIC, "x-max-priority": 9, "x-max-length": 7}),
    # What only quorum queues have, inherited from the defaults.
    (QueueOptions(type="classic", delivery_limit=5, leader="balanced", members=3), CLASSIC),
    (QueueOptions(priorities=9), WORK),
]


@pytest.mark.parametrize(("options", "arguments"), OPTIONS)
def test_arguments(options: QueueOptions, arguments: dict[str, object]) -> None:
    assert options.arguments == arguments


def test_rabbitmq_takes_all_of_them(amqp_url: str) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    for number, (options, _) in enumerate(OPTIONS):
        for _time in range(2):  # the second only compares
            channel.queue_declare(f"q{number}", durable=True, arguments=dict(options.arguments))
    connection.close()


@pytest.mark.parametrize("options", [options for options, _ in OPTIONS])
def test_no_option_lets_a_queue_drop_messages_or_itself(options: QueueOptions) -> None:
    assert options.arguments["x-overflow"] == "reject-publish"
    assert options.arguments["x-dead-letter-exchange"]
    assert "x-expires" not in options.arguments
    assert options.type == "classic" or options.arguments["x-dead-letter-strategy"] == "at-least-once"


WORDS = ("demo", "returns", "mail", "x")


def test_keys_match_as_the_broker_matches_them(amqp_url: str) -> None:
    """Each pattern binds a queue, each key is published: what is counted there is what `matches` says."""
    chance = random.Random(7)  # noqa: S311  # a sample
    patterns = ["#", "*", "#.#", "demo.#", "#.mail", "*.*.*", "demo.*.#", "#.returns.#", "demo.returns.mail", "*.#.mail", "#.*"]
    patterns += [".".join(chance.choice((*WORDS, "*", "#")) for _ in range(chance.randint(1, 4))) for _ in range(30)]
    keys = [".".join(chance.choice(WORDS) for _ in range(chance.randint(1, 4))) for _ in range(40)]
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    channel = connection.channel()
    channel.exchange_declare("t", "topic")
    counted = {pattern: _count(channel, pattern, keys) for pattern in dict.fromkeys(patterns)}
    connection.close()
    assert counted == {pattern: sum(matches(pattern, key) for key in keys) for pattern in counted}
    assert 0 in counted.values()
    assert any(0 < number < len(keys) for number in counted.values())


def _count(channel: BlockingChannel, pattern: str, keys: list[str]) -> int:
    queue = channel.queue_declare("", exclusive=True).method.queue
    channel.queue_bind(queue, "t", pattern)
    for key in keys:
        channel.basic_publish("t", key, b"")
    taken = 0
    while channel.basic_get(queue, auto_ack=True)[0] is not None:
        taken += 1
    channel.queue_delete(queue)
    return taken


def test_existing_queues_are_bound_and_never_declared() -> None:
    layout = Layout(
        options={"demo.returns": QueueOptions(max_length=5, dead_letter_exchange="helpdesk.dlx")},
        existing={"demo.vip": "helpdesk.vip"},
        also=(Also(queue="archive.all", keys=("demo.#", "#.mail")), Also(queue="archive.all", keys=("demo.vip.#",))),
    )
    wanted = declarations(Topology(targets={"demo": frozenset({"returns", "vip"})}, layout=layout))[8:]
    assert wanted == (
        Exchange("helpdesk.dlx", needed_by="dead letters of demo.returns"),
        Queue("demo.returns", layout.options["demo.returns"].arguments),
        Binding(INBOUND, "demo.returns", "demo.returns.#"),
        Queue("helpdesk.vip", {}, needed_by="target demo.vip"),
        Binding(INBOUND, "helpdesk.vip", "demo.vip.#"),
        Queue("archive.all", {}, needed_by="queues.also"),
    )
    assert title(wanted[2]) == "the binding of queue demo.returns to regia.inbound by demo.returns.#"


def test_layouts_are_kept_where_topologies_are_joined() -> None:
    layout = Layout(existing={"demo.vip": "helpdesk.vip"})
    old = Topology(targets={"demo": frozenset({"vip"})})
    new = Topology(targets={"demo": frozenset({"returns"})}, layout=layout)
    assert old.joined(new) == Topology(targets={"demo": frozenset({"vip", "returns"})}, layout=layout)


def test_a_further_queue_gets_one_copy() -> None:
    """Whatever number of its keys match, as with a topic exchange."""
    layout = Layout(
        also=(
            Also(queue="archive.all", keys=("demo.#", "#.mail")),
            Also(queue="audit", keys=("*.vip.*",)),
            Also(queue="archive.all", keys=("demo.vip.#",)),
        )
    )
    assert layout.copied_to("demo.vip.mail") == ("archive.all", "audit")
    assert layout.copied_to("demo.returns.mail") == ("archive.all",)
    assert layout.copied_to("shop.returns.form") == ()
