"""How long tokens are good for, asked over real HTTP from providers that take only what their documents describe."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from connectors import graph_tokens, line_tokens
from connectors.base import Connector, Credential
from connectors.conformance.fake_http import FakeHttp, answer
from connectors.conformance.subject import Subject
from connectors.errors import HttpFailed
from connectors.media import GuardedHttp
from tests.providers.graph import WhatsAppGraph, graph_error
from tests.providers.line import FakeLine
from tests.providers.telegram import TelegramBot
from tests.providers.viber import FakeViber
from tests.subjects import instagram, line, messenger, telegram, twilio, viber, wechat, whatsapp, x

NOW = datetime(2026, 11, 21, 18, tzinfo=UTC)
ROOT = "https://graph.facebook.com/v25.0"
TOKEN = SecretStr("token|with=signs&more")
ONE_INSTAGRAM = replace(
    instagram.SUBJECT,
    settings={**instagram.SUBJECT.settings, "access_token": "x", "accounts": {instagram.ACCOUNT: {"brand": "demo"}}},
)


@pytest.fixture
async def http() -> AsyncIterator[GuardedHttp]:
    async with GuardedHttp(private_hosts=frozenset({"127.0.0.1"})) as guarded:
        yield guarded


@pytest.fixture
async def line_provider() -> AsyncIterator[FakeLine]:
    async with FakeLine("line-token") as running:
        yield running


@pytest.fixture
async def graph() -> AsyncIterator[WhatsAppGraph]:
    async with WhatsAppGraph("EAAG|token", "PN1") as running:
        yield running


def of_line(provider: FakeLine, token: str | None = "line-token") -> Connector:
    return line.SUBJECT.connector(api_url=provider.url, access_token=token)


def of_whatsapp(provider: WhatsAppGraph, token: str | None = "EAAG|token") -> Connector:
    return whatsapp.SUBJECT.connector(graph_url=provider.url, access_token=token)


# LINE


async def test_line_says_when_a_token_ends(line_provider: FakeLine, http: GuardedHttp) -> None:
    (found,) = await of_line(line_provider).credentials(http)
    assert (found.name, found.valid) == ("access_token", True)
    assert found.expires_at is not None
    assert abs(found.expires_at - datetime.now(UTC) - timedelta(seconds=2591659)) < timedelta(seconds=30)
    assert line_provider.refused == []


async def test_line_refuses_a_token_that_ended(line_provider: FakeLine, http: GuardedHttp) -> None:
    assert await of_line(line_provider, "another").credentials(http) == (Credential(name="access_token", valid=False),)


async def test_a_token_that_only_the_api_of_line_knows_is_good() -> None:
    """Tokens of version 2.1 and stateless ones."""
    http = FakeHttp(answer({"error": "invalid_request"}, 400), answer({"userId": "U1"}))
    assert await line_tokens.asked(TOKEN, "https://api.line.me", http, NOW) == Credential(name="access_token")
    assert [(call.method, call.url.rpartition("line.me")[2]) for call in http.calls] == [
        ("POST", "/v2/oauth/verify"),
        ("GET", "/v2/bot/info"),
    ]


@pytest.mark.parametrize("seconds", [0, -5, None, "soon", 10**18, True])
async def test_a_token_of_line_whose_end_is_not_told(seconds: Any) -> None:
    http = FakeHttp(answer({"client_id": "1", "expires_in": seconds}))
    assert await line_tokens.asked(TOKEN, "https://api.line.me", http, NOW) == Credential(name="access_token")


@pytest.mark.parametrize(
    "answers",
    [
        (answer({}, 500),),
        (answer({}, 429),),
        (answer({}, 302),),
        (answer({}, 400), answer({}, 500)),
        (answer({}, 400), answer({}, 404)),
        (HttpFailed("timeout", sent=True),),
        (answer({}, 400), HttpFailed("provider_error", sent=False)),
    ],
)
async def test_when_line_says_nothing_nothing_is_known(answers: Any) -> None:
    with pytest.raises(HttpFailed):
        await line_tokens.asked(TOKEN, "https://api.line.me", FakeHttp(*answers), NOW)


# Meta


async def test_a_token_of_meta_without_an_end(graph: WhatsAppGraph, http: GuardedHttp) -> None:
    assert await of_whatsapp(graph).credentials(http) == (Credential(name="access_token"),)
    assert graph.refused == []


async def test_meta_refuses_a_token_that_ended(graph: WhatsAppGraph, http: GuardedHttp) -> None:
    assert await of_whatsapp(graph, "another").credentials(http) == (Credential(name="access_token", valid=False),)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            {"is_valid": True, "expires_at": 1795284000},
            Credential(name="page", expires_at=datetime(2026, 11, 21, 18, tzinfo=UTC)),
        ),
        ({"is_valid": True, "expires_at": 0}, Credential(name="page")),
        ({"is_valid": True, "expires_at": "soon"}, Credential(name="page")),
        ({"is_valid": True, "expires_at": 10**30}, Credential(name="page")),
        ({"is_valid": True}, Credential(name="page")),
        ({"is_valid": False, "error": {"code": 190}, "scopes": []}, Credential(name="page", valid=False)),
    ],
)
async def test_what_meta_says(said: Any, expected: Credential) -> None:
    http = FakeHttp(answer({"data": said}))
    assert await graph_tokens.asked(TOKEN, ROOT, http, "page") == expected
    (call,) = http.calls
    assert call.url == f"{ROOT}/debug_token?input_token=token%7Cwith%3Dsigns%26more"
    assert call.headers == {"Authorization": f"Bearer {TOKEN.get_secret_value()}"}


@pytest.mark.parametrize("code", [102, 190])
async def test_what_says_that_a_token_of_meta_ended(code: int) -> None:
    http = FakeHttp(answer(graph_error(code), 400))
    assert await graph_tokens.asked(TOKEN, ROOT, http) == Credential(name="access_token", valid=False)


@pytest.mark.parametrize(
    "said",
    [
        answer({"data": []}),
        answer({}),
        answer(b"<html>"),
        answer({"data": {"is_valid": True}, "error": {"code": 100}}),
        answer(graph_error(100), 400),
        answer(graph_error(4), 429),
        answer(b"", 502),
        HttpFailed("timeout", sent=True),
    ],
)
async def test_when_meta_says_nothing_nothing_is_known(said: Any) -> None:
    with pytest.raises(HttpFailed):
        await graph_tokens.asked(TOKEN, ROOT, FakeHttp(said))


# What has no token


async def test_without_a_token_there_is_nothing_to_say(line_provider: FakeLine, graph: WhatsAppGraph) -> None:
    for connector in (of_line(line_provider, None), of_whatsapp(graph, None)):
        assert list(await connector.credentials(FakeHttp())) == []


# Those that say so by the status of a call, or by a code in it


@pytest.mark.parametrize(
    ("subject", "taken", "refused", "silent"),
    [
        (messenger.SUBJECT, answer({"data": {"is_valid": True}}), answer({"error": {"code": 190}}, 401), answer({}, 500)),
        (ONE_INSTAGRAM, answer({"data": {"is_valid": True}}), answer({"data": {"is_valid": False}}), answer({}, 403)),
        (telegram.SUBJECT, answer({"ok": True}), answer({"ok": False, "error_code": 401}, 401), answer({}, 502)),
        (twilio.SUBJECT, answer({"sid": "AC1"}), answer({"code": 20003}, 401), answer({}, 429)),
        (viber.SUBJECT, answer({"status": 0}), answer({"status": 2}), answer({"status": 12})),
        (
            wechat.SUBJECT,
            answer({"access_token": "t", "expires_in": 7200}),
            answer({"errcode": 40125}),
            answer({"errcode": -1}),
        ),
        (x.SUBJECT, answer({"data": {"id": "111"}}), answer({"title": "Unauthorized"}, 401), answer({}, 503)),
    ],
    ids=lambda value: value.name if isinstance(value, Subject) else "",
)
async def test_a_token_is_taken_or_refused_or_nothing_is_said(subject: Subject, taken: Any, refused: Any, silent: Any) -> None:
    for said, valid in ((taken, True), (refused, False)):
        http = FakeHttp(said)
        (found,) = await subject.connector().credentials(http)
        assert found.valid is valid
        assert found.name in subject.settings or found.name == "access_token"
        assert len(http.calls) == 1
    with pytest.raises(HttpFailed):
        await subject.connector().credentials(FakeHttp(silent))


@pytest.mark.parametrize("subject", [x.SUBJECT, wechat.SUBJECT, messenger.SUBJECT], ids=lambda subject: subject.name)
async def test_without_a_token_nothing_is_asked(subject: Subject) -> None:
    without = {"access_token": None} if subject.name != "wechat" else {"app_secret": None, "app_id": None}
    assert list(await subject.connector(**without).credentials(FakeHttp())) == []


async def test_telegram_knows_its_bot(http: GuardedHttp) -> None:
    async with TelegramBot("7000000001:token") as bot:
        for token, valid in (("7000000001:token", True), ("7000000001:other", False)):
            (found,) = await telegram.SUBJECT.connector(api_url=bot.url, token=token).credentials(http)
            assert found.valid is valid


async def test_viber_knows_its_bot(http: GuardedHttp) -> None:
    async with FakeViber("viber-token") as bot:
        for token, valid in (("viber-token", True), ("another-token", False)):
            (found,) = await viber.SUBJECT.connector(api_url=bot.url, auth_token=token).credentials(http)
            assert found.valid is valid
