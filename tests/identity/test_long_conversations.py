"""A conversation that has as many messages as one may have. On SQLite and on PostgreSQL."""

from dataclasses import replace

import pytest

from normalizer.message import Message
from storage.database import Database
from tests.contacts import email, message
from tests.identity.batches import POLICY, resolve

FEW = replace(POLICY, talk_most=3)


def said(number: int, **more: object) -> Message:
    return message(f"m{number}", email(verified=True), hours=number, **more)


@pytest.mark.parametrize("one_batch", [True, False])
async def test_the_next_message_opens_another_which_is_gone_on_with(database: Database, one_batch: bool) -> None:
    contacts = [said(number) for number in range(1, 8)]
    batches = [contacts] if one_batch else [[one] for one in contacts]
    found = []
    for batch in batches:
        found += await database.write(lambda one, batch=batch: resolve(one, batch, FEW))  # type: ignore[misc]
    talks = [one.conversation.id for one in found]
    assert [talks.index(talk) for talk in talks] == [0, 0, 0, 3, 3, 3, 6]
    assert len({one.customer.id for one in found}) == 1
    assert [one.sequence for one in found] == list(range(1, 8))


async def test_an_answer_joins_what_it_answers_all_the_same(database: Database) -> None:
    contacts = [*(said(number) for number in range(1, 5)), said(5, reply_to="m1")]
    found = await database.write(lambda one: resolve(one, contacts, FEW))
    assert found[3].conversation.id != found[4].conversation.id == found[0].conversation.id


async def test_what_answers_a_full_one_leaves_the_present_one_in_its_place(database: Database) -> None:
    contacts = [*(said(number) for number in range(1, 5)), said(5, reply_to="m1"), said(6)]
    found = await database.write(lambda one: resolve(one, contacts, FEW))
    assert found[5].conversation.id == found[3].conversation.id


async def test_a_late_message_opens_none_beside_the_present_one(database: Database) -> None:
    """A node that was away commits what is older than all that the full one has."""
    await database.write(lambda one: resolve(one, [said(number) for number in range(10, 13)], FEW))
    found = await database.write(lambda one: resolve(one, [said(8), said(9), said(13)], FEW))
    assert len({one.conversation.id for one in found}) == 1


async def test_the_same_words_elsewhere_do_not_join_a_full_one(database: Database) -> None:
    words = "Vorrei sapere quando arriva la padella che ho ordinato"
    contacts = [said(1, text=words), said(2), said(3)]
    first = (await database.write(lambda one: resolve(one, contacts, FEW)))[0]
    (again,) = await database.write(lambda one: resolve(one, [said(4, text=words, channel="form")], FEW))
    assert again.repeat_of == str(contacts[0].id)
    assert again.conversation.id != first.conversation.id
