"""What is said of customers, and decisions about suggestions. Every test on SQLite and on PostgreSQL."""

import asyncio
import threading
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection

from identity import decisions, merges
from identity.facts import BadFacts, read_facts
from identity.people import Identified
from identity.policy import Source
from identity.profiles import Changed, set_facts
from identity.refusals import NotPossible
from normalizer.inbound import Handle
from storage import schema
from storage.database import Database
from tests.contacts import START, email, message, phone, user
from tests.identity.batches import POLICY, identify, rows

NOW = int(START.timestamp() * 1000)


async def one(database: Database, name: str, handle: Handle, **more: Any) -> Identified:
    (found,) = await identify(database, message(name, handle, **more))
    return found


async def put(database: Database, one: Identified, source: Source = "api", now_ms: int = NOW, **values: Any) -> Changed:
    return await database.write(
        lambda connection: set_facts(
            connection, one.customer.id, source, read_facts(values), actor="token/crm", now_ms=now_ms, policy=POLICY
        )
    )


async def merge(database: Database, top: Identified, below: Identified) -> str:
    pair = (top.customer.id, below.customer.id)
    return await database.write(
        lambda connection: merges.merge(connection, *pair, actor="desk", now_ms=NOW, policy=POLICY, top=top.customer.id)
    )


async def unmerge(database: Database, below: Identified) -> str:
    return await database.write(
        lambda connection: merges.unmerge(connection, below.customer.id, actor="desk", now_ms=NOW, policy=POLICY)
    )


async def row(database: Database, one: Identified) -> dict[str, Any]:
    (found,) = [each for each in await rows(database, schema.customers) if each["id"] == one.customer.id]
    return found


async def acts(database: Database, action: str) -> list[dict[str, Any]]:
    return [each for each in await rows(database, schema.audit) if each["action"] == action]


