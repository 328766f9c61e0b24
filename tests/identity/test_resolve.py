"""Whose message is it: customers, claims, conversations, history. Every test on SQLite and on PostgreSQL."""

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, event, func, insert, select, update

from identity.people import HISTORY, Identified
from identity.resolve import IdentitySession
from normalizer.inbound import Handle
from normalizer.message import Message
from storage import schema
from storage.database import Database
from tests.contacts import email, message, phone, user

WINDOW_HOURS = 72


def resolve(connection: Connection, batch: Sequence[Message], category: str = "general") -> list[Identified]:
    """What the commit does with a batch: each message is identified, recorded, stored."""
    session = IdentitySession(connection, batch, window_ms=WINDOW_HOURS * 3_600_000)
    found = []
    for one in batch:
        identified = session.identify(one)
        session.record(identified, one, category)
        found.append(identified)
    session.save()
    rows = [_stored(one, identified) for one, identified in zip(batch, found, strict=True)]
    if rows:
        connection.execute(insert(schema.messages), rows)
    return found


def _stored(one: Message, identified: Identified) -> dict[str, Any]:
    texts = {column.name: "x" for column in schema.messages.columns if column.type.python_type is str}
    own = {
        "id": str(one.id),
        "external_id": one.inbound.external_id,
        "customer_id": identified.customer.id,
        "conversation_id": identified.conversation.id,
        "sequence": identified.sequence,
        "handle_value": one.inbound.sender.handle.value,
    }
    return {**texts, **own, "received_ms": 0, "envelope": b"", "explanation": b"", "raw": None}


async def identify(database: Database, *batch: Message) -> list[Identified]:
    return await database.write(lambda connection: resolve(connection, batch))


async def rows(database: Database, table: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in await database.read(lambda connection: connection.execute(select(table)).mappings().all())]


def ids(found: Sequence[Identified]) -> list[str]:
    return [one.customer.id for one in found]


class TestVerified:
    async def test_the_first_message_makes_a_customer(self, database: Database) -> None:
        (first,) = await identify(database, message("m1", sender_name="Anna Bianchi"))
        assert (first.match, first.sequence, first.earlier, first.history) == ("new", 1, 0, ())
        assert first.customer.handles == [phone()]
        (row,) = await rows(database, schema.customers)
        assert (row["id"], row["standing"], row["name"], row["messages"]) == (first.customer.id, "verified", "Anna Bianchi", 1)
        (handle,) = await rows(database, schema.handles)
        assert (handle["kind"], handle["value"], handle["proof"]) == ("phone", "+393331234567", "verified")
        assert handle["customer_id"] == first.customer.id

    async def test_the_same_handle_is_the_same_customer(self, database: Database) -> None:
        (first,) = await identify(database, message("m1"))
        second, third = await identify(database, message("m2"), message("m3"))
        assert ids([first, second, third]) == [first.customer.id] * 3
        assert [(one.match, one.sequence, one.earlier) for one in (second, third)] == [("verified", 2, 1), ("verified", 3, 2)]
        assert len(await rows(database, schema.customers)) == 1

    async def test_within_one_batch_too(self, database: Database) -> None:
        found = await identify(database, *(message(f"m{number}") for number in range(5)))
        assert len(set(ids(found))) == 1
        assert [one.sequence for one in found] == [1, 2, 3, 4, 5]
        assert [one.unanswered for one in found] == [0, 1, 2, 3, 4]

    async def test_the_kind_of_a_handle_counts(self, database: Database) -> None:
        found = await identify(
            database, message("m1", Handle("phone", "77", "verified")), message("m2", Handle("sms", "77", "verified"))
        )
        assert len(set(ids(found))) == 2

    async def test_an_agents_word_is_as_good(self, database: Database) -> None:
        (first,) = await identify(database, message("m1"))
        (second,) = await identify(database, message("m2", Handle("phone", "+393331234567", "agent"), channel="desk"))
        assert (second.customer.id, second.match) == (first.customer.id, "agent")

    async def test_a_name_and_a_language_stay_until_there_are_new_ones(self, database: Database) -> None:
        await identify(database, message("m1", sender_name="Anna", language="it"))
        (second,) = await identify(database, message("m2", text="ok"))
        assert (second.customer.name, second.customer.language) == ("Anna", "it")
        (third,) = await identify(database, message("m3", sender_name="Anna B.", language="en"))
        assert (third.customer.name, third.customer.language) == ("Anna B.", "en")


