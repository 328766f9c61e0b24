"""`FakeReceiver` takes only webhooks that are signed and well-formed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.providers import standard_webhooks
from tests.providers.standard_webhooks import FakeReceiver

WHSEC = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


@pytest.fixture
async def receiver() -> AsyncIterator[FakeReceiver]:
    async with FakeReceiver([WHSEC]) as provider:
        yield provider


EVENT = {"type": "message.created", "timestamp": "2026-01-01T00:00:00Z", "data": {"id": "1"}}


async def test_receiver_takes_an_event_once(receiver: FakeReceiver) -> None:
    other = "whsec_" + "QUJD" * 8
    replies = [await standard_webhooks.deliver(receiver.hook, EVENT, [other, WHSEC], message_id="msg_1") for _ in range(2)]
    assert [reply.status for reply in replies] == [204, 204]
    assert [(sent.id, sent.kind) for sent in receiver.accepted] == [("msg_1", "message.created")]
    assert (receiver.repeated, receiver.refused) == (["msg_1"], [])


@pytest.mark.parametrize(
    ("payload", "secrets", "more", "status"),
    [
        (EVENT, ["whsec_" + "QUJD" * 8], {}, 401),
        (EVENT, [WHSEC], {"timestamp": 1700000000}, 401),
        (EVENT, [WHSEC], {"prefix": "svix"}, 401),
        (EVENT, [WHSEC], {"replace": {"webhook-id": "other"}}, 401),
        (EVENT, [WHSEC], {"replace": {"webhook-timestamp": "now"}}, 401),
        (EVENT, [WHSEC], {"replace": {"webhook-signature": None}}, 401),
        (EVENT, [WHSEC], {"message_id": "a.b"}, 401),
        (EVENT, [WHSEC], {"replace": {"content-type": "text/plain"}}, 415),
        (b"[]", [WHSEC], {}, 400),
        ({**EVENT, "timestamp": "2026-13-01T00:00:00Z"}, [WHSEC], {}, 400),
        ({**EVENT, "id": "1"}, [WHSEC], {}, 400),
        ({"type": "message.created"}, [WHSEC], {}, 400),
    ],
)
async def test_receiver_refuses(
    receiver: FakeReceiver, payload: Any, secrets: list[str], more: dict[str, Any], status: int
) -> None:
    reply = await standard_webhooks.deliver(receiver.hook, payload, secrets, **more)
    assert (reply.status, len(receiver.refused), receiver.accepted) == (status, 1, [])
