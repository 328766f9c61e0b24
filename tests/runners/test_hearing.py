"""What a person's reply answers waits no longer once it has left, however that becomes known."""

from sqlalchemy import select, update

from connectors.errors import SendFailed
from storage import outgoing_parts
from storage.database import Database
from storage.outgoing_parts import Named
from storage.schema import messages
from tests.contacts import message, phone
from tests.identity.batches import identify
from tests.runners.test_sending import Desk, database, desk

__all__ = ["database", "desk"]


async def asked(desk: Desk) -> str:
    """A contact that waits, and a reply to it that is queued."""
    (found,) = await identify(desk.database, message("m1", phone()))
    (known,) = await desk.database.read(lambda one: list(one.execute(select(messages.c.id)).scalars()))
    id_ = await desk.queue(conversation=found.conversation.id)
    # What `queue` has stored is of nobody: it is of the customer now.
    theirs = update(messages).where(messages.c.id != known)
    values = {"handle_id": found.handle_id, "awaits_answer": True, "at_ms": 0}
    await desk.database.write(lambda one: one.execute(theirs.values(values)))
    return id_


async def waiting(database: Database) -> int:
    query = select(messages.c.id).where(messages.c.awaits_answer)
    return len(await database.read(lambda one: one.execute(query).all()))


async def test_what_was_sent_is_heard(desk: Desk) -> None:
    await asked(desk)
    assert await waiting(desk.database) == 2
    await desk.step()
    assert await desk.states() == ["sent"]
    assert await waiting(desk.database) == 0


async def test_what_failed_is_not(desk: Desk) -> None:
    desk.channel.answers = [SendFailed("unsupported", "no")]
    await asked(desk)
    await desk.step()
    assert await waiting(desk.database) == 2


async def test_what_the_provider_turns_out_to_have_is_heard(desk: Desk) -> None:
    desk.channel.answers = [SendFailed("unknown", "the connection ended")]
    id_ = await asked(desk)
    await desk.step()
    assert (await desk.states(), await waiting(desk.database)) == (["unknown"], 2)
    named = Named("mail", id_, "x@provider", taken=True)
    await desk.database.write(lambda one: outgoing_parts.recognise(one, [named]))
    await desk.step()
    assert (await desk.states(), await waiting(desk.database)) == (["sent"], 0)
    assert [state for _, state, _ in await desk.told()] == ["other:unknown", "sent"]