class TestAliases:
    async def test_a_phone_and_a_user_id_are_one_person(self, database: Database) -> None:
        (both,) = await identify(database, message("m1", phone(), aliases=[user()]))
        later = await identify(database, message("m2", user()), message("m3", phone()))
        assert ids(later) == [both.customer.id] * 2
        assert sorted(handle.kind for handle in later[1].customer.handles) == ["phone", "whatsapp_user"]

    async def test_a_new_handle_joins_the_customer_of_its_alias(self, database: Database) -> None:
        """The user takes a username: the number is gone from the next message on."""
        (old,) = await identify(database, message("m1", phone()))
        (now,) = await identify(database, message("m2", user(), aliases=[phone()]))
        (then,) = await identify(database, message("m3", user()))
        assert ids([now, then]) == [old.customer.id] * 2
        assert then.sequence == 3

    @pytest.mark.parametrize("first", [0, 1])
    async def test_within_one_batch_in_any_order(self, database: Database, first: int) -> None:
        pair = [message("m1", phone()), message("m2", user(), aliases=[phone()])]
        found = await identify(database, *(pair if first == 0 else pair[::-1]))
        assert len(set(ids(found))) == 1
        assert [len(one.customer.handles) for one in found] == [2, 2]
        (later,) = await identify(database, message("m3", phone()))
        assert {handle.kind for handle in later.customer.handles} == {"phone", "whatsapp_user"}

    async def test_two_customers_are_not_merged_but_suggested(self, database: Database) -> None:
        (one,) = await identify(database, message("m1", phone()))
        (two,) = await identify(database, message("m2", user()))
        (both,) = await identify(database, message("m3", phone(), aliases=[user()]))
        assert both.customer.id == one.customer.id
        (suggestion,) = await rows(database, schema.suggestions)
        assert {suggestion["customer_id"], suggestion["owner_id"]} == {one.customer.id, two.customer.id}

    async def test_a_handle_named_twice_is_one(self, database: Database) -> None:
        (found,) = await identify(database, message("m1", phone(), aliases=[phone(), user(), user()]))
        assert found.customer.handles == [phone(), user()]

    async def test_a_flood_of_aliases_and_claims_is_survived(self, database: Database) -> None:
        batch = [
            message(
                f"m{number}",
                phone(f"+39333{number:07}"),
                aliases=[user(f"IT.{number}.{other}") for other in range(300)],
                claims=[email(f"a{number}.{other}@example.it") for other in range(300)],
            )
            for number in range(120)
        ]
        found = await identify(database, *batch)
        assert len(set(ids(found))) == 120


