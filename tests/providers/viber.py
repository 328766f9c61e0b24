"""Viber REST bot API (CHANNELS section 5; developers.viber.com, "Viber REST API", "Keyboards" and "Error codes").

Viber answers HTTP 200 with a `status` in the body, also when it refuses. `FakeViber` takes what the gateway sends;
`sign` and `deliver` are Viber's side of a webhook.
"""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from hmac import HMAC
from typing import Any, NoReturn

from aiohttp import ClientError, web

from tests.providers.base import Accepted, FakeProvider, Refused, Reply, Route, Sent, deliver_raw
from tests.providers.shapes import BOOL, INT, Schema, by, const, like, many, obj, text, violation

MOST_BYTES = 30_000
MOST_TEXT = 7000
FIRST_TOKEN = 5741311803571721087
"""Message tokens are larger than 2**53: who reads them as floating point numbers loses the last digits."""

STATUS = {
    0: "ok",
    1: "invalidUrl",
    2: "invalidAuthToken",
    3: "badData",
    4: "missingData",
    5: "receiverNotRegistered",
    6: "receiverNotSubscribed",
    7: "publicAccountBlocked",
    8: "publicAccountNotFound",
    9: "publicAccountSuspended",
    10: "webhookNotSet",
    11: "receiverNoSuitableDevice",
    12: "tooManyRequests",
    13: "apiVersionNotSupported",
    14: "incompatibleWithVersion",
}
EVENTS = ("delivered", "seen", "failed", "subscribed", "unsubscribed", "message", "conversation_started", "client_status")

_LINK = like(r"https?://\S+", 2000)
_COLOUR = like("#[0-9A-Fa-f]{6}")


