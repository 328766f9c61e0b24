"""What is particular to Telegram: whose token it is, who wrote where, where an answer goes and how, files, failures."""

import json
import logging
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.base import Outgoing, OutgoingFile, Parsed
from connectors.conformance.fake_http import FakeHttp, answer
from connectors.errors import HttpFailed, MediaUnavailable, Rejected, SendFailed, SourceFailed
from connectors.telegram.settings import TelegramSettings
from normalizer.inbound import Button, Handle, InboundMessage, Reply
from tests.subjects.telegram import BOT, SECRET, SUBJECT, TOKEN, refusal, sign

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ADA = {"id": 6123456789, "is_bot": False, "first_name": "Ada"}
PRIVATE = {"id": 6123456789, "type": "private", "first_name": "Ada"}
GROUP = {"id": -1002147483649, "type": "supergroup", "title": "Shop friends"}
DIRECT = {"id": -1002555000111, "type": "supergroup", "title": "Shop news", "is_direct_messages": True}
USER = Handle("telegram_user", f"{BOT}:6123456789", "verified")
IN_GROUP = Handle("telegram_chat", f"{BOT}:-1002147483649", "verified")
IN_BUSINESS = Handle("telegram_business", f"{BOT}:kf3hXwJ0AQ:6123456789", "verified")

IN_TOPIC = Handle("telegram_direct", f"{BOT}:-1002555000111:77", "verified")


def parse(update: dict[str, Any]) -> Parsed:
    return SUBJECT.connector().parse(sign(json.dumps({"update_id": 1, **update}).encode(), SECRET, NOW))


def said(chat: dict[str, Any] = PRIVATE, word: str = "message", **more: Any) -> InboundMessage:
    message = {"message_id": 5, "date": 1767225600, "chat": chat, "from": ADA, **more}
    (found,) = parse({word: message}).messages
    return found


# Whose request it is


@pytest.mark.parametrize(
    ("changed", "token", "code"),
    [
        ({}, SECRET, None),
        ({"secret_token": ["the-next-one", SECRET]}, SECRET, None),
        ({"secret_token": ["the-next-one", SECRET]}, "the-next-one", None),
        ({}, "another", "signature_wrong"),
        ({}, "", "signature_missing"),
        ({"mode": "polling"}, SECRET, "not_found"),
    ],
)
def test_the_secret_token_proves_telegram(changed: dict[str, Any], token: str, code: str | None) -> None:
    connector = SUBJECT.connector(**changed)
    try:
        connector.verify(sign(b"{}", token, NOW))
        given = None
    except Rejected as rejected:
        given = rejected.code
    assert given == code


@pytest.mark.parametrize(
    "changed",
    [{"secret_token": None}, {"token": "AAno_number"}, {"token": "x:AA"}, {"token": ":AA"}, {"token": ""}, {"updates": []}],
)
def test_settings_that_cannot_work_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        SUBJECT.connector(**changed)
    assert "AAno_number" not in str(refused.value)


def test_reading_needs_no_secret() -> None:
    settings = TelegramSettings.model_validate(SUBJECT.settings)
    reading = pickle.dumps(settings.for_reading())
    assert b"AAregia" not in reading
    assert SECRET.encode() not in reading
    assert settings.for_reading().bot_id == BOT


# Who wrote where


@pytest.mark.parametrize(
    ("more", "aliases"),
    [
        ({"contact": {"phone_number": "4915112345678", "first_name": "A", "user_id": ADA["id"]}}, ["+4915112345678"]),
        ({"contact": {"phone_number": "+4915112345678", "first_name": "A", "user_id": 5}}, []),
        ({"contact": {"phone_number": "+4915112345678", "first_name": "A"}}, []),
        ({"contact": {"phone_number": "12", "first_name": "A", "user_id": ADA["id"]}}, []),
        (
            {
                "contact": {"phone_number": "4915112345678", "first_name": "A", "user_id": ADA["id"]},
                "via_bot": {"id": 9, "is_bot": True, "first_name": "B"},
            },
            [],
        ),
        (
            {
                "contact": {"phone_number": "4915112345678", "first_name": "A", "user_id": ADA["id"]},
                "forward_origin": {"type": "hidden_user", "date": 1, "sender_user_name": "X"},
            },
            [],
        ),
        (
            {
                "contact": {"phone_number": "4915112345678", "first_name": "A", "user_id": ADA["id"]},
                "forward_sender_name": "X",
                "forward_date": 1,
            },
            [],
        ),
    ],
    ids=["own", "another's", "nobody's", "no number", "by an inline bot", "forwarded", "forwarded by an old server"],
)
def test_only_the_own_card_proves_a_number(more: dict[str, Any], aliases: list[str]) -> None:
    found = said(**more)
    assert [(one.kind, one.value, one.proof) for one in found.sender.aliases] == [("phone", one, "verified") for one in aliases]


