"""X API v2 (CHANNELS section 7; docs.x.com: "Create DM message by participant ID", "Create Post", V2 webhooks).

Errors are problem objects: `title`, `detail`, `type`, `status`, and `errors` for invalid parameters. `FakeX` takes what
the gateway sends; `sign`, `crc`, `crc_passed` and `deliver` are X's side of a webhook.
"""

import json
import re
import time
from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from hmac import HMAC
from typing import Any, NoReturn

from aiohttp import web
from yarl import URL

from tests.providers.base import Accepted, FakeProvider, Refused, Reply, Route, Sent, bearer, deliver_raw
from tests.providers.shapes import BOOL, Schema, like, many, obj, text, violation

MOST_DM_TEXT = 10_000
MOST_WEIGHT = 280
PER_WINDOW = 200
WINDOW_SECONDS = 15 * 60
PROBLEMS = "https://api.twitter.com/2/problems/"

_ID = like("[0-9]{1,19}")
_MEDIA = obj({"media_id": _ID})
_DM_KEYS: Schema = {"text": text(MOST_DM_TEXT), "attachments": many(_MEDIA, 1)}
MESSAGE: Schema = obj({}, _DM_KEYS)
"""Text, an attachment, or both: the reference's anyOf."""
TWEET = obj(
    {},
    {
        "text": text(),
        "reply": obj(
            {"in_reply_to_tweet_id": _ID}, {"exclude_reply_user_ids": many(_ID), "auto_populate_reply_metadata": BOOL}
        ),
        "media": obj({"media_ids": many(_ID, 4)}, {"tagged_user_ids": many(_ID, 10)}),
        "quote_tweet_id": _ID,
        "reply_settings": {"enum": ["following", "mentionedUsers", "subscribers", "verified"]},
        "nullcast": BOOL,
        "for_super_followers_only": BOOL,
    },
)

FORBIDDEN = {
    "dm": "You do not have permission to DM one or more participants.",
    "duplicate": "You are not allowed to create a Tweet with duplicate content.",
    "reply": "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged by the "
    "author of the post you are replying to.",
    "scope": "You are not permitted to perform this action.",
    "app_only": "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint. Supported authentication "
    "types are [OAuth 1.0a User Context, OAuth 2.0 User Context].",
}


def problem(status: int, title: str, detail: str, kind: str = "about:blank", **more: Any) -> dict[str, Any]:
    """The body of an error."""
    return {"title": title, "detail": detail, "type": kind, "status": status, **more}


class FakeX(FakeProvider):
    """X for one user whose token the gateway holds.

    Users in `closed` take no direct messages, posts in `closed_posts` no replies (403). `app_token` is an app-only token,
    which both calls forbid; `scopes` are those of the user's token. A window holds `per_window` sends of each kind.
    """

    def __init__(self, token: str = "x-user-token", *, app_token: str = "x-app-token", per_window: int = PER_WINDOW) -> None:
        super().__init__()
        self.token = token
        self.app_token = app_token
        self.per_window = per_window
        self.user_id = "111"
        self.scopes = {"dm.write", "dm.read", "tweet.read", "tweet.write", "users.read"}
        self.closed: set[str] = set()
        self.closed_posts: set[str] = set()
        self.reset_at = int(time.time()) + WINDOW_SECONDS

    def throttle(self, seconds: int = 60, times: int = 1) -> None:
        """The next `times` sends get 429; the window ends in `seconds`."""
        self.reset_at = int(time.time()) + seconds
        self.fail(429, problem(429, "Too Many Requests", "Too Many Requests"), self._limits(0), times)

    def routes(self) -> Iterable[Route]:
        return (
            Route("POST", r"/2/dm_conversations/with/[^/]+/messages", send=self._message),
            Route("POST", "/2/tweets", send=self._tweet),
        )

    def http_refusal(self, status: int, reason: str) -> web.Response:
        if status == 400:
            return _invalid(reason)
        title = {404: "Not Found", 405: "Method Not Allowed", 415: "Unsupported Media Type"}.get(status, "Error")
        return web.json_response(problem(status, title, reason), status=status)

    async def _message(self, request: web.Request) -> Sent:
        remaining = self._admit(request, "dm", {"dm.write", "dm.read", "tweet.read", "users.read"})
        user = request.path.split("/")[-2]
        if not re.fullmatch("[0-9]{1,19}", user):
            _bad(f"The `participant_id` query parameter value [{user}] is not valid")
        body = await self._body(request, MESSAGE)
        if not body:
            _bad("body: text or attachments are needed")
        if user in self.closed:
            _forbid("dm")
        number = f"15823{self.next_number():014}"
        pair = sorted((self.user_id, user), key=int)
        made = {"dm_conversation_id": "-".join(pair), "dm_event_id": number}
        media = [item["media_id"] for item in body.get("attachments", [])]
        taken = Accepted(
            number, user, "dm", body.get("text"), media=media[0] if media else None, extra={"message": body, "at": time.time()}
        )
        return [taken], web.json_response({"data": made}, status=201, headers=self._limits(remaining))

    async def _tweet(self, request: web.Request) -> Sent:
        remaining = self._admit(request, "tweet", {"tweet.write", "tweet.read", "users.read"})
        body = await self._body(request, TWEET)
        if "text" not in body and "media" not in body:
            _bad("body: text or media are needed")
        if weight(body.get("text", "")) > MOST_WEIGHT:
            _bad(f"text: a weight of {weight(body['text'])}, the limit is {MOST_WEIGHT}")
        parent = body.get("reply", {}).get("in_reply_to_tweet_id")
        if parent in self.closed_posts:
            _forbid("reply")
        if any(sent.kind == "tweet" and (sent.text, sent.reply_to) == (body.get("text"), parent) for sent in self.accepted):
            _forbid("duplicate")
        number = f"20068{self.next_number():014}"
        media = body.get("media", {}).get("media_ids", [None])[0]
        taken = Accepted(
            number,
            parent or "",
            "tweet",
            body.get("text"),
            media=media,
            reply_to=parent,
            extra={"message": body, "at": time.time()},
        )
        data = {"id": number, "text": body.get("text", ""), "edit_history_tweet_ids": [number]}
        return [taken], web.json_response({"data": data}, status=201, headers=self._limits(remaining))

    def _admit(self, request: web.Request, kind: str, scopes: set[str]) -> int:
        """Token, scopes and rate: how many calls are left in the window after this one."""
        token = bearer(request)
        if token == self.app_token:
            _forbid("app_only")
        if token != self.token:
            raise Refused("no or wrong user token", _response(problem(401, "Unauthorized", "Unauthorized")))
        if not scopes <= self.scopes:
            _forbid("scope")
        if time.time() >= self.reset_at:
            self.reset_at = int(time.time()) + WINDOW_SECONDS
        began = self.reset_at - WINDOW_SECONDS
        sent = [message for message in self.accepted if message.kind == kind and message.extra["at"] >= began]
        if len(sent) >= self.per_window:
            answer = _response(problem(429, "Too Many Requests", "Too Many Requests"), self._limits(0))
            raise Refused(f"more than {self.per_window} calls in the window", answer)
        return self.per_window - len(sent) - 1

    def _limits(self, remaining: int) -> dict[str, str]:
        return {
            "x-rate-limit-limit": str(self.per_window),
            "x-rate-limit-remaining": str(remaining),
            "x-rate-limit-reset": str(self.reset_at),
        }

    async def _body(self, request: web.Request, schema: Schema) -> dict[str, Any]:
        if request.query_string:
            _bad("query parameters are not documented")
        body = await self.json_object(request, refused_with=415)
        if wrong := violation(schema, body):
            _bad(str(wrong))
        return body


