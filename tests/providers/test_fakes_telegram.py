"""The fake Bot API takes what CHANNELS 2 describes in every form of request, and keeps its queue as documented."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.providers.calling import call
from tests.providers.telegram import TelegramBot, telegram_error

INLINE = {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}], [{"text": "Site", "url": "https://shop.example"}]]}
MESSAGE = {"message": {"text": "hi"}}


@pytest.fixture
async def bot() -> AsyncIterator[TelegramBot]:
    async with TelegramBot("12:AA") as provider:
        yield provider


async def ask(bot: TelegramBot, method: str, **parameters: Any) -> tuple[int, Any]:
    return await call("POST", f"{bot.url}/bot12:AA/{method}", json=parameters)


async def ids(bot: TelegramBot, **parameters: Any) -> list[int]:
    """The update ids that one getUpdates brings."""
    status, answer = await ask(bot, "getUpdates", **parameters)
    assert status == 200
    return [update["update_id"] for update in answer["result"]]


def as_form(parameters: dict[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()}


@pytest.mark.parametrize("form", ["json", "urlencoded", "multipart", "query"])
async def test_a_message_arrives_the_same_in_every_form_of_request(bot: TelegramBot, form: str) -> None:
    parameters = {"chat_id": -7, "text": "1 < 2 & ö", "reply_parameters": {"message_id": 3}, "reply_markup": INLINE}
    multipart = aiohttp.FormData(as_form(parameters), default_to_multipart=True)
    how: dict[str, dict[str, Any]] = {
        "json": {"json": parameters},
        "urlencoded": {"data": as_form(parameters)},
        "multipart": {"data": multipart},
        "query": {"params": as_form(parameters)},
    }
    method = "GET" if form == "query" else "POST"
    status, answer = await call(method, f"{bot.url}/bot12:AA/sendMessage", **how[form])
    message = bot.accepted[0]
    assert (status, answer["ok"], bot.refused) == (200, True, [])
    assert (message.to, message.kind, message.text, message.reply_to) == ("-7", "text", "1 < 2 & ö", "3")
    assert message.buttons == (("y", "Yes"), ("https://shop.example", "Site"))
    assert answer["result"]["message_id"] == int(message.id)
    assert answer["result"]["chat"]["id"] == -7


@pytest.mark.parametrize("kind", ["photo", "document", "video", "voice", "audio"])
async def test_files_go_by_link_by_upload_and_by_reference_to_an_upload(bot: TelegramBot, kind: str) -> None:
    url = f"{bot.url}/bot12:AA/send{kind.capitalize()}"
    direct, referred = aiohttp.FormData({"chat_id": "5"}), aiohttp.FormData({"chat_id": "5", kind: "attach://part"})
    direct.add_field(kind, b"content", filename="a.bin")
    referred.add_field("part", b"content", filename="b.bin")
    link = {"chat_id": "5", kind: "https://cdn.example/x", "caption": "c" * 1024}
    for data in (link, direct, referred):
        assert (await call("POST", url, data=data))[0] == 200
    assert [message.media for message in bot.accepted] == ["https://cdn.example/x", "a.bin", "b.bin"]
    assert [message.id for message in bot.accepted] == ["1", "2", "3"]
    assert {message.kind for message in bot.accepted} == {kind}


async def test_html_counts_without_its_tags(bot: TelegramBot) -> None:
    words = "<b>" + "x" * 4092 + '</b> &lt;<a href="https://shop.example">ö</a>&amp;'
    assert (await ask(bot, "sendMessage", chat_id=5, text=words, parse_mode="HTML"))[0] == 200
    assert bot.accepted[0].text == "x" * 4092 + " <ö&"


@pytest.mark.parametrize(
    ("method", "parameters", "words"),
    [
        ("sendMessage", {"chat_id": 5}, "text"),
        ("sendMessage", {"text": "x"}, "chat_id"),
        ("sendMessage", {"chat_id": 5, "text": " \n"}, "message text is empty"),
        ("sendMessage", {"chat_id": 5, "text": "x" * 4097}, "message is too long"),
        ("sendMessage", {"chat_id": 5, "text": "x", "reply_to_message_id": 3}, "reply_to_message_id"),
        ("sendMessage", {"chat_id": 5, "text": 7}, "text"),
        ("sendMessage", {"chat_id": "ada", "text": "x"}, "chat_id"),
        ("sendMessage", {"chat_id": 5, "text": "x", "reply_parameters": {"message_id": "3"}}, "reply_parameters"),
        ("sendMessage", {"chat_id": 5, "text": "<p>x</p>", "parse_mode": "HTML"}, "Unsupported start tag"),
        ("sendMessage", {"chat_id": 5, "text": "1 < 2", "parse_mode": "HTML"}, "Unsupported start tag"),
        ("sendMessage", {"chat_id": 5, "text": "<b>x", "parse_mode": "HTML"}, "end tag"),
        ("sendMessage", {"chat_id": 5, "text": "<b><i>x</b></i>", "parse_mode": "HTML"}, "end tag"),
        ("sendMessage", {"chat_id": 5, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "y"}]]}}, "reply_markup"),
        (
            "sendMessage",
            {"chat_id": 5, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "y", "callback_data": "ö" * 33}]]}},
            "reply_markup",
        ),
        ("sendPhoto", {"chat_id": 5, "photo": "https://cdn.example/x", "caption": "x" * 1025}, "caption is too long"),
        ("sendPhoto", {"chat_id": 5, "photo": "ftp://cdn.example/x"}, "wrong file identifier"),
        ("sendPhoto", {"chat_id": 5, "photo": "attach://nothing"}, "no photo"),
        ("sendPhoto", {"chat_id": 5, "document": "https://cdn.example/x"}, "document"),
        ("getUpdates", {"allowed_updates": ["messages"]}, "allowed_updates"),
        ("getUpdates", {"limit": 101}, "limit"),
        ("getFile", {"file_id": "unknown"}, "wrong file_id"),
        ("answerCallbackQuery", {"text": "x"}, "callback_query_id"),
        ("answerCallbackQuery", {"callback_query_id": "1", "text": "x" * 201}, "text"),
        ("setWebhook", {"url": "http://gw.example/in"}, "HTTPS"),
        ("setWebhook", {"url": "https://gw.example:9000/in"}, "ports"),
        ("setWebhook", {"url": "https://gw.example/in", "secret_token": "ö"}, "secret_token"),
    ],
)
async def test_bad_requests(bot: TelegramBot, method: str, parameters: dict[str, Any], words: str) -> None:
    status, answer = await ask(bot, method, **parameters)
    assert (status, answer["ok"], answer["error_code"], bot.accepted) == (400, False, 400, [])
    assert answer["description"].startswith("Bad Request: ")
    assert words in answer["description"]
    assert words in bot.refused[0]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/bot12:BB/getMe", 401),
        ("POST", "/botnonsense/getMe", 404),
        ("POST", "/bot12:AA/sendTelegram", 404),
        ("POST", "/12:AA/getMe", 404),
        ("PUT", "/bot12:AA/getMe", 405),
        ("POST", "/bot12:AA/sendMessage?chat_id=5&text=x", 400),
        ("GET", "/file/bot12:AA/documents/file_0", 404),
    ],
)
async def test_wrong_addresses(bot: TelegramBot, method: str, path: str, status: int) -> None:
    answered, answer = await call(method, bot.url + path)
    assert (answered, answer["ok"], answer["error_code"], len(bot.refused)) == (status, False, status, 1)


async def test_an_offset_confirms_everything_below_it(bot: TelegramBot) -> None:
    one, two, three = (bot.add_update(MESSAGE) for _ in range(3))
    assert await ids(bot) == [one, two, three]
    assert await ids(bot, limit=1) == [one]
    assert await ids(bot, offset=two) == [two, three]
    assert await ids(bot) == [two, three]
    assert await ids(bot, offset=-1) == [three]
    assert await ids(bot) == [three]
    assert await ids(bot, offset=three + 1) == []


async def test_long_polling_ends_with_the_first_update_or_with_the_time(bot: TelegramBot) -> None:
    waiting = asyncio.create_task(ids(bot, timeout=20))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    number = bot.add_update(MESSAGE)
    assert await asyncio.wait_for(waiting, 2) == [number]
    assert await asyncio.wait_for(ids(bot, offset=number + 1, timeout=1), 3) == []


async def test_only_one_poller_and_no_poller_beside_a_webhook(bot: TelegramBot) -> None:
    first = asyncio.create_task(ask(bot, "getUpdates", timeout=20))
    await asyncio.sleep(0.05)
    await ask(bot, "getUpdates")
    status, answer = await asyncio.wait_for(first, 2)
    assert (status, answer["description"].split(":")[0]) == (409, "Conflict")
    assert (await ask(bot, "setWebhook", url="https://gw.example/in", secret_token="s"))[0] == 200
    assert bot.webhook == {"url": "https://gw.example/in", "secret_token": "s"}
    assert (await ask(bot, "getUpdates"))[0] == 409
    bot.add_update(MESSAGE)
    await ask(bot, "deleteWebhook", drop_pending_updates=True)
    assert await ids(bot) == []


async def test_a_poller_that_hung_up_is_no_refusal(bot: TelegramBot) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await ask(bot, "getUpdates", timeout=20)
    await asyncio.sleep(0.05)
    assert await ids(bot) == []
    await asyncio.sleep(0.05)
    assert bot.refused == []


async def test_kinds_that_were_not_asked_for_do_not_arrive(bot: TelegramBot) -> None:
    bot.add_update({"message_reaction": {}})
    asked = ["message_reaction"]
    assert await ids(bot, allowed_updates=asked) == []
    wanted = bot.add_update({"message_reaction": {}})
    bot.add_update(MESSAGE)
    assert await ids(bot) == [wanted]


async def test_files_come_by_the_path_that_get_file_gives(bot: TelegramBot) -> None:
    bot.files["F1"] = b"voice"
    _, answer = await ask(bot, "getFile", file_id="F1")
    assert answer["result"]["file_size"] == 5
    assert await call("GET", f"{bot.url}/file/bot12:AA/{answer['result']['file_path']}") == (200, b"voice")
    bot.files["F2"] = bytes(20 * 1024 * 1024 + 1)
    assert (await ask(bot, "getFile", file_id="F2"))[1]["description"] == "Bad Request: file is too big"


async def test_canned_failures_of_sends_and_of_polls(bot: TelegramBot) -> None:
    bot.fail(429, telegram_error(429, "Too Many Requests: retry after 7", retry_after=7))
    bot.fail_polls(502, b"bad gateway")
    assert (await ask(bot, "getMe"))[1]["result"]["id"] == 12
    assert (await ask(bot, "sendMessage", chat_id=5, text="x"))[1]["parameters"] == {"retry_after": 7}
    assert (await ask(bot, "getUpdates"))[0] == 502
    assert (await ask(bot, "answerCallbackQuery", callback_query_id="1"))[1] == {"ok": True, "result": True}
    assert (bot.accepted, bot.answered_callbacks) == ([], [{"callback_query_id": "1"}])