@pytest.mark.parametrize(
    ("chat", "word", "more", "sender", "via"),
    [
        (PRIVATE, "message", {}, USER, None),
        (GROUP, "message", {}, USER, IN_GROUP),
        (GROUP, "message", {"sender_chat": GROUP}, IN_GROUP, IN_GROUP),
        (PRIVATE, "business_message", {"business_connection_id": "kf3hXwJ0AQ"}, USER, IN_BUSINESS),
        (DIRECT, "message", {"direct_messages_topic": {"topic_id": 77, "user": ADA}}, USER, IN_TOPIC),
        (DIRECT, "message", {"direct_messages_topic": {"topic_id": 77}}, USER, IN_TOPIC),
    ],
    ids=["private", "group", "anonymous", "business", "direct", "direct, nobody named"],
)
def test_an_answer_goes_to_the_chat(
    chat: dict[str, Any], word: str, more: dict[str, Any], sender: Handle, via: Handle | None
) -> None:
    found = said(chat, word, text="Ciao", **more)
    assert (found.sender.handle, found.reply.via, found.account) == (sender, via, "regia_demo_bot")


@pytest.mark.parametrize(
    ("chat", "word", "more"),
    [
        (GROUP, "guest_message", {"guest_query_id": "88"}),
        (GROUP, "message", {"message_id": 0, "ephemeral_message_id": 7}),
        (DIRECT, "message", {}),
    ],
    ids=["guest", "ephemeral", "direct without a topic"],
)
def test_what_cannot_be_answered_says_so(chat: dict[str, Any], word: str, more: dict[str, Any]) -> None:
    assert said(chat, word, text="Ciao", **more).reply == Reply(allowed=())


@pytest.mark.parametrize("below", [7, {}, {"message_id": 7}, {"chat": GROUP}, {"chat": {"id": "x"}, "message_id": 7}])
def test_a_tap_counts_whatever_it_is_below(below: Any) -> None:
    query = {"id": "52", "from": ADA, "chat_instance": "1", "data": "yes", "message": below}
    (found,) = parse({"callback_query": query}).messages
    assert (found.button, found.thread.in_reply_to, found.reply.via) == (Button(id="yes"), None, None)


def test_a_tap_below_an_ephemeral_message_is_not_answered_before_all() -> None:
    below = {"message_id": 0, "ephemeral_message_id": 7, "date": 0, "chat": GROUP}
    (found,) = parse({"callback_query": {"id": "52", "from": ADA, "data": "yes", "message": below}}).messages
    assert (found.thread.in_reply_to, found.reply.allowed) == ("-1002147483649:ephemeral:7", ())


def test_a_tap_in_a_group_is_answered_there() -> None:
    below = {"message_id": 7, "date": 0, "chat": GROUP}
    (found,) = parse(
        {"callback_query": {"id": "52", "from": ADA, "chat_instance": "1", "data": "yes", "message": below}}
    ).messages
    assert found.reply.via == IN_GROUP
    assert found.thread.in_reply_to == "-1002147483649:7"


@pytest.mark.parametrize(
    ("old", "new", "emoji", "removed"),
    [
        ([], ["👍"], "👍", None),
        (["👍"], ["👍", "🔥"], "🔥", None),
        (["👍", "🔥"], ["👍"], "👍", ["🔥"]),
        (["👍"], ["🔥"], "🔥", ["👍"]),
        (["👍"], [], None, ["👍"]),
    ],
)
def test_the_new_reaction_counts(old: list[str], new: list[str], emoji: str | None, removed: list[str] | None) -> None:
    listed = [[{"type": "emoji", "emoji": one} for one in some] for some in (old, new)]
    reaction = {"chat": PRIVATE, "message_id": 4, "date": 1767225600, "user": ADA}
    (found,) = parse({"message_reaction": {**reaction, "old_reaction": listed[0], "new_reaction": listed[1]}}).messages
    assert found.reaction is not None
    assert (found.reaction.emoji, found.fields.get("telegram_reactions_removed")) == (emoji, removed)


