"""`regia topology`, and `regia check` of what it reads: what they print, with which status they end, what stands afterwards."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from typer.testing import CliRunner, Result

from dispatcher import recreate
from dispatcher.topology import WORK_ARGUMENTS
from regia.cli.main import app
from tests.servers.process import free_port
from tests.servers.rabbitmq import RabbitMQServer

QUORUM = {"x-queue-type": "quorum"}
HEAD = """\
rules: [rules.yaml]
links_key: ${KEY}
connectors:
  form: {type: web_form, brand: demo}
queues:
"""
NO_CLASSIC = "a classic queue cannot have it: take it out, or write type: quorum"
USUAL = """\
  targets:
    demo.returns: {max_length: 100000, ttl_hours: 720}
    demo.vip: {queue: helpdesk.vip}
  also:
    - {queue: archive.all, keys: ["demo.#"]}
"""


class Bench:
    """A configuration, and a virtual host that it may be about."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._patch = monkeypatch
        self.url = "amqp://guest@127.0.0.1:1/none"
        (folder / "rules.yaml").write_text("categories: {returns: {}, vip: {}, general: {}}\ndefault: general\n")
        monkeypatch.chdir(folder)
        monkeypatch.setenv("KEY", "k" * 32)
        self.queues(USUAL)
        self.at(self.url)

    def at(self, url: str, management: str | None = None) -> None:
        self.url = url
        self._patch.setenv("REGIA__QUEUES__URL", url)
        if management is not None:
            self._patch.setenv("REGIA__QUEUES__MANAGEMENT_URL", management)

    def cluster(self, url: str) -> None:
        """What the gateway is told, where another client could not read it."""
        self._patch.setenv("REGIA__QUEUES__URL", url)

    def queues(self, text: str) -> None:
        (self._folder / "regia.yaml").write_text(HEAD + text)

    def run(self, *arguments: str) -> Result:
        done = CliRunner().invoke(app, [*arguments, "-c", "regia.yaml"])
        if not isinstance(done.exception, SystemExit | type(None)):
            raise done.exception
        return done

    def topology(self, *arguments: str) -> tuple[int, str]:
        done = self.run("topology", *arguments)
        return done.exit_code, done.output

    def do(self, work: Callable[[BlockingChannel], Any]) -> Any:
        connection = pika.BlockingConnection(pika.URLParameters(self.url))
        try:
            return work(connection.channel())
        finally:
            connection.close()

    def make(self, name: str, arguments: Any = QUORUM) -> None:
        self.do(lambda channel: channel.queue_declare(name, durable=True, arguments=dict(arguments)))

    def others(self) -> None:
        """The queues that are not ours."""
        self.make("helpdesk.vip")
        self.make("archive.all")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)


@pytest.fixture
def plain(bench: Bench, amqp_url: str) -> Bench:
    bench.at(amqp_url)
    return bench


@pytest.fixture
def managed(bench: Bench, managed_rabbitmq: RabbitMQServer) -> Iterator[Bench]:
    bench.at(managed_rabbitmq.new_vhost(), managed_rabbitmq.management_url)
    return bench


