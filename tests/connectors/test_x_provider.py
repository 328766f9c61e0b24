"""X over real HTTP, against a provider that takes only what is documented."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from connectors.base import Connector, Outgoing
from connectors.errors import MediaUnavailable, SendFailed
from connectors.media import GuardedHttp
from normalizer.inbound import Handle
from tests.providers.base import Route, bearer
from tests.providers.x import FakeX, forbidden, problem
from tests.subjects.x import ACCOUNT, SUBJECT

TOKEN = "regia-x-access"
POST = Handle("x_post", "111:2080766000000000021", "verified")


class Provider(FakeX):
    """X, and the host where it keeps files of direct messages."""

    def routes(self) -> Iterable[Route]:
        return (*super().routes(), Route("GET", "/file", self._file))

    async def _file(self, request: web.Request) -> web.StreamResponse:
        if bearer(request) != self.token:
            self.refuse_http(401, "a file of a direct message without its user's token")
        return web.Response(body=self.files["a"], content_type="image/jpeg")


@pytest.fixture
async def x() -> AsyncIterator[Provider]:
    async with Provider(TOKEN) as provider:
        yield provider


@pytest.fixture
async def http() -> AsyncIterator[GuardedHttp]:
    async with GuardedHttp(private_hosts=frozenset({"127.0.0.1"}), timeout=5) as guarded:
        yield guarded


def connector(provider: Provider, **changed: Any) -> Connector:
    return SUBJECT.connector(api_url=provider.url, media_hosts=["127.0.0.1"], **changed)


def message(**changed: Any) -> Outgoing:
    assert SUBJECT.replying is not None
    return replace(SUBJECT.replying.outgoing, **changed)


async def failed(provider: Provider, http: GuardedHttp, **changed: Any) -> SendFailed:
    with pytest.raises(SendFailed) as error:
        await connector(provider).send(message(**changed), http)
    return error.value


async def test_direct_messages_arrive(x: Provider, http: GuardedHttp) -> None:
    words = " ".join(f"parola{number}" for number in range(1500))
    short, long = [await connector(x).send(message(text=text), http) for text in ("Bonjour <b>&amp; 😀", words)]
    assert [(taken.kind, taken.to) for taken in x.accepted] == [("dm", "222")] * 3
    assert x.accepted[0].text == "Bonjour <b>&amp; 😀"
    assert " ".join(taken.text or "" for taken in x.accepted[1:]) == words
    assert [taken.id for taken in x.accepted] == [*short.external_ids, *long.external_ids]
    assert x.refused == []


@pytest.mark.parametrize(
    "text",
    [
        "Désolés, nous vous écrivons.",
        "锅盖的把手松了 " * 60,
        "😀👩🏽‍🍳" * 100,
        "voir https://shop.example/a ou https://b.example/ et c.example " * 20,
        "a" * 300 + " https://shop.example/" + "x" * 400,
    ],
)
async def test_answers_to_posts_arrive_as_a_thread(x: Provider, http: GuardedHttp, text: str) -> None:
    sent = await connector(x).send(message(to=POST, text=text), http)
    assert x.refused == []
    assert "".join(taken.text or "" for taken in x.accepted).replace(" ", "") == text.replace(" ", "")
    assert [taken.reply_to for taken in x.accepted] == ["2080766000000000021", *sent.external_ids[:-1]]


async def test_what_x_refuses(x: Provider, http: GuardedHttp) -> None:
    x.closed.add("222")
    x.closed_posts.add("2080766000000000021")
    assert (await failed(x, http)).code == "blocked_by_user"
    assert (await failed(x, http, to=POST)).code == "blocked_by_user"
    x.closed_posts.clear()
    await connector(x).send(message(to=POST), http)
    assert (await failed(x, http, to=POST)).code == "unsupported"  # the same answer again
    x.scopes.discard("dm.write")
    assert (await failed(x, http)).code == "auth"
    x.app_token = TOKEN
    assert (await failed(x, http)).code == "auth"
    x.app_token, x.token = "", "another"
    assert (await failed(x, http)).code == "auth"
    assert len(x.accepted) == 1


async def test_failures(x: Provider, http: GuardedHttp) -> None:
    x.throttle(60)
    busy = await failed(x, http)
    assert busy.code == "rate_limited"
    assert busy.retry_after is not None
    assert 50 <= busy.retry_after <= 60
    x.fail(503, problem(503, "Service Unavailable", "x"))
    assert (await failed(x, http)).code == "retryable"
    x.fail(403, forbidden("app_only"))
    assert (await failed(x, http)).code == "auth"
    x.hang()
    assert (await failed(x, http)).code == "unknown"


async def test_half_a_thread_is_not_sent_again(x: Provider, http: GuardedHttp) -> None:
    x.per_window = 1
    assert (await failed(x, http, to=POST, text="parola " * 100)).code == "unknown"
    assert len(x.accepted) == 1


async def test_a_file_is_loaded_in_our_users_name(x: Provider, http: GuardedHttp) -> None:
    x.files["a"] = b"jpeg"
    fetched = await connector(x).fetch(f"{x.url}/file", ACCOUNT, http)
    assert (fetched.content, fetched.content_type, x.refused) == (b"jpeg", "image/jpeg", [])
    with pytest.raises(MediaUnavailable) as unavailable:
        await connector(x, access_token=None).fetch(f"{x.url}/file", ACCOUNT, http)
    assert unavailable.value.reason == "refused"