def _response(body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response(body, status=body["status"], headers=headers)


def _invalid(reason: str) -> web.Response:
    detail = "One or more parameters to your request was invalid."
    body = problem(400, "Invalid Request", detail, f"{PROBLEMS}invalid-request", errors=[{"message": reason}])
    return _response(body)


def _bad(reason: str) -> NoReturn:
    raise Refused(reason, _invalid(reason))


def _forbid(why: str) -> NoReturn:
    """403 in one of its documented forms."""
    raise Refused(FORBIDDEN[why], _response(forbidden(why)))


def forbidden(why: str) -> dict[str, Any]:
    """The body of a 403, `why` from `FORBIDDEN`; for `fail(403, forbidden("dm"))`."""
    if why == "app_only":
        return problem(403, "Unsupported Authentication", FORBIDDEN[why], f"{PROBLEMS}unsupported-authentication")
    return problem(403, "Forbidden", FORBIDDEN[why])


_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
"""Code points that weigh one; all others weigh two (twitter-text, configuration v3)."""


def weight(post: str) -> int:
    """The weighted length of a post: an address weighs 23, whatever its length."""
    bare, links = re.subn(r"https?://\S+", "", post)
    return 23 * links + sum(1 if any(low <= ord(sign) <= high for low, high in _LIGHT) else 2 for sign in bare)


# X's side of a webhook


def sign(body: bytes, consumer_secret: str) -> str:
    """`x-twitter-webhooks-signature` (CHANNELS section 0): `sha256=` and the base64 of HMAC-SHA256 of the raw body."""
    return "sha256=" + b64encode(HMAC(consumer_secret.encode(), body, sha256).digest()).decode()


def response_token(crc_token: str, consumer_secret: str) -> str:
    """What the gateway must answer to a challenge response check."""
    return sign(crc_token.encode(), consumer_secret)


async def crc(url: str, crc_token: str = "abc123", *, seconds: float = 3) -> Reply:
    """The challenge response check: GET with `crc_token`; X waits three seconds."""
    return await deliver_raw(str(URL(url).update_query(crc_token=crc_token)), method="GET", seconds=seconds)


def crc_passed(reply: Reply, consumer_secret: str, crc_token: str = "abc123") -> bool:
    """Whether the answer keeps the webhook valid: 200 and the token as JSON; a redirect or any other token does not."""
    if reply.status != 200 or not reply.headers.get("Content-Type", "").startswith("application/json"):
        return False
    answer = json.loads(reply.body)
    return isinstance(answer, dict) and answer.get("response_token") == response_token(crc_token, consumer_secret)


async def deliver(
    url: str, payload: Mapping[str, Any] | bytes, consumer_secret: str, *, signature: str | None = None, seconds: float = 10
) -> Reply:
    """Posts one event as X does; `signature` replaces the right one."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "x-twitter-webhooks-signature": sign(body, consumer_secret) if signature is None else signature,
    }
    return await deliver_raw(url, body, headers, seconds=seconds)