@pytest.mark.parametrize(
    ("kind", "emoji"),
    [
        ({"type": "custom_emoji", "custom_emoji_id": "53683"}, "custom_emoji:53683"),
        ({"type": "paid"}, "paid"),
        ({"type": "new"}, "new"),
    ],
)
def test_a_reaction_without_an_emoji_is_not_taken_back(kind: dict[str, Any], emoji: str) -> None:
    reaction = {"chat": PRIVATE, "message_id": 4, "date": 1767225600, "user": ADA, "old_reaction": [], "new_reaction": [kind]}
    (found,) = parse({"message_reaction": reaction}).messages
    assert found.reaction is not None
    assert found.reaction.emoji == emoji


def test_answers_to_answers_without_end_cost_nobody_his_words() -> None:
    message = json.dumps({"message_id": 5, "date": 1, "chat": PRIVATE, "from": ADA, "text": "x"})
    opening = f'{message[:-1]}, "reply_to_message": '
    body = f'{{"update_id": 1, "message": {opening * 800}{message}{"}" * 801}'.encode()
    (found,) = SUBJECT.connector().parse(sign(body, SECRET, NOW)).messages
    assert (found.text, found.thread.in_reply_to, found.raw) == ("x", "6123456789:5", body)


@pytest.mark.parametrize("word", ["text", "blocks"])
def test_a_rich_message_without_end_is_a_contact(word: str) -> None:
    blocks = f'[{{"type": "paragraph", "text": "Ciao"}}, {f"""{{"{word}": [""" * 200}{"]}" * 200}]'
    found = said(rich_message={"blocks": json.loads(blocks)})
    assert (found.kind, found.text) == ("text", "Ciao")


def test_a_web_app_does_not_speak_for_telegram() -> None:
    found = said(web_app_data={"data": '{"telegram_own_contact": true, "telegram_username": "boss"}', "button_text": "Send"})
    assert found.fields == {
        "web_app_telegram_own_contact": True,
        "web_app_telegram_username": "boss",
        "telegram_button": "Send",
    }


@pytest.mark.parametrize(
    ("update", "word"),
    [
        ({"my_chat_member": {"new_chat_member": {"status": "kicked", "user": ADA, "until_date": 0}}}, "my_chat_member.kicked"),
        ({"my_chat_member": {"new_chat_member": {"status": "member", "user": ADA}}}, "my_chat_member.member"),
        ({"my_chat_member": {"new_chat_member": {}}}, "my_chat_member"),
        ({"message": {"migrate_to_chat_id": -100}}, "message.migrate_to_chat_id"),
        ({"message": {"chat_shared": {}}}, "message.chat_shared"),
        ({"edited_message": {"location": {"latitude": 1, "longitude": 2, "live_period": 60}}}, "message.location"),
        ({"poll_answer": {"poll_id": "5", "user": ADA, "option_ids": [0]}}, "poll_answer"),
        ({"quantum": {}}, "quantum"),
        ({}, "empty"),
    ],
)
def test_what_is_no_contact_is_an_event(update: dict[str, Any], word: str) -> None:
    base = {
        "chat": PRIVATE,
        "from": ADA,
        "date": 1767225600,
        "message_id": 1,
        "old_chat_member": {"status": "left", "user": ADA},
    }
    whole = {
        name: {**base, **value} if name in ("message", "edited_message", "my_chat_member") else value
        for name, value in update.items()
    }
    (event,) = parse(whole).events
    assert (event.type, event.event_key) == (word, f"{BOT}:1")


# What leaves


def outgoing(**changed: Any) -> Outgoing:
    plain = {"to": USER, "text": "Ecco", "account": None, "in_reply_to": None, "token": "t"}
    return Outgoing(**{**plain, **changed})


def taken(message_id: int = 90, chat: int = 6123456789) -> Any:
    message = {"message_id": message_id, "date": 1, "chat": {"id": chat, "type": "private"}, "text": "Ecco"}
    return answer({"ok": True, "result": message})


def photo(**changed: Any) -> OutgoingFile:
    return OutgoingFile(
        **{"filename": "p.jpg", "content_type": "image/jpeg", "content": b"", "url": "https://f.example/p", **changed}
    )