class TestFacts:
    async def test_each_wins_by_its_source(self, database: Database) -> None:
        anna = await one(database, "m1", phone(), sender_name="anna82", language="it")
        done = await put(database, anna, name=" Anna  Bianchi ", language="DE", tier="gold", tags=["vip", " vip ", "b2b", ""])
        assert done == Changed(customer_id=anna.customer.id, fields=("name", "language", "tier", "tags"), proved=None)
        await put(database, anna, "import", name="A. Bianchi", tier="silver")
        found = await row(database, anna)
        assert [found[name] for name in ("name", "language", "tier", "tags")] == ["Anna Bianchi", "de", "gold", '["b2b","vip"]']
        await put(database, anna, name=None, tier="", tags=[])
        found = await row(database, anna)
        assert [found[name] for name in ("name", "language", "tier", "tags")] == ["A. Bianchi", "de", "silver", "[]"]

    async def test_the_log_names_the_fields_and_never_the_values(self, database: Database) -> None:
        anna = await one(database, "m1", phone())
        await put(database, anna, name="Anna Bianchi", crm_id="C-77")
        (act,) = await acts(database, "profile")
        assert (act["actor"], act["customer_id"], act["other_id"]) == ("token/crm", anna.customer.id, None)
        assert orjson.loads(act["detail"]) == {"fields": ["name", "crm_id"], "source": "api"}
        (event,) = [each for each in await rows(database, schema.events) if each["type"] == "regia.customer.changed.v1"]
        assert orjson.loads(event["body"])["data"]["fields"] == ["name", "crm_id"]
        told = b"".join(each["body"] for each in await rows(database, schema.events)).decode()
        told += "".join(str(each["detail"]) for each in await rows(database, schema.audit))
        assert not [word for word in ("Bianchi", "C-77") if word in told]

    async def test_what_is_known_already_changes_nothing(self, database: Database) -> None:
        anna = await one(database, "m1", phone())
        await put(database, anna, name="Anna", tags=["a"], crm_id="C-1", tier=None)
        before = [await rows(database, table) for table in (schema.customers, schema.audit, schema.events, schema.handles)]
        assert (await put(database, anna, name="Anna", tags=["a"], crm_id="C-1", tier=None, now_ms=NOW + 9)).fields == ()
        after = [await rows(database, table) for table in (schema.customers, schema.audit, schema.events, schema.handles)]
        assert after == before

    async def test_a_clock_that_is_behind_loses_nothing(self, database: Database) -> None:
        anna = await one(database, "m1", phone())
        await put(database, anna, name="Anna", now_ms=NOW + 5000)
        assert (await put(database, anna, name="Bea", now_ms=NOW)).fields == ("name",)
        assert (await row(database, anna))["name"] == "Bea"

    @pytest.mark.parametrize("set_on", ["top", "middle", "leaf"])
    async def test_unmerged_each_has_what_was_said_of_it(self, database: Database, set_on: str) -> None:
        a, b, c = [await one(database, f"m{name}", user(name)) for name in "abc"]
        for each, name in ((a, "Anna"), (b, "Bea"), (c, "Carla")):
            await put(database, each, name=name, tags=[name])
        await merge(database, b, c)
        await merge(database, a, b)
        which = {"top": a, "middle": b, "leaf": c}[set_on]
        done = await put(database, which, now_ms=NOW + 1, name="Zoe", tags=["z"], language="it")
        assert (done.customer_id, done.fields) == (a.customer.id, ("name", "language", "tags"))
        together = await row(database, a)
        assert (together["name"], together["language"]) == ("Zoe", "it")
        rest = {"top": ["Bea", "Carla"], "middle": ["Anna", "Carla"], "leaf": ["Anna", "Bea"]}[set_on]
        assert orjson.loads(together["tags"]) == [*rest, "z"]
        await unmerge(database, b)
        await unmerge(database, c)
        for each, name in ((a, "Anna"), (b, "Bea"), (c, "Carla")):
            found = await row(database, each)
            expected = ("Zoe", "it", ["z"]) if each is which else (name, None, [name])
            assert (found["name"], found["language"], orjson.loads(found["tags"])) == expected

    async def test_said_again_after_a_merge_it_wins_again(self, database: Database) -> None:
        a, b = await one(database, "m1", phone()), await one(database, "m2", user())
        await put(database, a, name="Anna")
        await put(database, b, name="Bea", now_ms=NOW + 1)
        await merge(database, a, b)
        assert (await row(database, a))["name"] == "Bea"
        assert (await put(database, a, name="Anna", now_ms=NOW + 2)).fields == ("name",)
        assert (await row(database, a))["name"] == "Anna"

    @pytest.mark.parametrize(
        ("values", "wrong"),
        [
            ({"name": 1}, {"name"}),
            ({"name": "x" * 201, "tier": ["gold"]}, {"name", "tier"}),
            ({"language": "italian"}, {"language"}),
            ({"language": "xx"}, {"language"}),
            ({"language": "i" * 21}, {"language"}),
            ({"tags": "vip"}, {"tags"}),
            ({"tags": [1]}, {"tags"}),
            ({"tags": [str(number) for number in range(51)]}, {"tags"}),
            ({"crm_id": {}, "surname": "x"}, {"crm_id", "surname"}),
        ],
    )
    def test_what_cannot_be_taken(self, values: dict[str, object], wrong: set[str]) -> None:
        with pytest.raises(BadFacts) as caught:
            read_facts(values)
        assert set(caught.value.problems) == wrong

    async def test_nobody(self, database: Database) -> None:
        with pytest.raises(NotPossible, match="no customer"):
            await database.write(
                lambda connection: set_facts(connection, "cus_0", "api", {}, actor="x", now_ms=NOW, policy=POLICY)
            )


