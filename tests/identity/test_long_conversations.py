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
