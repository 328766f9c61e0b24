"""Which conversation a message joins, and what later messages see of it. Every test on SQLite and on PostgreSQL."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from identity.people import HISTORY
from normalizer.inbound import Handle, Thread
from normalizer.message import Message
from storage import schema
from storage.database import Database
from tests.contacts import START, email, message, phone
from tests.identity.batches import WINDOW_HOURS, identify, resolve, rows


def ms(hours: float) -> int:
    """The moment so many hours after `START`."""
    return round((START.timestamp() + hours * 3600) * 1000)


def imported(name: str, *, sent: float) -> Message:
    return message(name, backlog=True, sent_at=START + timedelta(hours=sent))


BOX = Handle("email", "info@example.it", "verified")
OF_MANY: list[tuple[Handle, dict[str, Any]]] = [
    (BOX, {}),
    (email("no_reply@example.it", verified=True), {}),
    (email("non.rispondere@example.it"), {}),
    (email(verified=True), {"automated": "list"}),
    (email(verified=True), {"of_many": True}),
]


@pytest.mark.parametrize(("handle", "more"), OF_MANY)
class TestOfMany:
    """People who write under one handle, and know nothing of each other."""

    async def test_no_history_and_no_conversation_but_the_one_it_answers(
        self, database: Database, handle: Handle, more: dict[str, Any]
    ) -> None:
        words = {"text": "Vorrei sapere quando arriva la padella che ho ordinato", **more}
        (first,) = await identify(database, message("m1", handle, **words))
        (other,) = await identify(database, message("m2", handle, channel="email", hours=1, **words))
        (answer,) = await identify(database, message("m3", handle, hours=2, reply_to="m1", **words))
        assert first.customer.id == other.customer.id == answer.customer.id
        assert first.conversation.id == answer.conversation.id != other.conversation.id
        assert [(one.history, one.unanswered, one.repeat_of) for one in (other, answer)] == [((), 0, None)] * 2
        assert (answer.sequence, answer.earlier) == (3, 2)

    async def test_it_teaches_no_name_and_no_language_and_suggests_nobody(
        self, database: Database, handle: Handle, more: dict[str, Any]
    ) -> None:
        await identify(database, message("m1", email("anna@posta.it", verified=True), sender_name="Anna Bianchi"))
        await identify(database, message("m2", email(handle.value, verified=handle.proof == "claimed")))
        said = {"sender_name": "Anna Bianchi", "language": "it", "claims": [email("anna@posta.it")], "aliases": [phone()]}
        (found,) = await identify(database, message("m3", handle, hours=1, fields={"order": "A-1"}, **said, **more))
        assert (found.customer.name, found.customer.language) == (None, None)
        assert await rows(database, schema.suggestions) == []
        assert [row["kind"] for row in await rows(database, schema.handles)] == ["email"] * 3


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

    @pytest.mark.parametrize(("hours", "joins"), [(99.9, True), (100 - WINDOW_HOURS, True), (99.9 - WINDOW_HOURS, False)])
    async def test_a_message_that_comes_late(self, database: Database, hours: float, joins: bool) -> None:
        (first,) = await identify(database, message("m1", hours=100))
        (second,) = await identify(database, message("m2", hours=hours))
        assert (second.conversation.id == first.conversation.id) is joins
        at = {row["id"]: (row["opened_ms"], row["last_ms"]) for row in await rows(database, schema.conversations)}
        assert at[first.conversation.id] == (ms(hours if joins else 100), ms(100))
        assert at[second.conversation.id][0] == ms(hours)

    async def test_a_closed_conversation_is_not_gone_on_with(self, database: Database) -> None:
        (first,) = await identify(database, message("m1", hours=1))
        await database.write(lambda connection: connection.execute(update(schema.conversations).values(open=False)))
        second, third = await identify(database, message("m2"), message("m3"))
        assert (second.conversation.id == first.conversation.id, third.conversation.id == second.conversation.id) == (
            False,
            True,
        )

    async def test_the_present_goes_on_after_something_old(self, database: Database) -> None:
        (now,) = await identify(database, message("m1", hours=1000))
        (old,) = await identify(database, message("m2", hours=1))
        (later,) = await identify(database, message("m3", hours=1001))
        assert (later.conversation.id == now.conversation.id, old.conversation.id == now.conversation.id) == (True, False)


class TestNamedByOurMark:
    """A mail carries the id of its conversation with our signature: it says what it is about, not who writes."""

    @pytest.mark.parametrize("one_batch", [True, False])
    async def test_it_joins_that_conversation_also_outside_the_window(self, database: Database, one_batch: bool) -> None:
        (first,) = await identify(database, message("m1"))
        about = Thread(conversation=first.conversation.id)
        batch = [message("m2", hours=200), message("m3", hours=201, thread=about), message("m4", hours=202)]
        found = await identify(database, *batch) if one_batch else [(await identify(database, one))[0] for one in batch]
        second, third, fourth = [one.conversation.id for one in found]
        assert (third, second == third, fourth) == (first.conversation.id, False, first.conversation.id)
        assert found[1].conversation.messages == 2

    async def test_it_counts_before_a_reference(self, database: Database) -> None:
        first, second = await identify(database, message("m1"), message("m2", hours=200))
        thread = Thread(in_reply_to="m2", conversation=first.conversation.id)
        (third,) = await identify(database, message("m3", hours=201, thread=thread))
        assert third.conversation.id == first.conversation.id != second.conversation.id

    @pytest.mark.parametrize("more", [{}, {"in_reply_to": "m1"}, {"references": ("m1",)}], ids=str)
    async def test_a_stranger_joins_nothing_and_sees_nothing(self, database: Database, more: dict[str, Any]) -> None:
        (anna,) = await identify(database, message("m1", sender_name="Anna"))
        thread = Thread(conversation=anna.conversation.id, **more)
        (eva,) = await identify(database, message("m2", phone("+393339999999"), thread=thread))
        assert eva.conversation.id != anna.conversation.id
        assert (eva.conversation.messages, eva.history, eva.customer.name, eva.customer.handles) == (
            (1, (), None, [phone("+393339999999")])
        )
        (row,) = [row for row in await rows(database, schema.conversations) if row["id"] == anna.conversation.id]
        assert (row["messages"], row["customer_id"], row["last_ms"]) == (1, anna.customer.id, ms(0))

    async def test_an_unproved_sender_does_not_join_the_proved_ones(self, database: Database) -> None:
        (anna,) = await identify(database, message("m1", email(verified=True)))
        (claimed,) = await identify(database, message("m2", email(), thread=Thread(conversation=anna.conversation.id)))
        assert claimed.conversation.id != anna.conversation.id

    async def test_another_brand_does_not_join(self, database: Database) -> None:
        (anna,) = await identify(database, message("m1"))
        other = message("m2", brand="casa-bella", connector="casa", thread=Thread(conversation=anna.conversation.id))
        assert (await identify(database, other))[0].conversation.id != anna.conversation.id

    @pytest.mark.parametrize("name", ["con_00000000000000000000000000", "con_x", "", "cus_00000000000000000000000000"])
    async def test_an_unknown_one_counts_for_nothing(self, database: Database, name: str) -> None:
        first, second = await identify(database, message("m1"), message("m2", thread=Thread(conversation=name)))
        assert second.conversation.id == first.conversation.id


class TestBacklog:
    async def test_it_is_dated_when_it_was_sent(self, database: Database) -> None:
        (first,) = await identify(database, imported("m1", sent=-5000))
        assert (first.customer.first_seen_ms, first.customer.last_seen_ms) == (ms(-5000), ms(-5000))
        assert (first.conversation.opened_ms, first.conversation.last_ms) == (ms(-5000), ms(-5000))
        (second,) = await identify(database, message("m2"))
        assert [one.at_ms for one in second.history] == [ms(-5000)]
        assert second.conversation.id != first.conversation.id

    @pytest.mark.parametrize("one_batch", [True, False])
    async def test_the_day_of_the_import_joins_nothing(self, database: Database, one_batch: bool) -> None:
        batch = [imported(f"m{sent}", sent=sent) for sent in (-9000, -8990, -5000, -4990)]
        found = await identify(database, *batch) if one_batch else [(await identify(database, one))[0] for one in batch]
        a, b, c, d = [one.conversation.id for one in found]
        assert (a == b, b == c, c == d) == (True, False, True)

    async def test_it_takes_its_place_among_what_is_there(self, database: Database) -> None:
        await identify(database, message("m1"), imported("m2", sent=-300), message("m3"), imported("m4", sent=-400))
        (last,) = await identify(database, message("m5"))
        assert [one.at_ms for one in last.history] == [ms(-400), ms(-300), ms(0), ms(0)]
        assert last.history[-1].id == str(message("m3").id)
        assert last.customer.first_seen_ms == ms(-400)

    @pytest.mark.parametrize(
        "more",
        [{"backlog": True}, {"backlog": True, "sent_at": START + timedelta(hours=1)}, {"sent_at": START - timedelta(hours=1)}],
        ids=["no date", "the future", "not imported"],
    )
    async def test_else_the_time_of_arrival_counts(self, database: Database, more: dict[str, Any]) -> None:
        (first,) = await identify(database, message("m1", **more))
        assert (first.customer.first_seen_ms, first.conversation.last_ms) == (ms(0), ms(0))


class TestUnanswered:
    @pytest.mark.parametrize(
        ("more", "counts"),
        [
            ({}, True),
            ({"kind": "media"}, True),
            ({"kind": "call"}, True),
            ({"kind": "unsupported"}, True),
            ({"kind": "edit", "refers_to": "m0"}, False),
            ({"kind": "delete", "refers_to": "m0"}, False),
            ({"kind": "reaction", "refers_to": "m0"}, False),
            ({"automated": "auto_reply"}, False),
            ({"backlog": True}, False),
        ],
        ids=str,
    )
    async def test_what_waits_for_an_answer(self, database: Database, more: dict[str, Any], counts: bool) -> None:
        await identify(database, message("m0"))
        await identify(database, message("m1", **more))
        (last,) = await identify(database, message("m2"))
        assert (last.unanswered, last.earlier, len(last.history)) == (1 + counts, 2, 2)


class TestHistory:
    async def test_it_is_what_was_before_in_order_and_short(self, database: Database) -> None:
        names = [f"m{number}" for number in range(1, 2 * HISTORY + 4)]
        found = await identify(database, *(message(name) for name in names[:7]))
        found += await identify(database, *(message(name) for name in names[7:]))
        shown = [[str(message(name).id) for name in names[max(0, at - HISTORY) : at]] for at in range(len(names))]
        assert [[one.id for one in each.history] for each in found] == shown

    async def test_what_it_shows_of_a_contact(self, database: Database) -> None:
        text = "Buongiorno,\nvorrei restituire la padella " + "molto grande " * 30
        await database.write(lambda connection: resolve(connection, [message("m1", text=text)], category="returns"))
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
