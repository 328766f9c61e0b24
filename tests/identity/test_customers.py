"""Whose message is it: verified handles, aliases, claims. Every test on SQLite and on PostgreSQL."""

import pytest
from sqlalchemy import update

from normalizer.inbound import Handle, Proof
from storage import schema
from storage.database import Database
from tests.contacts import email, message, phone, user
from tests.identity.batches import identify, ids, rows


def typed(number: str) -> Handle:
    return Handle("phone", number, "claimed")


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

    @pytest.mark.parametrize("one_batch", [True, False])
    @pytest.mark.parametrize("stranger_first", [True, False])
    async def test_a_typed_alias_of_a_typed_sender_joins_nobody(
        self, database: Database, stranger_first: bool, one_batch: bool
    ) -> None:
        """Who types another customer's address beside a number of their own sees nothing of that customer."""
        anna = message("m1", email(), channel="web_form", text="Il mio IBAN è IT60X")
        eva = message("m2", typed("+39111222333"), aliases=[email()], channel="api", text="Mi dica tutto")
        ordered = [eva, anna] if stranger_first else [anna, eva]
        found = await identify(database, *ordered) if one_batch else [(await identify(database, one))[0] for one in ordered]
        assert [one.history for one in found] == [(), ()]
        assert found[0].customer.id != found[1].customer.id
        assert found[0].conversation.id != found[1].conversation.id
        assert [one.sequence for one in found] == [1, 1]
        later = await identify(database, message("m3", typed("+39111222333"), aliases=[email()]), message("m4", email()))
        assert ids(later) == ids(found if stranger_first else found[::-1])
        assert [len(one.customer.handles) for one in later] == [1, 1]
        (suggestion,) = await rows(database, schema.suggestions)
        assert {suggestion["customer_id"], suggestion["owner_id"]} == set(ids(found))

    @pytest.mark.parametrize("proof", ["verified", "agent"])
    async def test_a_proven_alias_does_not_prove_a_typed_sender(self, database: Database, proof: Proof) -> None:
        (owner,) = await identify(database, message("m1", email(verified=True)))
        alias = Handle("email", "anna@example.it", proof)
        (eva,) = await identify(database, message("m2", typed("+39111222333"), aliases=[alias]))
        assert (eva.match, eva.history, eva.customer.handles) == ("claimed", (), [typed("+39111222333")])
        assert eva.customer.id != owner.customer.id

    async def test_an_agents_word_joins_two_handles(self, database: Database) -> None:
        (anna,) = await identify(database, message("m1", phone()))
        known = Handle("email", "anna@example.it", "agent")
        (desk,) = await identify(database, message("m2", known, aliases=[Handle("phone", "+393331234567", "agent")]))
        assert (desk.customer.id, desk.match) == (anna.customer.id, "agent")


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
        assert (suggestion["reason"], suggestion["state"]) == ("same_claim", "open")

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
