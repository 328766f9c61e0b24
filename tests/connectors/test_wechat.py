"""WeChat: signatures, safe mode, and what leaves when we answer."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from config.secrets import Secret
from connectors.base import Connector, Outgoing, OutgoingFile, Request
from connectors.conformance.fake_http import FakeHttp, answer
from connectors.conformance.subject import ARRIVED
from connectors.errors import HttpFailed, MediaUnavailable, Rejected, SendFailed
from connectors.wechat.crypto import aes_key, decrypt
from connectors.wechat.tokens import AccessTokens
from normalizer.inbound import Handle, InboundMessage
from tests.subjects.wechat import ACCOUNT, AES_KEY, APP_ID, SUBJECT, TOKEN, encrypt, request, sha1, sign, sign_safe

SIGNATURE = "f08f1b9aeb192a7e971e91ef1fb75324b0950808"
ENCRYPTED = (
    "2Bvpni6sv9ph64omUY8+c2yK+NgIvEOFzwyQKp4EmojlILYr4vI0Brds1LRKCAdGMUGaJ34i2wRd2Y+rlUdSj0DSpiAeMCTLWJQ277YCyU91ifJqtVrfGor"
    "AydSTcJvDtyO4m/0wyuySthaIokXKRcHKJaoEhLN7dKwNdJq6Dcw+1iVhJWZU6IZOmQjy5h3Jqevu4jhI0dXB8yzgsLJLjg=="
)
MSG_SIGNATURE = "b7fdb884037df155bdef91d16fdfee9541a7e30e"
INNER = b"<xml><FromUserName>u1</FromUserName><MsgType>text</MsgType><Content>hi</Content><MsgId>7</MsgId></xml>"
AT = datetime.fromtimestamp(1_700_000_000, UTC)
QUERY = {"timestamp": "1700000000", "nonce": "42"}
SAFE = {"encoding_aes_key": AES_KEY}
OTHER_KEY = "A" * 43
ARABIC = "\u0661\u0667" + "\u0660" * 8
"""The same digits for `int`."""


def connector(**changed: Any) -> Connector:
    return SUBJECT.connector(**changed)


def message(**changed: Any) -> Outgoing:
    assert SUBJECT.replying is not None
    return replace(SUBJECT.replying.outgoing, **{"last_inbound_at": datetime.now(UTC), **changed})


def code_of(connector: Connector, asked: Request) -> str:
    with pytest.raises(Rejected) as rejected:
        (connector.handshake if asked.method == "GET" else connector.verify)(asked)
    return rejected.value.code


# signatures


def test_its_signature_is_that_of_the_document() -> None:
    connector().verify(request({**QUERY, "signature": SIGNATURE}, b"<xml/>", AT))
    body = f"<xml><Encrypt>{ENCRYPTED}</Encrypt></xml>".encode()
    connector(**SAFE).verify(request({**QUERY, "msg_signature": MSG_SIGNATURE}, body, AT))


def test_the_cipher_text_is_that_of_the_document() -> None:
    key = aes_key(Secret(AES_KEY))
    assert key is not None
    assert decrypt(ENCRYPTED, (key,), APP_ID) == INNER


@pytest.mark.parametrize(("seconds", "code"), [(301, "signature_stale"), (-301, "signature_stale"), (299, None)])
def test_an_old_signature_is_refused(seconds: int, code: str | None) -> None:
    asked = request({**QUERY, "signature": SIGNATURE}, b"<xml/>", AT + timedelta(seconds=seconds))
    assert (None if code is None else code_of(connector(), asked)) == code
    connector(signature_seconds=400).verify(asked)


@pytest.mark.parametrize(
    ("made", "nonce"),
    [("1700000000.0", "1"), ("17e8", "1"), (ARABIC, "1"), ("-700000000", "1"), ("1700000000", "1" * 65)],
)
def test_times_and_nonces_of_another_form_are_refused(made: str, nonce: str) -> None:
    query = {"timestamp": made, "nonce": nonce, "signature": sha1(TOKEN, made, nonce)}
    assert code_of(connector(), request(query, b"<xml/>", AT)) == "signature_wrong"


# the test of the address


def test_echostr_comes_back() -> None:
    told = connector().handshake(request({**QUERY, "signature": SIGNATURE, "echostr": "583"}, b"", AT, "GET"))
    assert told is not None
    assert (told.status, told.body, told.content_type) == (200, b"583", "text/plain")


def test_echostr_comes_back_decrypted_where_it_is_signed() -> None:
    echo = encrypt(b"8837")
    query = {**QUERY, "msg_signature": sha1(TOKEN, "1700000000", "42", echo), "echostr": echo}
    told = connector(**SAFE).handshake(request(query, b"", AT, "GET"))
    assert told is not None
    assert told.body == b"8837"
    assert code_of(connector(encoding_aes_key=OTHER_KEY), request(query, b"", AT, "GET")) == "handshake_refused"
    assert code_of(connector(), request(query, b"", AT, "GET")) == "handshake_refused"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"echostr": "583"}, "signature_missing"),
        ({**QUERY, "signature": "0" * 40, "echostr": "583"}, "signature_wrong"),
        ({**QUERY, "msg_signature": SIGNATURE, "echostr": ""}, "signature_missing"),
        ({**QUERY, "msg_signature": MSG_SIGNATURE, "echostr": "583"}, "signature_wrong"),
    ],
)
def test_echostr_of_a_stranger_does_not(query: dict[str, str], code: str) -> None:
    assert code_of(connector(**SAFE), request(query, b"", AT, "GET")) == code


# safe mode


@pytest.mark.parametrize("name", sorted(SUBJECT.samples))
def test_a_sample_says_the_same_when_it_is_encrypted(name: str) -> None:
    body = SUBJECT.samples[name]
    asked, safe = sign_safe(body, TOKEN, ARRIVED), connector(**SAFE)
    safe.verify(asked)
    plain, opened = connector().parse(sign(body, TOKEN, ARRIVED)), safe.parse(asked)
    for before, after in zip(plain.messages, opened.messages, strict=True):
        assert after == msgspec.structs.replace(before, raw=asked.body)
    for one, other in zip(plain.events, opened.events, strict=True):
        assert other == msgspec.structs.replace(one, raw=asked.body)
    assert [kept.reason for kept in opened.unreadable] == [kept.reason for kept in plain.unreadable]
    assert [kept.raw for kept in opened.unreadable] == [asked.body for _ in plain.unreadable]


def test_safe_mode_takes_nothing_that_is_not_encrypted() -> None:
    body = SUBJECT.samples["text"]
    plain = sign(body, TOKEN, ARRIVED)
    assert code_of(connector(**SAFE), plain) == "signature_missing"
    connector(**SAFE, mode="plain").verify(plain)


def test_the_plain_signature_is_not_that_of_an_empty_cipher_text() -> None:
    """Both would be the SHA-1 of the same text: a stranger who saw one could write in anybody's name."""
    plain = sign(SUBJECT.samples["text"], TOKEN, ARRIVED)
    query = {**plain.query, "msg_signature": plain.query["signature"]}
    for body in (plain.body, b"<xml><Encrypt></Encrypt></xml>", b"<xml><Encrypt><a/></Encrypt></xml>", b"", b"<!DOCTYPE xml>"):
        assert code_of(connector(**SAFE), request(query, body, ARRIVED)) == "signature_missing"


