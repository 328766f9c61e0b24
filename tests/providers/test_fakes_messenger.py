"""The fakes of Messenger and Instagram take what CHANNELS 1.3 to 1.5 describes and refuse everything else."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.providers.calling import call
from tests.providers.graph import InstagramGraph, MessengerGraph, graph_error

BEARER = {"Authorization": "Bearer TOK"}
TO_PSID = {"messaging_type": "RESPONSE", "recipient": {"id": "PSID9"}}
QUICK = {"content_type": "text", "title": "Yes", "payload": "Y"}
PICTURE = {"attachment": {"type": "image", "payload": {"url": "https://cdn.example/x.jpg", "is_reusable": True}}}


@pytest.fixture
async def messenger() -> AsyncIterator[MessengerGraph]:
    users = {"PSID9": {"first_name": "Ada", "last_name": "L"}, "chk:7": {}}
    async with MessengerGraph("TOK", "PAGE1", users=users, comments=["77_88"]) as provider:
        yield provider


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({**TO_PSID, "message": {"text": "x" * 2000}}, ("PSID9", "text", "x" * 2000, (), None)),
        (
            {**TO_PSID, "messaging_type": "UPDATE", "message": PICTURE},
            ("PSID9", "image", None, (), "https://cdn.example/x.jpg"),
        ),
        (
            {**TO_PSID, "message": {"text": "Well?", "quick_replies": [QUICK]}},
            ("PSID9", "text", "Well?", (("Y", "Yes"),), None),
        ),
        (
            {**TO_PSID, "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT", "message": {"text": "Hi"}},
            ("PSID9", "text", "Hi", (), None),
        ),
        ({"recipient": {"comment_id": "77_88"}, "message": {"text": "Hi"}}, ("77_88", "private_reply", "Hi", (), None)),
        ({**TO_PSID, "recipient": {"user_ref": "chk:7"}, "message": {"text": "Hi"}}, ("chk:7", "text", "Hi", (), None)),
    ],
)
@pytest.mark.parametrize("sender", ["me", "PAGE1"])
async def test_messenger_takes(messenger: MessengerGraph, sender: str, body: dict[str, Any], expected: tuple[Any, ...]) -> None:
    status, answer = await call("POST", f"{messenger.url}/v25.0/{sender}/messages?access_token=TOK", json=body)
    message = messenger.accepted[0]
    assert (status, messenger.refused) == (200, [])
    assert (message.to, message.kind, message.text, message.buttons, message.media) == expected
    assert answer.keys() == {"recipient_id", "message_id"}
    assert answer["message_id"] == message.id


@pytest.mark.parametrize(
    ("body", "code", "subcode"),
    [
        ({**TO_PSID, "message": {"text": "x" * 2001}}, 100, None),
        ({**TO_PSID, "message": {"text": "x", "attachment": PICTURE["attachment"]}}, 100, None),
        ({**TO_PSID, "message": {}}, 100, None),
        ({**TO_PSID, "message": {"text": "x", "quick_replies": [QUICK] * 14}}, 100, None),
        ({**TO_PSID, "message": {"text": "x", "quick_replies": [{**QUICK, "title": "x" * 21}]}}, 100, None),
        ({**TO_PSID, "message": {"text": "x"}, "tag": "HUMAN_AGENT"}, 100, None),
        ({**TO_PSID, "messaging_type": "MESSAGE_TAG", "message": {"text": "x"}}, 100, None),
        ({**TO_PSID, "messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE", "message": {"text": "x"}}, 100, None),
        ({"recipient": {"id": "PSID9"}, "message": {"text": "x"}}, 100, None),
        ({**TO_PSID, "recipient": {"id": 9}, "message": {"text": "x"}}, 100, None),
        ({**TO_PSID, "recipient": {"id": "PSID9", "user_ref": "chk:7"}, "message": {"text": "x"}}, 100, None),
        ({**TO_PSID, "recipient": {"id": "PSID8"}, "message": {"text": "x"}}, 100, 2018001),
        ({"recipient": {"comment_id": "1_2"}, "message": {"text": "x"}}, 100, 33),
        ({**TO_PSID, "message": {"attachment": {"type": "gif", "payload": {"url": "https://x.example"}}}}, 100, None),
    ],
)
async def test_messenger_refuses(messenger: MessengerGraph, body: dict[str, Any], code: int, subcode: int | None) -> None:
    status, answer = await call("POST", f"{messenger.url}/v25.0/me/messages?access_token=TOK", json=body)
    assert (status, answer["error"]["code"], answer["error"].get("error_subcode")) == (400, code, subcode)
    assert messenger.accepted == []


async def test_a_comment_gets_one_private_reply_and_any_number_of_public_ones(messenger: MessengerGraph) -> None:
    private = {"recipient": {"comment_id": "77_88"}, "message": {"text": "Hi"}}
    messenger.fail(500, graph_error(2))
    url = f"{messenger.url}/v25.0/PAGE1/messages"
    codes = [(await call("POST", url, json=private, headers=BEARER))[0] for _ in range(3)]
    assert codes == [500, 200, 400]
    for _ in range(2):
        status, answer = await call("POST", f"{messenger.url}/v25.0/77_88/comments", json={"message": "Yes"}, headers=BEARER)
        assert (status, answer) == (200, {"id": messenger.accepted[-1].id})
    assert (await call("POST", f"{messenger.url}/v25.0/77_88/comments", json={"text": "Yes"}, headers=BEARER))[0] == 400


async def test_profiles_hold_the_fields_asked_for(messenger: MessengerGraph) -> None:
    url = f"{messenger.url}/v25.0/PSID9"
    _, profile = await call("GET", f"{url}?fields=first_name,last_name&access_token=TOK")
    assert profile == {"first_name": "Ada", "last_name": "L", "id": "PSID9"}
    assert (await call("GET", f"{url}?fields=phone&access_token=TOK"))[0] == 400
    assert (await call("GET", f"{messenger.url}/v25.0/PSID8?fields=name", headers=BEARER))[0] == 400


@pytest.mark.parametrize(("words", "status"), [("ö" * 500, 200), ("ö" * 500 + "x", 400)])
async def test_instagram_counts_bytes(words: str, status: int) -> None:
    body = {"recipient": {"id": "IGSID"}, "message": {"text": words}}
    async with InstagramGraph("TOK", "IG1") as provider:
        assert (await call("POST", f"{provider.url}/v25.0/IG1/messages", json=body, headers=BEARER))[0] == status
        comment = f"{provider.url}/v25.0/17/replies"
        assert (await call("POST", comment, json={"message": "Yes"}, headers=BEARER))[0] == 200
