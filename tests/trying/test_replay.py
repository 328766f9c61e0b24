"""Stored messages through two rulesets. On SQLite and on PostgreSQL."""

import json
from typing import Any

import orjson
import pytest
from sqlalchemy import update

from normalizer.inbound import InboundMessage
from regia.trying import recalled, replay
from regia.trying.outcome import Outcome
from regia.trying.replay import Trial
from router.differing import Change
from router.load import load
from router.ruleset import Ruleset
from storage import schema
from storage.replayed import Only
from storage.rulesets import keep
from tests.contacts import email, inbound, phone
from tests.erasing.planted import everything
from tests.pipeline.conftest import RULES, RULESET, Line, decide_by

LIVE = RULESET


def changed(old: str, new: str, rules: str = RULES) -> Ruleset:
    assert old in rules
    return load([("new.yaml", rules.replace(old, new))])


HEAD = RULES[: RULES.index("rules:")]
PLAIN = HEAD.replace("extract:", "# extract:")
"""The same without extractors."""

WIDER = changed("words: [rimborso]", "words: [rimborso, reso]")


def with_rule(when: str, head: str = HEAD) -> Ruleset:
    return load([("new.yaml", f"{head}rules: [{{name: new, when: {when}, then: {{tags: new}}}}]\n")])


async def stored(line: Line, *contacts: InboundMessage) -> dict[str, str]:
    """Take them in; their envelopes' ids by external id."""
    line.start()
    await line.accept(*contacts)
    await line.idle()
    return {row["external_id"]: row["id"] for row in await line.rows(schema.messages)}


async def tried(line: Line, new: Ruleset, *, live: Ruleset = LIVE, last: int = 1000, examples: int = 5, **only: Any) -> Outcome:
    trial = Trial(live=live, new=new, only=Only(**only), last=last, examples=examples)
    return await replay.replay(line.database, trial)


async def rewrite(line: Line, name: str, change: Any, **columns: Any) -> None:
    """Let `change` have the data of a stored envelope."""
    (row,) = [row for row in await line.rows(schema.messages) if row["external_id"] == name]
    envelope = orjson.loads(row["envelope"])
    change(envelope["data"])
    values = {"envelope": orjson.dumps(envelope), **columns}
    statement = update(schema.messages).where(schema.messages.c.id == row["id"]).values(**values)
    await line.database.write(lambda connection: connection.execute(statement))


def as_before(data: dict[str, Any]) -> None:
    """As an envelope was before it told everything."""
    del data["customer"]["unanswered"], data["conversation"]["reopened"], data["routing"]["extracted"]


async def test_what_moves_and_by_which_rule(line: Line) -> None:
    ids = await stored(
        line, *(inbound(f"m{n}", text="Il reso") for n in range(3)), inbound("r", text="Un rimborso"), inbound("c")
    )
    outcome = await tried(line, WIDER, examples=2)
    assert (outcome.messages, outcome.same, outcome.changed, outcome.left_out) == (5, 2, 3, 0)
    assert (outcome.not_comparable, outcome.not_reproduced) == ({}, [])
    assert set(outcome.moves) == {
        Change("category", "general", "returns", "default", "returns-by-words"),
        Change("targets", ("general",), ("returns", "partners"), "default", "returns-by-words"),
        Change("tags", (), ("rma",), None, "returns-by-words"),
        Change("owners", (), ("logistics@demo.example",), None, "category"),
        Change("sla", None, next(one.after for one in outcome.moves if one.field == "sla"), None, "category"),
        Change("playbook", None, "https://demo.example/sop", None, "category"),
    }
    for tally in outcome.moves.values():
        assert tally.count == 3
        assert [one.id for one in tally.examples] == sorted((ids[f"m{n}"] for n in range(3)), reverse=True)[:2]
        assert {one.channel for one in tally.examples} == {"whatsapp"}


async def test_rules_that_say_the_same_change_nothing_and_nothing_is_written(line: Line) -> None:
    await stored(
        line, inbound("a", text="IT-1 rimborso"), inbound("b", automated="honeypot"), inbound("c", fields={"total": 5})
    )
    before = await everything(line.database)
    outcome = await tried(line, load([("again.yaml", RULES + "# the same\n")]))
    assert (outcome.messages, outcome.same, outcome.moves) == (3, 3, {})
    assert await everything(line.database) == before


@pytest.mark.parametrize("page", [1, 2, 3, 7, 200])
async def test_every_message_once_whatever_a_page_holds(line: Line, page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "PAGE", page)
    names = [f"m{n}" for n in range(7)]
    ids = await stored(line, *(inbound(name, phone(f"+39333000000{n}"), text="Il reso") for n, name in enumerate(names)))
    later = update(schema.messages).where(schema.messages.c.id.in_((ids["m0"], ids["m1"])))
    await line.database.write(
        lambda connection: connection.execute(later.values(received_ms=schema.messages.c.received_ms + 9))
    )
    outcome = await tried(line, WIDER, examples=100)
    (tally,) = [tally for change, tally in outcome.moves.items() if change.field == "category"]
    newest = sorted((ids["m0"], ids["m1"]), reverse=True)
    assert [one.id for one in tally.examples] == [*newest, *sorted((ids[name] for name in names[2:]), reverse=True)]
    some = await tried(line, WIDER, last=3, examples=100)
    assert some.messages == 3
    assert [one.id for one in next(iter(some.moves.values())).examples] == [one.id for one in tally.examples[:3]]