def test_in_both_forms_at_once_only_what_is_encrypted_counts() -> None:
    asked = sign_safe(SUBJECT.samples["text"], TOKEN, ARRIVED)
    forged = asked.body.replace(b"<xml>", b"<xml><FromUserName>mallory</FromUserName><MsgType>text</MsgType>", 1)
    for mode in ("plain", "safe"):
        (found,) = connector(**SAFE, mode=mode).parse(replace(asked, body=forged)).messages
        assert found.sender.handle.value == f"{ACCOUNT}:oRegia_WeiLing0a1B2c3D4e5F6g"


def test_either_key_decrypts_while_it_is_changed() -> None:
    asked = sign_safe(SUBJECT.samples["text"], TOKEN, ARRIVED)
    for keys in ([OTHER_KEY, AES_KEY], [AES_KEY, OTHER_KEY]):
        assert len(connector(encoding_aes_key=keys).parse(asked).messages) == 1


@pytest.mark.parametrize(
    "changed",
    [{"encoding_aes_key": OTHER_KEY}, {"encoding_aes_key": "${KEY}"}, {**SAFE, "app_id": "wxother"}, {**SAFE, "app_id": "p1"}],
)
def test_what_cannot_be_decrypted_is_kept_until_the_settings_are_right(changed: dict[str, Any]) -> None:
    asked = sign_safe(SUBJECT.samples["text"], TOKEN, ARRIVED)
    (kept,) = connector(**changed).parse(asked).unreadable
    assert (kept.reason, kept.raw) == ("undecodable", asked.body)
    assert len(connector(**SAFE).reread(kept.raw, kept.content_type, ARRIVED).messages) == 1