def _between(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


_BUTTON = obj(
    {"ActionBody": text()},
    {
        "ActionType": const("reply", "open-url", "location-picker", "share-phone", "none"),
        "Text": text(250),
        "Columns": _between(1, 6),
        "Rows": _between(1, 2),
        "BgColor": _COLOUR,
        "Silent": BOOL,
        "BgMediaType": const("picture", "gif"),
        "BgMedia": _LINK,
        "BgMediaScaleType": const("crop", "fill", "fit"),
        "ImageScaleType": const("crop", "fill", "fit"),
        "BgLoop": BOOL,
        "Image": _LINK,
        "TextVAlign": const("top", "middle", "bottom"),
        "TextHAlign": const("left", "center", "right"),
        "TextPaddings": many(_between(0, 12), 4, least=4),
        "TextOpacity": _between(0, 100),
        "TextSize": const("small", "regular", "large"),
        "TextShouldFit": BOOL,
        "OpenURLType": const("internal", "external"),
    },
)
_KEYBOARD = obj(
    {"Type": const("keyboard"), "Buttons": many(_BUTTON, 24 * 6)},
    {
        "BgColor": _COLOUR,
        "DefaultHeight": BOOL,
        "CustomDefaultHeight": _between(40, 70),
        "HeightScale": _between(20, 100),
        "ButtonsGroupColumns": _between(1, 6),
        "ButtonsGroupRows": _between(1, 2),
        "InputFieldState": const("regular", "minimized", "hidden"),
    },
)
_SENDER = obj({"name": text(28)}, {"avatar": _LINK})
_SIZE = {"type": "integer", "minimum": 1}
_TYPES: dict[str, tuple[Schema, Schema]] = {
    "text": ({"text": text(MOST_TEXT)}, {}),
    "picture": ({"text": text(768, least=0), "media": _LINK}, {"thumbnail": _LINK}),
    "video": ({"media": _LINK, "size": _SIZE}, {"duration": _between(1, 600), "thumbnail": _LINK, "text": text(768)}),
    "file": ({"media": _LINK, "size": _SIZE, "file_name": text(256)}, {}),
    "contact": ({"contact": obj({"name": text(28), "phone_number": text(18)}, {"avatar": _LINK})}, {}),
    "location": (
        {
            "location": obj(
                {
                    "lat": {"type": "number", "minimum": -90, "maximum": 90},
                    "lon": {"type": "number", "minimum": -180, "maximum": 180},
                }
            )
        },
        {},
    ),
    "url": ({"media": _LINK}, {}),
    "sticker": ({"sticker_id": INT}, {}),
}
_COMMON_MUST: Schema = {"receiver": text(), "sender": _SENDER}
_COMMON_MAY: Schema = {"tracking_data": text(4000, 0), "min_api_version": _between(1, 10), "keyboard": _KEYBOARD}
_COMMON_MAY["auth_token"] = text()
MESSAGE = by(
    "type",
    {kind: obj({**_COMMON_MUST, "type": const(kind), **must}, {**_COMMON_MAY, **may}) for kind, (must, may) in _TYPES.items()},
)
WEBHOOK = obj(
    {"url": like(r"(?:https?://\S+)?", 2000) | {"minLength": 0}},
    {"event_types": many(const(*EVENTS), least=0), "send_name": BOOL, "send_photo": BOOL, "auth_token": text()},
)


class FakeViber(FakeProvider):
    """Viber for one bot.

    Everybody is subscribed but those in `not_registered` (status 5) and `unsubscribed` (status 6). `webhook` is what
    `set_webhook` set, after the address answered the `webhook` event with 200.
    """

    def __init__(self, token: str = "viber-token") -> None:
        super().__init__()
        self.token = token
        self.not_registered: set[str] = set()
        self.unsubscribed: set[str] = set()
        self.webhook: dict[str, Any] = {}

    def routes(self) -> Iterable[Route]:
        return (
            Route("POST", "/pa/send_message", send=self._send_message),
            Route("POST", "/pa/set_webhook", self._set_webhook),
            Route("POST", "/pa/get_account_info", self._account),
        )

    def http_refusal(self, status: int, reason: str) -> web.Response:
        """What is no JSON is badData with HTTP 200; only address and method are HTTP's own business."""
        return web.Response(status=status, text=reason) if status in (404, 405) else _answer(3)

    async def _send_message(self, request: web.Request) -> Sent:
        message = await self._body(request, MESSAGE)
        if message["receiver"] in self.not_registered:
            _refuse(5, f"{message['receiver']} is not registered")
        if message["receiver"] in self.unsubscribed:
            _refuse(6, f"{message['receiver']} is not subscribed")
        number = FIRST_TOKEN + self.next_number()
        answer = _answer(0, message_token=number, chat_hostname="SN-CHAT-05_", billing_status=1)
        return [_accepted(str(number), message)], answer

    async def _set_webhook(self, request: web.Request) -> web.StreamResponse:
        wanted = await self._body(request, WEBHOOK)
        if not wanted["url"]:
            self.webhook = {}
            return _answer(0)
        event = {"event": "webhook", "timestamp": 1767225600000, "message_token": FIRST_TOKEN + self.next_number()}
        try:
            reply = await deliver(wanted["url"], event, self.token)
        except (ClientError, TimeoutError) as error:
            _refuse(1, f"the webhook's address cannot be reached: {error}")
        if reply.status != 200:
            _refuse(1, f"the webhook event got {reply.status}, not 200")
        self.webhook = wanted
        return _answer(0, event_types=wanted.get("event_types", list(EVENTS)))

    async def _account(self, request: web.Request) -> web.StreamResponse:
        await self._body(request, obj({}, {"auth_token": text()}))
        return _answer(0, id="pa:75346594275468546724", name="Regia", uri="regia", webhook=self.webhook.get("url", ""))

    async def _body(self, request: web.Request, schema: Schema) -> dict[str, Any]:
        raw = await request.read()
        if len(raw) > MOST_BYTES:
            _refuse(3, f"{len(raw)} bytes of JSON, the limit is {MOST_BYTES}")
        if request.query_string:
            _refuse(3, "query parameters are not documented")
        body = await self.json_object(request)
        if request.headers.get("X-Viber-Auth-Token", body.get("auth_token")) != self.token:
            _refuse(2, "no or wrong auth token")
        if wrong := violation(schema, body):
            _refuse(4 if wrong.rule == "required" else 3, str(wrong))
        return body


def _answer(status: int, **more: Any) -> web.Response:
    return web.json_response({"status": status, "status_message": STATUS[status], **more})


def _refuse(status: int, reason: str) -> NoReturn:
    raise Refused(f"{STATUS[status]}: {reason}", _answer(status))


def refusal(status: int) -> dict[str, Any]:
    """The body of a documented refusal, for `fail(200, refusal(12))`."""
    return {"status": status, "status_message": STATUS[status]}


def _accepted(token: str, message: Mapping[str, Any]) -> Accepted:
    keyboard = message.get("keyboard", {}).get("Buttons", [])
    return Accepted(
        id=token,
        to=message["receiver"],
        kind=message["type"],
        text=message.get("text"),
        buttons=tuple((button["ActionBody"], button.get("Text", "")) for button in keyboard),
        media=message.get("media"),
        extra={"message": dict(message), "tracking_data": message.get("tracking_data")},
    )


# Viber's side of a webhook


def sign(body: bytes, token: str) -> str:
    """`X-Viber-Content-Signature` (CHANNELS section 0): HMAC-SHA256 of the raw body under the auth token, lower hex."""
    return HMAC(token.encode(), body, sha256).hexdigest()


async def deliver(
    url: str, event: Mapping[str, Any] | bytes, token: str, *, signature: str | None = None, seconds: float = 20
) -> Reply:
    """Posts one callback as Viber does; `signature` replaces the right one."""
    body = event if isinstance(event, bytes) else json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "X-Viber-Content-Signature": sign(body, token) if signature is None else signature,
    }
    return await deliver_raw(url, body, headers, seconds=seconds)
