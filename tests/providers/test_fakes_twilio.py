"""The fake of Twilio's Messages resource takes what CHANNELS 3 describes and answers the rest with Twilio's error codes."""

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.providers.calling import call
from tests.providers.twilio import TwilioRest, twilio_error

ACCOUNT = "AC" + "0" * 32
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
BASIC = {"Authorization": "Basic " + b64encode(f"{ACCOUNT}:secret".encode()).decode()}
SERVICE = "MG" + "1" * 32
CONTENT = "HX" + "2" * 32
SMS = {"To": "+15005550006", "From": "+15005550001", "Body": "It left."}
WHATSAPP = {"To": "whatsapp:+4915112345678", "From": "whatsapp:+15005550001"}
RCS = {"To": "rcs:+4915112345678", "From": "rcs:brand_xyz123_agent"}
MESSENGER = {"To": "messenger:2345678901234567", "From": "messenger:100200300400"}
LINK = "https://cdn.example/x.jpg"

Fields = dict[str, str] | list[tuple[str, str]]


@pytest.fixture
async def sms() -> AsyncIterator[TwilioRest]:
    async with TwilioRest(ACCOUNT, "secret") as provider:
        yield provider


async def send(sms: TwilioRest, form: Fields) -> tuple[int, Any]:
    return await call("POST", sms.url + PATH, data=form, headers=BASIC)


def media(count: int, to: dict[str, str] = SMS) -> Fields:
    return [*to.items(), *[("MediaUrl", f"{LINK}?{number}") for number in range(count)]]


def without(form: dict[str, str], name: str, **more: str) -> dict[str, str]:
    return {key: value for key, value in form.items() if key != name} | more


@pytest.mark.parametrize(
    ("form", "kind", "text"),
    [
        (SMS, "text", "It left."),
        ({**SMS, "Body": "ö" * 1600, "StatusCallback": "https://gw.example/s"}, "text", "ö" * 1600),
        (without(SMS, "From", MessagingServiceSid=SERVICE), "text", "It left."),
        ({**WHATSAPP, "Body": "Hi"}, "text", "Hi"),
        ({**RCS, "Body": "Hi"}, "text", "Hi"),
        (without(RCS, "From", MessagingServiceSid=SERVICE, Body="Hi"), "text", "Hi"),
        ({**MESSENGER, "Body": "Hi"}, "text", "Hi"),
        ({**WHATSAPP, "To": "whatsapp:DE.81234", "Body": "Hi"}, "text", "Hi"),
        ({**WHATSAPP, "ContentSid": CONTENT, "ContentVariables": '{"1":"Ada"}'}, "template", None),
        (media(10), "media", "It left."),
        (media(1, WHATSAPP), "media", None),
    ],
)
async def test_takes(sms: TwilioRest, form: Fields, kind: str, text: str | None) -> None:
    status, answer = await send(sms, form)
    message = sms.accepted[0]
    fields = dict(form)
    assert (status, sms.refused, message.kind, message.text) == (201, [], kind, text)
    assert (answer["sid"], answer["to"], answer["from"]) == (message.id, fields["To"], fields.get("From"))
    assert (message.id[:2], len(message.id)) == ("MM" if kind == "media" else "SM", 34)
    assert answer["status"] == ("accepted" if "MessagingServiceSid" in fields else "queued")
    assert (answer["error_code"], answer["account_sid"]) == (None, ACCOUNT)
    assert answer["uri"] == f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{message.id}.json"


