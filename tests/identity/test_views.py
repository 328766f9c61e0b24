"""What people see of customers: whose an address is, profile, suggestions, acts. Every test on SQLite and on PostgreSQL."""

from typing import Any

import pytest
from sqlalchemy import update

from identity import links, merges
from identity.people import Identified
from identity.refusals import NotPossible
from identity.views.log import log
from identity.views.lookup import Found, find
from identity.views.paging import BadCursor, cursor_of, parts_of
from identity.views.profile import Below, Profile, profile
from identity.views.queue import Entry, queue
from normalizer.inbound import Handle
from normalizer.values import Invalid
from storage import schema
from storage.database import Database
from tests.contacts import START, email, message, phone, user
from tests.identity.batches import POLICY, WINDOW_HOURS, identify

NOW = int(START.timestamp() * 1000)
HOUR = 3_600_000


async def one(database: Database, name: str, handle: Handle, **more: Any) -> Identified:
    (found,) = await identify(database, message(name, handle, **more))
    return found


async def merge(database: Database, top: Identified, below: Identified) -> str:
    pair = (top.customer.id, below.customer.id)
    return await database.write(
        lambda connection: merges.merge(connection, *pair, actor="desk", now_ms=NOW, policy=POLICY, top=top.customer.id)
    )


async def unmerge(database: Database, below: Identified) -> str:
    return await database.write(
        lambda connection: merges.unmerge(connection, below.customer.id, actor="desk", now_ms=NOW, policy=POLICY)
    )


async def found(database: Database, kind: str, value: str, *spaces: str) -> Found:
    return await database.read(lambda connection: find(connection, spaces or ("demo",), kind, value))


async def shown(database: Database, one: Identified, now_ms: int = NOW) -> Profile:
    return await database.read(lambda connection: profile(connection, one.customer.id, policy=POLICY, now_ms=now_ms))


async def entries(database: Database, **more: Any) -> tuple[Entry, ...]:
    return (await database.read(lambda connection: queue(connection, **more))).items


class TestAddress:
    @pytest.mark.parametrize(
        ("handle", "kind", "asked"),
        [
            (phone("+393331234567"), "phone", "333 123 45 67"),
            (phone("+5215512345678"), "phone", "+52 55 1234 5678"),
            (phone("+525512345678"), "phone", "+5215512345678"),
            (phone("+551187654321"), "phone", "+55 11 98765-4321"),
            (email("anna@müller.example"), "email", "Anna@xn--mller-kva.example"),
            (Handle("crm", "C-1", "agent"), "crm", " C-1 "),
        ],
    )
    async def test_in_any_spelling_now_and_afterwards(self, database: Database, handle: Handle, kind: str, asked: str) -> None:
        contact = await one(database, "m1", handle)
        answer = await found(database, kind, asked)
        which = answer.claimed if handle.proof == "claimed" else answer.verified
        assert [owner.customer.id for owner in which] == [contact.customer.id]
        assert len(answer.verified) + len(answer.claimed) == 1
        link = contact.handle_id
        await database.write(lambda connection: links.release(connection, link, actor="desk", now_ms=NOW + 1))
        answer = await found(database, kind, asked)
        (past,) = answer.past
        assert (past.customer.id, past.link, past.ended_ms, past.ended_by) == (contact.customer.id, link, NOW + 1, "released")
        assert not answer.verified
        assert not answer.claimed

    async def test_owner_claim_and_past_are_told_apart(self, database: Database) -> None:
        owner = await one(database, "m1", email(verified=True), sender_name="Anna Bianchi")
        claim = await one(database, "m2", email())
        answer = await found(database, "email", "ANNA@example.it")
        (verified,), (claimed,) = answer.verified, answer.claimed
        assert (verified.customer.id, verified.customer.name) == (owner.customer.id, "Anna Bianchi")
        assert (claimed.customer.id, claimed.proof, claimed.customer.standing) == (claim.customer.id, "claimed", "claimed")
        await database.write(lambda connection: links.release(connection, owner.handle_id, actor="desk", now_ms=NOW))
        again = await one(database, "m3", email(verified=True), hours=1)
        answer = await found(database, "email", "anna@example.it")
        assert [one.customer.id for one in answer.verified] == [again.customer.id]
        assert [one.customer.id for one in answer.past] == [owner.customer.id]

    async def test_the_one_at_the_top_and_only_of_these_brands(self, database: Database) -> None:
        first, second = await one(database, "m1", phone()), await one(database, "m2", user())
        await one(database, "m3", phone(), brand="other")
        await merge(database, first, second)
        assert [one.customer.id for one in (await found(database, "whatsapp_user", user().value)).verified] == [
            first.customer.id
        ]
        everywhere = await found(database, "phone", phone().value, "demo", "other")
        assert [one.customer.space for one in everywhere.verified] == ["demo", "other"]
        assert not (await found(database, "phone", phone().value, "nowhere")).verified

    @pytest.mark.parametrize(
        ("kind", "value"), [("phone", "12"), ("email", "anna"), ("crm", " \u200b"), ("crm", "x" * 513), ("phone", "333 x")]
    )
    async def test_what_is_no_address(self, database: Database, kind: str, value: str) -> None:
        with pytest.raises(Invalid):
            await found(database, kind, value)


