"""LINE Messaging API (CHANNELS section 4; developers.line.biz, Messaging API reference and "Retry failed API requests").

`FakeLine` takes what the gateway sends; `sign` and `deliver` are LINE's side of a webhook.
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from hmac import HMAC
from typing import Any, NoReturn
from uuid import UUID, uuid4

from aiohttp import web

from tests.providers.base import Accepted, FakeProvider, Refused, Reply, Route, Sent, bearer, deliver_raw, only
from tests.providers.line_shapes import PUSH, REPLY, faults

RETRY_KEY = "X-Line-Retry-Key"
QUOTABLE = frozenset({"text", "sticker", "image", "video", "template", "flex"})
PROFILE_SCOPE = "P CM"
RATE_LIMITED = {"message": "The API rate limit has been exceeded. Try again later."}
MONTHLY_LIMIT = {"message": "You have reached your monthly limit."}
"""Bodies of the two kinds of 429, for `fail(429, …)`: the second does not pass before the month does."""


class FakeLine(FakeProvider):
    """LINE for one channel.

    `reply_tokens` maps each token LINE gave out to the user it answers; a test adds those of the events it delivers,
    and takes one away to let it expire. `users` maps user ids to their profiles; with `unknown_users_refused` a push to
    anybody else is refused. `preparing` says how often the content of a message is not ready yet (202). A retry key that comes
    again is answered with 409 and noted in `repeated`, not in `refused`: LINE documents it as the safe repetition.
    """

    def __init__(
        self,
        token: str = "line-token",
        *,
        channel_id: str = "1234567890",
        bot_user_id: str = "Ubot",
        unknown_users_refused: bool = False,
    ) -> None:
        super().__init__()
        self.token = token
        self.channel_id = channel_id
        self.bot_user_id = bot_user_id
        self.unknown_users_refused = unknown_users_refused
        self.reply_tokens: dict[str, str] = {}
        self.users: dict[str, dict[str, str]] = {}
        self.file_types: dict[str, str] = {}
        self.preparing: dict[str, int] = {}
        self.repeated: list[str] = []

    def routes(self) -> Iterable[Route]:
        return (
            Route("POST", "/v2/bot/message/reply", send=self._reply),
            Route("POST", "/v2/bot/message/push", send=self._push),
            Route("GET", r"/v2/bot/message/[^/]+/content", self._content),
            Route("GET", r"/v2/bot/profile/[^/]+", self._profile),
            Route("GET", "/v2/bot/info", self._info),
            Route("POST", "/v2/oauth/verify", self._verify),
        )

    def http_refusal(self, status: int, reason: str) -> web.Response:
        return _error(status, {404: "Not found", 405: "Method Not Allowed"}.get(status, reason))

    # calls that send

    async def _reply(self, request: web.Request) -> Sent:
        self._authorised(request)
        if RETRY_KEY in request.headers:
            _refuse(400, f"The retry key is not supported in this API: {RETRY_KEY}")
        body = await self._body(request, REPLY)
        token = body["replyToken"]
        used = any(message.extra["reply_token"] == token for message in self.accepted)
        if used or token not in self.reply_tokens:
            _refuse(
                400, "Invalid reply token", f"reply token {token!r} {'was used before' if used else 'is unknown or expired'}"
            )
        return self._take(body["messages"], self.reply_tokens[token], reply_token=token)

    async def _push(self, request: web.Request) -> Sent:
        self._authorised(request)
        key = _retry_key(request)
        body = await self._body(request, PUSH)
        if not self._known(body["to"]):
            _refuse(400, "The property, 'to', in the request body is invalid (line: -, column: -)")
        earlier = [message for message in self.accepted if key and message.extra["retry_key"] == key]
        if key and earlier:
            self.repeated.append(key)
            return (), _conflict(earlier)
        return self._take(body["messages"], body["to"], retry_key=key)

    def _known(self, to: str) -> bool:
        return to in self.users if self.unknown_users_refused else to[:1] in ("U", "C", "R")

    def _take(
        self, messages: Sequence[dict[str, Any]], to: str, reply_token: str | None = None, retry_key: str | None = None
    ) -> Sent:
        request_id = str(uuid4())
        extra = {"reply_token": reply_token, "retry_key": retry_key, "request_id": request_id}
        taken = [_accepted(f"4612309668420{self.next_number():05}", to, message, extra) for message in messages]
        return taken, _answer(200, {"sentMessages": _sent(taken)}, {"x-line-request-id": request_id})

    async def _body(self, request: web.Request, schema: dict[str, Any]) -> dict[str, Any]:
        if request.query_string:
            _refuse(400, "The request has query parameters that are not documented")
        body = await self.json_object(request, refused_with=415)
        if details := faults(schema, body):
            reason = f"The request body has {len(details)} error(s)"
            raise Refused(f"{reason}: {details}", _answer(400, {"message": reason, "details": details}))
        return body

    # calls that read

    async def _content(self, request: web.Request) -> web.StreamResponse:
        self._authorised(request)
        name = request.path.split("/")[-2]
        if self.preparing.get(name, 0) > 0:
            self.preparing[name] -= 1
            return _answer(202, {})
        if name not in self.files:
            _refuse(404, "Not found")
        kind = self.file_types.get(name, "application/octet-stream")
        return web.Response(body=self.files[name], content_type=kind)

    async def _profile(self, request: web.Request) -> web.StreamResponse:
        self._authorised(request)
        user = request.path.rpartition("/")[2]
        if user not in self.users:
            _refuse(404, "Not found")
        return _answer(200, {"userId": user, **self.users[user]})

    async def _info(self, request: web.Request) -> web.StreamResponse:
        self._authorised(request)
        bot = {
            "userId": self.bot_user_id,
            "basicId": "@regia",
            "displayName": "Regia",
            "chatMode": "bot",
            "markAsReadMode": "auto",
        }
        return _answer(200, bot)

    async def _verify(self, request: web.Request) -> web.StreamResponse:
        """Verify the validity of short-lived and long-lived channel access tokens: a form with the token, no header."""
        if request.content_type != "application/x-www-form-urlencoded" or only(request):
            _refuse(400, "content type or query is not that of the verify call")
        form = await request.post()
        if list(form.keys()) != ["access_token"] or form["access_token"] != self.token:
            answer = _answer(400, {"error": "invalid_request", "error_description": "access token expired"})
            raise Refused("verify with a wrong access token or other fields", answer)
        return _answer(200, {"client_id": self.channel_id, "expires_in": 2591659, "scope": PROFILE_SCOPE})

    def _authorised(self, request: web.Request) -> None:
        if bearer(request) != self.token:
            _refuse(401, "Authentication failed. Confirm that the access token in the authorization header is valid.")


def _answer(status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response(body, status=status, headers={"x-line-request-id": str(uuid4()), **(headers or {})})


def _error(status: int, message: str) -> web.Response:
    return _answer(status, {"message": message})


def _refuse(status: int, message: str, reason: str | None = None) -> NoReturn:
    raise Refused(reason or message, _error(status, message))


def _retry_key(request: web.Request) -> str | None:
    """The key of this push, lower case; "a hexadecimal UUID generated by any method"."""
    key = request.headers.get(RETRY_KEY)
    if key is None:
        return None
    try:
        fits = str(UUID(key)) == key.lower()
    except ValueError:
        fits = False
    if not fits:
        _refuse(400, "The value of the X-Line-Retry-Key header is invalid", f"{RETRY_KEY} {key!r} is not a UUID")
    return key.lower()


def _conflict(earlier: Sequence[Accepted]) -> web.Response:
    body = {"message": "The retry key is already accepted", "sentMessages": _sent(earlier)}
    return _answer(409, body, {"x-line-accepted-request-id": earlier[0].extra["request_id"]})


def _sent(messages: Sequence[Accepted]) -> list[dict[str, str]]:
    return [{"id": sent.id, **({"quoteToken": f"q{sent.id}"} if sent.kind in QUOTABLE else {})} for sent in messages]


def _accepted(number: str, to: str, message: Mapping[str, Any], extra: Mapping[str, Any]) -> Accepted:
    template = message.get("template", {})
    actions = [item["action"] for item in message.get("quickReply", {}).get("items", [])] or template.get("actions", [])
    return Accepted(
        id=number,
        to=to,
        kind=message["type"],
        text=message.get("text") or template.get("text") or message.get("altText"),
        buttons=tuple((_pressed(action), action.get("label", "")) for action in actions),
        media=message.get("originalContentUrl"),
        reply_to=message.get("quoteToken"),
        extra={**extra, "message": dict(message)},
    )


def _pressed(action: Mapping[str, Any]) -> str:
    """What comes back when the action is tapped, or the address it opens."""
    return str(next((action[key] for key in ("data", "text", "uri") if key in action), action["type"]))


# LINE's side of a webhook


def sign(body: bytes, secret: str) -> str:
    """`X-Line-Signature` (CHANNELS section 0): HMAC-SHA256 of the raw body under the channel secret, base64."""
    return b64encode(HMAC(secret.encode(), body, sha256).digest()).decode()


async def deliver(
    url: str, payload: Mapping[str, Any] | bytes, secret: str, *, signature: str | None = None, seconds: float = 20
) -> Reply:
    """Posts `{"destination", "events"}` as LINE does; `signature` replaces the right one."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "LineBotWebhook/2.0",
        "x-line-signature": sign(body, secret) if signature is None else signature,
    }
    return await deliver_raw(url, body, headers, seconds=seconds)
