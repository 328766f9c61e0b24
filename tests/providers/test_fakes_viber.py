"""`FakeViber` refuses what the REST bot API forbids: HTTP 200 and a status."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.providers import viber
from tests.providers.asking import Gateway, call
from tests.providers.viber import FakeViber


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with Gateway() as server:
        yield server


@pytest.fixture
async def fake_viber() -> AsyncIterator[FakeViber]:
    async with FakeViber() as provider:
        yield provider


VIBER_AUTH = {"X-Viber-Auth-Token": "viber-token"}


def vibed(**more: Any) -> dict[str, Any]:
    return {"receiver": "aB3+/x==", "type": "text", "sender": {"name": "Regia"}, "text": "hi", **more}


def keyboard(**more: Any) -> dict[str, Any]:
    button = {"ActionType": "reply", "ActionBody": "yes", "Text": "Yes", "Columns": 6, "Rows": 1, **more}
    return {"Type": "keyboard", "Buttons": [button]}


async def test_viber_takes_text_and_keyboard(fake_viber: FakeViber) -> None:
    body = vibed(keyboard=keyboard(), min_api_version=3, tracking_data="t1")
    answer = await call("POST", f"{fake_viber.url}/pa/send_message", body, VIBER_AUTH)
    in_body = await call("POST", f"{fake_viber.url}/pa/send_message", vibed(auth_token="viber-token"))
    assert (answer.status, answer.json["status"], in_body.json["status"], fake_viber.refused) == (200, 0, 0, [])
    sent = fake_viber.accepted[0]
    assert (sent.id, sent.buttons) == (str(answer.json["message_token"]), (("yes", "Yes"),))
    assert answer.json["message_token"] > 2**53


@pytest.mark.parametrize(
    ("body", "status", "name"),
    [
        (vibed(text="x" * 7001), 3, "badData"),
        (vibed(text="é" * 16_000), 3, "badData"),
        (vibed(tracking_data="x" * 4001), 3, "badData"),
        (vibed(keyboard=keyboard(Rows=3)), 3, "badData"),
        (vibed(keyboard=keyboard(Columns=0)), 3, "badData"),
        (vibed(keyboard=keyboard(Label="Yes")), 3, "badData"),
        (vibed(keyboard={"Buttons": []}), 4, "missingData"),
        (vibed(sender={"name": "x" * 29}), 3, "badData"),
        (vibed(sender={}), 4, "missingData"),
        (vibed(type="poll"), 3, "badData"),
        (vibed(type="file", media="https://cdn.example/a.pdf", size=3), 3, "badData"),
        ({"receiver": "a", "type": "file", "sender": {"name": "R"}, "media": "https://a.example/b"}, 4, "missingData"),
        (vibed(to="x"), 3, "badData"),
        (vibed(auth_token="other"), 2, "invalidAuthToken"),
        (vibed(receiver="gone"), 5, "receiverNotRegistered"),
        (vibed(receiver="left"), 6, "receiverNotSubscribed"),
        (b"{", 3, "badData"),
    ],
)
async def test_viber_refuses_with_http_200(fake_viber: FakeViber, body: Any, status: int, name: str) -> None:
    fake_viber.not_registered.add("gone")
    fake_viber.unsubscribed.add("left")
    headers = {} if isinstance(body, dict) and "auth_token" in body else VIBER_AUTH
    answer = await call("POST", f"{fake_viber.url}/pa/send_message", body, headers)
    assert (answer.status, answer.json) == (200, {"status": status, "status_message": name})
    assert (len(fake_viber.refused), fake_viber.accepted) == (1, [])


async def test_viber_sets_a_webhook_that_answers(fake_viber: FakeViber, gateway: Gateway) -> None:
    url = f"{fake_viber.url}/pa/set_webhook"
    good = await call("POST", url, {"url": f"{gateway.url}/in", "event_types": ["delivered"], "send_name": True}, VIBER_AUTH)
    assert good.json == {"status": 0, "status_message": "ok", "event_types": ["delivered"]}
    headers, _, body = gateway.seen[0]
    assert json.loads(body)["event"] == "webhook"
    assert headers["x-viber-content-signature"] == viber.sign(body, "viber-token")
    bad = await call("POST", url, {"url": f"{gateway.url}/nowhere"}, VIBER_AUTH)
    assert bad.json["status"] == 1
    assert fake_viber.webhook["url"] == f"{gateway.url}/in"
    assert (await call("POST", url, {"url": ""}, VIBER_AUTH)).json["status"] == 0
    assert fake_viber.webhook == {}