class TestCrmId:
    async def test_it_is_a_link(self, database: Database) -> None:
        anna = await one(database, "m1", phone())
        done = await put(database, anna, crm_id="C-1")
        assert done.proved is not None
        assert (done.fields, done.proved.outcome) == (("crm_id",), "linked")
        (link,) = [each for each in await rows(database, schema.handles) if each["kind"] == "crm"]
        assert (link["value"], link["proof"], link["evidence"]) == ("C-1", "agent", "api/token/crm")
        assert (await row(database, anna))["crm_id"] == "C-1"

    async def test_another_one_is_a_conflict_until_it_is_taken_back(self, database: Database) -> None:
        anna = await one(database, "m1", phone())
        await put(database, anna, crm_id="C-1")
        with pytest.raises(NotPossible) as caught:
            await put(database, anna, crm_id="C-2", name="Anna")
        assert caught.value.reason == "crm_conflict"
        assert (await row(database, anna))["name"] is None
        assert (await put(database, anna, crm_id=None)).fields == ("crm_id",)
        assert (await row(database, anna))["crm_id"] is None
        assert (await put(database, anna, crm_id=None)).fields == ()
        await put(database, anna, crm_id="C-2")
        assert (await row(database, anna))["crm_id"] == "C-2"

    async def test_of_another_customer_it_merges_the_two(self, database: Database) -> None:
        first, second = await one(database, "m1", phone()), await one(database, "m2", user(), hours=1)
        await put(database, second, crm_id="C-1")
        done = await put(database, first, crm_id="C-1", name="Anna")
        assert done.proved is not None
        assert (done.proved.outcome, done.customer_id, done.fields) == ("merged", second.customer.id, ("name", "crm_id"))
        await unmerge(database, first)
        assert (await row(database, first))["name"] == "Anna"
        assert (await row(database, second))["name"] is None

    async def test_a_guard_stops_that(self, database: Database) -> None:
        first, second = await one(database, "m1", phone()), await one(database, "m2", user())
        await put(database, first, name="Anna Bianchi")
        await put(database, second, name="Marco Rossi", crm_id="C-1")
        done = await put(database, first, crm_id="C-1")
        assert done.proved is not None
        assert (done.proved.outcome, done.proved.guard, done.fields) == ("suggested", "names_differ", ())

    async def test_of_one_with_claims_only_it_is_beside(self, database: Database) -> None:
        claim = await one(database, "m1", email())
        done = await put(database, claim, crm_id="C-1", tier="gold")
        assert done.proved is not None
        assert done.proved.customer_id != claim.customer.id
        assert (done.customer_id, done.fields) == (claim.customer.id, ("tier",))
        assert [each["reason"] for each in await rows(database, schema.suggestions)] == ["same_claim"]