class TestClaims:
    async def test_a_claim_is_a_customer_apart_from_the_owner(self, database: Database) -> None:
        (owner,) = await identify(database, message("m1", email(verified=True), text="Il mio IBAN è IT60X"))
        (claimed,) = await identify(database, message("m2", email(), channel="web_form", sender_name="Eva"))
        assert (claimed.match, claimed.sequence, claimed.earlier, claimed.history) == ("claimed", 1, 0, ())
        assert claimed.customer.id != owner.customer.id
        assert claimed.conversation.id != owner.conversation.id
        assert claimed.customer.handles == [email()]
        (again,) = await identify(database, message("m3", email(verified=True)))
        assert (again.customer.id, again.sequence, again.customer.name) == (owner.customer.id, 2, None)
        assert [one.id for one in again.history] == [str(message("m1").id)]

    @pytest.mark.parametrize("owner_first", [True, False])
    @pytest.mark.parametrize("one_batch", [True, False])
    async def test_the_suggestion_names_the_claimed_side_first(
        self, database: Database, owner_first: bool, one_batch: bool
    ) -> None:
        pair = [message("m1", email(verified=True)), message("m2", email())]
        ordered = pair if owner_first else pair[::-1]
        found = await identify(database, *ordered) if one_batch else [(await identify(database, one))[0] for one in ordered]
        owner, claimed = found if owner_first else found[::-1]
        (suggestion,) = await rows(database, schema.suggestions)
        assert (suggestion["customer_id"], suggestion["owner_id"]) == (claimed.customer.id, owner.customer.id)
        assert (suggestion["reason"], suggestion["state"]) == ("same_email", "open")

    async def test_one_claimed_customer_a_claimed_handle(self, database: Database) -> None:
        found = await identify(database, message("m1", email()), message("m2", email()), message("m3", email("b@example.it")))
        assert len(set(ids(found))) == 2
        assert [one.sequence for one in found] == [1, 2, 1]

    async def test_a_reference_into_the_owners_thread_joins_nothing(self, database: Database) -> None:
        (owner,) = await identify(database, message("m1", email(verified=True)))
        (claimed,) = await identify(database, message("m2", email(), reply_to="m1", refers_to="m1"))
        assert claimed.conversation.id != owner.conversation.id
        assert claimed.conversation.messages == 1

    async def test_a_verified_sender_who_claims_another_address(self, database: Database) -> None:
        (owner,) = await identify(database, message("m1", email(verified=True)))
        (writer,) = await identify(database, message("m2", phone(), claims=[email()]))
        assert (writer.match, writer.history, writer.customer.handles) == ("new", (), [phone()])
        (suggestion,) = await rows(database, schema.suggestions)
        assert {suggestion["customer_id"], suggestion["owner_id"]} == {writer.customer.id, owner.customer.id}
        (later,) = await identify(database, message("m3", email()))
        assert later.customer.id not in (writer.customer.id, owner.customer.id)

    async def test_aliases_with_weaker_proof_are_not_taken_for_the_sender(self, database: Database) -> None:
        await identify(database, message("m1", phone(), aliases=[email()]))
        assert [handle["kind"] for handle in await rows(database, schema.handles)] == ["phone"]

    async def test_a_suggestion_is_made_once(self, database: Database) -> None:
        await identify(database, message("m1", email(verified=True)))
        for number in range(2, 5):
            await identify(database, message(f"m{number}", email()), message(f"n{number}", email(verified=True)))
        assert len(await rows(database, schema.suggestions)) == 1

    async def test_what_a_person_decided_is_not_opened_again(self, database: Database) -> None:
        await identify(database, message("m1", email(verified=True)), message("m2", email()))
        await database.write(lambda connection: connection.execute(update(schema.suggestions).values(state="refused")))
        await identify(database, message("m3", email()))
        assert [row["state"] for row in await rows(database, schema.suggestions)] == ["refused"]


