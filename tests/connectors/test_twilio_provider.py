"""Twilio over real HTTP, to a provider that takes only what Twilio's documents describe."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.base import Connector, Outgoing, OutgoingFile
from connectors.errors import MediaUnavailable, SendFailed
from connectors.media import GuardedHttp
from normalizer.inbound import Handle
from tests.providers.twilio import TwilioRest, twilio_error
from tests.subjects.twilio import NUMBER, SID, SUBJECT, TOKEN

WHATSAPP = "whatsapp:+15005550007"
WORDS = " ".join(f"perché{number}" for number in range(500))
PICTURES = tuple(
    OutgoingFile(filename=f"{number}.jpg", content_type="image/jpeg", content=b"x", url=f"https://cdn.example/{number}.jpg")
    for number in range(11)
)


@pytest.fixture
async def http() -> AsyncIterator[GuardedHttp]:
    async with GuardedHttp(private_hosts=frozenset({"127.0.0.1"})) as guarded:
        yield guarded


@pytest.fixture
async def provider() -> AsyncIterator[TwilioRest]:
    async with TwilioRest(SID, TOKEN) as running:
        yield running


def connector(provider: TwilioRest, **changed: Any) -> Connector:
    return SUBJECT.connector(api_url=provider.url, status_callback="https://gw.example/webhooks/twilio", **changed)


def message(**changed: Any) -> Outgoing:
    assert SUBJECT.replying is not None
    return replace(SUBJECT.replying.outgoing, **{"last_inbound_at": datetime.now(UTC), **changed})


@pytest.mark.parametrize(
    ("account", "to", "addressed"),
    [
        (NUMBER, Handle("phone", "+4915112345678", "verified"), "+4915112345678"),
        (WHATSAPP, Handle("phone", "+4915112345678", "verified"), "whatsapp:+4915112345678"),
        (WHATSAPP, Handle("twilio_user", f"{WHATSAPP}:US.1234", "verified"), "whatsapp:US.1234"),
        ("rcs:regia_demo_agent", Handle("phone", "+4915112345678", "verified"), "rcs:+4915112345678"),
        (
            "messenger:100200300400",
            Handle("messenger_user", "100200300400:2345678901234567", "verified"),
            "messenger:2345678901234567",
        ),
    ],
)
async def test_long_texts_and_files_are_taken(
    provider: TwilioRest, http: GuardedHttp, account: str, to: Handle, addressed: str
) -> None:
    sent = await connector(provider).send(message(account=account, to=to, text=WORDS, files=PICTURES), http)
    assert provider.refused == []
    assert sent.external_ids == tuple(one.id for one in provider.accepted)
    assert {one.to for one in provider.accepted} == {addressed}
    assert " ".join(one.text for one in provider.accepted if one.text) == WORDS
    media = [url for one in provider.accepted for url in one.extra.get("MediaUrl", [])]
    assert media == [picture.url for picture in PICTURES]
    assert {one.extra["StatusCallback"] for one in provider.accepted} == {"https://gw.example/webhooks/twilio"}


async def test_emoji_stay_whole_and_within_the_limit(provider: TwilioRest, http: GuardedHttp) -> None:
    await connector(provider).send(message(text="👍🏽 è\n" * 1000), http)
    assert provider.refused == []
    assert all("\ufffd" not in (one.text or "") for one in provider.accepted)


@pytest.mark.parametrize(
    ("status", "number", "code"),
    [(429, 20429, "rate_limited"), (400, 21610, "blocked_by_user"), (400, 63016, "window_closed"), (500, 20500, "retryable")],
)
async def test_refusals(provider: TwilioRest, http: GuardedHttp, status: int, number: int, code: str) -> None:
    provider.fail(status, twilio_error(number))
    with pytest.raises(SendFailed) as caught:
        await connector(provider).send(message(), http)
    assert (caught.value.code, caught.value.provider_code) == (code, str(number))
    assert (provider.accepted, provider.refused) == ([], [])


async def test_a_lost_answer_is_unknown(provider: TwilioRest, http: GuardedHttp) -> None:
    provider.hang()
    with pytest.raises(SendFailed, match="unknown"):
        await connector(provider).send(message(), http)
    assert len(provider.accepted) == 1


async def test_another_token_is_refused(provider: TwilioRest, http: GuardedHttp) -> None:
    with pytest.raises(SendFailed, match="auth"):
        await connector(provider, auth_token="another").send(message(), http)


async def test_a_file_is_loaded_where_the_api_sends_us(provider: TwilioRest, http: GuardedHttp) -> None:
    provider.files["ME1"] = b"\xff\xd8jpeg"
    provider.mime_types["ME1"] = "image/jpeg"
    found = await connector(provider).fetch(provider.media_url("MM1", "ME1"), NUMBER, http)
    assert (found.content, found.content_type) == (b"\xff\xd8jpeg", "image/jpeg")
    for settings, sid, reason in (({}, "ME2", "gone"), ({"auth_token": "another"}, "ME1", "refused")):
        with pytest.raises(MediaUnavailable) as caught:
            await connector(provider, **settings).fetch(provider.media_url("MM1", sid), NUMBER, http)
        assert caught.value.reason == reason
