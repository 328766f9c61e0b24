"""Whoever was merged with a customer for a time: their own words stay, and nothing of the other is left in them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select, update

from dispatcher.local import LocalQueues
from identity import merges
from identity.policy import Policy
from identity.profiles import set_facts
from normalizer.inbound import InboundMessage
from regia.erasing import others
from regia.erasing.erase import erase
from regia.erasing.reach import Reach
from router.load import load
from storage.schema import customers, handles, local_messages, messages
from tests.contacts import email, inbound, phone
from tests.erasing.planted import everything, holding
from tests.identity.replied import enter
from tests.pipeline.conftest import Line, decide_by, line, quick

__all__ = ["line", "quick"]

HERS = ("PLANTED", "393331112222")
ANNA, BRUNO, CARLA = phone("+393331112222"), email("bruno@example.it", verified=True), phone("+393339998888")
POLICY = Policy()


def hers(name: str) -> InboundMessage:
    return inbound(name, ANNA, sender_name="Anna PLANTED", text=f"PLANTED {name}")


def his(name: str) -> InboundMessage:
    return inbound(name, BRUNO, sender_name="Bruno Verdi", text=f"words of {name}", external_id=name)


@pytest.fixture
def reach(line: Line, tmp_path: Path) -> Reach:
    queues = LocalQueues(line.database)
    return Reach(database=line.database, queues=queues, blobs=line.blobs, journals=line.path.parent, brands={})


async def write(line: Line, *contacts: InboundMessage) -> None:
    await line.accept(*contacts)
    await line.idle()


async def owner(line: Line, value: str) -> str:
    query = select(handles.c.customer_id).where(handles.c.value == value)
    return str(await line.database.read(lambda connection: connection.execute(query).scalar_one()))


async def merge(line: Line, one: str, other: str, now_ms: int) -> None:
    await line.database.write(
        lambda connection: merges.merge(connection, one, other, actor="desk", now_ms=now_ms, policy=POLICY, top=one)
    )


async def unmerge(line: Line, one: str, now_ms: int) -> None:
    await line.database.write(lambda connection: merges.unmerge(connection, one, actor="desk", now_ms=now_ms, policy=POLICY))


async def answer(line: Line, name: str, text: str) -> None:
    """A person's reply to a contact has left."""
    (row,) = [row for row in await line.rows(messages) if row["external_id"] == name]
    await line.database.write(lambda one: enter(one, row["id"], f"answer to {name}", row["at_ms"] + 1, text=text))


async def received(line: Line) -> int:
    return int((await line.rows(messages))[0]["received_ms"])