@pytest.mark.parametrize(
    ("queues", "problems"),
    [
        (USUAL, []),
        (
            "  targets: {demo.retuns: {max_length: 5}, shop.vip: {}}\n",
            [
                "6:13: queues.targets.demo.retuns: no rule has this queue (did you mean demo.returns?)",
                "6:43: queues.targets.shop.vip: no rule has this queue (did you mean demo.vip?)",
            ],
        ),
        (
            "  targets:\n    demo.vip: {queue: demo.returns}\n",
            ["7:16: queues.targets.demo.vip.queue: is the queue of another target: let the rules route there"],
        ),
        (
            '  also: [{queue: demo.returns, keys: ["demo.vipp.#", "demo.vip", "*.vip.#", "#.mail"]}]\n',
            [
                "6:11: queues.also[0].queue: is the queue of a target: let the rules route there, with copy_to",
                "6:39: queues.also[0].keys[0]: matches nothing that is published (did you mean demo.vip.#?)",
                "6:54: queues.also[0].keys[1]: matches nothing that is published (did you mean demo.vip.#?)",
            ],
        ),
        (
            "  targets: {returns: {}}\n",
            ["6:13: queues.targets.returns: must be the name of a queue, <brand>.<target>"],
        ),
        (
            "  defaults: {priorities: 3}\n  targets: {demo.vip: {type: classic, delivery_limit: 3, leader: balanced}}\n",
            [
                "6:14: queues.defaults.priorities: a quorum queue cannot have it: take it out, or write type: classic",
                f"7:39: queues.targets.demo.vip.delivery_limit: {NO_CLASSIC}",
                f"7:58: queues.targets.demo.vip.leader: {NO_CLASSIC}",
            ],
        ),
        (
            "  targets: {demo.vip: {queue: regia.dead, max_length: 3}}\n  also: [{queue: regia.replies, keys: ['#']}]\n",
            [
                "6:24: queues.targets.demo.vip.queue: queues named regia.… are the gateway's own: name one of yours",
                "6:43: queues.targets.demo.vip.max_length: is for a queue of ours, and this one is not: take it out",
                "7:11: queues.also[0].queue: queues named regia.… are the gateway's own: name one of yours",
            ],
        ),
        (
            "  defaults: {dead_letter_exchange: regia.inbound}\n",
            ["6:14: queues.defaults.dead_letter_exchange: exchanges named regia.… are the gateway's own: name one of yours"],
        ),
        (
            "  defaults: {type: quorun, ttl_hours: 1194, max_length: 0, priorities: 10, expires: 3}\n",
            [
                "6:20: queues.defaults.type: must be one of 'quorum' or 'classic' (did you mean quorum?)",
                "6:39: queues.defaults.ttl_hours: must be less than or equal to 1193",
                "6:57: queues.defaults.max_length: must be greater than or equal to 1",
                "6:72: queues.defaults.priorities: must be less than or equal to 9",
                "6:76: queues.defaults.expires: is not a known key",
            ],
        ),
        (
            "  management_url: ftp://host\n",
            ["6:19: queues.management_url: write an address such as https://host:15671/ with a valid host and port"],
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(bench: Bench, queues: str, problems: list[str]) -> None:
    bench.queues(queues)
    done = bench.run("check")
    number = len(problems)
    end = [f"regia: {number} problem{'s' if number > 1 else ''} in the configuration; nothing was started"] if number else []
    told = ["1 connectors, 0 rules: no problems", "queues: demo.general, demo.returns, demo.vip"] if not number else []
    assert done.output.splitlines() == [*(f"regia.yaml:{one}" for one in problems), *end, *told]
    assert done.exit_code == (2 if problems else 0)


def test_embedded_queues_have_none_of_it(bench: Bench) -> None:
    bench.at("local")
    told = "is for RabbitMQ, and queues.url is local: take it out, or set queues.url to amqp://…"
    assert bench.run("check").output.splitlines()[:2] == [
        f"regia.yaml:6:3: queues.targets: {told}",
        f"regia.yaml:9:3: queues.also: {told}",
    ]
    bench.queues("  url: local\n")
    assert bench.run("check").exit_code == 0
    assert bench.topology("show") == (
        1,
        "regia: queues.url is local: nothing is declared, and regia queue list shows the queues\n",
    )
    for command in ("diff", "apply"):
        assert bench.topology(command) == (2, "regia: queues.url is local: there is nothing to compare or to declare\n")


def test_a_misspelt_name_is_no_reason_for_a_gateway_not_to_start(bench: Bench) -> None:
    """Rules change while it runs; but nobody shows or applies it."""
    bench.queues("  targets: {demo.retuns: {}}\n")
    assert bench.topology("show")[0] == 2
    assert "did you mean demo.returns?" in bench.topology("diff")[1]
    assert "do not answer" in bench.run("queue", "list").output


def test_show(bench: Bench) -> None:
    bench.queues(USUAL + "  defaults: {single_active_consumer: true}\n")
    code, output = bench.topology("show")
    lines = output.splitlines()
    work = " ".join(f"{name}={value}" for name, value in WORK_ARGUMENTS.items())
    more = "x-max-length=100000 x-message-ttl=2592000000 "
    single = "x-single-active-consumer=true"
    assert code == 0
    assert lines[-8:] == [
        f"queue     regia.tickets    {work.replace('=20', '=2147483647')} {single}",
        f"queue     demo.general     {work} {single}",
        "binding   regia.inbound    demo.general.# -> demo.general",
        f"queue     demo.returns     {work} {more}{single}",
        "binding   regia.inbound    demo.returns.# -> demo.returns",
        "queue     helpdesk.vip     existing, for target demo.vip",
        "binding   regia.inbound    demo.vip.# -> helpdesk.vip",
        "queue     archive.all      existing, for queues.also",
    ]


def test_show_as_json_and_what_a_classic_queue_cannot(bench: Bench) -> None:
    bench.queues("  targets: {demo.vip: {type: classic}}\n")
    found = json.loads(bench.topology("show", "--json")[1])
    (vip,) = (one for one in found if one.get("name") == "demo.vip")
    assert vip == {
        "kind": "queue",
        "name": "demo.vip",
        "arguments": {"x-queue-type": "classic", "x-dead-letter-exchange": "regia.dead", "x-overflow": "reject-publish"},
        "needed_by": "",
    }
    assert {"kind": "binding", "exchange": "regia.inbound", "queue": "demo.vip", "routing_key": "demo.vip.#"} in found
    note = "note: demo.vip is a classic queue: on one node, and its dead letters are moved at most once"
    assert bench.topology("show")[1].splitlines()[-1] == note


def test_apply_makes_what_is_missing_and_diff_agrees(plain: Bench) -> None:
    assert plain.topology("diff")[0] == 1
    code, output = plain.topology("apply")
    assert code == 1
    assert "made queue demo.returns\n" in output
    assert "not as it should be: queue helpdesk.vip does not exist, and target demo.vip needs it" in output
    assert "made queue helpdesk.vip" not in output
    code, output = plain.topology("diff")
    assert (code, [line for line in output.splitlines() if line.startswith("missing")]) == (
        1,
        ["missing   queue helpdesk.vip", "missing   queue archive.all"],
    )
    plain.others()
    assert plain.topology("apply") == (0, "everything is declared\n")
    code, output = plain.topology("diff")
    told = "AMQP does not tell bindings, queues of former rules, and of a queue more than one argument that differs"
    assert (code, output) == (0, f"not compared: {told}\neverything that was compared is as it should be\n")


def test_diff_changes_nothing(plain: Bench) -> None:
    for _ in range(2):
        found = json.loads(plain.topology("diff", "--json")[1])
        assert {(one["kind"], one["name"]) for one in found["differences"]} >= {
            ("missing", "exchange regia.inbound"),
            ("missing", "queue demo.returns"),
        }


def test_diff_by_amqp_tells_the_first_argument(plain: Bench) -> None:
    plain.others()
    plain.make("demo.returns", {**WORK_ARGUMENTS, "x-max-length": 3})
    plain.topology("apply")
    code, output = plain.topology("diff")
    assert code == 1
    assert "different queue demo.returns: queue demo.returns exists with other arguments (x-m" in output
    assert output.count("different") == 1


def test_diff_by_management_tells_everything(managed: Bench) -> None:
    managed.others()
    managed.make("demo.returns", {**WORK_ARGUMENTS, "x-max-length": 3, "x-max-priority-of-ours": 1})
    managed.do(lambda channel: channel.exchange_declare("regia.events", "fanout", durable=True))
    assert managed.topology("apply")[0] == 1
    managed.make("tap")
    managed.make("demo.former", WORK_ARGUMENTS)

    def bind(channel: BlockingChannel) -> None:
        channel.queue_bind("tap", "regia.inbound", "demo.#")
        channel.queue_bind("tap", "regia.events", "#")
        channel.queue_bind("demo.former", "regia.inbound", "demo.former.#")
        channel.queue_unbind("demo.general", "regia.inbound", "demo.general.#")

    managed.do(bind)
    code, output = managed.topology("diff", "--json")
    assert code == 1
    found = json.loads(output)
    assert found["unseen"] == []
    by_name = {one["name"]: (one["kind"], one["found"]) for one in found["differences"]}
    assert by_name == {
        "exchange regia.events": ("different", "type is 'fanout', should be 'topic'"),
        "queue demo.returns": (
            "different",
            "x-max-length is 3, should be 100000; x-max-priority-of-ours is 1, should be not set; "
            "x-message-ttl is not set, should be 2592000000",
        ),
        "queue demo.former": ("unused", by_name["queue demo.former"][1]),
        "the binding of queue demo.general to regia.inbound by demo.general.#": ("missing", ""),
        "the binding of queue tap to regia.inbound by demo.#": (
            "foreign",
            "it gets copies, and hides it when a queue is missing: nothing comes back then",
        ),
    }


def test_a_policy_that_deletes_a_queue(managed: Bench, managed_rabbitmq: RabbitMQServer) -> None:
    managed.others()
    managed.topology("apply")
    vhost = managed.url.rsplit("/", 1)[1]
    managed_rabbitmq.ctl("set_policy", "-p", vhost, "tidy", "^demo", '{"expires": 60000}')
    for _ in range(30):
        code, output = managed.topology("diff")
        if code:
            break
        time.sleep(1)  # it is told some seconds later
    assert (code, output.count("the policy 'tidy' deletes it when nobody uses it, with what lies in it")) == (1, 2)


def test_all_is_well_by_management(managed: Bench) -> None:
    managed.others()
    managed.queues(USUAL + "  defaults: {type: classic, priorities: 9, single_active_consumer: true}\n")
    assert managed.topology("apply")[0] == 0
    assert managed.topology("diff") == (0, "everything that was compared is as it should be\n")


def test_a_cluster_by_management(managed: Bench, managed_rabbitmq: RabbitMQServer) -> None:
    """Several nodes in one address, the first of which is away."""
    managed.others()
    node = f"127.0.0.1:{managed_rabbitmq.port}/"
    managed.at(managed.url, managed_rabbitmq.management_url)
    managed.cluster(managed.url.replace(node, f"127.0.0.1:{free_port()},{node}"))
    assert managed.topology("apply")[0] == 0
    code, output = managed.topology("diff")
    assert (code, output.splitlines()[-1]) == (0, "everything that was compared is as it should be")


def test_a_management_api_that_cannot_be_asked(managed: Bench, managed_rabbitmq: RabbitMQServer) -> None:
    vhost = managed.url.rsplit("/", 1)[1]
    for change, told in (
        (managed_rabbitmq.management_url.replace("//", "//guest:wrong@"), "refused this user"),
        (managed_rabbitmq.management_url + "elsewhere/", "is not its address"),
        (f"http://127.0.0.1:{free_port()}/", "cannot be reached"),
        (f"http://127.0.0.1:{managed_rabbitmq.port}/", "what answers at queues.management_url is no management API: that has"),
    ):
        managed.at(managed.url, change)
        code, output = managed.topology("diff")
        assert code == 2, output
        assert told in output
        assert "wrong@" not in output
        assert vhost not in output


def test_recreate_an_empty_queue(plain: Bench) -> None:
    plain.others()
    plain.make("demo.returns")
    assert plain.topology("apply")[0] == 1
    code, output = plain.topology("apply", "--recreate", "demo.returns")
    assert code == 0, output
    assert "made queue demo.returns again\n" in output
    assert plain.topology("diff")[0] == 0
    plain.do(lambda channel: channel.basic_publish("regia.inbound", "demo.returns.form", b"x"))
    assert plain.do(lambda channel: channel.basic_get("demo.returns"))[2] == b"x"


def test_recreate_refuses_what_could_lose_something(plain: Bench) -> None:
    plain.others()
    plain.make("demo.returns")
    plain.topology("apply")
    plain.do(lambda channel: channel.basic_publish("regia.inbound", "demo.returns.form", b"kept"))
    code, output = plain.topology("apply", "--recreate", "demo.returns")
    assert code == 1
    assert "regia: nothing was changed: demo.returns holds 1 messages: have them worked off" in output
    assert plain.do(lambda channel: channel.basic_get("demo.returns", auto_ack=True))[2] == b"kept"
    connection = pika.BlockingConnection(pika.URLParameters(plain.url))
    connection.channel().basic_consume("demo.returns", lambda *_: None)
    code, output = plain.topology("apply", "--recreate", "demo.returns")
    connection.close()
    assert code == 1
    assert "demo.returns has 1 consumers: stop them when they have emptied it" in output
    for name in ("helpdesk.vip", "demo.retuns"):
        code, output = plain.topology("apply", "--recreate", name)
        assert (code, f"{name} is no queue of ours; queues: demo.general, demo.returns" in output) == (2, True)


def test_recreate_tells_what_came_in_between(plain: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that is published after the last look and before the deletion."""
    plain.others()
    plain.make("demo.returns")
    plain.topology("apply")
    looks = 0

    async def check(_channel: object, name: str) -> None:
        nonlocal looks
        looks += 1
        if looks == 2:
            await asyncio.to_thread(plain.do, lambda channel: channel.basic_publish("", name, b"late"))
            await asyncio.sleep(0.3)

    monkeypatch.setattr(recreate, "_check", check)
    code, output = plain.topology("apply", "--recreate", "demo.returns")
    assert code == 1, output
    assert "1 messages came into demo.returns at that moment and went with it: regia replay publishes them again" in output
    monkeypatch.undo()
    assert (plain.do(lambda channel: channel.queue_declare("demo.returns", passive=True)).method.message_count, looks) == (0, 2)


def test_recreate_sees_by_management_what_amqp_does_not(managed: Bench) -> None:
    managed.others()
    managed.make("demo.returns")
    managed.topology("apply")
    managed.do(lambda channel: channel.queue_bind("demo.returns", "regia.events", "#"))
    code, output = managed.topology("apply", "--recreate", "demo.returns")
    assert code == 1
    assert "demo.returns is also bound to regia.events by #, which would be lost: unbind it first" in output


def test_recreate_sees_a_message_that_somebody_holds(managed: Bench) -> None:
    managed.others()
    managed.make("demo.returns")
    managed.topology("apply")
    connection = pika.BlockingConnection(pika.URLParameters(managed.url))
    channel = connection.channel()
    channel.confirm_delivery()
    channel.basic_publish("regia.inbound", "demo.returns.form", b"x", mandatory=True)
    assert channel.basic_get("demo.returns")[2] == b"x"
    code, output = managed.topology("apply", "--recreate", "demo.returns")
    connection.close()
    # Either look may be the first to see it: a quorum queue counts who holds a message among its consumers.
    seen = ("demo.returns holds 1 messages, with those that consumers have not acknowledged", "demo.returns has 1 consumers")
    assert code == 1
    assert any(one in output for one in seen), output


def test_rights_that_are_missing(plain: Bench, rabbitmq: RabbitMQServer) -> None:
    plain.others()
    plain.topology("apply")
    plain.do(lambda channel: channel.queue_delete("demo.general"))
    vhost = plain.url.rsplit("/", 1)[1]
    rabbitmq.ctl("add_user", f"c-{vhost}", "pw")
    rabbitmq.ctl("set_permissions", "-p", vhost, f"c-{vhost}", "^$", ".*", ".*")
    plain.at(plain.url.replace("guest:guest", f"c-{vhost}:pw"))
    code, output = plain.topology("diff")
    assert code == 1
    assert "missing   queue demo.general\n" in output
    assert "not compared: the arguments of queue demo.returns: this user may not configure it" in output
    code, output = plain.topology("apply")
    assert code == 1
    assert "queue demo.general does not exist, and this user may not declare it: run regia topology apply as a user" in output
    code, output = plain.topology("apply", "--recreate", "demo.returns")
    assert code == 2
    assert "regia: RabbitMQ refused it: access to queue 'demo.returns'" in output
    plain.do(lambda channel: channel.basic_publish("regia.inbound", "demo.returns.form", b"x", mandatory=True))
    assert plain.do(lambda channel: channel.basic_get("demo.returns"))[2] == b"x"


def test_a_password_is_not_sent_in_clear_where_the_broker_has_tls(bench: Bench) -> None:
    """The management API is asked as the user of `queues.url` where it has none of its own."""
    told = "would send the password of queues.url unencrypted: write https://, or give it a user of its own"
    for amqp, api, wrong in (
        ("amqps://u:pw@host", "http://host:15672", True),
        ("amqps://u:pw@host", "https://host:15671", False),
        ("amqps://u:pw@host", "http://looks:pw2@host:15672", False),
        ("amqp://u:pw@host", "http://host:15672", False),
    ):
        bench.at(amqp, api)
        done = bench.run("check")
        assert (done.exit_code, told in done.output) == ((2, True) if wrong else (0, False)), (amqp, api)


@pytest.mark.parametrize(("scheme", "port"), [("amqp", 5672), ("amqps", 5671)])
def test_a_command_says_once_where_nobody_answered(
    bench: Bench, scheme: str, port: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With the port that was tried, and none of the lines that a gateway logs for each try. Afterwards it logs as before."""

    async def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("dispatcher.sockets.SocketFactory.create", refuse)
    monkeypatch.setattr("regia.cli.topology._CONNECT", 1.0)
    bench.at(f"{scheme}://u:pw@127.0.0.1/vh")
    code, output = bench.topology("diff")
    assert code == 2
    assert output == f"regia: RabbitMQ at 127.0.0.1:{port}/vh cannot be used: ConnectionRefusedError\n"
    assert [one.name for one in caplog.records if one.name in ("aiormq.connection", "dispatcher.link")] == []
    assert logging.getLogger("dispatcher.link").isEnabledFor(logging.WARNING)


def test_a_vhost_that_is_not_there(plain: Bench) -> None:
    plain.at(plain.url + "-none")
    code, output = plain.topology("diff")
    assert (code, "the virtual host does not exist or this user may not enter it" in output) == (2, True)
