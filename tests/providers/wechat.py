"""WeChat official account API (CHANNELS section 6; developers.weixin.qq.com: access_token, customer service messages,
temporary media, global return codes).

WeChat answers HTTP 200 with an `errcode` in the body, also when it refuses. `FakeWeChat` takes what the gateway sends;
WeChat's side of a webhook is in `wechat_webhook`.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn
from uuid import uuid4

from aiohttp import web

from tests.providers.base import Accepted, FakeProvider, Refused, Route, Sent, only
from tests.providers.shapes import Schema, by, const, like, many, obj, text, violation

TOKEN_SECONDS = 7200
MOST_TEXT_BYTES = 2048

ERRORS = {
    -1: "system error",
    0: "ok",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    40125: "invalid appsecret",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41006: "media_id missing",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    44002: "empty post data",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    47001: "data format error",
}

_LINK = like(r"https?://\S+", 2048)
_MEDIA = obj({"media_id": text()})
_ARTICLE = obj({"title": text(), "url": _LINK}, {"description": text(), "picurl": _LINK})
_TYPES: dict[str, Schema] = {
    "text": obj({"content": text()}),
    "image": _MEDIA,
    "voice": _MEDIA,
    "video": obj({"media_id": text()}, {"thumb_media_id": text(), "title": text(), "description": text()}),
    "music": obj({"musicurl": _LINK, "hqmusicurl": _LINK, "thumb_media_id": text()}, {"title": text(), "description": text()}),
    "news": obj({"articles": many(_ARTICLE, 1)}),
    "mpnews": _MEDIA,
    "msgmenu": obj({"list": many(obj({"id": text(), "content": text()}))}, {"head_content": text(), "tail_content": text()}),
}
MESSAGE = by(
    "msgtype",
    {
        kind: obj({"touser": text(), "msgtype": const(kind), kind: shape}, {"customservice": obj({"kf_account": text()})})
        for kind, shape in _TYPES.items()
    },
)

_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u([0-9a-fA-F]{4})")


class FakeWeChat(FakeProvider):
    """WeChat for one account.

    `tokens` holds every access token given out and the errcode its use gets (0 is valid): `expire` and `invalidate` end
    them all. Users in `silent` wrote more than 48 hours ago or left (45015), `followers` is None or all there are (else
    40003), `quota` is None or how many messages one user takes until `heard` from again (45047). Media ids are the keys
    of `files`.
    """

    def __init__(self, appid: str = "wxapp1", secret: str = "wx-secret") -> None:
        super().__init__()
        self.appid = appid
        self.secret = secret
        self.tokens: dict[str, int] = {}
        self.silent: set[str] = set()
        self.followers: set[str] | None = None
        self.quota: int | None = None
        self.file_types: dict[str, str] = {}
        self._heard: dict[str, int] = {}

    def heard(self, openid: str) -> None:
        """This user wrote just now: window and count begin anew."""
        self.silent.discard(openid)
        self._heard[openid] = len(self.accepted)

    def expire(self) -> None:
        """The 7200 seconds of every access token are over."""
        self.tokens = dict.fromkeys(self.tokens, 42001)

    def invalidate(self) -> None:
        """Somebody else fetched a token, so that none given out so far is the latest."""
        self.tokens = dict.fromkeys(self.tokens, 40001)

    def routes(self) -> Iterable[Route]:
        return (
            Route("GET", "/cgi-bin/token", self._token),
            Route("POST", "/cgi-bin/message/custom/send", send=self._custom_send),
            Route("GET", "/cgi-bin/media/get", self._media),
            *(Route(method, "/cgi-bin/(?:token|media/get)", _needs_get) for method in ("POST", "PUT")),
            *(Route(method, "/cgi-bin/message/custom/send", _needs_post) for method in ("GET", "PUT")),
        )

    def http_refusal(self, status: int, reason: str) -> web.Response:
        """Only the address is HTTP's own business."""
        return web.Response(status=status, text=reason) if status in (404, 405) else _answer(47001)

    async def _token(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        expected = {"grant_type": ("client_credential", 40002, 40002), "appid": (self.appid, 41002, 40013)}
        expected["secret"] = (self.secret, 41004, 40125)
        for name, (value, missing, wrong) in expected.items():
            if query.get(name) != value:
                _refuse(wrong if name in query else missing, name)
        if extra := only(request, *expected):
            _refuse(47001, f"undocumented or repeated query parameters {extra}")
        token = f"wx-token-{uuid4().hex}"
        self.tokens[token] = 0
        return web.json_response({"access_token": token, "expires_in": TOKEN_SECONDS})

    async def _custom_send(self, request: web.Request) -> Sent:
        self._authorised(request)
        message = await self._message(request)
        to, kind = message["touser"], message["msgtype"]
        content = message[kind]
        if self.followers is not None and to not in self.followers:
            _refuse(40003, to)
        if to in self.silent:
            _refuse(45015, to)
        if self.quota is not None and self._unanswered(to) >= self.quota:
            _refuse(45047, f"{to} has {self.quota} messages since the last of theirs")
        if len(content.get("content", "").encode()) > MOST_TEXT_BYTES:
            _refuse(45002, f"the text is longer than {MOST_TEXT_BYTES} bytes")
        if "media_id" in content and content["media_id"] not in self.files:
            _refuse(40007, content["media_id"])
        return [_accepted(f"wx-{self.next_number()}", message)], _answer(0)

    def _unanswered(self, to: str) -> int:
        return sum(sent.to == to for sent in self.accepted[self._heard.get(to, 0) :])

    async def _message(self, request: web.Request) -> dict[str, Any]:
        raw = await request.read()
        if not raw:
            _refuse(44002, "no body")
        # Control characters have no other form in JSON, so only what could stand as itself is held against the sender.
        if any(int(digits, 16) >= 0x20 for digits in _ESCAPE.findall(raw)):
            _refuse(40033, "the body holds \\u escapes, not UTF-8")
        message = await self.json_object(request)
        if wrong := violation(MESSAGE, message):
            _refuse(40008 if wrong.path == "msgtype" else 47001, str(wrong))
        return message

    async def _media(self, request: web.Request) -> web.StreamResponse:
        self._authorised(request, "media_id")
        name = request.query.get("media_id")
        if name is None:
            _refuse(41006, "media_id")
        if name not in self.files:
            _refuse(40007, name)
        headers = {"Content-disposition": f'attachment; filename="{name}"'}
        kind = self.file_types.get(name, "image/jpeg")
        return web.Response(body=self.files[name], content_type=kind, headers=headers)

    def _authorised(self, request: web.Request, *also: str) -> None:
        token = request.query.get("access_token")
        if token is None:
            _refuse(41001, "access_token")
        if errcode := self.tokens.get(token, 40001):
            _refuse(errcode, "access_token")
        if extra := only(request, "access_token", *also):
            _refuse(47001, f"undocumented or repeated query parameters {extra}")


async def _needs_get(request: web.Request) -> web.StreamResponse:
    _refuse(43001, request.method)


async def _needs_post(request: web.Request) -> web.StreamResponse:
    _refuse(43002, request.method)


def refusal(errcode: int) -> dict[str, Any]:
    """The body of a documented refusal, for `fail(200, refusal(45015))`."""
    return {"errcode": errcode, "errmsg": f"{ERRORS[errcode]} rid: {uuid4().hex[:8]}" if errcode else "ok"}


def _answer(errcode: int) -> web.Response:
    return web.json_response(refusal(errcode))


def _refuse(errcode: int, reason: str) -> NoReturn:
    raise Refused(f"{errcode} {ERRORS[errcode]}: {reason}", _answer(errcode))


def _accepted(number: str, message: Mapping[str, Any]) -> Accepted:
    content = message[message["msgtype"]]
    return Accepted(
        id=number,
        to=message["touser"],
        kind=message["msgtype"],
        text=content.get("content", content.get("head_content")),
        buttons=tuple((item["id"], item["content"]) for item in content.get("list", [])),
        media=content.get("media_id"),
        extra={"message": dict(message)},
    )
