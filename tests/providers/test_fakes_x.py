"""`FakeX` refuses what the X API v2 forbids, with its problem objects."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from tests.providers import x
from tests.providers.asking import call
from tests.providers.base import Reply
from tests.providers.x import FakeX


@pytest.fixture
async def fake_x() -> AsyncIterator[FakeX]:
    async with FakeX(per_window=2) as provider:
        yield provider


X_AUTH = {"Authorization": "Bearer x-user-token"}
DM = "/2/dm_conversations/with/222/messages"


async def test_x_takes_direct_messages_and_replies(fake_x: FakeX) -> None:
    message = await call("POST", fake_x.url + DM, {"text": "hi", "attachments": [{"media_id": "9"}]}, X_AUTH)
    reply = await call("POST", f"{fake_x.url}/2/tweets", {"text": "hi", "reply": {"in_reply_to_tweet_id": "77"}}, X_AUTH)
    assert (message.status, reply.status, fake_x.refused) == (201, 201, [])
    assert message.json["data"]["dm_conversation_id"] == "111-222"
    assert [(sent.kind, sent.to, sent.reply_to) for sent in fake_x.accepted] == [("dm", "222", None), ("tweet", "77", "77")]
    assert [sent.id for sent in fake_x.accepted] == [message.json["data"]["dm_event_id"], reply.json["data"]["id"]]
    assert message.headers["x-rate-limit-remaining"] == "1"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (DM, {}, 400),
        (DM, {"text": ""}, 400),
        (DM, {"text": "x" * 10_001}, 400),
        (DM, {"text": "hi", "attachments": []}, 400),
        (DM, {"text": "hi", "attachments": [{"media_id": 9}]}, 400),
        (DM, {"text": "hi", "quick_reply": {}}, 400),
        (DM, b"{", 400),
        ("/2/dm_conversations/with/ada/messages", {"text": "hi"}, 400),
        ("/2/dm_conversations/with/333/messages", {"text": "hi"}, 403),
        ("/2/tweets", {}, 400),
        ("/2/tweets", {"text": "x" * 281}, 400),
        ("/2/tweets", {"text": "你" * 141}, 400),
        ("/2/tweets", {"text": "hi", "reply": {"in_reply_to_status_id": "7"}}, 400),
        ("/2/tweets", {"text": "hi", "reply": {"in_reply_to_tweet_id": "88"}}, 403),
        ("/1.1/direct_messages/events/new.json", {"text": "hi"}, 404),
    ],
)
async def test_x_refuses(fake_x: FakeX, path: str, body: Any, status: int) -> None:
    fake_x.closed.add("333")
    fake_x.closed_posts.add("88")
    answer = await call("POST", fake_x.url + path, body, X_AUTH)
    assert (answer.status, answer.json["status"], len(fake_x.refused), fake_x.accepted) == (status, status, 1, [])
    assert {"title", "detail", "type"} <= answer.json.keys()


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("POST", {}, 401),
        ("POST", {"Authorization": "Bearer other"}, 401),
        ("POST", {"Authorization": "Bearer x-app-token"}, 403),
        ("POST", {**X_AUTH, "Content-Type": "text/plain"}, 415),
        ("PUT", X_AUTH, 405),
    ],
)
async def test_x_refuses_requests(fake_x: FakeX, method: str, headers: dict[str, str], status: int) -> None:
    answer = await call(method, fake_x.url + DM, {"text": "hi"}, headers)
    assert (answer.status, len(fake_x.refused), fake_x.accepted) == (status, 1, [])


async def test_x_needs_scopes_and_refuses_the_same_post_twice(fake_x: FakeX) -> None:
    first, again = [await call("POST", f"{fake_x.url}/2/tweets", {"text": "hi"}, X_AUTH) for _ in range(2)]
    assert (first.status, again.status) == (201, 403)
    fake_x.scopes.discard("dm.write")
    assert (await call("POST", fake_x.url + DM, {"text": "hi"}, X_AUTH)).json["detail"] == x.FORBIDDEN["scope"]


async def test_x_limits_rates(fake_x: FakeX) -> None:
    statuses = [(await call("POST", fake_x.url + DM, {"text": "hi"}, X_AUTH)).status for _ in range(3)]
    assert statuses == [201, 201, 429]
    fake_x.accepted.clear()
    fake_x.throttle(30)
    answer = await call("POST", fake_x.url + DM, {"text": "hi"}, X_AUTH)
    assert answer.status == 429
    assert 0 < int(answer.headers["x-rate-limit-reset"]) - time.time() <= 30
    assert answer.headers["x-rate-limit-remaining"] == "0"


def test_x_weighs_posts() -> None:
    assert x.weight("a" * 280) == x.weight("é" * 280) == x.weight("你" * 140) == 280
    assert x.weight("see https://shop.example/a/very/long/address/of/something") == 27


def crc_reply(body: str, status: int = 200, kind: str = "application/json; charset=utf-8") -> Reply:
    return Reply(status, body.encode(), CIMultiDictProxy(CIMultiDict({"Content-Type": kind})))


def test_x_wants_the_right_answer_to_its_challenge() -> None:
    right = '{"response_token":"sha256=Q1lylmXww63JgK0GjL9XaJbpkOSqnRV8sOi7C6gkyB4="}'
    assert x.crc_passed(crc_reply(right), "regia-x-secret")
    wrong = [crc_reply(right, 302), crc_reply(right, kind="text/plain"), crc_reply("{}"), crc_reply('"sha256="')]
    assert not any(x.crc_passed(reply, "regia-x-secret") for reply in wrong)