class TestProfile:
    async def test_facts_with_who_said_them(self, database: Database) -> None:
        contact = await one(database, "m1", phone(), sender_name="Anna", language="it")
        said = '{"name":{"connector":["Anna",1],"api":["Anna Bianchi",2],"agent":[null,3]}}'
        this = update(schema.customers).values(facts=said)
        await database.write(lambda connection: connection.execute(this))
        facts = [(one.source, one.value, one.at_ms, one.wins) for one in (await shown(database, contact)).facts]
        assert facts == [("agent", None, 3, False), ("api", "Anna Bianchi", 2, True), ("connector", "Anna", 1, False)]

    async def test_links_now_and_before(self, database: Database) -> None:
        contact = await one(database, "m1", phone(), aliases=[user()])
        await database.write(lambda connection: links.release(connection, contact.handle_id, actor="desk", now_ms=NOW + 5))
        current, ended = (await shown(database, contact)).links
        assert (current.kind, current.proof, current.home, current.ended_ms) == (
            "whatsapp_user", "verified", contact.customer.id, None,
        )  # fmt: skip
        assert current.evidence == f"whatsapp/{message('m1', phone()).id}"
        assert (ended.value, ended.ended_ms, ended.ended_by) == (phone().value, NOW + 5, "released")

    async def test_who_is_below_and_by_which_act(self, database: Database) -> None:
        a, b, c, d = [await one(database, f"m{name}", user(name)) for name in "abcd"]
        inner, outer, other = await merge(database, b, c), await merge(database, a, b), await merge(database, a, d)
        first, second = (await shown(database, a)).below
        assert (first.id, first.act, first.actor, first.merged_ms) == (b.customer.id, outer, "desk", NOW)
        assert [(one.id, one.act) for one in first.below] == [(c.customer.id, inner)]
        assert (second.id, second.act, second.below) == (d.customer.id, other, ())
        asked = await shown(database, c)
        assert (asked.id, asked.merged_into) == (a.customer.id, a.customer.id)
        assert (await shown(database, a)).merged_into is None
        await unmerge(database, b)
        again = await merge(database, a, b)

        def flat(below: tuple[Below, ...]) -> dict[str, str | None]:
            return {one.id: one.act for each in below for one in (each, *each.below)}

        assert flat((await shown(database, a)).below) == {
            b.customer.id: again, c.customer.id: inner, d.customer.id: other,
        }  # fmt: skip

    async def test_open_suggestions_name_the_other(self, database: Database) -> None:
        owner = await one(database, "m1", email(verified=True))
        claim = await one(database, "m2", phone(), claims=[email()])
        (entry,) = (await shown(database, owner)).suggestions
        assert {entry.customer.id, entry.owner.id} == {owner.customer.id, claim.customer.id}
        assert [why.reason for why in entry.why] == ["same_claim"]
        assert (await shown(database, claim)).suggestions == (entry,)
        await merge(database, owner, claim)
        assert (await shown(database, owner)).suggestions == ()

    async def test_the_conversation_while_it_is_open(self, database: Database) -> None:
        contact = await one(database, "m1", phone())
        window = WINDOW_HOURS * HOUR
        opened = (await shown(database, contact, NOW + window)).conversation
        assert opened is not None
        assert (opened.id, opened.messages, opened.channels) == (contact.conversation.id, 1, ("whatsapp",))
        assert (await shown(database, contact, NOW + window + 1)).conversation is None
        await database.write(lambda connection: connection.execute(update(schema.conversations).values(open=False)))
        assert (await shown(database, contact)).conversation is None

    async def test_nobody(self, database: Database) -> None:
        with pytest.raises(NotPossible, match="no customer"):
            await database.read(lambda connection: profile(connection, "cus_0", policy=POLICY, now_ms=NOW))


