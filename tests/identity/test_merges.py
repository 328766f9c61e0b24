"""Merges by themselves, by people, and undone. Every test on SQLite and on PostgreSQL."""

from typing import Any

import orjson
import pytest
from sqlalchemy import select

from identity import merges
from identity.links import prove
from identity.people import Identified
from identity.policy import Policy
from identity.refusals import NotPossible
from normalizer.inbound import Handle, Thread
from normalizer.message import Message
from storage import schema
from storage.database import Database
from tests.contacts import START, email, message, phone, user
from tests.identity.batches import POLICY, identify, ids, rows

NOW = int(START.timestamp() * 1000)


async def merge(database: Database, one: str, other: str, **more: Any) -> str:
    return await database.write(
        lambda connection: merges.merge(connection, one, other, actor="desk", now_ms=NOW, policy=POLICY, **more)
    )


async def unmerge(database: Database, customer: str) -> str:
    return await database.write(
        lambda connection: merges.unmerge(connection, customer, actor="desk", now_ms=NOW, policy=POLICY)
    )


async def customer(database: Database, id_: str) -> dict[str, Any]:
    (row,) = [row for row in await rows(database, schema.customers) if row["id"] == id_]
    return row


async def links(database: Database) -> dict[str, str]:
    """Current handle to owner."""
    return {row["value"]: row["customer_id"] for row in await rows(database, schema.handles) if row["key"]}


async def one(database: Database, name: str, handle: Handle, **more: Any) -> Identified:
    (found,) = await identify(database, message(name, handle, **more))
    return found


