"""Messenger and Instagram over real HTTP, to a provider that takes only what Meta's documents describe."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import Outgoing, OutgoingFile
from connectors.errors import MediaUnavailable, SendFailed
from connectors.instagram import COMMENT as INSTAGRAM_COMMENT
from connectors.instagram import Instagram, InstagramSettings
from connectors.media import GuardedHttp
from connectors.messenger import Messenger, MessengerSettings
from connectors.messenger_feed import COMMENT
from connectors.meta_messaging import MetaMessaging
from normalizer.inbound import Button, Handle
from tests.providers.graph import InstagramGraph, MessengerGraph, graph_error
from tests.subjects.instagram import ACCOUNT
from tests.subjects.messenger import PAGE

SETTINGS: dict[str, Any] = {"app_secret": "s", "verify_token": "v", "access_token": "TOK"}
BUTTONS = tuple(Button(id=f"choice-{number}", title=f"Scelta numero {number} è") for number in range(1, 14))
PICTURE = OutgoingFile(filename="a.jpg", content_type="image/jpeg", content=b"x", url="https://cdn.example/a.jpg")
INVOICE = OutgoingFile(filename="a.pdf", content_type="application/pdf", content=b"x", url="https://cdn.example/a.pdf")
WORDS = " ".join(f"perché{number}" for number in range(500))


@pytest.fixture
async def http() -> AsyncIterator[GuardedHttp]:
    async with GuardedHttp(private_hosts=frozenset({"127.0.0.1"})) as guarded:
        yield guarded


@pytest.fixture(params=["messenger", "instagram"])
async def provider(request: pytest.FixtureRequest) -> AsyncIterator[MessengerGraph]:
    graphs = {"messenger": (MessengerGraph, PAGE), "instagram": (InstagramGraph, ACCOUNT)}
    graph, account = graphs[request.param]
    async with graph("TOK", account, users={"7": {}}, comments=["77_88"]) as running:
        yield running


def connector(provider: MessengerGraph, **changed: Any) -> MetaMessaging[Any]:
    values = {**SETTINGS, "graph_url": provider.url, "accounts": {provider.account_id: {"brand": "demo"}}, **changed}
    if isinstance(provider, InstagramGraph):
        return Instagram("instagram", InstagramSettings.model_validate({"type": "instagram", **values}))
    return Messenger("messenger", MessengerSettings.model_validate({"type": "messenger", **values}))


def outgoing(provider: MessengerGraph, **changed: Any) -> Outgoing:
    user = "instagram_user" if isinstance(provider, InstagramGraph) else "messenger_user"
    values: dict[str, Any] = {
        "to": Handle(user, f"{provider.account_id}:7", "verified"),
        "text": "È partita oggi. 👍🏽",
        "account": provider.account_id,
        "in_reply_to": "m_1",
        "token": "0f0c6c2e-5b1f-4b8e-9c53-3a5f4b1c7a10",
    }
    return Outgoing(**{**values, **changed})


def comment(provider: MessengerGraph, **changed: Any) -> Outgoing:
    kind = INSTAGRAM_COMMENT if isinstance(provider, InstagramGraph) else COMMENT
    to = Handle(kind, f"{provider.account_id}:77_88", "verified")
    return replace(outgoing(provider, to=to, in_reply_to="77_88"), **changed)


async def test_texts_buttons_and_files_are_taken(provider: MessengerGraph, http: GuardedHttp) -> None:
    message = outgoing(provider, text=WORDS, buttons=BUTTONS, files=(PICTURE, INVOICE))
    sent = await connector(provider).send(message, http)
    assert provider.refused == []
    assert sent.external_ids == tuple(one.id for one in provider.accepted)
    texts = [one.text for one in provider.accepted if one.text]
    assert len(texts) > 1
    assert " ".join(texts) == WORDS
    *_, picture, invoice = provider.accepted
    assert (picture.kind, picture.media) == ("image", PICTURE.url)
    assert (invoice.kind, invoice.media) == ("file", INVOICE.url)
    assert invoice.buttons == tuple((button.id, button.title) for button in BUTTONS)
    assert {one.to for one in provider.accepted} == {"7"}


async def test_a_human_agent_s_message_is_taken(provider: MessengerGraph, http: GuardedHttp) -> None:
    late = datetime.now(UTC) - timedelta(days=3)
    await connector(provider, human_agent=True).send(outgoing(provider, last_inbound_at=late), http)
    assert provider.refused == []
    (taken,) = provider.accepted
    assert (taken.extra["messaging_type"], taken.extra["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")


async def test_somebody_known_by_a_user_ref_is_reached(http: GuardedHttp) -> None:
    async with MessengerGraph("TOK", PAGE) as provider:
        ref = Handle("messenger_ref", f"{PAGE}:chk:7f3a", "verified")
        await connector(provider).send(outgoing(provider, to=ref, buttons=BUTTONS[:2]), http)
        assert provider.refused == []
        assert [one.to for one in provider.accepted] == ["chk:7f3a"]


async def test_comments_are_answered_in_public(provider: MessengerGraph, http: GuardedHttp) -> None:
    sent = await connector(provider).send(comment(provider), http)
    assert provider.refused == []
    (taken,) = provider.accepted
    assert (taken.kind, taken.to, taken.text, sent.external_ids) == ("comment", "77_88", "È partita oggi. 👍🏽", (taken.id,))


async def test_comments_are_answered_in_private_once(provider: MessengerGraph, http: GuardedHttp) -> None:
    private = connector(provider, comments="private")
    await private.send(comment(provider, buttons=BUTTONS[:2]), http)
    assert provider.refused == []
    (taken,) = provider.accepted
    assert (taken.kind, taken.to, len(taken.buttons)) == ("private_reply", "77_88", 2)
    with pytest.raises(SendFailed) as caught:
        await private.send(comment(provider), http)
    assert (caught.value.code, caught.value.provider_code) == ("unsupported", "10900")


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (403, graph_error(10, "outside", 2018278), "window_closed"),
        (400, graph_error(551, "not available", 1545041), "blocked_by_user"),
        (429, graph_error(613), "rate_limited"),
        (500, graph_error(2), "retryable"),
        (200, graph_error(190), "auth"),
        (502, b"<html>Bad Gateway</html>", "retryable"),
    ],
)
async def test_failures(provider: MessengerGraph, http: GuardedHttp, status: int, body: Any, code: str) -> None:
    provider.fail(status, body)
    with pytest.raises(SendFailed) as caught:
        await connector(provider).send(outgoing(provider), http)
    assert caught.value.code == code
    assert provider.accepted == []


async def test_a_stranger_and_a_comment_that_is_gone(provider: MessengerGraph, http: GuardedHttp) -> None:
    stranger = Handle(outgoing(provider).to.kind, f"{provider.account_id}:8", "verified")
    gone = comment(provider, in_reply_to="77_99")
    for message in (outgoing(provider, to=stranger), gone):
        with pytest.raises(SendFailed) as caught:
            await connector(provider).send(message, http)
        assert caught.value.code == "invalid_recipient"


async def test_a_lost_answer_is_unknown(provider: MessengerGraph, http: GuardedHttp) -> None:
    provider.hang()
    with pytest.raises(SendFailed) as caught:
        await connector(provider).send(outgoing(provider), http)
    assert caught.value.code == "unknown"
    assert len(provider.accepted) == 1


async def test_half_a_text_is_not_repeated(provider: MessengerGraph, http: GuardedHttp) -> None:
    provider.hang()
    with pytest.raises(SendFailed) as caught:
        await connector(provider).send(outgoing(provider, text=WORDS), http)
    assert (caught.value.code, len(provider.accepted)) == ("unknown", 1)


async def test_a_wrong_token_is_the_operator_s(provider: MessengerGraph, http: GuardedHttp) -> None:
    with pytest.raises(SendFailed) as caught:
        await connector(provider, access_token="OLD").send(outgoing(provider), http)
    assert caught.value.code == "auth"


@pytest.mark.parametrize("url", ["https://files.example/x.jpg", "http://169.254.169.254/x", "file:///etc/passwd", "no address"])
async def test_files_elsewhere_are_not_asked_for(provider: MessengerGraph, http: GuardedHttp, url: str) -> None:
    with pytest.raises(MediaUnavailable, match="refused"):
        await connector(provider).fetch(url, provider.account_id, http)
