"""The life of a link, a row of the table in docs/identity.md each. Every test on SQLite and on PostgreSQL."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection

from identity import links
from identity.links import Proved, prove
from identity.people import Identified
from identity.refusals import NotPossible
from normalizer.inbound import Handle, Proof
from storage import schema
from storage.database import Database
from tests.contacts import START, email, message, phone, user
from tests.identity.batches import POLICY, identify, ids, rows

T = TypeVar("T")
DAY = 24
YEAR = 365 * DAY


def ms(hours: float) -> int:
    return round((START.timestamp() + hours * 3600) * 1000)


async def one(database: Database, name: str, handle: Handle, **more: Any) -> Identified:
    (found,) = await identify(database, message(name, handle, **more))
    return found


async def do(database: Database, work: Callable[[Connection], T]) -> T:
    return await database.write(work)


async def proved(
    database: Database, customer: Identified, handle: Handle, *, hours: float = 0, proof: Proof = "verified"
) -> Proved:
    return await do(
        database,
        lambda connection: prove(
            connection,
            customer.customer.id,
            handle,
            proof=proof,
            evidence="challenge/1",
            actor="desk",
            now_ms=ms(hours),
            policy=POLICY,
        ),
    )


async def moved(database: Database, old: Handle, new: Handle, hours: float = 1) -> Proved | None:
    return await do(
        database,
        lambda connection: links.changed(
            connection, "demo", old, new, evidence="whatsapp/event", now_ms=ms(hours), policy=POLICY
        ),
    )


async def release(database: Database, link_id: str) -> str:
    return await do(database, lambda connection: links.release(connection, link_id, actor="desk", now_ms=ms(1)))


async def endings(database: Database) -> list[str]:
    return [row["ended_by"] for row in await rows(database, schema.handles) if row["key"] is None]


async def reasons(database: Database) -> list[str]:
    return sorted(row["reason"] for row in await rows(database, schema.suggestions))


async def owners(database: Database) -> dict[str, str]:
    return {row["value"]: row["customer_id"] for row in await rows(database, schema.handles) if row["key"]}


class TestClaimed:
    async def test_then_a_proven_contact(self, database: Database) -> None:
        claimed = await one(database, "m1", email())
        proven = await one(database, "m2", email(verified=True))
        assert (proven.match, proven.customer.id == claimed.customer.id) == ("new", False)
        assert await reasons(database) == ["same_claim"]

    async def test_its_proof_by_somebody_who_is_somebody(self, database: Database) -> None:
        writer = await one(database, "m1", phone(), claims=[email()])
        claimed = await one(database, "m2", email())
        done = await proved(database, writer, email())
        assert (done.outcome, done.customer_id) == ("linked", writer.customer.id)
        mail, form = await one(database, "m3", email(verified=True)), await one(database, "m4", email())
        assert ids([mail, form]) == [writer.customer.id, claimed.customer.id]
        (link,) = [row for row in await rows(database, schema.handles) if row["id"] == done.link_id]
        assert (link["proof"], link["evidence"], link["home_id"]) == ("verified", "challenge/1", writer.customer.id)

    async def test_its_proof_by_somebody_with_claims_only(self, database: Database) -> None:
        """Anybody may have typed the address before: what was typed is not taken for the owner's."""
        stranger = await one(database, "m1", email(), text="Sono io, davvero")
        done = await proved(database, stranger, email())
        assert done.outcome == "linked"
        mail = await one(database, "m2", email(verified=True))
        assert (mail.customer.id, mail.history) == (done.customer_id, ())
        assert (await one(database, "m3", email())).customer.id == stranger.customer.id != done.customer_id
        assert await reasons(database) == ["same_claim"]

    async def test_a_persons_word(self, database: Database) -> None:
        writer = await one(database, "m1", phone())
        await proved(database, writer, email(), proof="agent")
        mail = await one(database, "m2", email(verified=True))
        assert (mail.customer.id, mail.match) == (writer.customer.id, "agent")


class TestRecords:
    async def test_they_break_no_silence(self, database: Database) -> None:
        first = await one(database, "m1", user(), aliases=[phone()])
        await one(database, "m2", user(), aliases=[phone()], recorded=True, hours=200 * DAY)
        later = await one(database, "m3", phone(), hours=400 * DAY)
        assert later.customer.id != first.customer.id
        assert await endings(database) == ["recycled"]

    async def test_what_the_platform_sees_does(self, database: Database) -> None:
        first = await one(database, "m1", user(), aliases=[phone()])
        await one(database, "m2", user(), aliases=[phone()], hours=200 * DAY)
        later = await one(database, "m3", phone(), hours=400 * DAY)
        assert later.customer.id == first.customer.id

    async def test_an_address_that_was_given_up_joins_nobody(self, database: Database) -> None:
        first = await one(database, "m1", user(), aliases=[phone()])
        second = await one(database, "m2", phone(), hours=400 * DAY)
        third = await one(database, "m3", user(), aliases=[phone()], recorded=True, hours=401 * DAY)
        assert (third.customer.id, third.match) == (first.customer.id, "ambiguous")
        assert second.customer.id != first.customer.id
        assert sorted(await reasons(database)) == ["given_up", "recycled"]

    async def test_years_in_one_batch(self, database: Database) -> None:
        batch = [message(f"m{number}", phone(), hours=number * 400 * DAY) for number in range(4)]
        found = await identify(database, *batch)
        assert len(set(ids(found))) == 4
        assert await endings(database) == ["recycled"] * 3