class TestConversations:
    async def test_across_channels_within_the_window(self, database: Database) -> None:
        (first,) = await identify(database, message("m1"))
        (second,) = await identify(database, message("m2", channel="app", hours=WINDOW_HOURS))
        assert second.conversation.id == first.conversation.id
        assert (second.conversation.messages, second.conversation.channels) == (2, ["whatsapp", "app"])
        assert first.conversation.channels == ["whatsapp"]

    async def test_the_window_counts_from_the_last_word(self, database: Database) -> None:
        hours = [0, 60, 120, 180, 180 + WINDOW_HOURS + 0.01]
        found = [(await identify(database, message(f"m{at}", hours=at)))[0].conversation for at in hours]
        assert len({one.id for one in found[:4]}) == 1
        assert found[4].id != found[0].id
        assert found[4].messages == 1

    @pytest.mark.parametrize("one_batch", [True, False])
    async def test_a_reference_joins_also_outside_the_window(self, database: Database, one_batch: bool) -> None:
        batch = [message("m1"), message("m2", hours=200), message("m3", hours=201, reply_to="m1"), message("m4", hours=202)]
        found = await identify(database, *batch) if one_batch else [(await identify(database, one))[0] for one in batch]
        first, second, third, fourth = [one.conversation.id for one in found]
        assert (third, second == first) == (first, False)
        assert fourth == first
        assert found[2].conversation.messages == 2

    @pytest.mark.parametrize("how", [{"refers_to": "m1"}, {"reply_to": "m1"}], ids=["refers_to", "reply_to"])
    async def test_a_strangers_reference_joins_nobodys_thread(self, database: Database, how: dict[str, Any]) -> None:
        (anna,) = await identify(database, message("m1"))
        (eva,) = await identify(database, message("m2", phone("+393339999999"), **how))
        assert eva.conversation.id != anna.conversation.id
        (row,) = [row for row in await rows(database, schema.conversations) if row["id"] == anna.conversation.id]
        assert (row["messages"], row["customer_id"]) == (1, anna.customer.id)

    async def test_in_one_batch_too(self, database: Database) -> None:
        anna, eva = await identify(database, message("m1"), message("m2", phone("+393339999999"), reply_to="m1"))
        assert eva.conversation.id != anna.conversation.id

    async def test_an_unknown_reference_counts_for_nothing(self, database: Database) -> None:
        first, second = await identify(database, message("m1"), message("m2", reply_to="never-seen"))
        assert second.conversation.id == first.conversation.id

    async def test_an_imported_message_older_than_the_conversation(self, database: Database) -> None:
        (first,) = await identify(database, message("m1", hours=100))
        (second,) = await identify(database, message("m2", hours=1))
        assert second.conversation.id == first.conversation.id
        (row,) = await rows(database, schema.conversations)
        assert row["last_ms"] - row["opened_ms"] == 0


class TestHistory:
    async def test_it_is_what_was_before_in_order_and_short(self, database: Database) -> None:
        names = [f"m{number}" for number in range(1, 2 * HISTORY + 4)]
        found = await identify(database, *(message(name) for name in names[:7]))
        found += await identify(database, *(message(name) for name in names[7:]))
        shown = [[str(message(name).id) for name in names[max(0, at - HISTORY) : at]] for at in range(len(names))]
        assert [[one.id for one in each.history] for each in found] == shown

    async def test_what_it_shows_of_a_contact(self, database: Database) -> None:
        text = "Buongiorno,\nvorrei restituire la padella " + "molto grande " * 30
        await database.write(lambda connection: resolve(connection, [message("m1", text=text)], "returns"))
        (second,) = await identify(database, message("m2"))
        (one,) = second.history
        assert (one.channel, one.category, one.direction) == ("whatsapp", "returns", "inbound")
        assert one.snippet.startswith("Buongiorno, vorrei restituire la padella")
        assert len(one.snippet) <= 120

    async def test_customers_do_not_see_each_others(self, database: Database) -> None:
        people = [phone(f"+3933300000{number:02}") for number in range(5)]
        found = await identify(database, *(message(f"{name}{person.value}", person) for name in "ab" for person in people))
        assert [len(one.history) for one in found] == [0] * 5 + [1] * 5
        for person, one in zip(people, found[5:], strict=True):
            assert one.history[0].id == str(message(f"a{person.value}", person).id)


async def test_brands_are_apart(database: Database) -> None:
    batch = [message(f"{brand}1", brand=brand, connector=brand) for brand in ("demo", "casa-bella")]
    one, other = await identify(database, *batch)
    assert one.customer.id != other.customer.id
    (later,) = await identify(database, message("m3", brand="casa-bella", reply_to="demo1"))
    assert (later.customer.id, later.conversation.id) == (other.customer.id, other.conversation.id)