async def test_of_one_brand_and_since_a_time(line: Line) -> None:
    ids = await stored(line, inbound("a"), inbound("b", brand="other"), inbound("c"))
    at = next(row["received_ms"] for row in await line.rows(schema.messages))
    late = update(schema.messages).where(schema.messages.c.id == ids["c"]).values(received_ms=at + 1)
    await line.database.write(lambda connection: connection.execute(late))
    assert (await tried(line, WIDER, brand="demo")).messages == 2
    assert (await tried(line, WIDER, since_ms=at + 1)).messages == 1
    assert (await tried(line, WIDER, since_ms=at + 1, brand="other")).messages == 0


async def test_rules_without_the_extractor_do_not_see_what_it_found(line: Line) -> None:
    await stored(line, inbound("taken", text="IT-2231"), inbound("own", text="IT-2231", fields={"order": "IT-1"}))
    outcome = await tried(line, with_rule("{not: {fields.order: null}}", PLAIN))
    (tags,) = [(change, tally) for change, tally in outcome.moves.items() if change.field == "tags"]
    assert tags[1].count == 1, "only the one that had it"
    fields = {change: tally.count for change, tally in outcome.moves.items() if change.field.startswith("fields.")}
    assert fields == {Change("fields.order", "found", None, None, None): 1}


async def test_an_envelope_of_before_is_helped_by_the_record_of_its_decision(line: Line) -> None:
    """The live rules asked for one of the two facts it lacks."""
    asking = load([("live.yaml", f"{PLAIN}rules: [{{name: w, when: {{history.unanswered: '>= 1'}}, then: {{tags: w}}}}]\n")])
    decide_by(line, asking)
    await stored(line, inbound("m0"), inbound("m1"), inbound("m2"))
    for name in ("m0", "m1", "m2"):
        await rewrite(line, name, as_before)
    more = load([("new.yaml", f"{PLAIN}rules: [{{name: w, when: {{history.unanswered: '>= 2'}}, then: {{tags: w}}}}]\n")])
    outcome = await tried(line, more, live=asking)
    assert (outcome.messages, outcome.same, outcome.changed, outcome.not_reproduced) == (3, 2, 1, [])
    other = await tried(line, with_rule("{conversation.reopened: true}", PLAIN), live=asking)
    assert (other.messages, other.left_out, other.same, other.changed) == (3, 3, 0, 0)
    assert {key: tally.count for key, tally in other.not_comparable.items()} == {("conversation.reopened", recalled.OLDER): 3}
    await _decided_by(line, "sha256:gone")
    gone = await tried(line, more, live=asking)
    assert gone.left_out == 3, "no version, no names of the values"
    await line.database.write(lambda connection: keep(connection, "sha256:gone", json.dumps(asking.sources)))
    assert (await tried(line, more, live=asking)).changed == 1
    await line.database.write(lambda connection: keep(connection, "sha256:odd", json.dumps([["old.yaml", "no: rules"]])))
    await _decided_by(line, "sha256:odd")
    assert (await tried(line, more, live=asking)).left_out == 3


async def _decided_by(line: Line, ruleset: str) -> None:
    statement = update(schema.messages).values(ruleset=ruleset)
    await line.database.write(lambda connection: connection.execute(statement))


async def test_an_envelope_of_before_does_not_tell_whose_a_field_is(line: Line) -> None:
    await stored(line, inbound("none", text="Ciao"), inbound("taken", text="IT-2231"))
    for name in ("none", "taken"):
        await rewrite(line, name, as_before)
    outcome = await tried(line, with_rule("{fields.order: IT-2231}", PLAIN))
    assert (outcome.same + outcome.changed, outcome.left_out) == (1, 1)
    assert {key: tally.count for key, tally in outcome.not_comparable.items()} == {("fields.order", recalled.FILLED): 1}


async def test_what_an_erase_has_taken_is_not_compared_where_rules_ask_for_it(line: Line) -> None:
    await stored(line, inbound("m0"), inbound("m1"))
    await rewrite(line, "m1", lambda data: data["history"].clear(), cut=True)
    assert (await tried(line, WIDER)).left_out == 0
    outcome = await tried(line, with_rule("{history.contacts: '>= 1'}"))
    assert {key: tally.count for key, tally in outcome.not_comparable.items()} == {("history.contacts", recalled.CUT): 1}
    assert (outcome.same, outcome.changed) == (1, 0)


async def test_facts_that_cannot_be_right_are_told(line: Line) -> None:
    ids = await stored(line, inbound("m0", text="Ciao"), inbound("m1", text="Ciao"))
    await rewrite(line, "m1", lambda data: data.update(text="rimborso"))
    outcome = await tried(line, LIVE)
    assert [one.id for one in outcome.not_reproduced] == [ids["m1"]]
    other = await tried(line, WIDER, live=load([("other.yaml", RULES + "# others\n")]))
    assert other.not_reproduced == [], "decided by other rules than those that are live"


async def test_all_that_came_in_is_reproduced(line: Line) -> None:
    """Whatever the rules ask: a message of many kinds, of customers with a history."""
    asking = "{any: [{history.week: '>= 1'}, {conversation.age: '> 0'}, {customer.new: true}, {text: {words: ciao}}]}"
    rules = with_rule(asking)
    decide_by(line, rules)
    contacts = [
        inbound(f"m{n}", (phone(), email(), email(verified=True))[n % 3], text=("Ciao IT-7", None, "Testo")[n % 4 % 3],
                automated=(None, "list")[n % 5 == 0], backlog=n % 4 == 0, fields={"total": n})
        for n in range(30)
    ]  # fmt: skip
    await stored(line, *contacts)
    outcome = await tried(line, rules, live=rules)
    assert (outcome.messages, outcome.same, outcome.left_out, outcome.not_reproduced) == (30, 30, 0, [])