@pytest.fixture(params=[True, False], ids=["one batch", "batches"])
def one_batch(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


async def all_of(database: Database, batch: list[Message], *, one_batch: bool, policy: Policy = POLICY) -> list[Identified]:
    if one_batch:
        return await identify(database, *batch, policy=policy)
    return [(await identify(database, each, policy=policy))[0] for each in batch]


class TestByThemselves:
    async def test_two_proven_handles_of_one_contact(self, database: Database, one_batch: bool) -> None:
        batch = [
            message("m1", phone(), text="Il primo"),
            message("m2", user(), text="Il secondo", hours=1),
            message("m3", user(), aliases=[phone()], hours=2),
            message("m4", phone(), hours=3),
        ]
        first, second, third, fourth = await all_of(database, batch, one_batch=one_batch)
        assert ids([third, fourth]) == [first.customer.id] * 2
        assert third.match == "verified"
        assert [one.snippet for one in third.history] == ["Il primo", "Il secondo"]
        assert (third.sequence, third.earlier, fourth.sequence) == (2, 2, 3)
        below = await customer(database, second.customer.id) if not one_batch else None
        if below is not None:
            assert (below["merged_into"], below["root_id"]) == (first.customer.id, first.customer.id)
        assert set((await links(database)).values()) == {first.customer.id}
        (act,) = [row for row in await rows(database, schema.audit) if row["action"] == "merged"]
        assert (act["actor"], act["customer_id"]) == ("rule", first.customer.id)
        (event,) = [row for row in await rows(database, schema.events) if row["type"] == "regia.customer.merged.v1"]
        data = orjson.loads(event["body"])["data"]
        assert (data["customer"], data["other"]) == (first.customer.id, act["other_id"])

    async def test_their_threads_are_one_customers(self, database: Database, one_batch: bool) -> None:
        batch = [
            message("m1", phone()),
            message("m2", user(), hours=100),
            message("m3", user(), aliases=[phone()], hours=101, reply_to="m1"),
            message("m4", phone(), hours=200, reply_to="m2"),
        ]
        first, second, third, fourth = await all_of(database, batch, one_batch=one_batch)
        assert third.conversation.id == first.conversation.id
        assert fourth.conversation.id == second.conversation.id

    async def test_claims_never_merge(self, database: Database) -> None:
        await one(database, "m1", email(verified=True))
        for number in range(5):
            await one(database, f"n{number}", phone(), claims=[email()], aliases=[email()])
        assert not [row for row in await rows(database, schema.audit) if row["action"] == "merged"]
        assert len(set((await links(database)).values())) == 2


async def test_events_in_their_order(database: Database) -> None:
    await identify(database, message("m1", phone()), message("m2", user()), message("m3", user(), aliases=[phone()]))
    told = sorted(await rows(database, schema.events), key=lambda row: row["position"])
    assert [row["type"].split(".")[2] for row in told] == ["created", "created", "merged"]
    await identify(database, message("m4", phone(), aliases=[user("IT.more")]))
    told = sorted(await rows(database, schema.events), key=lambda row: row["position"])
    assert [row["type"].split(".")[2] for row in told][3:] == ["linked"]


class TestGuards:
    async def guarded(self, database: Database, batch: list[Message], *, one_batch: bool, policy: Policy = POLICY) -> str:
        """The reason of the suggestion that a stopped merge left; the last contact of `batch` shows the handles of both."""
        found = await all_of(database, batch, one_batch=one_batch, policy=policy)
        assert found[-1].match == "ambiguous"
        assert found[-1].customer.id == next(one.customer.id for one in found if one.handle_id == found[-1].handle_id)
        assert not [row for row in await rows(database, schema.audit) if row["action"] == "merged"]
        (row,) = [row for row in await rows(database, schema.suggestions) if row["reason"] != "similar_name"]
        return str(row["reason"])

    async def test_names_that_differ(self, database: Database, one_batch: bool) -> None:
        batch = [
            message("m1", phone(), sender_name="Anna Bianchi"),
            message("m2", user(), sender_name="Marco Bianchi"),
            message("m3", user(), aliases=[phone()]),
        ]
        assert await self.guarded(database, batch, one_batch=one_batch) == "names_differ"

    async def test_more_addresses_than_a_person_has(self, database: Database, one_batch: bool) -> None:
        policy = Policy(caps={"phone": 1})
        numbers = [phone("+393331111111"), phone("+393332222222")]
        batch = [
            message("m1", user("a"), aliases=[numbers[0]]),
            message("m2", user("b"), aliases=[numbers[1]]),
            message("m3", user("a"), aliases=[user("b")]),
        ]
        assert await self.guarded(database, batch, one_batch=one_batch, policy=policy) == "handle_cap"

    async def test_more_merges_than_a_day_has(self, database: Database, one_batch: bool) -> None:
        policy = Policy(merges_per_day=0)
        batch = [message("m1", phone()), message("m2", user()), message("m3", user(), aliases=[phone()])]
        assert await self.guarded(database, batch, one_batch=one_batch, policy=policy) == "merge_cap"

    @pytest.mark.parametrize(("hours", "merged"), [(23.9, False), (24.1, True)])
    async def test_the_day_ends(self, database: Database, hours: float, merged: bool, one_batch: bool) -> None:
        policy = Policy(merges_per_day=1)
        for name in "abc":
            await identify(database, message(f"m{name}", user(name)))
        batch = [
            message(f"m{hours}", user("a"), aliases=[user(other)], hours=hours) for other, hours in (("b", 0), ("c", hours))
        ]
        last = (await all_of(database, batch, one_batch=one_batch, policy=policy))[-1]
        assert (last.match == "verified") is merged

    async def test_two_crm_ids(self, database: Database) -> None:
        first, second = await one(database, "m1", phone()), await one(database, "m2", user())
        for found, number in ((first, "C-1"), (second, "C-2")):
            await database.write(
                lambda connection, it=found, value=number: prove(  # type: ignore[misc]
                    connection,
                    it.customer.id,
                    Handle("crm", value, "agent"),
                    proof="agent",
                    evidence="import",
                    actor="crm",
                    now_ms=NOW,
                    policy=POLICY,
                )
            )
        both = await one(database, "m3", phone(), aliases=[user()])
        assert (both.match, both.customer.id) == ("ambiguous", first.customer.id)
        assert {row["reason"] for row in await rows(database, schema.suggestions)} == {"crm_conflict"}

    async def test_what_a_person_took_apart(self, database: Database) -> None:
        first, second = await one(database, "m1", phone()), await one(database, "m2", user())
        await one(database, "m3", phone(), aliases=[user()])
        await unmerge(database, second.customer.id)
        again = await one(database, "m4", phone(), aliases=[user()])
        assert (again.match, again.customer.id) == ("ambiguous", first.customer.id)
        assert {row["reason"] for row in await rows(database, schema.suggestions)} == {"unmerged"}
        await merge(database, first.customer.id, second.customer.id)
        assert (await one(database, "m5", user())).customer.id == first.customer.id

    async def test_a_new_handle_that_is_one_too_many(self, database: Database) -> None:
        policy = Policy(caps={"phone": 1})
        (first,) = await identify(database, message("m1", user(), aliases=[phone("+393331111111")]), policy=policy)
        (second,) = await identify(database, message("m2", user(), aliases=[phone("+393332222222")]), policy=policy)
        assert (second.match, second.customer.id) == ("ambiguous", first.customer.id)
        assert len(set((await links(database)).values())) == 2
        assert [row["reason"] for row in await rows(database, schema.suggestions)] == ["handle_cap"]

    @pytest.mark.parametrize("shared", ["info@example.it", "Test@mail.example"])
    async def test_a_shared_address_links_nobody(self, database: Database, shared: str) -> None:
        box = Handle("email", shared, "verified")
        first = await one(database, "m1", phone(), aliases=[box])
        second = await one(database, "m2", user(), aliases=[box])
        third = await one(database, "m3", box, aliases=[phone(), user()], claims=[phone()])
        assert len(set(ids([first, second, third]))) == 3
        assert third.match == "new"
        assert [row["reason"] for row in await rows(database, schema.suggestions)] == []


class TestWhoComesOutOnTop:
    async def test_the_verified(self, database: Database) -> None:
        claimed, verified = await one(database, "m1", email()), await one(database, "m2", phone(), hours=1)
        await merge(database, claimed.customer.id, verified.customer.id)
        assert (await customer(database, claimed.customer.id))["merged_into"] == verified.customer.id
        row = await customer(database, verified.customer.id)
        assert (row["messages"], row["standing"]) == (2, "verified")

    async def test_who_was_seen_first(self, database: Database) -> None:
        late, early = await one(database, "m1", phone(), hours=5), await one(database, "m2", user(), hours=1)
        await merge(database, late.customer.id, early.customer.id)
        assert (await customer(database, late.customer.id))["merged_into"] == early.customer.id

    async def test_whom_a_person_names(self, database: Database) -> None:
        first, second = await one(database, "m1", phone()), await one(database, "m2", user(), hours=1)
        await merge(database, first.customer.id, second.customer.id, top=second.customer.id)
        assert (await customer(database, first.customer.id))["merged_into"] == second.customer.id


class TestBelowTheHome:
    """A merge by itself hangs below the home of the address that proved it."""

    async def test_it_goes_with_that_home(self, database: Database, *, one_batch: bool) -> None:
        victim, mistaken = await one(database, "m1", email(verified=True)), await one(database, "m2", phone(), hours=1)
        await merge(database, victim.customer.id, mistaken.customer.id)
        batch = [message("m3", user(), hours=2), message("m4", user(), aliases=[phone()], hours=3)]
        app, joined = await all_of(database, batch, one_batch=one_batch)
        assert joined.customer.id == victim.customer.id
        assert (await customer(database, app.customer.id))["merged_into"] == mistaken.customer.id
        await unmerge(database, mistaken.customer.id)
        assert await links(database) == {
            "anna@example.it": victim.customer.id,
            "+393331234567": mistaken.customer.id,
            "IT.81234": mistaken.customer.id,
        }
        assert [(await customer(database, each.customer.id))["messages"] for each in (victim, mistaken)] == [1, 3]

    async def test_the_order_gives_way(self, database: Database) -> None:
        """The app came first, but the number was proven for somebody who stands below another."""
        app = await one(database, "m1", user())
        victim, mistaken = await one(database, "m2", email(verified=True), hours=1), await one(database, "m3", phone(), hours=2)
        await merge(database, victim.customer.id, mistaken.customer.id)
        joined = await one(database, "m4", user(), aliases=[phone()], hours=3)
        assert joined.customer.id == victim.customer.id
        assert (await customer(database, app.customer.id))["merged_into"] == mistaken.customer.id

    async def test_two_who_stand_below_others_each_are_suggested(self, database: Database) -> None:
        tops = [await one(database, "m1", email(verified=True)), await one(database, "m2", email("b@b.it", verified=True))]
        below = [await one(database, "m3", user(), hours=1), await one(database, "m4", phone(), hours=1)]
        for top, each in zip(tops, below, strict=True):
            await merge(database, top.customer.id, each.customer.id)
        joined = await one(database, "m5", user(), aliases=[phone()], hours=2)
        assert (joined.customer.id, joined.match) == (tops[0].customer.id, "ambiguous")
        assert [row["reason"] for row in await rows(database, schema.suggestions)] == ["both_merged"]


class TestAccepted:
    """A person takes a claim for a proven customer's: what was written until then is that one's."""

    async def test_the_next_claim_is_a_claim_again(self, database: Database, *, one_batch: bool) -> None:
        anna, form = await one(database, "m1", email(verified=True)), await one(database, "m2", email(), hours=1)
        await merge(database, anna.customer.id, form.customer.id)
        batch = [message("m3", email(), hours=2), message("m4", email(), hours=3)]
        third, fourth = await all_of(database, batch, one_batch=one_batch)
        assert (third.match, fourth.match, third.history) == ("claimed", "claimed", ())
        assert len({anna.customer.id, form.customer.id, third.customer.id, fourth.customer.id}) == 3
        (open_,) = [row for row in await rows(database, schema.suggestions) if row["state"] == "open"]
        assert {open_["customer_id"], open_["owner_id"]} == {anna.customer.id, third.customer.id}

    async def test_undone_the_claim_goes_on(self, database: Database) -> None:
        anna, form = await one(database, "m1", email(verified=True)), await one(database, "m2", email(), hours=1)
        await merge(database, anna.customer.id, form.customer.id)
        await unmerge(database, form.customer.id)
        again = await one(database, "m3", email(), hours=2)
        assert (again.customer.id, again.match, again.earlier) == (form.customer.id, "claimed", 1)
        assert (await customer(database, anna.customer.id))["messages"] == 1

    async def test_undone_it_stays_ended_where_somebody_claims_the_address(self, database: Database) -> None:
        anna, form = await one(database, "m1", email(verified=True)), await one(database, "m2", email(), hours=1)
        await merge(database, anna.customer.id, form.customer.id)
        other = await one(database, "m3", email(), hours=2)
        await unmerge(database, form.customer.id)
        assert (await one(database, "m4", email(), hours=3)).customer.id == other.customer.id
        assert (await customer(database, form.customer.id))["messages"] == 1

    async def test_claims_alone_stay_claims(self, database: Database) -> None:
        form, call = await one(database, "m1", email()), await one(database, "m2", Handle("phone", "+393330", "claimed"))
        await merge(database, form.customer.id, call.customer.id)
        again = await one(database, "m3", email(), hours=2)
        assert (again.match, again.earlier) == ("claimed", 2)

    async def test_what_it_asked_before_proves_nothing_for_the_other(self, database: Database) -> None:
        """A code was on its way to the visitor when a person took him for Anna."""
        anna, form = await one(database, "m1", email(verified=True)), await one(database, "m2", email(), hours=1)
        await merge(database, anna.customer.id, form.customer.id)
        done = await database.write(
            lambda connection: prove(
                connection,
                form.customer.id,
                phone(),
                proof="verified",
                evidence="challenge/1",
                actor="desk",
                now_ms=NOW,
                policy=POLICY,
            )
        )
        assert (done.outcome, done.customer_id in (anna.customer.id, form.customer.id)) == ("linked", False)


class TestUndone:
    async def test_both_are_what_they_were(self, database: Database) -> None:
        first = await one(database, "m1", phone(), text="Il primo messaggio", sender_name="Anna", language="it")
        second = await one(database, "m2", user(), text="The second one", sender_name="Anna B.", language="en", hours=1)
        before = [await customer(database, one.customer.id) for one in (first, second)]
        owned = await links(database)
        await merge(database, first.customer.id, second.customer.id)
        merged = await customer(database, first.customer.id)
        assert (merged["messages"], merged["name"], merged["last_seen_ms"]) == (2, "Anna B.", NOW + 3_600_000)
        await unmerge(database, second.customer.id)
        assert [await customer(database, one.customer.id) for one in (first, second)] == before
        assert await links(database) == owned

    async def test_what_was_written_meanwhile_follows_its_handle(self, database: Database) -> None:
        first, second = await one(database, "m1", phone()), await one(database, "m2", user(), hours=1)
        await merge(database, first.customer.id, second.customer.id)
        third = await one(database, "m3", user(), text="Da B", sender_name="Bea", hours=2)
        assert (third.customer.id, third.sequence) == (first.customer.id, 2)
        await unmerge(database, second.customer.id)
        fourth, fifth = await one(database, "m4", user(), hours=3), await one(database, "m5", phone(), hours=3)
        assert ids([fourth, fifth]) == [second.customer.id, first.customer.id]
        assert [one.id for one in fourth.history] == [str(message("m2", user()).id), str(message("m3", user()).id)]
        assert [one.id for one in fifth.history] == [str(message("m1", phone()).id)]
        assert (fourth.sequence, fifth.sequence) == (2, 3)
        assert (fourth.customer.name, fifth.customer.name) == ("Bea", None)

    async def test_a_link_that_came_meanwhile_goes_with_the_one_beside_it(self, database: Database) -> None:
        first, second = await one(database, "m1", phone()), await one(database, "m2", user("b"), hours=1)
        await merge(database, first.customer.id, second.customer.id)
        await one(database, "m3", user("b"), aliases=[user("b2")], hours=2)
        await one(database, "m4", phone(), aliases=[user("a2")], hours=2)
        await unmerge(database, second.customer.id)
        owned = await links(database)
        assert (owned["b"], owned["b2"]) == (second.customer.id, second.customer.id)
        assert (owned[phone().value], owned["a2"]) == (first.customer.id, first.customer.id)

    async def test_the_middle_of_three(self, database: Database) -> None:
        """C below B, B below A: taken out, B keeps C."""
        a, b, c = [await one(database, f"m{name}", user(name), hours=hours) for hours, name in enumerate("abc")]
        await merge(database, b.customer.id, c.customer.id)
        await merge(database, a.customer.id, b.customer.id)
        assert set((await links(database)).values()) == {a.customer.id}
        await unmerge(database, b.customer.id)
        assert await links(database) == {"a": a.customer.id, "b": b.customer.id, "c": b.customer.id}
        assert (await customer(database, c.customer.id))["root_id"] == b.customer.id
        await unmerge(database, c.customer.id)
        assert await links(database) == {"a": a.customer.id, "b": b.customer.id, "c": c.customer.id}

    async def test_the_one_at_the_bottom_of_three(self, database: Database) -> None:
        a, b, c = [await one(database, f"m{name}", user(name), hours=hours) for hours, name in enumerate("abc")]
        await merge(database, b.customer.id, c.customer.id)
        await merge(database, a.customer.id, b.customer.id)
        await unmerge(database, c.customer.id)
        assert await links(database) == {"a": a.customer.id, "b": a.customer.id, "c": c.customer.id}

    async def test_a_conversation_with_words_of_both_is_nobodys(self, database: Database) -> None:
        first, second = await one(database, "m1", phone()), await one(database, "m2", user(), hours=1)
        await merge(database, first.customer.id, second.customer.id)
        third = await one(database, "m3", user(), reply_to="m1", hours=2)
        assert third.conversation.id == first.conversation.id
        await unmerge(database, second.customer.id)
        later = [
            await one(database, "m4", phone(), reply_to="m1", hours=3),
            await one(database, "m5", user(), reply_to="m3", hours=3),
            await one(database, "m6", user("x"), thread=Thread(conversation=first.conversation.id), hours=3),
        ]
        assert len({one.conversation.id for one in later} | {first.conversation.id}) == 4
        split = {row["id"]: row["split"] for row in await rows(database, schema.conversations)}
        assert [id_ for id_, is_split in split.items() if is_split] == [first.conversation.id]

    async def test_a_conversation_of_the_lower_one_alone_is_its_own_again(self, database: Database) -> None:
        first, second = await one(database, "m1", phone()), await one(database, "m2", user(), hours=1)
        await merge(database, first.customer.id, second.customer.id)
        third = await one(database, "m3", user(), hours=500)
        await unmerge(database, second.customer.id)
        mine, others = await one(database, "m4", user(), hours=501), await one(database, "m5", phone(), hours=501)
        assert mine.conversation.id == third.conversation.id
        assert others.conversation.id not in (third.conversation.id, first.conversation.id)

    async def test_suggestions_between_them_are_rejected(self, database: Database) -> None:
        owner, writer = await one(database, "m1", email(verified=True)), await one(database, "m2", phone(), claims=[email()])
        await merge(database, owner.customer.id, writer.customer.id)
        assert [row["state"] for row in await rows(database, schema.suggestions)] == ["accepted"]
        await unmerge(database, writer.customer.id)
        assert [row["state"] for row in await rows(database, schema.suggestions)] == ["rejected"]
        await one(database, "m3", phone(), claims=[email()])
        assert [row["state"] for row in await rows(database, schema.suggestions)] == ["rejected"]

    async def test_the_log_holds_ids_only(self, database: Database) -> None:
        first, second = await one(database, "m1", phone(), sender_name="Anna"), await one(database, "m2", user("geheim"))
        await merge(database, first.customer.id, second.customer.id)
        await unmerge(database, second.customer.id)
        log = await rows(database, schema.audit)
        assert [(row["action"], row["customer_id"], row["other_id"]) for row in log] == [
            ("merged", first.customer.id, second.customer.id),
            ("unmerged", first.customer.id, second.customer.id),
        ]
        told = [bytes(row["body"]) for row in await rows(database, schema.events)]
        for secret in (b"geheim", b"Anna", phone().value.encode()):
            assert not any(secret in text for text in (repr(log).encode(), *told))


class TestRefused:
    @pytest.mark.parametrize(
        ("pair", "reason"),
        [
            (("a", "a"), "same_customer"),
            (("a", "cus_none"), "unknown_customer"),
            (("a", "below"), "same_customer"),
            (("c", "below"), "merged_already"),
            (("a", "elsewhere"), "other_brand"),
        ],
    )
    async def test_a_merge(self, database: Database, pair: tuple[str, str], reason: str) -> None:
        found = {name: (await one(database, f"m{name}", user(name))).customer.id for name in ("a", "c", "below")}
        found["elsewhere"] = (await one(database, "m9", user("e"), brand="casa-bella", connector="casa")).customer.id
        await merge(database, found["a"], found["below"])
        log = await rows(database, schema.audit)
        with pytest.raises(NotPossible) as refused:
            await merge(database, *(found.get(name, name) for name in pair))
        assert refused.value.reason == reason
        assert await rows(database, schema.audit) == log

    async def test_an_unmerge(self, database: Database) -> None:
        first = await one(database, "m1", phone())
        for id_, reason in ((first.customer.id, "not_merged"), ("cus_none", "unknown_customer")):
            with pytest.raises(NotPossible) as refused:
                await unmerge(database, id_)
            assert refused.value.reason == reason


async def test_two_who_merge_and_one_who_writes(postgresql_url: str) -> None:
    """A batch that met its customer before a merge was committed sees, once it has the lock, whom it belongs to now."""
    import threading

    here, there = Database(postgresql_url), Database(postgresql_url)
    first, second = await one(here, "m1", phone()), await one(here, "m2", user())
    began, done = threading.Event(), threading.Event()

    def slowly(connection: Any) -> None:
        merges.merge(connection, first.customer.id, second.customer.id, actor="desk", now_ms=NOW, policy=POLICY)
        began.set()
        done.wait(1)

    import asyncio

    async def write() -> Identified:
        await asyncio.to_thread(began.wait, 20)
        return await one(there, "m3", user(), hours=1)

    _, third = await asyncio.gather(here.write(slowly), write())
    assert (third.customer.id, third.sequence) == (first.customer.id, 2)
    owners = await here.read(lambda connection: set(connection.execute(select(schema.handles.c.customer_id)).scalars()))
    assert owners == {first.customer.id}
    await asyncio.gather(here.close(), there.close())
