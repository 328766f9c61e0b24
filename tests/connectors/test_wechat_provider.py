"""WeChat over real HTTP, against a provider that takes only what is documented."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from connectors.base import Connector, Outgoing
from connectors.errors import MediaUnavailable, SendFailed
from connectors.media import GuardedHttp
from tests.providers.base import Route
from tests.providers.wechat import FakeWeChat, refusal
from tests.subjects.wechat import ACCOUNT, APP_ID, SUBJECT

USER = "oRegia_WeiLing0a1B2c3D4e5F6g"


class Provider(FakeWeChat):
    """WeChat, and the host where it keeps pictures."""

    def routes(self) -> Iterable[Route]:
        return (*super().routes(), Route("GET", "/picture", self._picture))

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self.files["picture"], content_type="image/jpeg")


@pytest.fixture
async def wechat() -> AsyncIterator[Provider]:
    async with Provider(APP_ID, "regia-wx-secret") as provider:
        yield provider


@pytest.fixture
async def http() -> AsyncIterator[GuardedHttp]:
    async with GuardedHttp(private_hosts=frozenset({"127.0.0.1"}), timeout=5) as guarded:
        yield guarded


def connector(provider: Provider) -> Connector:
    return SUBJECT.connector(api_url=provider.url, media_hosts=["127.0.0.1"])


def message(**changed: Any) -> Outgoing:
    assert SUBJECT.replying is not None
    return replace(SUBJECT.replying.outgoing, **{"last_inbound_at": datetime.now(UTC), **changed})


async def code(ours: Connector, http: GuardedHttp, **changed: Any) -> str:
    with pytest.raises(SendFailed) as failed:
        await ours.send(message(**changed), http)
    return failed.value.code


async def test_texts_arrive_by_one_token(wechat: Provider, http: GuardedHttp) -> None:
    ours = connector(wechat)
    await asyncio.gather(*(ours.send(message(text=f'第{number}条 "\\u4f60"\n\x1b'), http) for number in range(5)))
    assert {(taken.to, taken.text) for taken in wechat.accepted} == {
        (USER, f'第{number}条 "\\u4f60"\n\x1b'.strip()) for number in range(5)
    }
    assert (len(wechat.tokens), wechat.refused) == (1, [])


@pytest.mark.parametrize("text", ["锅盖的把手松了" * 900, "parola " * 900, "👩🏽‍🍳" * 900])
async def test_long_texts_arrive_whole(wechat: Provider, http: GuardedHttp, text: str) -> None:
    await connector(wechat).send(message(text=text), http)
    assert wechat.refused == []
    assert len(wechat.accepted) > 2
    assert "".join(taken.text or "" for taken in wechat.accepted).replace(" ", "") == text.replace(" ", "")


async def test_a_token_that_is_over_costs_no_message(wechat: Provider, http: GuardedHttp) -> None:
    ours = connector(wechat)
    await ours.send(message(text="一"), http)
    wechat.expire()
    await ours.send(message(text="二"), http)
    wechat.invalidate()
    await ours.send(message(text="三"), http)
    assert [taken.text for taken in wechat.accepted] == ["一", "二", "三"]
    assert len(wechat.tokens) == 3


async def test_what_wechat_refuses(wechat: Provider, http: GuardedHttp) -> None:
    ours = connector(wechat)
    wechat.followers = set()
    assert await code(ours, http) == "invalid_recipient"
    wechat.followers = None
    wechat.silent.add(USER)
    assert await code(ours, http) == "window_closed"
    wechat.heard(USER)
    wechat.quota = 0
    assert await code(ours, http) == "window_closed"
    wechat.secret = "another"
    assert await code(connector(wechat), http) == "auth"
    assert wechat.accepted == []


async def test_failures(wechat: Provider, http: GuardedHttp) -> None:
    ours = connector(wechat)
    wechat.fail(200, refusal(-1))
    assert await code(ours, http) == "retryable"
    wechat.fail(200, refusal(45009))
    assert await code(ours, http) == "rate_limited"
    wechat.fail(502, b"<html>")
    assert await code(ours, http) == "retryable"
    wechat.hang()
    assert await code(ours, http) == "unknown"


async def test_files_are_loaded(wechat: Provider, http: GuardedHttp) -> None:
    wechat.files |= {"m1": b"amr", "picture": b"jpeg"}
    wechat.file_types["m1"] = "audio/amr"
    ours = connector(wechat)
    voice = await ours.fetch("m1", ACCOUNT, http)
    picture = await ours.fetch(f"{wechat.url}/picture", ACCOUNT, http)
    assert [(one.content, one.content_type) for one in (voice, picture)] == [(b"amr", "audio/amr"), (b"jpeg", "image/jpeg")]
    assert wechat.refused == []
    wechat.expire()
    assert (await ours.fetch("m1", ACCOUNT, http)).content == b"amr"


async def test_an_error_is_never_kept_as_a_file(wechat: Provider, http: GuardedHttp) -> None:
    with pytest.raises(MediaUnavailable) as unavailable:
        await connector(wechat).fetch("m1", ACCOUNT, http)
    assert unavailable.value.reason == "gone"


async def test_a_video_comes_from_where_wechat_says(wechat: Provider, http: GuardedHttp) -> None:
    wechat.files |= {"m2": f'{{"video_url":"{wechat.url}/picture"}}'.encode(), "picture": b"mp4"}
    assert (await connector(wechat).fetch("m2", ACCOUNT, http)).content == b"mp4"
    wechat.files["m2"] = b'{"video_url":"http://127.0.0.2/x"}'
    with pytest.raises(MediaUnavailable) as unavailable:
        await connector(wechat).fetch("m2", ACCOUNT, http)
    assert unavailable.value.reason == "refused"