class TestProved:
    async def test_what_is_the_customers_already(self, database: Database) -> None:
        writer = await one(database, "m1", phone())
        assert (await proved(database, writer, phone())).outcome == "known"

    async def test_what_is_somebody_elses_makes_them_one(self, database: Database) -> None:
        writer, owner = await one(database, "m1", phone()), await one(database, "m2", email(verified=True), hours=1)
        done = await proved(database, writer, email())
        assert (done.outcome, done.customer_id) == ("merged", writer.customer.id)
        assert (await one(database, "m3", email(verified=True))).customer.id == writer.customer.id
        assert owner.customer.id != writer.customer.id

    async def test_unless_a_guard_stops_it(self, database: Database) -> None:
        writer = await one(database, "m1", phone(), sender_name="Anna Bianchi")
        await one(database, "m2", email(verified=True), sender_name="Marco Rossi")
        done = await proved(database, writer, email())
        assert (done.outcome, done.guard) == ("suggested", "names_differ")
        assert await reasons(database) == ["names_differ"]

    async def test_a_number_that_somebody_else_had_for_long(self, database: Database) -> None:
        before = await one(database, "m1", phone())
        now = await one(database, "m2", email(verified=True), hours=46 * DAY)
        done = await proved(database, now, phone(), hours=46 * DAY)
        assert (done.outcome, done.customer_id) == ("linked", now.customer.id)
        assert await endings(database) == ["recycled"]
        assert before.customer.id != now.customer.id

    @pytest.mark.parametrize(
        ("handle", "reason"), [(email("info@example.it"), "shared_handle"), (phone("+390000000000"), "shared_handle")]
    )
    async def test_what_is_refused(self, database: Database, handle: Handle, reason: str) -> None:
        writer = await one(database, "m1", user())
        with pytest.raises(NotPossible) as refused:
            await proved(database, writer, handle)
        assert refused.value.reason == reason

    async def test_more_than_a_person_has(self, database: Database) -> None:
        writer = await one(database, "m1", user())
        for number in range(4):
            await proved(database, writer, phone(f"+3933312345{number}0"))
        with pytest.raises(NotPossible) as refused:
            await proved(database, writer, phone("+393339999990"))
        assert refused.value.reason == "handle_cap"


class TestSilence:
    @pytest.mark.parametrize(("days", "same"), [(1, True), (364, True), (366, False), (2000, False)])
    @pytest.mark.parametrize("one_batch", [True, False])
    async def test_a_number_writes_again(self, database: Database, days: int, same: bool, one_batch: bool) -> None:
        batch = [
            message("m1", phone(), text="Un segreto", sender_name="Anna"),
            message("m2", phone(), hours=days * DAY),
            message("m3", phone(), hours=days * DAY + 1),
        ]
        found = await identify(database, *batch) if one_batch else [(await identify(database, each))[0] for each in batch]
        first, second, third = found
        assert (second.customer.id == first.customer.id) is same
        assert third.customer.id == second.customer.id
        assert third.sequence == (3 if same else 2)
        assert await endings(database) == ([] if same else ["recycled"])
        assert await reasons(database) == ([] if same else ["recycled"])
        if not same:
            assert (second.match, second.history, second.customer.name) == ("new", (), None)
            assert second.conversation.id != first.conversation.id

    async def test_with_a_handle_its_owner_had(self, database: Database) -> None:
        first = await one(database, "m1", phone(), aliases=[user()])
        again = await one(database, "m2", phone(), aliases=[user()], hours=2 * YEAR)
        assert (again.customer.id, again.match) == (first.customer.id, "verified")

    @pytest.mark.parametrize(("days", "same"), [(44, True), (46, False)])
    async def test_with_another_account_of_the_platform(self, database: Database, days: int, same: bool) -> None:
        first = await one(database, "m1", phone(), aliases=[user("old")])
        second = await one(database, "m2", phone(), aliases=[user("new")], hours=days * DAY)
        assert (second.customer.id == first.customer.id) is same
        owned = await owners(database)
        assert (owned[phone().value], owned["new"]) == (second.customer.id, second.customer.id)
        assert owned["old"] == first.customer.id

    async def test_the_number_comes_beside_somebodys_own_handle(self, database: Database) -> None:
        before = await one(database, "m1", phone())
        now = await one(database, "m2", user(), hours=YEAR)
        both = await one(database, "m3", user(), aliases=[phone()], hours=YEAR + 2 * DAY)
        assert (both.customer.id, both.match) == (now.customer.id, "verified")
        assert await owners(database) == {user().value: now.customer.id, phone().value: now.customer.id}
        assert before.customer.id != now.customer.id

    async def test_an_address_that_is_nobody_elses_ever(self, database: Database) -> None:
        first = await one(database, "m1", email(verified=True))
        assert (await one(database, "m2", email(verified=True), hours=9 * YEAR)).customer.id == first.customer.id

    async def test_every_contact_counts_against_it(self, database: Database) -> None:
        found = [await one(database, f"m{year}", phone(), hours=year * 0.9 * YEAR) for year in range(4)]
        assert len(set(ids(found))) == 1

    async def test_what_was_written_before_stays(self, database: Database) -> None:
        first = await one(database, "m1", phone())
        await one(database, "m2", phone(), hours=2 * YEAR)
        (message_row,) = [row for row in await rows(database, schema.messages) if row["external_id"] == "m1"]
        (link,) = [row for row in await rows(database, schema.handles) if row["id"] == message_row["handle_id"]]
        assert (link["customer_id"], link["key"]) == (first.customer.id, None)