@pytest.mark.parametrize("cipher", ["", "é", "AAAA", "=", "A" * 64, "A" * 100_000])
def test_damaged_cipher_texts_are_kept(cipher: str) -> None:
    body = f"<xml><ToUserName>{ACCOUNT}</ToUserName><Encrypt>{cipher}</Encrypt></xml>".encode()
    parsed = connector(**SAFE).parse(request({}, body, ARRIVED))
    assert (parsed.messages, [kept.raw for kept in parsed.unreadable]) == ((), [body])


@pytest.mark.parametrize(
    "changed",
    [
        {"mode": "safe"},
        {"encoding_aes_key": AES_KEY, "app_id": None},
        {"encoding_aes_key": AES_KEY[:-1]},
        {"encoding_aes_key": [AES_KEY, f"{AES_KEY}="]},
    ],
)
def test_settings_that_could_decrypt_nothing_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as error:
        connector(**changed)
    assert AES_KEY[:-1] not in str(error.value)


# reading


def read(name: str) -> InboundMessage:
    (found,) = connector().parse(SUBJECT.request(SUBJECT.samples[name])).messages
    return found


def test_who_wrote_and_until_when_to_answer() -> None:
    found = read("text")
    assert (found.brand, found.channel, found.account) == ("demo", "wechat", ACCOUNT)
    assert found.sender.handle == Handle("wechat_user", f"{ACCOUNT}:oRegia_WeiLing0a1B2c3D4e5F6g", "verified")
    assert (found.event_key, found.external_id) == (f"{ACCOUNT}:6054768590064720919", "6054768590064720919")
    assert found.raw_content_type == "text/xml"
    assert found.sent_at is not None
    assert found.reply.until == found.sent_at + timedelta(hours=48)
    assert read("time_missing").reply.until == ARRIVED + timedelta(hours=48)


def test_what_has_a_place_of_its_own() -> None:
    assert read("text_menu_answer").fields == {"wechat_menu_choice": "102"}
    assert read("voice").fields == {"wechat_format": "amr"}
    location = read("location").location
    assert location is not None
    assert location.address == "广州市越秀区1号"


def test_events_of_one_second_have_keys_of_their_own() -> None:
    click = SUBJECT.samples["event_click"]
    bodies = [
        click,
        click.replace(b"MENU_RETURNS", b"MENU_ORDERS"),
        click.replace(b"<Event>", b"<Event>").replace(b"157", b"158"),
    ]
    keys = [connector().parse(SUBJECT.request(body)).messages[0].event_key for body in bodies]
    assert len(set(keys)) == 3


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE xml [<!ENTITY a "{}">]>'.format("ha" * 50_000),
        '<!DOCTYPE xml SYSTEM "http://127.0.0.1/x.dtd">',
        "<!DOCTYPE xml>",
        '<?xml version="1.0" encoding="utf-7"?>',
        '<?xml version="1.0" encoding="nobody-knows"?>',
    ],
)
def test_a_document_type_or_an_odd_encoding_is_kept_unread(head: str) -> None:
    body = head.encode() + SUBJECT.samples["text"]
    parsed = connector().parse(SUBJECT.request(body))
    assert (parsed.messages, [kept.reason for kept in parsed.unreadable]) == ((), ["undecodable"])
    assert code_of(connector(**SAFE), request({**QUERY, "msg_signature": MSG_SIGNATURE}, body, AT)) == "signature_missing"


