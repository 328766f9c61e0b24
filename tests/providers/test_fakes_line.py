"""`FakeLine` refuses what the Messaging API forbids, with its errors."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from tests.providers.asking import call
from tests.providers.line import FakeLine

KEY = "11111111-2222-4333-8444-555555555555"


@pytest.fixture
async def fake_line() -> AsyncIterator[FakeLine]:
    async with FakeLine() as provider:
        provider.reply_tokens["rt"] = "U0123"
        yield provider


LINE_AUTH = {"Authorization": "Bearer line-token"}


def push(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"to": "U0123", "messages": list(messages), **more}


def said(text: Any = "hi", **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": text, **more}


def quick(count: int = 1, label: str = "Yes") -> dict[str, Any]:
    action = {"type": "postback", "label": label, "data": "yes", "displayText": "Yes"}
    return {"items": [{"type": "action", "action": action}] * count}


def buttons(count: int) -> dict[str, Any]:
    actions = [{"type": "message", "label": str(number), "text": f"t{number}"} for number in range(count)]
    return {"type": "template", "altText": "choose", "template": {"type": "buttons", "text": "Choose", "actions": actions}}


BOX = {"type": "box", "layout": "vertical", "contents": [{"type": "text", "text": "Hi", "wrap": True, "weight": "bold"}]}
IMAGE = {"type": "image", "originalContentUrl": "https://cdn.example/a.jpg", "previewImageUrl": "https://cdn.example/b.jpg"}
FLEX = {"type": "flex", "altText": "card", "contents": {"type": "bubble", "body": BOX, "hero": {"type": "box", **BOX}}}


@pytest.mark.parametrize(
    "message",
    [
        said("x" * 5000),
        said(quickReply=quick(13)),
        said(quoteToken="q"),
        IMAGE,
        {"type": "sticker", "packageId": "446", "stickerId": "1988"},
        {"type": "location", "title": "Shop", "address": "Main St", "latitude": 52.5, "longitude": 13},
        buttons(4),
        FLEX,
    ],
)
async def test_line_takes(fake_line: FakeLine, message: dict[str, Any]) -> None:
    answer = await call("POST", f"{fake_line.url}/v2/bot/message/push", push(message), LINE_AUTH)
    assert (answer.status, fake_line.refused) == (200, [])
    assert [sent["id"] for sent in answer.json["sentMessages"]] == [sent.id for sent in fake_line.accepted]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (push(said("x" * 5001)), "messages[0].text"),
        (push(said("😀" * 2501)), "messages[0].text"),
        (push(said("")), "messages[0].text"),
        (push(said(7)), "messages[0].text"),
        (push(said(bold=True)), "messages[0]"),
        (push(*[said()] * 6), "messages"),
        (push(), "messages"),
        (push(said(), silent=True), ""),
        ({"to": "U0123"}, ""),
        (push({"type": "telegram"}), "messages[0].type"),
        (push({**IMAGE, "previewImageUrl": "http://cdn.example/b.jpg"}), "messages[0].previewImageUrl"),
        (push(said(quickReply=quick(14))), "messages[0].quickReply.items"),
        (push(said(quickReply=quick(1, "x" * 21))), "messages[0].quickReply.items[0].action.label"),
        (push(buttons(5)), "messages[0].template.actions"),
        (push({**FLEX, "contents": {"type": "bubble", "body": {**BOX, "layout": "grid"}}}), "messages[0].contents.body.layout"),
    ],
)
async def test_line_refuses(fake_line: FakeLine, body: dict[str, Any], where: str) -> None:
    answer = await call("POST", f"{fake_line.url}/v2/bot/message/push", body, LINE_AUTH)
    assert answer.status == 400
    assert where in [detail["property"] for detail in answer.json["details"]]
    assert (len(fake_line.refused), fake_line.accepted) == (1, [])


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/v2/bot/message/push", {}, 401),
        ("POST", "/v2/bot/message/push", {"Authorization": "Bearer other"}, 401),
        ("POST", "/v2/bot/message/push", {**LINE_AUTH, "X-Line-Retry-Key": "once"}, 400),
        ("POST", "/v2/bot/message/push", {**LINE_AUTH, "Content-Type": "text/plain"}, 415),
        ("PUT", "/v2/bot/message/push", LINE_AUTH, 405),
        ("POST", "/v3/bot/message/push", LINE_AUTH, 404),
    ],
)
async def test_line_refuses_requests(fake_line: FakeLine, method: str, path: str, headers: dict[str, str], status: int) -> None:
    answer = await call(method, fake_line.url + path, push(said()), headers)
    assert (answer.status, len(fake_line.refused), fake_line.accepted) == (status, 1, [])
    assert isinstance(answer.json["message"], str)


async def test_line_takes_a_retry_key_once(fake_line: FakeLine) -> None:
    url, headers = f"{fake_line.url}/v2/bot/message/push", {**LINE_AUTH, "X-Line-Retry-Key": KEY}
    fake_line.fail(500, {"message": "Internal server error"})
    failed, first, again = [await call("POST", url, push(said()), headers) for _ in range(3)]
    assert (failed.status, first.status, again.status) == (500, 200, 409)
    assert again.headers["x-line-accepted-request-id"] == first.headers["x-line-request-id"]
    assert UUID(again.headers["x-line-request-id"])
    assert again.json["sentMessages"] == first.json["sentMessages"]
    assert (len(fake_line.accepted), fake_line.repeated, fake_line.refused) == (1, [KEY], [])


async def test_line_repeats_after_a_lost_answer(fake_line: FakeLine) -> None:
    url, headers = f"{fake_line.url}/v2/bot/message/push", {**LINE_AUTH, "X-Line-Retry-Key": KEY}
    fake_line.hang()
    with pytest.raises(aiohttp.ClientError):
        await call("POST", url, push(said()), headers)
    assert (await call("POST", url, push(said()), headers)).status == 409
    assert len(fake_line.accepted) == 1


async def test_line_takes_a_reply_token_once_and_no_retry_key(fake_line: FakeLine) -> None:
    url, body = f"{fake_line.url}/v2/bot/message/reply", {"replyToken": "rt", "messages": [said(quickReply=quick())]}
    keyed = await call("POST", url, body, {**LINE_AUTH, "X-Line-Retry-Key": KEY})
    first, again = [await call("POST", url, body, LINE_AUTH) for _ in range(2)]
    assert (keyed.status, first.status, again.status) == (400, 200, 400)
    assert again.json["message"] == "Invalid reply token"
    (sent,) = fake_line.accepted
    assert (sent.to, sent.kind, sent.text, sent.buttons) == ("U0123", "text", "hi", (("yes", "Yes"),))
    assert len(fake_line.refused) == 2


async def test_line_reads(fake_line: FakeLine) -> None:
    fake_line.users["U0123"] = {"displayName": "Ada"}
    fake_line.files["468789"] = b"jpeg"
    fake_line.preparing["468789"] = 1
    profile = await call("GET", f"{fake_line.url}/v2/bot/profile/U0123", headers=LINE_AUTH)
    assert profile.json == {"userId": "U0123", "displayName": "Ada"}
    content = f"{fake_line.url}/v2/bot/message/468789/content"
    assert [(await call("GET", content, headers=LINE_AUTH)).status for _ in range(2)] == [202, 200]
    assert (await call("GET", content)).status == 401
    assert (await call("GET", f"{fake_line.url}/v2/bot/profile/U9", headers=LINE_AUTH)).status == 404


async def test_line_verifies_a_token(fake_line: FakeLine) -> None:
    async with aiohttp.ClientSession() as session:
        url = f"{fake_line.url}/v2/oauth/verify"
        for token, status in (("line-token", 200), ("other", 400)):
            async with session.post(url, data={"access_token": token}) as answer:
                assert answer.status == status
