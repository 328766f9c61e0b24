"""Which version decides on a node: by its files, by the choices of all, and where something cannot be used."""

import json

import pytest

from config.problems import ConfigError, Problem
from regia.rules.activating import activate
from regia.rules.live import EVERY_BRAND, Rules
from regia.rules.versions import Versions
from router.load import load
from router.ruleset import Ruleset
from storage import rulesets, schema
from storage.database import Database, DatabaseUnavailable
from storage.rulesets import Activation
from tests.identity.batches import rows


def version(name: str) -> Ruleset:
    return load([("rules.yaml", f"categories: {{{name}: {{}}}}\ndefault: {name}\n")])


A, B, C = version("a"), version("b"), version("c")


class Node:
    """A node, and which queues it had made before a version decided."""

    def __init__(self, database: Database, files: Rules, name: str = "n1") -> None:
        self.prepared: list[set[str]] = []
        self.database = database
        self.versions = Versions(database, name, files, self._prepare)

    async def _prepare(self, rules: Rules) -> None:
        assert self.versions.rules is not rules, "the queues come first"
        self.prepared.append({target for one in rules.live.values() for target in one.targets})

    async def start(self) -> "Node":
        await self.versions.bring(self.versions.files)
        return self

    async def edit(self, ruleset: Ruleset) -> None:
        await self.versions.bring(Rules.of_all(ruleset))

    async def choose(self, ruleset: Ruleset, brand: str = EVERY_BRAND) -> None:
        chosen = Activation(brand=brand, hash=ruleset.hash, actor="anna", at_ms=5)
        await self.database.write(lambda connection: activate(connection, chosen))

    async def decides(self, brand: str = "demo") -> str:
        await self.versions.follow()
        return self.versions.rules.of(brand).default


async def node(database: Database, ruleset: Ruleset, name: str = "n1") -> Node:
    return await Node(database, Rules.of_all(ruleset), name).start()


async def test_files_decide_until_another_version_is_chosen(database: Database) -> None:
    one = await node(database, A)
    assert (await one.decides(), one.prepared) == ("a", [{"a"}])
    await one.edit(B)
    assert (await one.decides(), one.prepared) == ("b", [{"a"}, {"b"}])
    await one.choose(A)
    assert await one.decides() == "a"
    again = await node(database, B)
    assert await again.decides() == "a", "files that did not change do not undo a choice"
    await again.edit(C)
    assert await again.decides() == "c"


async def test_files_that_go_back_decide_again(database: Database) -> None:
    one = await node(database, A)
    await one.edit(B)
    again = await node(database, A)
    assert await again.decides() == "a"


async def test_a_roll_out_takes_effect_with_its_first_node(database: Database) -> None:
    first, second = await node(database, A, "n1"), await node(database, A, "n2")
    await first.edit(B)
    assert [await first.decides(), await second.decides()] == ["b", "b"]
    await second.edit(B)
    stored = await rows(database, schema.activations)
    assert [row["actor"] for row in stored] == ["files of n1", "files of n1"]


async def test_a_new_node_with_old_files_follows(database: Database) -> None:
    first = await node(database, A, "n1")
    await first.edit(B)
    third = await node(database, A, "n3")
    assert await third.decides() == "b"
    fourth = await node(database, C, "n4")
    assert [await fourth.decides(), await first.decides()] == ["c", "c"], "nobody has had that version before"


async def test_a_version_that_cannot_be_loaded_changes_nothing(database: Database) -> None:
    one = await node(database, A)
    broken = Activation(brand=EVERY_BRAND, hash="sha256:broken", actor="anna", at_ms=5)
    await database.write(lambda connection: rulesets.keep(connection, "sha256:broken", '[["r.yaml", "default: nowhere"]]'))
    await database.write(lambda connection: activate(connection, broken))
    assert await one.decides() == "a"
    assert "sha256:broken" in one.versions.wrong["version"]
    await one.edit(B)
    assert (await one.decides(), one.versions.wrong) == ("b", {})


async def test_broken_files_are_told_and_settled(database: Database) -> None:
    one = await node(database, A)
    await one.versions.refuse(ConfigError([Problem("rules.yaml", 3, 1, "", "is wrong")]))
    assert one.versions.wrong == {"files": "the rule files have 1 problem; the version before decides"}
    assert await one.decides() == "a"
    await one.edit(A)
    assert one.versions.wrong == {}
    (told,) = await rows(database, schema.events)
    assert told["type"] == "regia.rules.rejected.v1"


async def test_brands_of_their_own(database: Database) -> None:
    one = await Node(database, Rules(live={EVERY_BRAND: A, "acme": B})).start()
    assert [await one.decides("demo"), await one.decides("acme")] == ["a", "b"]
    await one.choose(C, "acme")
    assert await one.decides("acme") == "b", "a version that nobody has stored cannot be used"
    await database.write(lambda connection: rulesets.keep(connection, C.hash, json.dumps(C.sources)))
    await one.choose(A, "acme")
    assert [await one.decides("demo"), await one.decides("acme")] == ["a", "a"]
    await one.choose(C, "acme")
    assert [await one.decides("demo"), await one.decides("acme")] == ["a", "c"]
    await one.versions.bring(Rules.of_all(A))
    assert await one.decides("acme") == "a", "it has no rules of its own any more"


async def test_every_node_says_what_it_has(database: Database) -> None:
    one = await node(database, A)
    await one.edit(B)
    await one.choose(A)
    await one.decides()
    (said,) = await database.read(rulesets.nodes)
    assert (said.node, said.brand, said.files, said.live) == ("n1", "*", B.hash, A.hash)


async def test_a_start_without_files_follows_what_was_chosen(database: Database) -> None:
    one = await node(database, A)
    await one.edit(B)
    await one.choose(A)
    again = Node(database, Rules.of_all(A))
    await again.versions.begin(None)
    assert await again.decides() == "a"
    (said,) = await database.read(rulesets.nodes)
    assert (said.files, said.live) == (B.hash, A.hash), "what the files said last is not forgotten"
    await again.edit(B)
    assert await again.decides() == "a", "the files were repaired, and are what they were"


async def test_what_decides_is_written_down_before(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    one = await node(database, A)
    say = rulesets.say

    def broken(*_: object) -> None:
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(rulesets, "say", broken)
    with pytest.raises(DatabaseUnavailable):
        await one.edit(B)
    assert one.versions.rules.of("demo") is A
    monkeypatch.setattr(rulesets, "say", say)
    assert await one.decides() == "b"
    (said,) = await database.read(rulesets.nodes)
    assert said.live == B.hash


async def test_who_says_nothing_is_gone(database: Database) -> None:
    await node(database, A, "n1")
    (said,) = await database.read(rulesets.nodes)
    assert await database.read(lambda connection: rulesets.nodes(connection, said.seen_ms + 1)) == []


@pytest.mark.parametrize(("brand", "expected"), [("acme", B), ("demo", C), ("casa", None)])
def test_which_shadow_is_asked(brand: str, expected: Ruleset | None) -> None:
    rules = Rules(live={EVERY_BRAND: A, "casa": C}, shadow={EVERY_BRAND: C, "acme": B})
    assert rules.shadow_of(brand) is expected