def test_deep_and_long_xml_is_read_or_kept() -> None:
    for body in (b"<xml>" + b"<a>" * 20_000 + b"</a>" * 20_000 + b"</xml>", b"<xml>" + b"<a/>" * 50_000 + b"</xml>"):
        assert len(connector().parse(SUBJECT.request(body)).unreadable) == 1


def test_wechat_is_told_success() -> None:
    told = connector().acknowledge(SUBJECT.request(SUBJECT.samples["text"]))
    assert told is not None
    assert (told.status, told.body, told.content_type) == (200, b"success", "text/plain")


# answering

TOKEN_ANSWER = answer({"access_token": "t/1", "expires_in": 7200})
OK = answer({"errcode": 0, "errmsg": "ok"})
TOKEN_URL = "https://api.weixin.qq.com/cgi-bin/token?grant_type=client_credential&appid=wxapp1&secret=regia-wx-secret"
SEND_URL = "https://api.weixin.qq.com/cgi-bin/message/custom/send?access_token=t%2F1"


async def test_what_leaves() -> None:
    http, ours = FakeHttp(TOKEN_ANSWER, OK, OK), connector()
    for _ in range(2):
        assert (await ours.send(message(), http)).external_ids == ()
    assert [(call.method, call.url) for call in http.calls] == [("GET", TOKEN_URL), ("POST", SEND_URL), ("POST", SEND_URL)]
    body = '{"touser":"oRegia_WeiLing0a1B2c3D4e5F6g","msgtype":"text","text":{"content":"今天已发货。"}}'.encode()
    assert (http.calls[1].body, http.calls[1].headers) == (body, {"Content-Type": "application/json; charset=utf-8"})


async def failure(*answers: Any, changed: dict[str, Any] | None = None, **more: Any) -> tuple[str, str | None, int]:
    http = FakeHttp(*answers)
    with pytest.raises(SendFailed) as failed:
        await connector(**(changed or {})).send(message(**more), http)
    return failed.value.code, failed.value.provider_code, len(http.calls)


PDF = OutgoingFile(filename="a.pdf", content_type="application/pdf", content=b"%PDF", url="https://files.example/a.pdf")
LATE = {"last_inbound_at": datetime.now(UTC) - timedelta(hours=49)}


@pytest.mark.parametrize(
    ("changed", "more", "code"),
    [
        ({"app_secret": None}, {}, "auth"),
        ({"app_id": None}, {}, "auth"),
        ({}, LATE, "window_closed"),
        ({"reply_hours": 1}, {"last_inbound_at": datetime.now(UTC) - timedelta(hours=2)}, "window_closed"),
        ({}, {"files": (PDF,)}, "unsupported"),
        ({}, {"to": Handle("wechat_user", f"{ACCOUNT}:", "verified")}, "invalid_recipient"),
        ({}, {"text": "\ud83d"}, "unsupported"),
    ],
)
async def test_what_is_refused_before_anybody_is_asked(changed: dict[str, Any], more: dict[str, Any], code: str) -> None:
    given, _, calls = await failure(*[TOKEN_ANSWER] * 2, changed=changed, **more)
    assert (given, calls) == (code, 0)