async def test_a_rolled_back_batch_leaves_nothing(database: Database) -> None:
    def work(connection: Connection) -> None:
        resolve(connection, [message("m1"), message("m2", email())])
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(work)
    for table in (schema.customers, schema.handles, schema.conversations, schema.suggestions):
        assert await rows(database, table) == []


async def test_the_number_of_statements_does_not_grow_with_the_batch(database: Database) -> None:
    await identify(database, *(message(f"w{n}", phone(f"+39333{n:07}"), claims=[email(f"c{n}@example.it")]) for n in range(50)))

    def batch(name: str, size: int) -> list[Message]:
        mixed = []
        for n in range(size):
            handle = (phone(f"+39333{n:07}"), phone(f"+39444{name}{n}"), email(f"{name}{n}@example.it"))[n % 3]
            mixed.append(message(f"{name}{n}", handle, reply_to=f"w{n}", claims=[email(f"c{n}@example.it")]))
        return mixed

    async def statements(work: Sequence[Message]) -> int:
        seen: list[str] = []

        def count(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            seen.append(statement)

        event.listen(database.engine, "before_cursor_execute", count)
        await identify(database, *work)
        event.remove(database.engine, "before_cursor_execute", count)
        return len(seen)

    small, large = await statements(batch("s", 6)), await statements(batch("l", 240))
    assert large <= small
    assert large <= 16


async def test_two_nodes_with_one_new_sender(postgresql_url: str) -> None:
    """Real connections that hold their transactions open at the same time: one customer, numbered without gap or double."""
    nodes = [Database(postgresql_url) for _ in range(4)]
    person, other = phone("+390000000001"), user("IT.race")
    barrier = threading.Barrier(4, timeout=20)

    def work(connection: Connection, node: int, round_: int) -> list[Identified]:
        barrier.wait()
        named = [(person, [other]), (other, [person])] if node % 2 else [(other, [person]), (person, [other])]
        return resolve(connection, [message(f"r{node}-{round_}-{n}", one, aliases=two) for n, (one, two) in enumerate(named)])

    found: list[Identified] = []
    for round_ in range(6):
        answers = await asyncio.gather(
            *(node.write(lambda connection, n=n, r=round_: work(connection, n, r)) for n, node in enumerate(nodes))  # type: ignore[misc]
        )
        found += [one for answer in answers for one in answer]
    assert len(set(ids(found))) == 1
    assert sorted(one.sequence for one in found) == list(range(1, 49))
    assert len({one.conversation.id for one in found}) == 1
    assert Counter(one.match for one in found)["new"] == 1
    query = select(func.count()).select_from(schema.customers).where(schema.customers.c.id == found[0].customer.id)
    assert await nodes[0].read(lambda connection: connection.execute(query).scalar_one()) == 1
    for node in nodes:
        await node.close()


async def test_two_nodes_with_many_senders_in_any_order(postgresql_url: str) -> None:
    nodes = [Database(postgresql_url) for _ in range(2)]
    people = [phone(f"+3911{number:06}") for number in range(40)]
    barrier = threading.Barrier(2, timeout=20)

    def work(connection: Connection, node: int, round_: int) -> list[Identified]:
        barrier.wait()
        order = people if node else people[::-1]
        return resolve(connection, [message(f"o{node}-{round_}-{one.value}", one, claims=[email()]) for one in order])

    for round_ in range(3):
        await asyncio.gather(
            *(node.write(lambda connection, n=n, r=round_: work(connection, n, r)) for n, node in enumerate(nodes))  # type: ignore[misc]
        )
    table = schema.messages
    query = select(table.c.handle_value, table.c.customer_id, table.c.sequence).where(table.c.handle_value.like("+3911%"))
    stored = await nodes[0].read(lambda connection: connection.execute(query).all())
    for person in people:
        own = [(customer, sequence) for value, customer, sequence in stored if value == person.value]
        assert len({customer for customer, _ in own}) == 1
        assert sorted(sequence for _, sequence in own) == [1, 2, 3, 4, 5, 6]
    for node in nodes:
        await node.close()