class TestQueue:
    async def test_the_likeliest_first_and_then_the_oldest(self, database: Database) -> None:
        owner = await one(database, "m0", email(verified=True), sender_name="Anna Bianchi")
        old = await one(database, "m1", phone("+390000000001"), claims=[email()], hours=1)
        new = await one(database, "m2", phone("+390000000002"), claims=[email()], hours=2)
        alike = await one(database, "m3", phone("+390000000003"), claims=[email()], sender_name="Anna Bianchi", hours=3)
        listed = await entries(database)
        names = [{entry.customer.id, entry.owner.id} - {owner.customer.id} for entry in listed]
        assert names == [{one.customer.id} for one in (alike, old, new)]
        assert [entry.score for entry in listed] == [80, 60, 60]

    async def test_all_reasons_of_a_pair_are_one_entry(self, database: Database) -> None:
        await one(database, "m0", email(verified=True), fields={"order": "IT-2231"})
        await one(database, "m1", phone(), claims=[email()], fields={"order": "IT-2231"}, hours=1)
        (entry,) = await entries(database)
        assert [(why.reason, why.score) for why in entry.why] == [("same_claim", 60), ("same_order", 50)]
        assert (entry.id, entry.score) == (entry.why[0].id, 60)
        assert await entries(database, reason="same_order") == (entry,)
        assert await entries(database, reason="recycled") == ()

    async def test_the_claimed_one_is_named_first(self, database: Database) -> None:
        owner = await one(database, "m0", email(verified=True))
        claim = await one(database, "m1", email())
        (entry,) = await entries(database)
        assert (entry.customer.id, entry.owner.id) == (claim.customer.id, owner.customer.id)

    async def test_pairs_are_those_at_the_top(self, database: Database) -> None:
        """Two customers who both were suggested with a third are one by now: one entry with the third."""
        a, b = await one(database, "m0", user("a")), await one(database, "m1", user("b"))
        third = await one(database, "m2", phone(), claims=[user("a"), user("b")])
        assert len(await entries(database)) == 2
        await merge(database, a, b)
        (entry,) = await entries(database)
        assert {entry.customer.id, entry.owner.id} == {a.customer.id, third.customer.id}
        assert len(entry.why) == 2
        await merge(database, a, third)
        assert await entries(database) == ()

    async def test_by_brand_and_state(self, database: Database) -> None:
        owner = await one(database, "m0", email(verified=True))
        claim = await one(database, "m1", phone(), claims=[email()])
        assert len(await entries(database, space="demo")) == 1
        assert await entries(database, space="other") == ()
        assert await entries(database, state="accepted") == ()
        await merge(database, owner, claim)
        (entry,) = await entries(database, state="accepted")
        assert (entry.state, entry.why[0].decided_ms) == ("accepted", NOW)
        await unmerge(database, claim)
        assert [one.id for one in await entries(database, state="rejected")] == [entry.id]

    async def test_pages(self, database: Database) -> None:
        await one(database, "m0", email(verified=True), sender_name="Anna Bianchi")
        for number in range(7):
            name = "Anna Bianchi" if number % 2 else None
            await one(database, f"m1{number}", phone(f"+39000000000{number}"), claims=[email()], sender_name=name)
        everything = await entries(database)
        assert len(everything) >= 7
        paged: list[Entry] = []
        cursor: str | None = None
        for _ in range(99):
            page = await database.read(lambda connection, at=cursor: queue(connection, cursor=at, limit=2))  # type: ignore[misc]
            paged += page.items
            if (cursor := page.cursor) is None:
                break
        assert tuple(paged) == everything


class TestLog:
    async def test_of_itself_those_below_and_the_other_side(self, database: Database) -> None:
        a, b, c = [await one(database, f"m{name}", user(name)) for name in "abc"]
        inner, outer = await merge(database, b, c), await merge(database, a, b)
        for asked in (a, b, c):
            page = await database.read(lambda connection, it=asked: log(connection, it.customer.id))  # type: ignore[misc]
            assert [act.id for act in page.items if act.action == "merged"] == [outer, inner]
        last = await unmerge(database, c)
        page = await database.read(lambda connection: log(connection, c.customer.id))
        assert [(act.id, act.action, act.other) for act in page.items] == [
            (last, "unmerged", c.customer.id), (inner, "merged", c.customer.id),
        ]  # fmt: skip

    async def test_pages_stay_whole_while_more_is_done(self, database: Database) -> None:
        a, b = await one(database, "m1", user("a")), await one(database, "m2", user("b"))
        done = []
        for _ in range(3):
            done += [await merge(database, a, b), await unmerge(database, b)]
        first = await database.read(lambda connection: log(connection, a.customer.id, limit=4))
        await merge(database, a, b)
        second = await database.read(lambda connection: log(connection, a.customer.id, limit=4, cursor=first.cursor))
        assert [act.id for act in (*first.items, *second.items)] == done[::-1]
        assert second.cursor is None


@pytest.mark.parametrize("cursor", ["", "x", "é", "AAAA", cursor_of("a", 1), cursor_of(1), cursor_of(1, "a\0"), "=" * 9])
def test_a_cursor_of_another_list(cursor: str) -> None:
    with pytest.raises(BadCursor):
        parts_of(cursor, (int, str))


def test_a_cursor_is_what_it_was() -> None:
    assert parts_of(cursor_of(-5, "a b"), (int, str)) == [-5, "a b"]
