"""`FakeWeChat` refuses what the official account API forbids: HTTP 200 and an errcode."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.providers.asking import Answer, call
from tests.providers.wechat import FakeWeChat


@pytest.fixture
async def fake_wechat() -> AsyncIterator[FakeWeChat]:
    async with FakeWeChat() as provider:
        provider.files["m1"] = b"jpeg"
        yield provider


TOKEN_QUERY = {"grant_type": "client_credential", "appid": "wxapp1", "secret": "wx-secret"}


async def wechat_token(provider: FakeWeChat) -> str:
    answer = await call("GET", f"{provider.url}/cgi-bin/token", params=TOKEN_QUERY)
    assert answer.json["expires_in"] == 7200
    return str(answer.json["access_token"])


async def wechat_send(provider: FakeWeChat, body: Any, token: str | None = None) -> Answer:
    query = {"access_token": token or await wechat_token(provider)}
    return await call("POST", f"{provider.url}/cgi-bin/message/custom/send", body, params=query)


def wx(content: Any = "你好", **more: Any) -> dict[str, Any]:
    return {"touser": "oOpenId1", "msgtype": "text", "text": {"content": content}, **more}


MENU = {"head_content": "Well?", "list": [{"id": "101", "content": "Good"}], "tail_content": "Thanks"}


async def test_wechat_takes(fake_wechat: FakeWeChat) -> None:
    for body in (wx(), wx("\x1b\n"), {"touser": "o", "msgtype": "image", "image": {"media_id": "m1"}}):
        assert (await wechat_send(fake_wechat, body)).json == {"errcode": 0, "errmsg": "ok"}
    await wechat_send(fake_wechat, {"touser": "o", "msgtype": "msgmenu", "msgmenu": MENU})
    assert fake_wechat.refused == []
    assert [(sent.kind, sent.text, sent.media) for sent in fake_wechat.accepted] == [
        ("text", "你好", None),
        ("text", "\x1b\n", None),
        ("image", None, "m1"),
        ("msgmenu", "Well?", None),
    ]
    assert fake_wechat.accepted[3].buttons == (("101", "Good"),)


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        (json.dumps(wx()).encode(), 40033),
        (json.dumps(wx(r"a\b你")).encode(), 40033),
        (b"", 44002),
        (b"{", 47001),
        (wx("你" * 683), 45002),
        (wx(""), 47001),
        (wx(7), 47001),
        (wx(title="x"), 47001),
        (wx(msgtype="fax"), 40008),
        ({"touser": "o", "msgtype": "text"}, 47001),
        ({"touser": "o", "msgtype": "image", "image": {"media_id": "m2"}}, 40007),
        (wx(touser="silent"), 45015),
        (wx(touser="stranger"), 40003),
    ],
)
async def test_wechat_refuses_with_http_200(fake_wechat: FakeWeChat, body: Any, errcode: int) -> None:
    fake_wechat.followers = {"o", "oOpenId1", "silent"}
    fake_wechat.silent.add("silent")
    answer = await wechat_send(fake_wechat, body)
    assert (answer.status, answer.json["errcode"]) == (200, errcode)
    assert (len(fake_wechat.refused), fake_wechat.accepted) == (1, [])


async def test_wechat_takes_a_backslash_before_a_u(fake_wechat: FakeWeChat) -> None:
    await wechat_send(fake_wechat, wx(r"C:\u4f60"))
    assert fake_wechat.accepted[0].text == r"C:\u4f60"


async def test_wechat_tokens_end(fake_wechat: FakeWeChat) -> None:
    token = await wechat_token(fake_wechat)
    fake_wechat.expire()
    assert (await wechat_send(fake_wechat, wx(), token)).json["errcode"] == 42001
    fake_wechat.invalidate()
    assert (await wechat_send(fake_wechat, wx(), token)).json["errcode"] == 40001
    assert (await wechat_send(fake_wechat, wx(), "made-up")).json["errcode"] == 40001
    assert (await wechat_send(fake_wechat, wx())).json["errcode"] == 0


async def test_wechat_counts_until_heard_again(fake_wechat: FakeWeChat) -> None:
    fake_wechat.quota = 1
    codes = [(await wechat_send(fake_wechat, wx())).json["errcode"] for _ in range(2)]
    fake_wechat.heard("oOpenId1")
    assert [*codes, (await wechat_send(fake_wechat, wx())).json["errcode"]] == [0, 45047, 0]


@pytest.mark.parametrize(
    ("method", "path", "query", "errcode"),
    [
        ("POST", "/cgi-bin/token", TOKEN_QUERY, 43001),
        ("GET", "/cgi-bin/message/custom/send", {}, 43002),
        ("POST", "/cgi-bin/message/custom/send", {}, 41001),
        ("GET", "/cgi-bin/token", {**TOKEN_QUERY, "grant_type": "client_credentials"}, 40002),
        ("GET", "/cgi-bin/token", {**TOKEN_QUERY, "appid": "wxapp2"}, 40013),
        ("GET", "/cgi-bin/token", {**TOKEN_QUERY, "secret": "other"}, 40125),
        ("GET", "/cgi-bin/token", {"grant_type": "client_credential", "appid": "wxapp1"}, 41004),
        ("GET", "/cgi-bin/token", {**TOKEN_QUERY, "force": "1"}, 47001),
        ("GET", "/cgi-bin/media/get", {"media_id": "m1"}, 41001),
    ],
)
async def test_wechat_refuses_requests(
    fake_wechat: FakeWeChat, method: str, path: str, query: dict[str, str], errcode: int
) -> None:
    answer = await call(method, fake_wechat.url + path, params=query)
    assert (answer.status, answer.json["errcode"], len(fake_wechat.refused)) == (200, errcode, 1)


async def test_wechat_media(fake_wechat: FakeWeChat) -> None:
    url, token = f"{fake_wechat.url}/cgi-bin/media/get", await wechat_token(fake_wechat)
    assert (await call("GET", url, params={"access_token": token, "media_id": "m1"})).json == b"jpeg"
    assert (await call("GET", url, params={"access_token": token, "media_id": "m2"})).json["errcode"] == 40007
    assert (await call("GET", url, params={"access_token": token})).json["errcode"] == 41006
