"""Queues as the configuration lays them out, on a broker where not all is as it should be."""

from pathlib import Path
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from dispatcher.topology import WORK_ARGUMENTS
from tests.e2e.fixtures import MakeGateway
from tests.e2e.gateway import Gateway, Mode
from tests.e2e.runs import eventually

CONFIG = """\
data: {make_secrets: true}
queues:
  defaults: {single_active_consumer: true}
  targets:
    demo.returns: {max_length: 3, single_active_consumer: false}
    demo.vip: {queue: helpdesk.vip}
    demo.gone: {ttl_hours: 1}
  also:
    - {queue: archive.all, keys: ["demo.#"]}
rules: [rules.yaml]
links_key: file:links-key
connectors:
  form: {type: web_form, brand: demo, rate: {count: 1000, seconds: 60}}
"""
RULES = """\
categories: {returns: {}, vip: {}, general: {}}
default: general
rules:
  - {name: returns, when: {text: {words: [reso]}}, then: {category: returns}}
  - {name: vip, when: {text: {words: [vip]}}, then: {category: vip}}
"""


@pytest.fixture
def channel(amqp_url: str) -> Any:
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    yield connection.channel()
    connection.close()


def make(channel: BlockingChannel, name: str, **arguments: Any) -> None:
    channel.queue_declare(name, durable=True, arguments={"x-queue-type": "quorum", **arguments})


def ready(channel: BlockingChannel, *names: str) -> list[int]:
    return [channel.queue_declare(name, passive=True).method.message_count for name in names]


def send(gateway: Gateway, *texts: str) -> None:
    for text in texts:
        body = f"name=Anna&email=anna%40example.it&message={text}".encode()
        answer = gateway.request("POST", "/forms/form", body, {"Content-Type": "application/x-www-form-urlencoded"})
        assert answer.status < 400, answer.body


def alarms(gateway: Gateway) -> dict[str, str]:
    answer = gateway.request("GET", "/health/ready")
    assert answer.status == 200
    found: dict[str, str] = answer.json().get("alarms", {})
    return {key: told for key, told in found.items() if key.split(".")[0] == "queues"}  # not what lies in regia.unrouted


def test_what_is_wrong_with_some_queues_holds_up_no_other(
    make_gateway: MakeGateway, amqp_url: str, channel: BlockingChannel, tmp_path: Path
) -> None:
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "regia.yaml").write_text(CONFIG)
    make(channel, "demo.returns", **{key: value for key, value in WORK_ARGUMENTS.items() if key != "x-queue-type"})
    make(channel, "archive.all")
    gateway = make_gateway(Mode("rabbitmq", {"REGIA__QUEUES__URL": amqp_url}), config=tmp_path / "regia.yaml")
    gateway.start()
    told = alarms(gateway)
    assert told.keys() == {"queues", "queues.targets.demo.gone"}
    assert "queue demo.returns exists with other arguments" in told["queues"]
    assert "queue helpdesk.vip does not exist, and target demo.vip needs it" in told["queues"]
    assert "no rule has this queue" in told["queues.targets.demo.gone"]

    send(gateway, "vorrei+un+reso", "buongiorno", "sono+vip", "un+altro+reso")
    assert gateway.settle()["unrouted"] == 1
    eventually(lambda: ready(channel, "demo.returns", "demo.general", "regia.unrouted", "archive.all"), [2, 1, 1, 4])
    listed = gateway.cli("queue", "list")
    assert "demo.general" in listed.stdout
    assert "demo.vip" not in listed.stdout
    assert "queue helpdesk.vip does not exist" in listed.stderr
    looked = gateway.cli("queue", "peek")
    assert looked.stdout.count(" demo.returns ") == 2
    assert "demo.general has a single active consumer: RabbitMQ lets nobody else look into it" in looked.stderr

    make(channel, "helpdesk.vip")
    while channel.basic_get("demo.returns", auto_ack=True)[0] is not None:
        pass
    done = gateway.cli("topology", "diff", check=False)
    assert (done.returncode, "no rule has this queue" in done.stderr) == (2, True)
    (tmp_path / "rules.yaml").write_text(RULES.replace("{returns", "{gone: {}, returns"))  # they have it after all
    gateway.cli("topology", "apply", "--recreate", "demo.returns")
    eventually(lambda: alarms(gateway), {}, seconds=30)
    send(gateway, "sono+ancora+vip")
    gateway.settle()
    assert ready(channel, "helpdesk.vip", "regia.unrouted") == [1, 1]
    assert gateway.cli("topology", "diff", check=False).returncode == 0
    gateway.stop()


def test_a_full_queue_and_one_with_priorities(
    make_gateway: MakeGateway, amqp_url: str, channel: BlockingChannel, tmp_path: Path
) -> None:
    (tmp_path / "rules.yaml").write_text(RULES.replace("category: vip}", "category: vip, priority: 7}"))
    config = CONFIG.replace("    demo.gone: {ttl_hours: 1}\n", "")
    (tmp_path / "regia.yaml").write_text(config.replace("{queue: helpdesk.vip}", "{type: classic, priorities: 9}"))
    make(channel, "archive.all")
    gateway = make_gateway(Mode("rabbitmq", {"REGIA__QUEUES__URL": amqp_url}), config=tmp_path / "regia.yaml")
    gateway.start()
    assert alarms(gateway) == {}
    send(gateway, *(f"reso+{number}" for number in range(12)), "buongiorno", "vip")
    eventually(lambda: ready(channel, "demo.general"), [1])
    assert gateway.books()["pending"] > 0
    eventually(lambda: ready(channel, "demo.vip"), [1])
    assert channel.basic_get("demo.vip", auto_ack=True)[1].priority == 7
    taken: list[bytes] = []

    def take() -> int:
        _, _, body = channel.basic_get("demo.returns", auto_ack=True)
        taken.extend([] if body is None else [body])
        return len(set(taken))

    eventually(take, 12, seconds=60)
    assert gateway.settle()["published"] == 14
    assert ready(channel, "archive.all") == [14]  # none again for each try of what was refused
    gateway.stop()
