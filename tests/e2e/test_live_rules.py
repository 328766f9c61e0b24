"""Rules that change while gateways run: files, a broken file, SIGHUP, chosen versions on two nodes, brands, a shadow."""

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.fixtures import MakeGateway, graph, make_gateway, mode
from tests.e2e.gateway import Gateway, Mode

__all__ = ["graph", "make_gateway", "mode"]

CONFIG: Final = """
data: {make_secrets: true}
links_key: file:links-key
rules: [rules.yaml]
brand_rules: {acme: [acme.yaml]}
shadow: [shadow.yaml]
tokens: [{name: consumer, token: "file:consumer-token", scopes: [messages, queues, events]}]
connectors:
  demo: {type: web_form, brand: demo, rate: {count: 10000, seconds: 60}, fields: {email: {type: email}, message: {type: text}}}
  acme: {type: web_form, brand: acme, rate: {count: 10000, seconds: 60}, fields: {email: {type: email}, message: {type: text}}}
"""
RULES: Final = """
categories: {returns: {}, general: {}}
default: general
rules:
  - {name: returns, when: {text: {words: refund}}, then: {category: returns}}
"""
WIDER: Final = RULES.replace("words: refund", "words: [refund, exchange]")
ELSEWHERE: Final = RULES.replace("{returns: {}", "{returns: {}, exchanges: {}") + (
    "  - {name: exchanges, when: {text: {words: exchange}}, then: {category: exchanges}}\n"
)
ACME: Final = "categories: {everything: {}}\ndefault: everything\n"
_SECONDS: Final = 20.0


class Shop:
    """A gateway with rule files of its own, and what customers write."""

    def __init__(self, gateway: Gateway, folder: Path) -> None:
        self.gateway = gateway
        self.folder = folder

    def rules(self, text: str, name: str = "rules.yaml") -> None:
        (self.folder / name).write_text(text)

    def write(self, text: str, form: str = "demo") -> dict[str, Any]:
        """The envelope of a contact."""
        answer = self.gateway.request(
            "POST", f"/forms/{form}", json.dumps({"message": text, "email": "anna@example.it"}).encode(), _JSON
        )
        assert answer.status == 202, answer.body
        id_ = answer.json()["id"]
        soon(lambda: self.gateway.get(f"/v1/messages/{id_}").status == 200)
        found: dict[str, Any] = self.gateway.get(f"/v1/messages/{id_}").json()["envelope"]
        return found

    def category(self, text: str, form: str = "demo") -> str:
        return str(self.write(text, form)["data"]["routing"]["category"])

    @property
    def alarms(self) -> dict[str, str]:
        found: dict[str, str] = self.gateway.request("GET", "/health/ready").json().get("alarms", {})
        return found

    def versions(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.gateway.cli("rules", "versions", "--json").stdout)
        return found


_JSON: Final = {"Content-Type": "application/json"}


