"""Viber over real HTTP, against a provider that takes only what is documented."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from connectors.base import Connector, Outgoing, OutgoingFile
from connectors.errors import MediaUnavailable, SendFailed
from connectors.media import GuardedHttp
from normalizer.inbound import Button, Handle
from tests.providers.base import Route
from tests.providers.viber import FIRST_TOKEN, FakeViber, refusal
from tests.subjects.viber import SUBJECT, TOKEN

USER = "Kq8f/3Zt+Lw01xYb7HgR2A=="


class Provider(FakeViber):
    """Viber, and the host where it keeps files."""

    def routes(self) -> Iterable[Route]:
        return (*super().routes(), Route("GET", "/file", self._file))

    async def _file(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self.files["a"], content_type="image/jpeg")


@pytest.fixture
async def viber() -> AsyncIterator[Provider]:
    async with Provider(TOKEN) as provider:
        yield provider


@pytest.fixture
async def http() -> AsyncIterator[GuardedHttp]:
    async with GuardedHttp(private_hosts=frozenset({"127.0.0.1"}), timeout=5) as guarded:
        yield guarded


def connector(provider: Provider) -> Connector:
    return SUBJECT.connector(api_url=provider.url, media_hosts=["127.0.0.1"])


def message(**changed: Any) -> Outgoing:
    assert SUBJECT.replying is not None
    return replace(SUBJECT.replying.outgoing, **changed)


async def code(provider: Provider, http: GuardedHttp, **changed: Any) -> str:
    with pytest.raises(SendFailed) as failed:
        await connector(provider).send(message(**changed), http)
    return failed.value.code


async def test_a_text_with_buttons_arrives(viber: Provider, http: GuardedHttp) -> None:
    buttons = (Button(id="ret-1", title="Da"), Button(title="Nu"))
    sent = await connector(viber).send(message(buttons=buttons), http)
    (taken,) = viber.accepted
    assert (taken.to, taken.text, taken.buttons) == (USER, "Coletul a plecat azi.", (("ret-1", "Da"), ("Nu", "Nu")))
    assert taken.extra["tracking_data"] == message().token
    assert (sent.external_ids, viber.refused) == ((str(FIRST_TOKEN + 1),), [])


@pytest.mark.parametrize("text", ["parola " * 3000, "😀" * 15_000, "\x1b" * 15_000, "<b>&" * 5000])
async def test_long_texts_arrive_whole(viber: Provider, http: GuardedHttp, text: str) -> None:
    sent = await connector(viber).send(message(text=f"a{text}b"), http)
    assert viber.refused == []
    assert "".join(taken.text or "" for taken in viber.accepted).replace(" ", "") == f"a{text}b".replace(" ", "")
    assert len(sent.external_ids) == len(viber.accepted) > 1


async def test_files_arrive(viber: Provider, http: GuardedHttp) -> None:
    types = ("image/jpeg", "image/webp", "video/mp4", "audio/ogg", "application/pdf")
    files = tuple(
        OutgoingFile(filename=f"{'n' * 300}.bin", content_type=kind, content=b"x", url=f"https://files.example/{kind}")
        for kind in types
    )
    await connector(viber).send(message(text="", files=files, buttons=()), http)
    assert [taken.kind for taken in viber.accepted] == ["picture", "file", "video", "file", "file"]
    assert viber.refused == []


async def test_what_viber_refuses(viber: Provider, http: GuardedHttp) -> None:
    viber.unsubscribed.add("left")
    viber.not_registered.add("gone")
    assert await code(viber, http, to=Handle("viber_user", "left", "verified")) == "blocked_by_user"
    assert await code(viber, http, to=Handle("viber_user", "gone", "verified")) == "invalid_recipient"
    viber.token = "another"
    assert await code(viber, http) == "auth"
    assert viber.accepted == []


async def test_failures(viber: Provider, http: GuardedHttp) -> None:
    viber.fail(200, refusal(12))
    assert await code(viber, http) == "rate_limited"
    viber.fail(502, b"<html>")
    assert await code(viber, http) == "retryable"
    viber.hang()
    assert await code(viber, http) == "unknown"


async def test_a_file_is_loaded(viber: Provider, http: GuardedHttp) -> None:
    viber.files["a"] = b"jpeg"
    fetched = await connector(viber).fetch(f"{viber.url}/file", None, http)
    assert (fetched.content, fetched.content_type) == (b"jpeg", "image/jpeg")
    with pytest.raises(MediaUnavailable) as failed:
        await connector(viber).fetch("https://elsewhere.example/file", None, http)
    assert failed.value.reason == "refused"
