"""Telegram over real HTTP, to a provider that takes only what the Bot API describes."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from connectors.base import Connector, Outgoing, OutgoingFile
from connectors.errors import MediaUnavailable, SendFailed
from connectors.media import GuardedHttp
from connectors.telegram import CHANNEL
from connectors.telegram.settings import TelegramSettings
from normalizer.inbound import Button, Handle
from tests.providers.telegram import TelegramBot, telegram_error

TOKEN = "7000000001:AAregia_telegram_token"
BOT = "7000000001"
BUTTONS = tuple(Button(id=f"choice-{number}", title=f"Scelta numero {number} è") for number in range(1, 14))
PICTURE = OutgoingFile(filename='"à".jpg', content_type="image/jpeg", content=b"\xff\xd8 picture \r\n--x", url=None)
INVOICE = OutgoingFile(filename="a.pdf", content_type="application/pdf", content=b"%PDF", url="https://cdn.example/a.pdf")
LINKED = OutgoingFile(filename="a.mp4", content_type="video/mp4", content=b"", url="https://cdn.example/a.mp4")
WORDS = " ".join(f"perché{number}" for number in range(900))


@pytest.fixture
async def http() -> AsyncIterator[GuardedHttp]:
    async with GuardedHttp(private_hosts=frozenset({"127.0.0.1"}), timeout=5) as guarded:
        yield guarded


@pytest.fixture
async def provider() -> AsyncIterator[TelegramBot]:
    async with TelegramBot(TOKEN, username="regia_demo_bot") as running:
        yield running


def connector(provider: TelegramBot, **changed: Any) -> Connector:
    values = {"type": "telegram", "brand": "demo", "token": TOKEN, "secret_token": "s", "api_url": provider.url, **changed}
    return CHANNEL.connector("telegram", TelegramSettings.model_validate(values))


def outgoing(**changed: Any) -> Outgoing:
    values: dict[str, Any] = {
        "to": Handle("telegram_user", f"{BOT}:6123456789", "verified"),
        "text": "È partita oggi. 👍🏽 <b>&</b>",
        "account": BOT,
        "in_reply_to": "6123456789:501",
        "token": "t",
    }
    return Outgoing(**{**values, **changed})


async def test_texts_buttons_and_files_are_taken(provider: TelegramBot, http: GuardedHttp) -> None:
    message = outgoing(text=WORDS, buttons=BUTTONS, files=(PICTURE, INVOICE, LINKED))
    sent = await connector(provider).send(message, http)
    assert provider.refused == []
    texts = [one for one in provider.accepted if one.kind == "text"]
    assert " ".join(one.text or "" for one in texts) == WORDS
    assert [one.reply_to for one in provider.accepted] == ["501"] + [None] * (len(provider.accepted) - 1)
    assert [one.buttons for one in texts] == [()] * (len(texts) - 1) + [tuple((one.id, one.title) for one in BUTTONS)]
    files = [(one.kind, one.media) for one in provider.accepted if one.kind != "text"]
    assert files == [("photo", '"à".jpg'), ("document", "a.pdf"), ("video", "https://cdn.example/a.mp4")]
    assert {one.to for one in provider.accepted} == {"6123456789"}
    assert sent.external_ids == tuple(f"6123456789:{one.id}" for one in provider.accepted)


async def test_a_short_text_is_the_caption_of_its_file(provider: TelegramBot, http: GuardedHttp) -> None:
    await connector(provider).send(outgoing(files=(PICTURE,), buttons=BUTTONS[:1]), http)
    assert provider.refused == []
    (one,) = provider.accepted
    assert (one.kind, one.text, one.buttons) == ("photo", outgoing().text, (("choice-1", "Scelta numero 1 è"),))


async def test_groups_and_businesses_are_written_to(provider: TelegramBot, http: GuardedHttp) -> None:
    group = Handle("telegram_chat", f"{BOT}:-1002147483649", "verified")
    business = Handle("telegram_business", f"{BOT}:kf3h:6123456789", "verified")
    await connector(provider).send(outgoing(to=group, in_reply_to="-1002147483649:7"), http)
    await connector(provider).send(outgoing(to=business), http)
    assert provider.refused == []
    assert [(one.to, one.reply_to) for one in provider.accepted] == [("-1002147483649", "7"), ("6123456789", "501")]
    assert provider.accepted[1].extra["business_connection_id"] == "kf3h"


async def test_a_person_who_wrote_to_a_channel_is_answered_in_the_own_topic(provider: TelegramBot, http: GuardedHttp) -> None:
    provider.direct_chats.add(-1002555000111)
    topic = Handle("telegram_direct", f"{BOT}:-1002555000111:77", "verified")
    await connector(provider).send(outgoing(to=topic, in_reply_to="-1002555000111:7", files=(PICTURE, INVOICE)), http)
    assert provider.refused == []
    assert [one.to for one in provider.accepted] == ["-1002555000111"] * 3
    assert {one.extra["direct_messages_topic_id"] for one in provider.accepted} == {77}
    chat = Handle("telegram_chat", f"{BOT}:-1002555000111", "verified")
    with pytest.raises(SendFailed) as failed:
        await connector(provider).send(outgoing(to=chat), http)
    assert failed.value.code == "unsupported"


async def test_files_are_loaded(provider: TelegramBot, http: GuardedHttp) -> None:
    provider.files["FILE"] = b"\x00\xff bytes"
    assert (await connector(provider).fetch("FILE", None, http)).content == b"\x00\xff bytes"
    assert provider.refused == []


@pytest.mark.parametrize(
    ("file_id", "changed", "reason"),
    [
        ("LARGE", {}, "too_large"),
        ("none", {}, "gone"),
        ("FILE", {"token": "7000000001:AAanother"}, "refused"),
    ],
)
async def test_files_that_cannot_be_had(
    provider: TelegramBot, http: GuardedHttp, file_id: str, changed: dict[str, Any], reason: str
) -> None:
    provider.files |= {"FILE": b"x", "LARGE": bytes(20 * 1024 * 1024 + 1)}
    with pytest.raises(MediaUnavailable) as failed:
        await connector(provider, **changed).fetch(file_id, None, http)
    assert failed.value.reason == reason


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (429, telegram_error(429, "Too Many Requests: retry after 7", retry_after=7), ("rate_limited", 7)),
        (403, telegram_error(403, "Forbidden: bot was blocked by the user"), ("blocked_by_user", None)),
        (400, telegram_error(400, "Bad Request: chat not found"), ("invalid_recipient", None)),
        (502, b"<html>Bad Gateway</html>", ("retryable", None)),
        (504, b"", ("unknown", None)),
    ],
)
async def test_refusals(provider: TelegramBot, http: GuardedHttp, status: int, body: Any, told: tuple[str, Any]) -> None:
    provider.fail(status, body)
    with pytest.raises(SendFailed) as failed:
        await connector(provider).send(outgoing(), http)
    assert (failed.value.code, failed.value.retry_after) == told
    assert provider.accepted == []


async def test_a_group_that_moved_is_followed(provider: TelegramBot, http: GuardedHttp) -> None:
    provider.fail(400, telegram_error(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1009))
    group = Handle("telegram_chat", f"{BOT}:-4111", "verified")
    sent = await connector(provider).send(outgoing(to=group, in_reply_to="-4111:7"), http)
    assert [(one.to, one.reply_to) for one in provider.accepted] == [("-1009", None)]
    assert sent.external_ids == ("-1009:1",)


async def test_an_answer_that_is_lost(provider: TelegramBot, http: GuardedHttp) -> None:
    provider.hang()
    with pytest.raises(SendFailed) as failed:
        await connector(provider).send(outgoing(), http)
    assert failed.value.code == "unknown"
    assert len(provider.accepted) == 1


async def test_a_token_that_was_revoked(provider: TelegramBot, http: GuardedHttp) -> None:
    with pytest.raises(SendFailed) as failed:
        await connector(provider, token="7000000001:AAanother").send(outgoing(), http)
    assert failed.value.code == "auth"


async def test_a_telegram_that_is_gone(http: GuardedHttp) -> None:
    async with TelegramBot(TOKEN) as provider:
        asking = connector(provider)
    with pytest.raises(SendFailed) as failed:
        await asking.send(outgoing(), http)
    assert failed.value.code == "retryable"