def soon(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not done():
        assert time.monotonic() < deadline, f"it did not happen within {_SECONDS} s"
        time.sleep(0.1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "config"
    made.mkdir()
    for name, text in (("regia.yaml", CONFIG), ("rules.yaml", RULES), ("acme.yaml", ACME), ("shadow.yaml", RULES)):
        (made / name).write_text(text)
    return made


@pytest.fixture
def shop(make_gateway: MakeGateway, mode: Mode, folder: Path) -> Shop:
    gateway = make_gateway(mode, config=folder / "regia.yaml")
    gateway.start()
    return Shop(gateway, folder)


@pytest.fixture
def embedded(make_gateway: MakeGateway, folder: Path) -> Shop:
    """Where what is shared makes no difference."""
    gateway = make_gateway(config=folder / "regia.yaml")
    gateway.start()
    return Shop(gateway, folder)


def test_files_that_change(shop: Shop) -> None:
    assert [shop.category("an exchange?"), shop.category("refund")] == ["general", "returns"]
    assert shop.category("refund", "acme") == "everything"
    shop.rules(ELSEWHERE)
    soon(lambda: shop.category("an exchange?") == "exchanges")
    id_ = shop.write("an exchange?")["id"]
    shop.gateway.settle()
    (target,) = shop.gateway.get(f"/v1/messages/{id_}").json()["targets"]
    assert (target["queue"], target["state"]) == ("demo.exchanges", "published"), "its queue was made before"
    shop.rules("categories: {a: {}}\ndefault: b\n")
    soon(lambda: "rules/files" in shop.alarms)
    assert "1 problem" in shop.alarms["rules/files"]
    assert shop.category("an exchange?") == "exchanges", "the version before decides"
    shop.rules(WIDER)
    soon(lambda: shop.category("an exchange?") == "returns")
    assert shop.alarms == {}
    assert shop.category("refund", "acme") == "everything"
    assert [one["brand"] for one in shop.versions()["chosen"]].count("*") == 3


def test_sighup_reads_the_names_of_files_too(embedded: Shop) -> None:
    embedded.rules(WIDER, "more.yaml")
    (embedded.folder / "regia.yaml").write_text(CONFIG.replace("rules: [rules.yaml]", "rules: [more.yaml]", 1))
    embedded.gateway.process.send(signal.SIGHUP)
    soon(lambda: embedded.category("an exchange?") == "returns")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("rules: [rules.yaml]", "rules: rules.yaml", "1 problem"),
        ("brand_rules: {acme: [acme.yaml]}", "brand_rules: {acmee: [acme.yaml]}", "1 problem"),
        ("brand_rules:", "brand_rulez:", "1 problem"),
        ("data:", "data: [", "1 problem"),
    ],
)
def test_a_wrong_configuration_changes_nothing(embedded: Shop, old: str, new: str, told: str) -> None:
    (embedded.folder / "regia.yaml").write_text(CONFIG.replace(old, new, 1))
    embedded.gateway.process.send(signal.SIGHUP)
    soon(lambda: told in embedded.alarms.get("rules/files", ""))
    time.sleep(2)  # the first look at the files may come after the change, and then there are two
    told_before = embedded.gateway.log.read_text().count("have 1 problem")
    time.sleep(3)
    assert embedded.gateway.log.read_text().count("have 1 problem") == told_before <= 2, "it is not told again and again"
    assert embedded.category("refund", "acme") == "everything"
    (embedded.folder / "regia.yaml").write_text(CONFIG)
    soon(lambda: embedded.alarms == {})
    assert embedded.category("refund", "acme") == "everything"


def test_a_restart_with_broken_files(embedded: Shop) -> None:
    id_ = embedded.write("refund")["id"]
    embedded.rules(WIDER)
    soon(lambda: embedded.category("an exchange?") == "returns")
    embedded.rules("broken: [")
    soon(lambda: "rules/files" in embedded.alarms)
    for command in (("rules", "explain", id_), ("queue", "list"), ("queue", "peek", "demo.returns"), ("books",)):
        done = embedded.gateway.cli(*command)
        assert "1 problem in the rule files" in done.stderr
    assert embedded.gateway.cli("check", check=False).returncode == 2
    embedded.gateway.stop()
    embedded.gateway.start()
    assert embedded.category("an exchange?") == "returns", "what decided goes on"
    soon(lambda: "rules/files" in embedded.alarms)
    embedded.rules(RULES)
    soon(lambda: embedded.category("an exchange?") == "general")
    assert embedded.alarms == {}


def test_a_broken_shadow_hinders_nobody(embedded: Shop) -> None:
    embedded.rules("default: nowhere\ncategories: {a: {}}\n", "shadow.yaml")
    soon(lambda: "rules/shadow" in embedded.alarms)
    embedded.rules(WIDER)
    soon(lambda: embedded.category("an exchange?") == "returns")
    embedded.gateway.stop()
    embedded.gateway.start()
    assert embedded.category("an exchange?") == "returns"
    soon(lambda: "rules/shadow" in embedded.alarms)
    embedded.rules(RULES, "shadow.yaml")
    soon(lambda: embedded.alarms == {})


def test_queues_of_rules_that_decide_no_more(embedded: Shop) -> None:
    embedded.rules(ELSEWHERE)
    soon(lambda: embedded.category("an exchange?") == "exchanges")
    embedded.gateway.settle()
    embedded.rules(RULES)
    soon(lambda: embedded.category("an exchange?") == "general")
    assert "an exchange?" in embedded.gateway.cli("queue", "peek", "demo.exchanges").stdout
    assert '"receipt"' in embedded.gateway.cli("queue", "take", "demo.exchanges").stdout