def data_of(envelopes: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    data: dict[str, Any] = envelopes[name]["data"]
    return data


async def apart_again(line: Line, *between: InboundMessage, top: str = "anna") -> tuple[str, str]:
    """Anna and Bruno have written, were one while `between` came, and are two again; their ids."""
    line.start()
    await write(line, hers("a1"), his("b1"))
    anna, bruno = await owner(line, ANNA.value), await owner(line, BRUNO.value)
    at = await received(line)
    pair = (anna, bruno) if top == "anna" else (bruno, anna)
    await merge(line, *pair, at - 10)
    await answer(line, "a1", "PLANTED as well")
    await answer(line, "b1", "words for b1")
    await write(line, *between)
    await unmerge(line, pair[1], at + 10)
    return anna, bruno


@pytest.mark.parametrize("top", ["anna", "bruno"])
async def test_history_name_and_addresses_are_taken_out(line: Line, reach: Reach, top: str) -> None:
    anna, bruno = await apart_again(line, hers("a2"), his("b2"), top=top)
    await write(line, his("b3"))
    before = await line.envelopes()
    assert holding({"m": [(orjson.dumps(data_of(before, "b2")),)]}, *HERS), "what this test is about"
    await erase(reach, anna, actor="test", now_ms=7)
    after = await line.envelopes()
    assert sorted(after) == ["b1", "b2", "b3"]
    assert holding(await everything(line.database), *HERS) == {}
    for name in ("b1", "b3"):
        assert after[name] == before[name]
    old, new = data_of(before, "b2"), data_of(after, "b2")
    assert [one["snippet"] for one in new["history"]] == ["words of b1", "words for b1"]
    assert new["customer"]["handles"] == [{"kind": "email", "value": "bruno@example.it", "proof": "verified"}]
    assert {key: new[key] for key in new if key not in ("history", "customer")} == {
        key: old[key] for key in old if key not in ("history", "customer")
    }
    assert new["customer"]["id"] == old["customer"]["id"]
    assert {row["external_id"]: row["cut"] for row in await line.rows(messages)} == {"b1": False, "b2": True, "b3": False}
    await erase(reach, bruno, actor="test", now_ms=8)
    assert await line.envelopes() == {}


async def test_copies_of_embedded_queues_and_those_who_follow(
    line: Line, reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(others, "_PAGE", 2)
    anna, _ = await apart_again(line, *(his(f"b{number}") for number in range(2, 7)))
    stored = {row["external_id"]: row for row in await line.rows(messages)}
    copy = {"queue": "demo.general", "envelope_id": stored["b4"]["id"], "body": stored["b4"]["envelope"]}
    await line.database.write(
        lambda connection: connection.execute(local_messages.insert(), [copy | {"state": "ready", "attempts": 0}])
    )
    await erase(reach, anna, actor="test", now_ms=7)
    rows = await everything(line.database)
    assert holding(rows, *HERS) == {}
    (left,) = await line.rows(local_messages)
    (now,) = [row for row in await line.rows(messages) if row["external_id"] == "b4"]
    assert bytes(left["body"]) == bytes(now["envelope"])
    told = sorted(row for row in rows["events"] if row[2] == "regia.customer.erased.v1")
    bodies = [orjson.loads(bytes(row[5])) for row in told]
    changed = [id_ for body in bodies for id_ in body["data"]["changed"]]
    assert sorted(changed) == sorted(stored[f"b{number}"]["id"] for number in range(2, 7))
    assert [body["data"]["complete"] for body in bodies][-1]
    assert [body["data"]["complete"] for body in bodies].count(True) == 1


async def test_by_way_of_somebody_between(line: Line, reach: Reach) -> None:
    """Carla and Anna were both below Bruno: Carla's envelopes show Anna's words, though nobody merged the two."""
    line.start()
    await write(line, hers("a1"), his("b1"), inbound("c1", CARLA, text="words of c1"))
    anna, bruno, carla = [await owner(line, one.value) for one in (ANNA, BRUNO, CARLA)]
    at = await received(line)
    await merge(line, bruno, anna, at - 10)
    await merge(line, bruno, carla, at - 9)
    await write(line, inbound("c2", CARLA, text="words of c2"))
    assert holding({"m": [(orjson.dumps((await line.envelopes())["c2"]),)]}, *HERS)
    await unmerge(line, anna, at + 10)
    await erase(reach, anna, actor="test", now_ms=7)
    assert holding(await everything(line.database), *HERS) == {}
    assert sorted(await line.envelopes()) == ["b1", "c1", "c2"]


async def test_what_the_rules_saw_is_taken_out_of_the_explanation(line: Line, reach: Reach) -> None:
    when = '{any: [{customer.tags: "PLANTED tag"}, {customer.tier: [gold, "PLANTED tier"]}], not: {customer.tags: other}}'
    seen, other = f"{{name: seen, when: {when}, then: {{tags: seen}}}}", "{name: x, when: {customer.tier: x}, then: {tags: x}}"
    decide_by(line, load([("r.yaml", f"categories: {{a: {{}}}}\ndefault: a\nrules: [{seen}, {other}]\n")]))
    line.start()
    await write(line, hers("a1"), his("b1"))
    anna, bruno = await owner(line, ANNA.value), await owner(line, BRUNO.value)
    at = await received(line)
    more: dict[str, Any] = {"actor": "desk", "now_ms": at, "policy": POLICY}
    facts = {"tier": "PLANTED tier", "tags": ["PLANTED tag"]}
    await line.database.write(lambda connection: set_facts(connection, anna, "api", facts, **more))
    await merge(line, anna, bruno, at - 10)
    await write(line, his("b2"))
    await unmerge(line, bruno, at + 10)
    b2 = {row["external_id"]: row for row in await line.rows(messages)}["b2"]
    assert holding({"m": [(b2["explanation"],)]}, *HERS), "what this test is about"
    await erase(reach, anna, actor="test", now_ms=7)
    assert holding(await everything(line.database), *HERS) == {}
    now = {row["external_id"]: row for row in await line.rows(messages)}["b2"]
    before, after = orjson.loads(b2["explanation"]), orjson.loads(now["explanation"])
    assert {key: after[key] for key in after if key != "values"} == {key: before[key] for key in before if key != "values"}
    assert after["values"] == [[], "(erased)"]


async def test_words_that_both_have_stay(line: Line, reach: Reach) -> None:
    anna, bruno = await apart_again(line, his("b2"))

    async def say(**values: Any) -> None:
        both = customers.c.id.in_([anna, bruno])
        await line.database.write(lambda connection: connection.execute(update(customers).where(both).values(**values)))

    await say(name="Bruno Verdi", facts='{"name":{"api":["Bruno Verdi",1]},"tags":{"api":[["vip"],1]}}', tags='["vip"]')
    before = (await line.envelopes())["b2"]
    envelope = orjson.dumps(before | {"data": before["data"] | {"customer": _named(before, "Bruno Verdi", ["vip"])}})
    b2 = messages.c.external_id == "b2"
    await line.database.write(lambda connection: connection.execute(update(messages).where(b2).values(envelope=envelope)))
    await erase(reach, anna, actor="test", now_ms=7)
    customer = data_of(await line.envelopes(), "b2")["customer"]
    assert (customer["name"], customer["tags"]) == ("Bruno Verdi", ["vip"])


def _named(envelope: dict[str, Any], name: str, tags: Sequence[str]) -> dict[str, Any]:
    customer: dict[str, Any] = envelope["data"]["customer"]
    return customer | {"name": name, "tags": list(tags)}


async def test_who_was_never_merged_costs_one_question(line: Line, reach: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    line.start()
    await write(line, hers("a1"), his("b1"))
    monkeypatch.setattr(others.once_merged, "written", None)
    await erase(reach, await owner(line, ANNA.value), actor="test", now_ms=7)
    assert sorted(await line.envelopes()) == ["b1"]