class TestChanged:
    NEW = phone("+393337654321")

    async def test_the_new_one_is_nobodys(self, database: Database) -> None:
        first = await one(database, "m1", phone())
        assert await moved(database, phone(), self.NEW) is not None
        assert (await one(database, "m2", self.NEW, hours=2)).customer.id == first.customer.id
        assert await endings(database) == ["changed"]
        assert (await one(database, "m3", phone(), hours=3)).customer.id != first.customer.id

    async def test_the_new_one_is_somebodys(self, database: Database) -> None:
        first, second = await one(database, "m1", phone()), await one(database, "m2", self.NEW)
        done = await moved(database, phone(), self.NEW)
        assert done is not None
        assert (done.outcome, done.customer_id) == ("merged", first.customer.id)
        assert (await one(database, "m3", self.NEW, hours=2)).customer.id == first.customer.id != second.customer.id

    async def test_or_by_a_guard_suggested(self, database: Database) -> None:
        await one(database, "m1", phone(), sender_name="Anna Bianchi")
        await one(database, "m2", self.NEW, sender_name="Marco Rossi")
        done = await moved(database, phone(), self.NEW)
        assert done is not None
        assert done.outcome == "suggested"
        assert await reasons(database) == ["names_differ"]

    async def test_the_new_one_was_silent(self, database: Database) -> None:
        before = await one(database, "m1", self.NEW)
        first = await one(database, "m2", phone(), hours=46 * DAY)
        await moved(database, phone(), self.NEW, hours=46 * DAY)
        assert (await one(database, "m3", self.NEW, hours=46 * DAY + 1)).customer.id == first.customer.id
        assert sorted(await endings(database)) == ["changed", "recycled"]
        assert before.customer.id != first.customer.id

    async def test_nobody_has_the_old_one(self, database: Database) -> None:
        assert await moved(database, phone(), self.NEW) is None
        assert await rows(database, schema.handles) == []

    async def test_the_same_number_in_another_spelling(self, database: Database) -> None:
        first = await one(database, "m1", phone("+5215512345678"))
        assert await moved(database, phone("+5215512345678"), phone("+525512345678")) is None
        assert await endings(database) == []
        assert (await one(database, "m2", phone("+525512345678"))).customer.id == first.customer.id

    async def test_told_twice(self, database: Database) -> None:
        await one(database, "m1", phone())
        await moved(database, phone(), self.NEW)
        before = await rows(database, schema.handles)
        assert await moved(database, phone(), self.NEW) is None
        assert await rows(database, schema.handles) == before


class TestReleased:
    async def test_the_next_contact_is_nobodys(self, database: Database) -> None:
        first = await one(database, "m1", phone(), aliases=[user()])
        assert await release(database, first.handle_id) == first.customer.id
        second = await one(database, "m2", phone())
        assert (second.match, second.customer.id == first.customer.id) == ("new", False)
        assert (await one(database, "m3", user())).customer.id == first.customer.id
        assert await endings(database) == ["released"]

    async def test_what_is_refused(self, database: Database) -> None:
        first = await one(database, "m1", phone())
        await release(database, first.handle_id)
        for link, reason in ((first.handle_id, "link_ended"), ("hdl_none", "unknown_link")):
            with pytest.raises(NotPossible) as refused:
                await release(database, link)
            assert refused.value.reason == reason