@pytest.mark.parametrize(
    ("message", "method", "payload"),
    [
        (outgoing(), "sendMessage", {"chat_id": 6123456789, "text": "Ecco"}),
        (
            outgoing(in_reply_to="6123456789:501"),
            "sendMessage",
            {
                "chat_id": 6123456789,
                "text": "Ecco",
                "reply_parameters": {"message_id": 501, "allow_sending_without_reply": True},
            },
        ),
        (
            outgoing(in_reply_to="-1002147483649:501"),
            "sendMessage",
            {
                "chat_id": -1002147483649,
                "text": "Ecco",
                "reply_parameters": {"message_id": 501, "allow_sending_without_reply": True},
            },
        ),
        (outgoing(to=IN_GROUP, in_reply_to="52847"), "sendMessage", {"chat_id": -1002147483649, "text": "Ecco"}),
        (outgoing(to=IN_GROUP, in_reply_to="-4:5"), "sendMessage", {"chat_id": -1002147483649, "text": "Ecco"}),
        (
            outgoing(to=IN_BUSINESS, in_reply_to="6123456789:7"),
            "sendMessage",
            {
                "chat_id": 6123456789,
                "text": "Ecco",
                "business_connection_id": "kf3hXwJ0AQ",
                "reply_parameters": {"message_id": 7, "allow_sending_without_reply": True},
            },
        ),
        (
            outgoing(to=IN_TOPIC, in_reply_to="-1002555000111:7"),
            "sendMessage",
            {
                "chat_id": -1002555000111,
                "text": "Ecco",
                "direct_messages_topic_id": 77,
                "reply_parameters": {"message_id": 7, "allow_sending_without_reply": True},
            },
        ),
        (
            outgoing(buttons=(Button(id="y", title="Sì"), Button(title="No"))),
            "sendMessage",
            {
                "chat_id": 6123456789,
                "text": "Ecco",
                "reply_markup": {
                    "inline_keyboard": [
                        [{"text": "Sì", "callback_data": "y"}],
                        [{"text": "No", "callback_data": "No"}],
                    ]
                },
            },
        ),
        (
            outgoing(files=(photo(),)),
            "sendPhoto",
            {"chat_id": 6123456789, "photo": "https://f.example/p", "caption": "Ecco"},
        ),
        (
            outgoing(text="", files=(photo(content_type="application/pdf"),)),
            "sendDocument",
            {"chat_id": 6123456789, "document": "https://f.example/p"},
        ),
    ],
    ids=["text", "answer", "group", "tap", "other chat", "business", "direct", "buttons", "caption", "document"],
)
async def test_what_leaves(message: Outgoing, method: str, payload: dict[str, Any]) -> None:
    http = FakeHttp(taken())
    sent = await SUBJECT.connector().send(message, http)
    (call,) = http.calls
    assert call.url == f"https://api.telegram.org/bot{TOKEN}/{method}"
    assert call.json == payload
    assert sent.external_ids == ("6123456789:90",)


async def test_only_the_first_part_quotes_and_only_the_last_text_has_buttons() -> None:
    http = FakeHttp(taken(1), taken(2), taken(3))
    message = outgoing(
        text="😀" * 2049, in_reply_to="6123456789:5", buttons=(Button(id="y", title="Sì"),), files=(photo(content=b"bytes"),)
    )
    sent = await SUBJECT.connector().send(message, http)
    first, second, third = http.calls
    assert (first.json["text"], second.json["text"]) == ("😀" * 2048, "😀")
    assert ["reply_parameters" in one.json for one in (first, second)] == [True, False]
    assert ["reply_markup" in one.json for one in (first, second)] == [False, True]
    assert third.body is not None
    assert b'name="photo"; filename="p.jpg"' in third.body
    assert b"bytes" in third.body
    assert sent.external_ids == ("6123456789:1", "6123456789:2", "6123456789:3")


