"""Texts out and files in by a description: the request that leaves, what answers mean, and both over real HTTP."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.base import Outgoing, Sent
from connectors.conformance.fake_http import FakeHttp, answer
from connectors.declared.connector import Webhook
from connectors.declared.settings import WebhookSettings
from connectors.errors import HttpFailed, MediaUnavailable, SendFailed
from connectors.media import GuardedHttp
from normalizer.inbound import Button, Handle
from tests.connectors.chat_fakes import FakeChat, FakeForms
from tests.subjects.webhook import CHAT, WORKSPACE

KEY = "7b1c2de4-84d0-5d2c-9f0e-000000000000"
OUT = Outgoing(
    to=Handle("visitor", "u1", "claimed"),
    text="ciao",
    account=None,
    in_reply_to=None,
    token="0f0c6c2e-5b1f-4b8e-9c53-3a5f4b1c7a10",
)
SEND: dict[str, Any] = {"url": "https://api.example/send", "body": {"text": "{text}"}, "limits": {"text": 100}}


def webhook(send: dict[str, Any] | None = None, media: dict[str, Any] | None = None, **settings: Any) -> Webhook:
    message = {"external_id": "event.id", "sender": {"kind": "visitor", "id": "event.from"}, "text": "event.text"}
    described: dict[str, Any] = {"channel": "test", "signature": {"scheme": "basic"}, "message": message}
    described |= {"send": {**SEND, **send}} if send is not None else {}
    described |= {"media": media} if media is not None else {}
    entry = {"type": "webhook", "secret": "x", "user": "u", "brand": "demo", "describe": described, **settings}
    return Webhook("test", WebhookSettings.model_validate(entry))


async def code(connector: Webhook, http: FakeHttp, message: Outgoing = OUT) -> str:
    with pytest.raises(SendFailed) as failed:
        await connector.send(message, http)
    return failed.value.code


@pytest.mark.parametrize(
    ("send", "changed", "url", "body"),
    [
        ({}, {}, "https://api.example/send", {"text": "ciao"}),
        ({"body": {"text": "{text}", "re": "{in_reply_to}"}}, {}, "https://api.example/send", {"text": "ciao"}),
        (
            {"body": {"text": "{text}", "re": "{in_reply_to}"}},
            {"in_reply_to": "m1"},
            "https://api.example/send",
            {"text": "ciao", "re": "m1"},
        ),
        (
            {"url": "https://api.example/u/{to}?ref={message_id}"},
            {"to": Handle("visitor", "a/b?c#d è", "claimed")},
            "https://api.example/u/a%2Fb%3Fc%23d%20%C3%A8?ref=0f0c6c2e-5b1f-4b8e-9c53-3a5f4b1c7a10",
            {"text": "ciao"},
        ),
        (
            {"body": {"message": [{"type": "text", "value": "Re: {text}"}], "flag": True, "n": 1, "braces": "{{x}}"}},
            {"text": '"},{"admin":true'},
            "https://api.example/send",
            {"message": [{"type": "text", "value": 'Re: "},{"admin":true'}], "flag": True, "n": 1, "braces": "{x}"},
        ),
        (
            {"body": {"to": "{to:number}", "text": "{text}"}},
            {"to": Handle("visitor", "9107199254740993001", "claimed")},
            "https://api.example/send",
            {"to": 9107199254740993001, "text": "ciao"},
        ),
        ({"api_url": "https://eu.example/v2", "url": "{api}/send"}, {}, "https://eu.example/v2/send", {"text": "ciao"}),
    ],
)
async def test_what_leaves(send: dict[str, Any], changed: dict[str, Any], url: str, body: dict[str, Any]) -> None:
    http = FakeHttp(answer({}))
    assert await webhook(send).send(replace(OUT, **changed), http) == Sent(external_ids=())
    (call,) = http.calls
    assert (call.method, call.url, call.json, call.form, dict(call.headers)) == ("POST", url, body, None, {})


async def test_the_request_of_the_chat() -> None:
    http = FakeHttp(answer({"message": {"id": "msg_9001"}}, 201))
    assert CHAT.replying is not None
    message = replace(CHAT.replying.outgoing, buttons=(Button(id="y", title="Tak"), Button(title="Nie")), last_inbound_at=None)
    assert await CHAT.connector().send(message, http) == Sent(external_ids=("msg_9001",))
    (call,) = http.calls
    assert call.url == "https://api.chat.example/v1/workspaces/ws_regia/visitors/vis_51c7/messages"
    assert call.headers["Authorization"] == "Bearer regia-chat-token"
    assert set(call.headers) == {"Authorization", "Idempotency-Key"}
    assert call.json == {
        "body": "Paczka jest w drodze.",
        "reply_to": "msg_0001",
        "client_id": message.token,
        "buttons": [{"id": "y", "label": "Tak"}, {"id": "Nie", "label": "Nie"}],
    }


async def test_each_part_has_a_key_of_its_own_and_keeps_it() -> None:
    connector = webhook({"idempotency_header": "X-Key", "limits": {"text": 10}})
    tries = [FakeHttp(answer({}), answer({})) for _ in range(2)]
    for http in tries:
        await connector.send(replace(OUT, text="padella di ferro"), http)
    first, second = ([call.headers["X-Key"] for call in http.calls] for http in tries)
    assert first == second
    assert len(set(first)) == 2
    assert [call.json["text"] for call in tries[0].calls] == ["padella di", "ferro"]


ERRORS = {"error": "answer.error.code", "errors": {"blocked": "blocked_by_user", "7": "rate_limited"}}


@pytest.mark.parametrize(
    ("send", "status", "body", "wanted"),
    [
        (ERRORS, 403, {"error": {"code": "blocked"}}, "blocked_by_user"),
        (ERRORS, 400, {"error": {"code": 7}}, "rate_limited"),
        (ERRORS, 400, {"error": {"code": "CANARY"}}, "unsupported"),
        (ERRORS, 400, {"error": "x"}, "unsupported"),
        ({"statuses": {"410": "invalid_recipient"}}, 410, {}, "invalid_recipient"),
        ({**ERRORS, "statuses": {"410": "auth"}}, 410, {"error": {"code": "blocked"}}, "blocked_by_user"),
        ({**ERRORS, "failed_when": "answer.ok == `false`"}, 200, {"ok": False, "error": {"code": 7}}, "rate_limited"),
        (
            {"failed_when": "answer.ok == `false`", "statuses": {"200": "invalid_recipient"}},
            200,
            {"ok": False},
            "invalid_recipient",
        ),
        ({}, 409, {}, "unsupported"),
        ({}, 302, {}, "unknown"),
        ({}, 503, {}, "retryable"),
    ],
)
async def test_what_answers_mean(send: dict[str, Any], status: int, body: dict[str, Any], wanted: str) -> None:
    assert await code(webhook(send), FakeHttp(answer(body, status))) == wanted


async def test_a_repeat_that_the_provider_knows_is_taken() -> None:
    connector = webhook({"taken": [409], "id": "answer.id"})
    assert await connector.send(OUT, FakeHttp(answer({"id": 17}, 409))) == Sent(external_ids=("17",))


@pytest.mark.parametrize(("send", "wanted"), [({}, "unknown"), ({"idempotency_header": "X-Key"}, "retryable")])
async def test_a_lost_answer(send: dict[str, Any], wanted: str) -> None:
    assert await code(webhook(send), FakeHttp(HttpFailed("timeout", sent=True))) == wanted


LATE = datetime.now(UTC) - timedelta(hours=25)


@pytest.mark.parametrize(
    ("send", "changed", "wanted"),
    [
        (None, {}, "unsupported"),
        ({"headers": {"X-Key": "{token}"}}, {}, "auth"),
        ({"window_hours": 24}, {"last_inbound_at": LATE}, "window_closed"),
        ({}, {"to": Handle("pigeon", "u1", "claimed")}, "invalid_recipient"),
        ({}, {"buttons": (Button(id="a", title="A"),)}, "unsupported"),
        ({"url": "https://api.example/u/{to}/send"}, {"to": Handle("visitor", "..", "claimed")}, "invalid_recipient"),
        ({"body": {"to": "{to:number}", "text": "{text}"}}, {"to": Handle("visitor", "u1", "claimed")}, "unsupported"),
        ({"body": {"to": "{to:number}", "text": "{text}"}}, {"to": Handle("visitor", "007", "claimed")}, "unsupported"),
        ({"body": {"to": "{to:number}", "text": "{text}"}}, {"to": Handle("visitor", "9" * 20, "claimed")}, "unsupported"),
    ],
)
async def test_what_is_refused_without_a_call(send: dict[str, Any] | None, changed: dict[str, Any], wanted: str) -> None:
    http = FakeHttp()
    assert await code(webhook(send), http, replace(OUT, **changed)) == wanted
    assert http.calls == []


@pytest.mark.parametrize(
    ("send", "words"),
    [
        ({"url": "{to}/send"}, "must begin with"),
        ({"url": "ftp://api.example"}, "must begin with"),
        ({"url": ""}, "must begin with"),
        ({"url": "{api}/send"}, "set api_url"),
        ({"body": {"text": "x"}}, "must hold {text}"),
        ({"body": {"text": "{tex}"}}, "not known here"),
        ({"body": {"text": "{text"}}, "without its other half"),
        ({"body": {"text": "{text:upper}"}}, "only `number`"),
        ({"format": "form", "body": {"a": {"text": "{text}"}}}, "a mapping of texts"),
        ({"limits": {"text": 9, "buttons": 2}}, "buttons need three things"),
        ({"headers": {"X-To": "{to}"}}, "not known here"),
    ],
)
def test_a_description_that_could_not_send_is_refused(send: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        webhook(send)


@pytest.mark.parametrize(
    ("media", "settings", "hosts", "headers"),
    [
        ({"hosts": ["files.example"]}, {}, ("files.example",), {}),
        ({"hosts": [".example"]}, {"media_hosts": ["cdn.test"]}, (".example", "cdn.test"), {}),
        (None, {"media_hosts": ["cdn.test"]}, ("cdn.test",), {}),
        ({"hosts": ["f.example"], "headers": {"X-Key": "k {token}"}}, {"token": "t0"}, ("f.example",), {"X-Key": "k t0"}),
        ({"hosts": ["f.example"], "headers": {"X-Key": "{token}"}}, {}, None, {}),
        (None, {}, None, {}),
    ],
)
async def test_files(media: Any, settings: dict[str, Any], hosts: tuple[str, ...] | None, headers: Mapping[str, str]) -> None:
    http = FakeHttp(file=b"jpeg")
    connector = webhook(media=media, **settings)
    if hosts is None:
        with pytest.raises(MediaUnavailable, match="refused"):
            await connector.fetch("https://f.example/1", None, http)
    else:
        assert (await connector.fetch("https://f.example/1", None, http)).content == b"jpeg"
        assert (http.calls[0].hosts, dict(http.calls[0].headers)) == (hosts, headers)


LOOPBACK = frozenset({"127.0.0.1"})


async def test_the_chat_over_http() -> None:
    assert CHAT.replying is not None
    message = replace(CHAT.replying.outgoing, last_inbound_at=None)
    async with FakeChat("regia-chat-token", WORKSPACE) as chat, GuardedHttp(private_hosts=LOOPBACK, timeout=5) as http:
        connector = CHAT.connector(api_url=chat.url)
        odd = replace(message, to=Handle("chat_visitor", f"{WORKSPACE}:vis/é ?#%2F", "claimed"), in_reply_to=None)
        assert (await connector.send(odd, http)).external_ids == ("msg_9001",)
        long = replace(message, token="1f0c6c2e-5b1f-4b8e-9c53-3a5f4b1c7a10", text="parola " * 700)
        buttons = (Button(id="a", title="A"), Button(id="b", title="B"))
        assert len((await connector.send(replace(long, buttons=buttons), http)).external_ids) == 3
        assert chat.accepted[0].to == "vis/é ?#%2F"
        assert [taken.buttons for taken in chat.accepted] == [(), (), (), (("a", "A"), ("b", "B"))]
        assert " ".join(taken.text or "" for taken in chat.accepted[1:]).split() == ["parola"] * 700
        assert chat.refused == []


async def test_a_lost_answer_of_the_chat_is_no_second_message() -> None:
    assert CHAT.replying is not None
    message = replace(CHAT.replying.outgoing, last_inbound_at=None)
    async with FakeChat("regia-chat-token", WORKSPACE) as chat, GuardedHttp(private_hosts=LOOPBACK, timeout=5) as http:
        connector = CHAT.connector(api_url=chat.url)
        chat.hang()
        with pytest.raises(SendFailed) as failed:
            await connector.send(message, http)
        assert failed.value.retryable
        assert (await connector.send(message, http)).external_ids == ("msg_9001",)
        assert len(chat.accepted) == 1
        chat.fail(403, {"error": {"code": "visitor_blocked", "text": "CANARY"}})
        with pytest.raises(SendFailed) as failed:
            await connector.send(replace(message, token="2f0c6c2e-5b1f-4b8e-9c53-3a5f4b1c7a10"), http)
        assert (failed.value.code, failed.value.provider_code) == ("blocked_by_user", "visitor_blocked")
        chat.fail(429, b"slow down", {"Retry-After": "7"})
        with pytest.raises(SendFailed) as failed:
            await connector.send(replace(message, token="3f0c6c2e-5b1f-4b8e-9c53-3a5f4b1c7a10"), http)
        assert (failed.value.code, failed.value.retry_after) == ("rate_limited", 7.0)
        assert chat.refused == []


async def test_files_over_http() -> None:
    async with FakeChat("", "") as chat, GuardedHttp(private_hosts=LOOPBACK, timeout=5) as http:
        chat.files["1"] = b"\xff\xd8jpeg"
        connector = CHAT.connector(media_hosts=["127.0.0.1"])
        assert (await connector.fetch(f"{chat.url}/u/1", None, http)).content == b"\xff\xd8jpeg"
        for reference, reason in ((f"{chat.url}/u/2", "gone"), ("https://other.example/u/1", "refused")):
            with pytest.raises(MediaUnavailable) as unavailable:
                await connector.fetch(reference, None, http)
            assert unavailable.value.reason == reason


FORMS: dict[str, Any] = {
    "url": "{api}/send",
    "headers": {"X-Key": "{token}"},
    "format": "form",
    "body": {"chat": "{to:number}", "text": "{text}", "silent": 0},
    "failed_when": "answer.ok != `true`",
    "error": "answer.code",
    "errors": {"94": "auth"},
    "id": "answer.id",
}


async def test_forms_that_always_answer_200() -> None:
    async with FakeForms() as forms, GuardedHttp(private_hosts=LOOPBACK, timeout=5) as http:
        connector = webhook(FORMS, api_url=forms.url, token="forms-key")
        message = replace(OUT, to=Handle("visitor", "9107199254740993001", "claimed"), text="a&b=c è 🍳\nd")
        assert await connector.send(message, http) == Sent(external_ids=("1",))
        assert (forms.accepted[0].to, forms.accepted[0].text) == ("9107199254740993001", "a&b=c è 🍳\nd")
        forms.fail(200, {"ok": False, "code": 94})
        with pytest.raises(SendFailed) as failed:
            await connector.send(message, http)
        assert (failed.value.code, failed.value.provider_code) == ("auth", "94")
        assert forms.refused == []
