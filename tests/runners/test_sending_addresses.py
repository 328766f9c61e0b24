"""What waits for an address that somebody else has by now: no channel is given it, and its end is told."""

from connectors.errors import SendFailed
from desk.reply_states import codes
from tests.runners.test_sending import Desk, database, desk
from tests.storage.test_outgoing_addresses import end, link

__all__ = ["database", "desk"]


async def test_another_try_is_not_made_at_an_address_that_was_released(desk: Desk) -> None:
    desk.channel.answers = [SendFailed("retryable", "later", provider_code="451 4.7.1")]
    id_ = await desk.queue(conversation="con_1")
    await desk.step()
    [row] = await desk.rows()
    await link(desk.database, row["message_id"])
    await end(desk.database, row["message_id"])
    behind = await desk.queue("Altro", conversation="con_1", name="m2")
    await desk.step(3600)
    assert (await desk.states(), len(desk.channel.seen)) == (["failed", "queued"], 1)
    [(told, state, error)] = await desk.told()
    assert (told, state, codes(error)) == (id_, "failed", ("invalid_recipient", None))
    await desk.step(1)
    assert await desk.states() == ["failed", "sent"]
    assert [sent.text for sent in desk.channel.seen] == ["Ciao", "Altro"]
    assert [told[:2] for told in await desk.told()] == [(id_, "failed"), (behind, "sent")]
