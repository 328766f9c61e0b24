"""The fake of the WhatsApp Cloud API takes what CHANNELS 1.2 describes and answers everything else with Graph's errors."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.providers.calling import call
from tests.providers.graph import WhatsAppGraph, graph_error

BEARER = {"Authorization": "Bearer TOK"}
TEXT = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": "4915112345678", "type": "text"}
HELLO = {**TEXT, "text": {"body": "It left.", "preview_url": False}}


@pytest.fixture
async def whatsapp() -> AsyncIterator[WhatsAppGraph]:
    async with WhatsAppGraph("TOK", "PN1", templates={("parcel", "de"): 1}, app_secret="app") as provider:
        yield provider


def replies(count: int, title: str = "Yes") -> dict[str, Any]:
    buttons = [{"type": "reply", "reply": {"id": f"b{number}", "title": title}} for number in range(count)]
    return interactive("button", {"buttons": buttons})


def rows(*counts: int, section: dict[str, str] | None = None) -> dict[str, Any]:
    sections = [
        {"rows": [{"id": f"{at}-{row}", "title": "Row"} for row in range(count)], **(section or {})}
        for at, count in enumerate(counts)
    ]
    return interactive("list", {"button": "Choose", "sections": sections})


def interactive(kind: str, action: dict[str, Any]) -> dict[str, Any]:
    return {**TEXT, "type": "interactive", "interactive": {"type": kind, "body": {"text": "Well?"}, "action": action}}


def template(*words: str, name: str = "parcel") -> dict[str, Any]:
    body = {"type": "body", "parameters": [{"type": "text", "text": word} for word in words]}
    language = {"policy": "deterministic", "code": "de"}
    return {**TEXT, "type": "template", "template": {"name": name, "language": language, "components": [body]}}


def without(message: dict[str, Any], *names: str, **more: Any) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name not in names} | more


GROUP = {"recipient_type": "group", "to": "Y2FwaV9ncm91cDox"}
IMAGE = {**TEXT, "type": "image", "image": {"link": "https://cdn.example/x.jpg", "caption": "A box"}}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (HELLO, ("text", "It left.", (), None)),
        ({**HELLO, "context": {"message_id": "wamid.Z"}, "biz_opaque_callback_data": "o1"}, ("text", "It left.", (), None)),
        (without(HELLO, "to", recipient="DE.81234"), ("text", "It left.", (), None)),
        (IMAGE, ("image", "A box", (), "https://cdn.example/x.jpg")),
        (replies(2), ("interactive", "Well?", (("b0", "Yes"), ("b1", "Yes")), None)),
        (rows(1, 1, section={"title": "S"}), ("interactive", "Well?", (("0-0", "Row"), ("1-0", "Row")), None)),
        (template("Ada"), ("template", "parcel", (), None)),
        ({**HELLO, "text": {"body": "ö" * 4096}}, ("text", "ö" * 4096, (), None)),
        ({**HELLO, **GROUP, "context": {"message_id": "wamid.Z"}}, ("text", "It left.", (), None)),
        ({**IMAGE, **GROUP}, ("image", "A box", (), "https://cdn.example/x.jpg")),
    ],
)
async def test_whatsapp_takes(whatsapp: WhatsAppGraph, body: dict[str, Any], expected: tuple[Any, ...]) -> None:
    status, answer = await call("POST", f"{whatsapp.url}/v25.0/PN1/messages", json=body, headers=BEARER)
    message = whatsapp.accepted[0]
    assert (status, whatsapp.refused) == (200, [])
    assert (message.kind, message.text, message.buttons, message.media) == expected
    assert answer["messages"] == [{"id": message.id}]
    assert answer["contacts"][0]["input"] == message.to == body.get("to", "DE.81234")
    assert message.reply_to == body.get("context", {}).get("message_id")
    assert message.extra.get("biz_opaque_callback_data") == body.get("biz_opaque_callback_data")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({**HELLO, "surprise": 1}, 100),
        ({**HELLO, "text": {"body": "x", "markdown": True}}, 100),
        ({**HELLO, "text": {"body": "x" * 4097}}, 100),
        ({**HELLO, "text": {"body": ""}}, 131009),
        ({**HELLO, "text": {"body": 5}}, 131009),
        ({**HELLO, "text": {"body": "x", "preview_url": "false"}}, 131009),
        (without(HELLO, "text"), 131008),
        (without(HELLO, "messaging_product"), 131008),
        (without(HELLO, "to"), 131008),
        ({**HELLO, "recipient": "DE.81234"}, 131009),
        ({**HELLO, "to": "+4915112345678"}, 131009),
        ({**HELLO, "to": "DE.81234"}, 131009),
        ({**HELLO, "to": GROUP["to"]}, 131009),
        ({**replies(1), **GROUP}, 131009),
        (without({**HELLO, **GROUP}, "to", recipient="DE.81234"), 100),
        ({**HELLO, **GROUP, "recipient_type": "groups"}, 131009),
        (without(HELLO, "to", recipient="US.ENT.81234"), 131009),
        ({**HELLO, "type": "telepathy"}, 131009),
        ({**HELLO, "biz_opaque_callback_data": "x" * 513}, 100),
        ({**IMAGE, "image": {"link": "https://cdn.example/x.jpg", "id": "1"}}, 131009),
        ({**IMAGE, "image": {"link": "file:///x.jpg"}}, 131009),
        ({**IMAGE, "image": {"link": "https://cdn.example/x.jpg", "caption": "x" * 1025}}, 100),
        (replies(4), 100),
        (replies(0), 131009),
        (replies(1, title="x" * 21), 100),
        (rows(6, 5, section={"title": "S"}), 131009),
        (rows(1, 1), 131009),
        (template("Ada", "Bob"), 132000),
        (template("Ada", name="unknown"), 132001),
    ],
)
async def test_whatsapp_refuses(whatsapp: WhatsAppGraph, body: dict[str, Any], code: int) -> None:
    status, answer = await call("POST", f"{whatsapp.url}/v25.0/PN1/messages", json=body, headers=BEARER)
    assert (status, answer["error"]["code"], whatsapp.accepted) == (400, code, [])
    assert answer["error"].keys() >= {"message", "type", "code", "fbtrace_id"}
    assert len(whatsapp.refused) == 1


@pytest.mark.parametrize(
    ("method", "path", "how", "expected"),
    [
        ("POST", "/v25.0/PN1/messages", {"json": HELLO}, (401, 190)),
        ("POST", "/v25.0/PN1/messages", {"json": HELLO, "headers": {"Authorization": "Bearer OLD"}}, (401, 190)),
        ("POST", "/v25.0/PN1/messages", {"json": HELLO, "headers": {"Authorization": "TOK"}}, (401, 190)),
        ("POST", "/v25.0/PN1/messages?access_token=TOK", {"json": HELLO, "headers": BEARER}, (401, 190)),
        ("POST", "/v25.0/PN1/messages?debug=all", {"json": HELLO, "headers": BEARER}, (400, 100)),
        ("POST", "/v25.0/PN1/messages?appsecret_proof=00", {"json": HELLO, "headers": BEARER}, (400, 100)),
        ("POST", "/v24.0/PN1/messages", {"json": HELLO, "headers": BEARER}, (400, 2500)),
        ("POST", "/PN1/messages", {"json": HELLO, "headers": BEARER}, (400, 2500)),
        ("POST", "/v25.0/PN2/messages", {"json": HELLO, "headers": BEARER}, (400, 100)),
        ("PUT", "/v25.0/PN1/messages", {"json": HELLO, "headers": BEARER}, (400, 100)),
        ("POST", "/v25.0/PN1/messages", {"data": {"to": "1"}, "headers": BEARER}, (400, 100)),
        ("POST", "/v25.0/PN1/messages", {"data": b"{", "headers": {**BEARER, "Content-Type": "application/json"}}, (400, 100)),
        ("GET", "/v25.0/M404", {"headers": BEARER}, (400, 100)),
        ("GET", "/whatsapp_business/attachments/?mid=M1&ext=1&hash=0", {"headers": BEARER}, (400, 100)),
    ],
)
async def test_graph_refuses_calls(
    whatsapp: WhatsAppGraph, method: str, path: str, how: dict[str, Any], expected: tuple[int, int]
) -> None:
    status, answer = await call(method, whatsapp.url + path, **how)
    assert (status, answer["error"]["code"]) == expected
    assert whatsapp.accepted == []
    assert len(whatsapp.refused) == 1


async def test_whatsapp_media_comes_in_two_steps_with_the_token_in_each(whatsapp: WhatsAppGraph) -> None:
    whatsapp.files["M1"] = b"jpeg"
    whatsapp.mime_types["M1"] = "image/jpeg"
    _, info = await call("GET", f"{whatsapp.url}/v25.0/M1?phone_number_id=PN1", headers=BEARER)
    assert (info["mime_type"], info["file_size"], info["sha256"]) == ("image/jpeg", 4, hashlib.sha256(b"jpeg").hexdigest())
    assert await call("GET", info["url"], headers=BEARER) == (200, b"jpeg")
    assert (await call("GET", info["url"]))[0] == 401


async def test_whatsapp_marks_read_without_a_message_and_without_using_a_canned_answer(whatsapp: WhatsAppGraph) -> None:
    whatsapp.fail(503, b"busy")
    read = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.A", "typing_indicator": {"type": "text"}}
    url = f"{whatsapp.url}/v25.0/PN1/messages"
    assert await call("POST", url, json=read, headers=BEARER) == (200, {"success": True})
    assert whatsapp.marked_read == ["wamid.A"]
    assert await call("POST", url, json=HELLO, headers=BEARER) == (503, b"busy")


@pytest.mark.parametrize("asked_by", ["TOK", "APP1|app"])
async def test_debug_token_tells_valid_from_invalid(whatsapp: WhatsAppGraph, asked_by: str) -> None:
    url = f"{whatsapp.url}/v25.0/debug_token"
    _, good = await call("GET", url, params={"input_token": "TOK", "access_token": asked_by})
    _, bad = await call("GET", url, params={"input_token": "OLD", "access_token": asked_by})
    assert (good["data"]["is_valid"], "whatsapp_business_messaging" in good["data"]["scopes"]) == (True, True)
    assert (bad["data"]["is_valid"], bad["data"]["error"]["code"]) == (False, 190)


async def test_canned_answers_and_hanging_up_are_for_valid_sends_only(whatsapp: WhatsAppGraph) -> None:
    url = f"{whatsapp.url}/v25.0/PN1/messages"
    whatsapp.fail(429, graph_error(130429), {"Retry-After": "3"})
    whatsapp.hang()
    assert (await call("POST", url, json={}, headers=BEARER))[0] == 400
    assert (await call("POST", url, json=HELLO, headers=BEARER))[1]["error"]["code"] == 130429
    assert whatsapp.accepted == []
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await call("POST", url, json=HELLO, headers=BEARER)
    assert [message.text for message in whatsapp.accepted] == ["It left."]
    assert (await call("POST", url, json=HELLO, headers=BEARER))[0] == 200