async def test_all_media_are_kept_in_order(sms: TwilioRest) -> None:
    await send(sms, media(3))
    assert sms.accepted[0].media == f"{LINK}?0"
    assert sms.accepted[0].extra["MediaUrl"] == [f"{LINK}?{number}" for number in range(3)]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        (without(SMS, "To"), 21604),
        (without(SMS, "From"), 21603),
        (without(SMS, "Body"), 21619),
        ({**SMS, "Body": ""}, 21619),
        ({**SMS, "Body": "x" * 1601}, 21617),
        ({**SMS, "To": "4915112345678"}, 21211),
        ({**SMS, "To": "whatsapp:4915112345678", "From": WHATSAPP["From"]}, 21211),
        ({**SMS, "From": "0301234567"}, 21212),
        ({**SMS, "To": SMS["From"]}, 21266),
        ({**SMS, "To": WHATSAPP["To"]}, 21910),
        ({**RCS, "To": SMS["To"], "Body": "x"}, 21910),
        ({**RCS, "To": "rcs:another_agent", "Body": "x"}, 21211),
        ({**MESSENGER, "To": "messenger:+4915112345678", "Body": "x"}, 21211),
        (media(2, MESSENGER), 21623),
        ({**SMS, "MessagingServiceSid": SERVICE}, 20001),
        (without(SMS, "From", MessagingServiceSid="MG1"), 21701),
        ({**SMS, "StatusCallback": "gw.example"}, 21609),
        ({**SMS, "MediaUrl": "file:///x"}, 21620),
        (media(11), 21623),
        (media(2, WHATSAPP), 21623),
        ({**SMS, "MediaUrl0": LINK}, 20001),
        ([*SMS.items(), ("Body", "again")], 20001),
        ({**SMS, "ContentSid": CONTENT}, 20001),
        ({**WHATSAPP, "ContentSid": "HX1"}, 21655),
        ({**WHATSAPP, "ContentSid": CONTENT, "ContentVariables": "Ada"}, 21656),
        ({**WHATSAPP, "ContentSid": CONTENT, "ContentVariables": '{"1":1}'}, 21656),
        ({**WHATSAPP, "Body": "x", "ContentVariables": "{}"}, 21656),
    ],
)
async def test_refuses(sms: TwilioRest, form: Fields, code: int) -> None:
    status, answer = await send(sms, form)
    assert (status, answer["code"], answer["status"], sms.accepted) == (400, code, 400, [])
    assert answer.keys() == {"code", "message", "more_info", "status"}
    assert str(code) in sms.refused[0] or "Unknown" in sms.refused[0]


@pytest.mark.parametrize(
    ("method", "path", "how", "expected"),
    [
        ("POST", PATH, {"data": SMS}, (401, 20003)),
        ("POST", PATH, {"data": SMS, "headers": {"Authorization": "Bearer secret"}}, (401, 20003)),
        ("POST", PATH, {"data": SMS, "headers": {"Authorization": "Basic !"}}, (401, 20003)),
        ("POST", PATH, {"json": SMS, "headers": BASIC}, (415, 12300)),
        ("POST", PATH.replace("AC0", "AC1"), {"data": SMS, "headers": BASIC}, (404, 20404)),
        ("POST", PATH.removesuffix(".json"), {"data": SMS, "headers": BASIC}, (404, 20404)),
        ("POST", PATH.replace("2010-04-01", "2008-08-01"), {"data": SMS, "headers": BASIC}, (404, 20404)),
        ("PUT", PATH, {"data": SMS, "headers": BASIC}, (405, 20004)),
        ("GET", PATH.replace(".json", "/MM1/Media/ME1"), {"headers": BASIC}, (404, 20404)),
        ("GET", "/media-store/ME1", {}, (404, 20404)),
    ],
)
async def test_refuses_calls(sms: TwilioRest, method: str, path: str, how: dict[str, Any], expected: tuple[int, int]) -> None:
    status, answer = await call(method, sms.url + path, **how)
    assert (status, answer["code"], len(sms.refused), sms.accepted) == (*expected, 1, [])


async def test_media_are_redirected_and_need_the_account(sms: TwilioRest) -> None:
    sms.files["ME1"] = b"jpeg"
    url = sms.media_url("MM1", "ME1")
    assert (await call("GET", url))[0] == 401
    assert (await call("GET", url, headers=BASIC, allow_redirects=False))[0] == 307
    assert await call("GET", url, headers=BASIC) == (200, b"jpeg")


async def test_canned_failures_come_once(sms: TwilioRest) -> None:
    sms.fail(400, twilio_error(63016))
    assert (await send(sms, SMS))[1]["code"] == 63016
    assert (await send(sms, SMS))[0] == 201
    assert len(sms.accepted) == 1