@pytest.mark.parametrize(
    ("file", "way"),
    [
        (photo(content=b"x"), "photo"),
        (photo(content=b"x" * 10_000_001), "document"),
        (photo(content_type="image/gif"), "document"),
        (photo(content_type="video/mp4"), "video"),
        (photo(content_type="audio/ogg; codecs=opus"), "voice"),
        (photo(content_type="audio/mpeg"), "audio"),
        (photo(content_type="text/plain", content=b"x"), "document"),
    ],
)
async def test_each_type_of_file_has_its_way(file: OutgoingFile, way: str) -> None:
    http = FakeHttp(taken())
    await SUBJECT.connector().send(outgoing(text="", files=(file,)), http)
    assert http.calls[0].url.endswith(f"/send{way.capitalize()}")


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (outgoing(to=Handle("telegram_user", "5:6123456789", "verified")), "invalid_recipient"),
        (outgoing(to=Handle("telegram_user", f"{BOT}:-4", "verified")), "invalid_recipient"),
        (outgoing(to=Handle("telegram_chat", f"{BOT}:@name", "verified")), "invalid_recipient"),
        (outgoing(to=Handle("telegram_business", f"{BOT}:4", "verified")), "invalid_recipient"),
        (outgoing(to=Handle("telegram_direct", f"{BOT}:-4", "verified")), "invalid_recipient"),
        (outgoing(to=Handle("telegram_user", BOT, "verified")), "invalid_recipient"),
        (outgoing(account="another_bot"), "unsupported"),
        (outgoing(buttons=(Button(id="i" * 65, title="t"),)), "unsupported"),
        (outgoing(text="", files=(photo(url=None),)), "unsupported"),
        (outgoing(text="", files=(photo(url="/etc/hostname"),)), "unsupported"),
        (outgoing(text="", files=(photo(content=b"x" * 50_000_001),)), "too_large"),
    ],
)
async def test_what_cannot_leave_asks_nobody(message: Outgoing, code: str) -> None:
    http = FakeHttp()
    with pytest.raises(SendFailed) as failed:
        await SUBJECT.connector().send(message, http)
    assert failed.value.code == code
    assert http.calls == []


async def test_a_name_cannot_break_out_of_its_header() -> None:
    http = FakeHttp(taken())
    await SUBJECT.connector().send(outgoing(text="", files=(photo(content=b"x", filename="a\r\nX: y.jpg"),)), http)
    assert b'filename="a__X: y.jpg"' in (http.calls[0].body or b"")


# What fails


@pytest.mark.parametrize(
    ("status", "words", "code"),
    [
        (400, "Bad Request: chat not found", "invalid_recipient"),
        (400, "Bad Request: PEER_ID_INVALID", "invalid_recipient"),
        (400, "Bad Request: message is too long", "too_large"),
        (400, "Bad Request: not enough rights to send text messages to the chat", "blocked_by_user"),
        (400, "Bad Request: a word of tomorrow", "unsupported"),
        (403, "Forbidden: bot was kicked from the supergroup chat", "blocked_by_user"),
        (403, "Forbidden: bot can't initiate conversation with a user", "invalid_recipient"),
        (409, "Conflict", "unsupported"),
        (413, "Request Entity Too Large", "too_large"),
        (500, "Internal Server Error", "retryable"),
    ],
)
async def test_each_refusal_has_its_code(status: int, words: str, code: str) -> None:
    with pytest.raises(SendFailed) as failed:
        await SUBJECT.connector().send(outgoing(), FakeHttp(answer(refusal(status, words), status)))
    assert (failed.value.code, failed.value.provider_code) == (code, str(status))
    assert words not in str(failed.value)


async def test_a_busy_telegram_names_its_time() -> None:
    said = answer(refusal(429, "Too Many Requests: retry after 7", retry_after=7), 429)
    with pytest.raises(SendFailed) as failed:
        await SUBJECT.connector().send(outgoing(), FakeHttp(said))
    assert (failed.value.code, failed.value.retry_after) == ("rate_limited", 7)


async def test_a_group_that_moved_is_followed_once() -> None:
    moved = answer(refusal(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1009), 400)
    http = FakeHttp(moved, taken(90, -1009))
    sent = await SUBJECT.connector().send(outgoing(to=IN_GROUP, in_reply_to="-1002147483649:4"), http)
    assert [call.json["chat_id"] for call in http.calls] == [-1002147483649, -1009]
    assert ["reply_parameters" in call.json for call in http.calls] == [True, False]
    assert sent.external_ids == ("-1009:90",)
    with pytest.raises(SendFailed) as failed:
        await SUBJECT.connector().send(outgoing(to=IN_GROUP), FakeHttp(moved, moved))
    assert failed.value.code == "invalid_recipient"


