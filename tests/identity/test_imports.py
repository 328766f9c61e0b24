"""Lists of customers, row by row and in batches. Every test on SQLite and on PostgreSQL."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from sqlalchemy import event

from identity import merges
from identity.imports import Taken, take
from identity.links import prove
from identity.listed import Listed
from identity.people import Identified
from identity.policy import Policy
from identity.profile import Value
from identity.profiles import set_facts
from normalizer.inbound import Handle
from storage import schema
from storage.database import Database
from tests.contacts import START, email, message, phone, user
from tests.identity.batches import POLICY, identify, rows

NOW = int(START.timestamp() * 1000)
TABLES = (schema.customers, schema.handles, schema.suggestions, schema.audit, schema.events)


def crm(value: str) -> Handle:
    return Handle("crm", value, "agent")


def agent(handle: Handle) -> Handle:
    return Handle(handle.kind, handle.value, "agent")


PHONE, MAIL = agent(phone()), agent(email())


def row(*handles: Handle, line: int = 2, **facts: Value) -> Listed:
    return Listed(handles=handles, facts=facts, place=f"import/abc:{line}")  # type: ignore[arg-type]  # names of fields


async def listed(database: Database, *batch: Listed, policy: Policy = POLICY, now_ms: int = NOW) -> list[Taken]:
    return await database.write(
        lambda connection: take(connection, "demo", batch, "import", actor="crm", now_ms=now_ms, policy=policy)
    )


async def one(database: Database, name: str, handle: Handle, **more: Any) -> Identified:
    (found,) = await identify(database, message(name, handle, **more))
    return found


async def everything(database: Database) -> list[list[dict[str, Any]]]:
    return [await rows(database, table) for table in TABLES]


async def owned(database: Database) -> dict[str, str]:
    return {each["value"]: each["customer_id"] for each in await rows(database, schema.handles) if each["key"]}


async def customer(database: Database, id_: str) -> dict[str, Any]:
    (found,) = [each for each in await rows(database, schema.customers) if each["id"] == id_]
    return found


@pytest.fixture(params=[True, False], ids=["one batch", "batches"])
def one_batch(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def all_of(database: Database, *batch: Listed, one_batch: bool) -> list[Taken]:
    return await listed(database, *batch) if one_batch else [(await listed(database, each))[0] for each in batch]


class TestOneRow:
    async def test_somebody_new(self, database: Database) -> None:
        (taken,) = await listed(database, row(crm("C-1"), PHONE, MAIL, name="Anna Bianchi", tags=["vip"], tier="gold"))
        assert taken.outcome == "new"
        found = await customer(database, taken.customer_id)
        assert [found[name] for name in ("name", "tags", "tier", "crm_id", "standing", "messages", "sequence")] == [
            "Anna Bianchi", '["vip"]', "gold", "C-1", "verified", 0, 0,
        ]  # fmt: skip
        assert orjson.loads(found["facts"])["name"] == {"import": ["Anna Bianchi", NOW]}
        links = await rows(database, schema.handles)
        assert {(each["kind"], each["proof"], each["evidence"]) for each in links} == {
            ("crm", "agent", "import/abc:2"), ("phone", "agent", "import/abc:2"), ("email", "agent", "import/abc:2"),
        }  # fmt: skip
        assert [each["type"] for each in await rows(database, schema.events)] == [
            "regia.customer.created.v1", "regia.customer.changed.v1",
        ]  # fmt: skip
        (act,) = await rows(database, schema.audit)
        assert orjson.loads(act["detail"]) == {"fields": ["name", "tags", "tier"], "source": "import"}
        first = await one(database, "m1", phone())
        assert (first.customer.id, first.match) == (taken.customer_id, "new")

    async def test_again_it_changes_nothing(self, database: Database, one_batch: bool) -> None:
        batch = [
            row(crm("C-1"), PHONE, name="Anna", tags=["a", "b"]),
            row(agent(user()), MAIL, line=3, language="it"),
            row(crm("C-2"), PHONE, line=4, name="Bea"),
        ]
        await one(database, "m1", email())
        await all_of(database, *batch, one_batch=one_batch)
        before = await everything(database)
        again = [await listed(database, *batch, now_ms=NOW + 1), await listed(database, *batch, now_ms=NOW + 999 * 86_400_000)]
        assert [taken.outcome for each in again for taken in each] == ["same"] * 6
        assert await everything(database) == before

    async def test_of_somebody_known_it_adds_what_is_new(self, database: Database) -> None:
        known = await one(database, "m1", phone(), sender_name="anna82")
        (taken,) = await listed(database, row(crm("C-1"), PHONE, MAIL, name="Anna Bianchi"))
        assert taken == Taken("changed", known.customer.id)
        found = await customer(database, known.customer.id)
        assert (found["name"], found["crm_id"], found["messages"]) == ("Anna Bianchi", "C-1", 1)
        assert set((await owned(database)).values()) == {known.customer.id}
        linked = [each for each in await rows(database, schema.audit) if each["action"] == "linked"]
        assert [(each["actor"], orjson.loads(each["detail"])) for each in linked] == [("crm", {"evidence": "import/abc:2"})] * 2

    async def test_a_claim_of_the_same_address_stays_apart_and_is_suggested(self, database: Database) -> None:
        claim = await one(database, "m1", email())
        (taken,) = await listed(database, row(MAIL, name="Anna"))
        assert taken.customer_id != claim.customer.id
        (suggested,) = await rows(database, schema.suggestions)
        assert (suggested["reason"], suggested["customer_id"], suggested["owner_id"]) == (
            "same_claim", claim.customer.id, taken.customer_id,
        )  # fmt: skip

    async def test_more_addresses_than_a_person_has(self, database: Database) -> None:
        policy = Policy(caps={"phone": 1})
        (first,) = await listed(database, row(crm("C-1"), PHONE), policy=policy)
        (second,) = await listed(database, row(crm("C-1"), agent(phone("+390000000002"))), policy=policy)
        assert (second.outcome, second.customer_id, second.guards) == ("changed", first.customer_id, ("handle_cap",))
        assert len(set((await owned(database)).values())) == 2

    async def test_facts_of_one_below(self, database: Database) -> None:
        """They are those of the one the address was proven for, and what is shown is what all of them come to."""
        a, b = await one(database, "m1", phone()), await one(database, "m2", user())
        for each, tags in ((a, ["a"]), (b, ["b"])):
            await database.write(
                lambda connection, it=each, them=tags: set_facts(  # type: ignore[misc]
                    connection, it.customer.id, "import", {"tags": them}, actor="x", now_ms=NOW, policy=POLICY
                )
            )
        pair = (a.customer.id, b.customer.id)
        await database.write(lambda connection: merges.merge(connection, *pair, actor="x", now_ms=NOW, policy=POLICY))
        await listed(database, row(agent(user()), tags=["c"], name="Bea"))
        together = await customer(database, a.customer.id)
        assert (together["tags"], together["name"]) == ('["a","c"]', "Bea")
        await database.write(lambda connection: merges.unmerge(connection, pair[1], actor="x", now_ms=NOW, policy=POLICY))
        apart = [await customer(database, id_) for id_ in pair]
        assert [(each["tags"], each["name"]) for each in apart] == [('["a"]', None), ('["c"]', "Bea")]


class TestOfSeveralCustomers:
    async def test_they_are_joined(self, database: Database) -> None:
        a = await one(database, "m1", phone(), sender_name="Anna")
        b = await one(database, "m2", user(), hours=1)
        (taken,) = await listed(database, row(PHONE, agent(user()), name="Anna Bianchi"))
        assert taken == Taken("changed", a.customer.id)
        assert (await customer(database, b.customer.id))["merged_into"] == a.customer.id
        (act,) = [each for each in await rows(database, schema.audit) if each["action"] == "merged"]
        assert act["actor"] == "crm"

    async def test_a_guard_stops_it(self, database: Database) -> None:
        a = await one(database, "m1", phone(), sender_name="Anna Bianchi")
        b = await one(database, "m2", user(), sender_name="Marco Rossi")
        (taken,) = await listed(database, row(PHONE, agent(user()), tier="gold"))
        assert taken == Taken("changed", a.customer.id, ("names_differ",))
        assert (await customer(database, b.customer.id))["tier"] is None
        assert [each["reason"] for each in await rows(database, schema.suggestions)] == ["names_differ"]

    async def test_all_joined_in_one_batch_have_what_was_said_of_each(self, database: Database) -> None:
        numbers = [agent(phone(f"+39000000000{number}")) for number in range(3)]
        singles = [row(number, line=at, tags=[str(at)]) for at, number in enumerate(numbers)]
        taken = await listed(database, *singles, row(*numbers, line=9, tier="gold"))
        assert [each.outcome for each in taken] == ["new", "new", "new", "changed"]
        found = await customer(database, taken[-1].customer_id)
        assert (orjson.loads(found["tags"]), found["tier"]) == (["0", "1", "2"], "gold")


class TestCrmIds:
    async def test_an_address_that_two_have_stays_with_the_first(self, database: Database, one_batch: bool) -> None:
        """A family's number: each has a customer, and a person may look at it."""
        first, second = await all_of(
            database, row(crm("C-1"), PHONE, name="Anna"), row(crm("C-2"), PHONE, MAIL, line=3), one_batch=one_batch
        )
        assert (second.outcome, second.guards) == ("new", ("crm_conflict",))
        assert await owned(database) == {
            "C-1": first.customer_id, PHONE.value: first.customer_id,
            "C-2": second.customer_id, MAIL.value: second.customer_id,
        }  # fmt: skip
        assert [each["reason"] for each in await rows(database, schema.suggestions)] == ["crm_conflict"]
        assert [(await customer(database, each.customer_id))["crm_id"] for each in (first, second)] == ["C-1", "C-2"]

    async def test_nobody_comes_to_have_two(self, database: Database, one_batch: bool) -> None:
        batch = [
            row(crm("C-1"), PHONE),
            row(PHONE, MAIL, line=3),
            row(crm("C-2"), MAIL, line=4),
            row(crm("C-3"), agent(user()), line=5),
            row(crm("C-1"), agent(user()), line=6),
            row(agent(user()), PHONE, line=7),
        ]
        await all_of(database, *batch, one_batch=one_batch)
        found = await owned(database)
        assert len({found[name] for name in ("C-1", "C-2", "C-3")}) == 3
        assert found[MAIL.value] == found[PHONE.value] == found["C-1"]

    async def test_a_person_who_was_given_two_goes_on(self, database: Database) -> None:
        a, b = await listed(database, row(crm("C-1")), row(crm("C-2"), line=3))
        pair = (a.customer_id, b.customer_id)
        await database.write(lambda connection: merges.merge(connection, *pair, actor="x", now_ms=NOW, policy=POLICY))
        (taken,) = await listed(database, row(crm("C-2"), PHONE, line=4))
        found = await owned(database)
        assert taken.customer_id == found[PHONE.value] == found["C-1"]
        assert taken.guards == ()

    async def test_of_one_who_has_it_already(self, database: Database) -> None:
        known = await one(database, "m1", phone())
        await database.write(
            lambda connection: prove(
                connection, known.customer.id, crm("C-1"),
                proof="agent", evidence="x", actor="x", now_ms=NOW, policy=POLICY,
            )
        )  # fmt: skip
        (taken,) = await listed(database, row(crm("C-1"), MAIL))
        assert taken == Taken("changed", known.customer.id)


async def test_the_number_of_statements_does_not_grow(database: Database) -> None:
    await one(database, "m1", email(verified=True))

    def batch(first: int, number: int) -> list[Listed]:
        rows = [
            row(crm(f"C-{at}"), agent(phone(f"+3933{at:08}")), agent(email(f"a{at}@example.it")), line=at, name=f"Nome{at}")
            for at in range(first, first + number)
        ]
        return [replace(each, claims=(email(),)) for each in rows]

    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    counts = []
    for first, number in ((0, 2), (100, 200)):
        for _ in range(2):
            statements.clear()
            await listed(database, *batch(first, number))
            counts.append(len(statements))
    assert counts[2:] == counts[:2]