async def test_a_token_that_is_over_is_renewed_once() -> None:
    for errcode in (40001, 40014, 42001):
        over = answer({"errcode": errcode, "errmsg": "x"})
        newer = answer({"access_token": "t2", "expires_in": 7200})
        http = FakeHttp(TOKEN_ANSWER, over, newer, OK)
        await connector().send(message(), http)
        assert [call.url.rpartition("=")[2] for call in http.calls] == ["regia-wx-secret", "t%2F1", "regia-wx-secret", "t2"]
        assert await failure(TOKEN_ANSWER, over, newer, over) == ("auth", str(errcode), 4)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (answer({"errcode": -1, "errmsg": "x"}), "retryable"),
        (answer({"errcode": 40125, "errmsg": "x"}), "auth"),
        (answer({"errcode": 40164, "errmsg": "invalid ip"}), "auth"),
        (answer({"errcode": 45009, "errmsg": "x"}), "rate_limited"),
        (answer(b"<html>"), "retryable"),
        (answer(b"", 504), "retryable"),
        (HttpFailed("timeout", sent=True), "retryable"),
        (HttpFailed("provider_error", sent=False), "retryable"),
    ],
)
async def test_without_a_token_nothing_has_left(said: Any, code: str) -> None:
    given, _, calls = await failure(said)
    assert (given, calls) == (code, 1)


async def test_tokens_are_renewed_ahead_of_their_end_and_asked_for_once() -> None:
    now = [0.0]
    tokens = AccessTokens("https://api.weixin.qq.com", "wxapp1", Secret("s"), clock=lambda: now[0])
    answers = [answer({"access_token": f"t{number}", "expires_in": 7200}) for number in range(3)]
    http = FakeHttp(*answers)
    assert set(await asyncio.gather(*(tokens.get(http) for _ in range(5)))) == {"t0"}
    now[0] = 6899.0
    assert await tokens.get(http) == "t0"
    now[0] = 6900.0
    assert await tokens.get(http) == "t1"
    tokens.drop("t0")  # somebody else's news of a token that is gone already
    assert await tokens.get(http) == "t1"
    tokens.drop("t1")
    assert await tokens.get(http) == "t2"


# files


def fetched(*answers: Any, file: Any = b"") -> Any:
    http = FakeHttp(*answers, file=file)
    return connector().fetch("m/1", ACCOUNT, http), http


async def test_a_file_comes_by_its_media_id() -> None:
    loading, http = fetched(TOKEN_ANSWER, file=b"{not json, but an amr")
    assert (await loading).content == b"{not json, but an amr"
    assert http.calls[1].url == "https://api.weixin.qq.com/cgi-bin/media/get?access_token=t%2F1&media_id=m%2F1"
    assert http.calls[1].hosts == ("api.weixin.qq.com",)


@pytest.mark.parametrize(
    ("said", "reason", "retryable"),
    [
        (b'{"errcode":40007,"errmsg":"invalid media_id"}', "gone", False),
        (b'{"errcode":-1,"errmsg":"busy"}', "provider_error", True),
        (b'{"errcode":48001,"errmsg":"x"}', "refused", False),
        (b'{"errcode":47001,"errmsg":"x"}', "provider_error", False),
        (b'  {"errcode":45009}', "provider_error", True),
    ],
)
async def test_an_error_is_never_kept_as_a_file(said: bytes, reason: str, *, retryable: bool) -> None:
    loading, _ = fetched(TOKEN_ANSWER, file=said)
    with pytest.raises(MediaUnavailable) as unavailable:
        await loading
    assert (unavailable.value.reason, unavailable.value.retryable) == (reason, retryable)


@pytest.mark.parametrize(
    ("token", "reason", "retryable"),
    [
        (answer({"errcode": 40125, "errmsg": "x"}), "refused", False),
        (HttpFailed("timeout", sent=True), "provider_error", True),
    ],
)
async def test_without_a_token_there_is_no_file(token: Any, reason: str, *, retryable: bool) -> None:
    loading, _ = fetched(token)
    with pytest.raises(MediaUnavailable) as unavailable:
        await loading
    assert (unavailable.value.reason, unavailable.value.retryable) == (reason, retryable)


async def test_pictures_come_by_their_address_without_a_token() -> None:
    http = FakeHttp(file=b"jpeg")
    await connector(app_secret=None).fetch("http://mmbiz.qpic.cn/a/0", ACCOUNT, http)
    assert (http.calls[0].url, http.calls[0].hosts, http.calls[0].headers) == ("http://mmbiz.qpic.cn/a/0", (".qpic.cn",), {})
    with pytest.raises(MediaUnavailable):
        await connector(app_secret=None).fetch("m1", ACCOUNT, http)