@pytest.mark.parametrize("body", [b"{}", b"[]", b"true", b'{"ok":true,"result":{}}', b'{"ok":true,"result":true}', b"<html>"])
async def test_a_senseless_success_is_unknown(body: bytes) -> None:
    with pytest.raises(SendFailed) as failed:
        await SUBJECT.connector().send(outgoing(), FakeHttp(answer(body)))
    assert failed.value.code == "unknown"


async def test_a_message_that_quotes_what_an_old_server_sends_has_left() -> None:
    sticker = {"file_id": "CAACold", "width": 512, "height": 512}
    sent = {"message_id": 90, "date": 1, "chat": {"id": 6123456789}, "text": "Ecco", "reply_to_message": {"sticker": sticker}}
    found = await SUBJECT.connector().send(outgoing(), FakeHttp(answer({"ok": True, "result": sent})))
    assert found.external_ids == ("6123456789:90",)


async def test_an_answer_counts_for_its_own_part_only() -> None:
    http = FakeHttp(taken(1), answer(b'{"ok":true,"result":{}}'))
    with pytest.raises(SendFailed) as failed:
        await SUBJECT.connector().send(outgoing(text="😀" * 2049), http)
    assert failed.value.code == "unknown"


async def test_the_token_is_told_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    connector, told = SUBJECT.connector(mode="polling"), []
    with caplog.at_level(logging.DEBUG):
        await connector.send(outgoing(), FakeHttp(taken()))
        for failing in (answer(b"<html>", 502), answer(refusal(404, "Not Found"), 404), HttpFailed("timeout", sent=True)):
            with pytest.raises(SendFailed) as failed:
                await connector.send(outgoing(), FakeHttp(failing))
            with pytest.raises(MediaUnavailable) as unavailable:
                await connector.fetch("F", None, FakeHttp(failing))
            session = await connector.sources()[0].open(FakeHttp(failing))
            with pytest.raises(SourceFailed) as source:
                await session.next(None)
            told += [repr(one.value.__cause__) + str(one.value) for one in (failed, unavailable, source)]
    assert "AAregia" not in caplog.text + "".join(told) + repr(connector.settings)
    assert "Ecco" not in caplog.text


# Files in


FOUND = answer({"ok": True, "result": {"file_id": "F", "file_unique_id": "U", "file_path": "photos/file_1.jpg"}})


async def test_a_file_is_loaded_by_its_path() -> None:
    http = FakeHttp(FOUND, file=b"bytes")
    fetched = await SUBJECT.connector(file_hosts=["files.example"]).fetch("F", None, http)
    asked, loaded = http.calls
    assert (asked.url, asked.json) == (f"https://api.telegram.org/bot{TOKEN}/getFile", {"file_id": "F"})
    assert loaded.url == f"https://api.telegram.org/file/bot{TOKEN}/photos/file_1.jpg"
    assert loaded.hosts == ("api.telegram.org", "files.example")
    assert fetched.content == b"bytes"


async def test_a_file_of_an_old_server_is_loaded() -> None:
    http = FakeHttp(answer({"ok": True, "result": {"file_id": "F", "file_path": "photos/file_1.jpg"}}), file=b"bytes")
    assert (await SUBJECT.connector().fetch("F", None, http)).content == b"bytes"


@pytest.mark.parametrize(
    ("said", "reason", "retryable"),
    [
        (answer(refusal(400, "Bad Request: file is too big"), 400), "too_large", False),
        (answer(refusal(400, "Bad Request: wrong file_id"), 400), "gone", False),
        (answer(refusal(401, "Unauthorized"), 401), "refused", False),
        (answer(refusal(429, "Too Many Requests", retry_after=3), 429), "provider_error", True),
        (answer(b"", 502), "provider_error", True),
        (answer(b"{}"), "provider_error", True),
        (answer({"ok": True, "result": {"file_id": "F", "file_unique_id": "U"}}), "gone", False),
        (HttpFailed("timeout", sent=True), "timeout", True),
    ],
)
async def test_why_a_file_cannot_be_had(said: Any, reason: str, retryable: bool) -> None:
    with pytest.raises(MediaUnavailable) as failed:
        await SUBJECT.connector().fetch("F", None, FakeHttp(said))
    assert (failed.value.reason, failed.value.retryable) == (reason, retryable)