def test_a_version_is_chosen_and_survives_a_restart(shop: Shop) -> None:
    old = shop.write("refund")["data"]["routing"]["ruleset"]
    shop.rules(WIDER)
    soon(lambda: shop.category("an exchange?") == "returns")
    new = shop.write("refund")["data"]["routing"]["ruleset"]
    said = shop.gateway.cli("rules", "activate", old[7:19]).stdout
    assert said == f"node e2e: {old[:19]} decides\n"
    assert shop.category("an exchange?") == "general"
    shop.gateway.stop()
    shop.gateway.start()
    back = shop.write("an exchange?")
    assert (back["data"]["routing"]["category"], back["data"]["routing"]["ruleset"]) == ("general", old)
    shop.rules("broken: [")
    shop.gateway.cli("rules", "activate", new)
    soon(lambda: shop.category("an exchange?") == "returns")
    soon(lambda: "rules/files" in shop.alarms)


def test_what_cannot_be_chosen(embedded: Shop) -> None:
    for arguments, told in (
        (("1234",), "at least 8 of its digits"),
        (("deadbeef",), "no stored version of the rules begins with sha256:deadbeef"),
        (("deadbeef", "--brand", "demo"), "brand 'demo' has no rules of its own; those that have: *, acme"),
    ):
        done = embedded.gateway.cli("rules", "activate", *arguments, check=False)
        assert (done.returncode, told in done.stderr) == (2, True), done.stderr


def test_a_shadow_is_asked_and_does_nothing(shop: Shop) -> None:
    shop.write("an exchange?")
    shop.rules(ELSEWHERE, "shadow.yaml")

    def counted() -> dict[str, Any]:
        shop.write("refund")
        found = json.loads(shop.gateway.cli("rules", "shadow", "--json").stdout)
        return found[0] if found else {}

    soon(lambda: bool(counted()))
    before = counted()
    ids = [shop.write("an exchange?")["id"] for _ in range(3)]
    soon(lambda: counted()["different"] == 3)
    (run,) = json.loads(shop.gateway.cli("rules", "shadow", "--json").stdout)
    assert run["messages"] > before["messages"] + 2
    (category, targets) = run["changes"]
    assert (category["field"], category["before"], category["after"], category["messages"]) == (
        *("category", "general", "exchanges"),
        3,
    )
    assert (category["by_before"], category["by_after"]) == ("default", "exchanges")
    assert (targets["field"], targets["after"]) == ("targets", ["exchanges"])
    assert category["examples"] == ids
    assert shop.category("an exchange?") == "general"
    told = shop.gateway.cli("rules", "shadow").stdout
    assert "category: general (default) → exchanges (exchanges)" in told


@pytest.mark.parametrize("mode", ["shared"], indirect=True)  # an embedded database admits one gateway
def test_every_node_follows(make_gateway: MakeGateway, mode: Mode, folder: Path, tmp_path: Path) -> None:
    shops = []
    for node in ("n1", "n2"):
        gateway = make_gateway(mode, config=folder / "regia.yaml", REGIA__NODE=node)
        gateway.start()
        shops.append(Shop(gateway, folder))
    old = shops[0].write("refund")["data"]["routing"]["ruleset"]
    shops[0].rules(WIDER)
    for shop in shops:
        soon(lambda shop=shop: shop.category("an exchange?") == "returns")  # type: ignore[misc]  # a default binds it
    new = shops[0].write("refund")["data"]["routing"]["ruleset"]
    # Each node has seen the files: one that sees them later would choose them again.
    soon(lambda: {one["files"] for one in shops[0].versions()["nodes"] if one["brand"] == "*"} == {new})
    said = shops[0].gateway.cli("rules", "activate", old).stdout
    assert said == f"node n1: {old[:19]} decides\nnode n2: {old[:19]} decides\n"
    assert [shop.category("an exchange?") for shop in shops] == ["general", "general"]
    shops[1].gateway.stop()
    shops[1].gateway.start()
    assert shops[1].category("an exchange?") == "general", "its files are what they were"