class TestDecisions:
    async def pair(self, database: Database) -> tuple[Identified, Identified]:
        """Two customers with two suggestions between them, of 60 and of 50."""
        return (
            await one(database, "m0", email(verified=True), fields={"order": "IT-2231"}),
            await one(database, "m1", phone(), claims=[email()], fields={"order": "IT-2231"}, hours=1),
        )

    async def suggestion(self, database: Database, reason: str) -> str:
        (found,) = [each["id"] for each in await rows(database, schema.suggestions) if each["reason"] == reason]
        return str(found)

    async def accept(self, database: Database, id_: str) -> decisions.Accepted:
        return await database.write(
            lambda connection: decisions.accept(connection, id_, actor="token/desk", now_ms=NOW, policy=POLICY)
        )

    async def reject(self, database: Database, id_: str) -> None:
        await database.write(lambda connection: decisions.reject(connection, id_, actor="token/desk", now_ms=NOW))

    async def test_accepted_they_are_one(self, database: Database) -> None:
        owner, other = await self.pair(database)
        id_ = await self.suggestion(database, "same_claim")
        done = await self.accept(database, id_)
        assert done.customer_id == owner.customer.id
        assert (await row(database, other))["merged_into"] == owner.customer.id
        (merged,), (accepted,) = await acts(database, "merged"), await acts(database, "accepted")
        assert (merged["id"], merged["actor"]) == (done.act, "token/desk")
        assert orjson.loads(accepted["detail"]) == {"suggestion": id_, "reason": "same_claim", "score": 60}
        assert {each["state"] for each in await rows(database, schema.suggestions)} == {"accepted"}

    async def test_rejected_they_are_not_asked_about_again(self, database: Database) -> None:
        owner, other = await self.pair(database)
        await self.reject(database, await self.suggestion(database, "same_claim"))
        assert {(each["state"], each["decided_ms"]) for each in await rows(database, schema.suggestions)} == {("rejected", NOW)}
        await one(database, "m2", phone(), claims=[email()], fields={"order": "IT-2231"}, hours=2)
        assert {each["state"] for each in await rows(database, schema.suggestions)} == {"rejected"}
        (act,) = await acts(database, "rejected")
        assert {act["customer_id"], act["other_id"]} == {owner.customer.id, other.customer.id}
        assert (await row(database, other))["merged_into"] is None

    async def test_of_those_below_it_is_about_the_top(self, database: Database) -> None:
        a, b = await one(database, "m0", user("a")), await one(database, "m1", user("b"))
        third = await one(database, "m2", phone(), claims=[user("b")])
        await merge(database, a, b)
        await self.accept(database, await self.suggestion(database, "same_claim"))
        assert (await row(database, third))["merged_into"] == a.customer.id

    @pytest.mark.parametrize("first", ["accept", "reject"])
    @pytest.mark.parametrize("second", ["accept", "reject"])
    async def test_a_decision_is_made_once(self, database: Database, first: str, second: str) -> None:
        await self.pair(database)
        id_ = await self.suggestion(database, "same_order")
        await getattr(self, first)(database, id_)
        with pytest.raises(NotPossible) as caught:
            await getattr(self, second)(database, id_)
        assert caught.value.reason == "decided_already"
        assert len(await acts(database, "merged")) == (first == "accept")

    async def test_what_is_not_there(self, database: Database) -> None:
        for work in (self.accept, self.reject):
            with pytest.raises(NotPossible) as caught:
                await work(database, "sug_0")
            assert caught.value.reason == "unknown_suggestion"

    async def test_one_who_joined_them_by_itself_leaves_nothing_to_decide(self, database: Database) -> None:
        await one(database, "m0", email(verified=True))
        await one(database, "m1", phone(), claims=[email()])
        id_ = await self.suggestion(database, "same_claim")
        await one(database, "m2", phone(), aliases=[email(verified=True)])
        for work in (self.accept, self.reject):
            with pytest.raises(NotPossible) as caught:
                await work(database, id_)
            assert caught.value.reason in ("same_customer", "decided_already")


async def test_two_people_at_once_make_one_merge(postgresql_url: str) -> None:
    """Both have read the suggestion as open before either has locked its customers."""
    nodes = [Database(postgresql_url) for _ in range(2)]
    await identify(nodes[0], message("m0", email(verified=True)))
    await identify(nodes[0], message("m1", phone(), claims=[email()]))
    (id_,) = [each["id"] for each in await rows(nodes[0], schema.suggestions)]
    barrier = threading.Barrier(2, timeout=20)

    class Waiting(decisions.Held):
        def __init__(self, *arguments: Any) -> None:
            barrier.wait()
            super().__init__(*arguments)

    def work(connection: Connection) -> str:
        try:
            return decisions.accept(connection, id_, actor="desk", now_ms=NOW, policy=POLICY).act
        except NotPossible as refused:
            return refused.reason

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decisions, "Held", Waiting)
        done = await asyncio.gather(*(node.write(work) for node in nodes))
    assert sorted(one[:4] for one in done) == ["act_", "deci"]
    assert len(await acts(nodes[0], "merged")) == 1
    await asyncio.gather(*(node.close() for node in nodes))
