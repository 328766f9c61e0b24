"""Providers of which the other tests need no server, or less of one: files, Twilio's account, X's user, the described chat."""

import hmac
import time
from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final

from aiohttp import web

from tests.e2e.channel_samples import content
from tests.providers.base import PATH, Accepted, FakeProvider, Reply, Route, Sent, bearer, deliver_raw
from tests.providers.shapes import like, many, obj, text, violation
from tests.providers.twilio import TwilioRest
from tests.providers.x import FakeX

FORM: Final = "application/x-www-form-urlencoded"
_UUID: Final = like("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class FakeFiles(FakeProvider):
    """A file at every address, whose bytes are the `content` of its path. `locked` maps beginnings of paths to the
    `Authorization` that they ask for; elsewhere one is a secret told to a stranger, and refused."""

    def __init__(self, locked: Mapping[str, str]) -> None:
        super().__init__()
        self._locked = locked

    def routes(self) -> Iterable[Route]:
        return (Route("GET", "/.+", self._file),)

    async def _file(self, request: web.Request) -> web.Response:
        expected = next((key for start, key in self._locked.items() if request.path.startswith(start)), None)
        if request.headers.get("Authorization") != expected:
            self.refuse_http(401, f"Authorization {'missing or wrong' if expected else 'shown to a stranger'}")
        return web.Response(body=content(request.path), content_type="image/jpeg")


class TwilioAccount(TwilioRest):
    """With the account itself and the recordings of its calls, whose contents are in `files` by their sids.

    Source: Twilio Docs, "Account resource: fetch an Account", "Recordings resource: fetch a recording's media".
    """

    def routes(self) -> Iterable[Route]:
        account = "/2010-04-01/Accounts/(?P<account>AC[0-9a-f]{32})"
        recording = f"{account}/Recordings/(?P<recording>RE[0-9a-f]{{32}})[.](?:mp3|wav)"
        own = [Route("GET", f"{account}[.]json", self._account), Route("GET", recording, self._recording)]
        return [*own, *super().routes()]

    async def _account(self, request: web.Request) -> web.Response:
        self._authorised(request)
        return web.json_response({"sid": self.account_sid, "status": "active", "type": "Full"})

    async def _recording(self, request: web.Request) -> web.Response:
        self._authorised(request)
        recording = request[PATH]["recording"]
        if recording not in self.files:
            self.refuse(20404, "The requested resource was not found", 404)
        return web.Response(body=self.files[recording], content_type="audio/mpeg")


class XUser(FakeX):
    """With the user whose token it is.

    Source: X developers, "Users lookup: get my User".
    """

    def routes(self) -> Iterable[Route]:
        return (Route("GET", "/2/users/me", self._me), *super().routes())

    async def _me(self, request: web.Request) -> web.Response:
        if bearer(request) != self.token or request.query_string:
            self.refuse_http(401, "no or wrong user token")
        return web.json_response({"data": {"id": self.user_id, "name": "Regia Shop", "username": "regiashop"}})


class FakeChat(FakeProvider):
    """The service that `config/examples/webhooks/chat_saas.yaml` describes, for one workspace."""

    _MESSAGE: Final = obj(
        {"body": text(2000), "client_id": _UUID},
        {"reply_to": text(), "buttons": many(obj({"id": text(), "label": text(24)}), 4)},
    )

    def __init__(self, token: str, workspace: str) -> None:
        super().__init__()
        self.token = token
        self.workspace = workspace

    def routes(self) -> Iterable[Route]:
        path = "/v1/workspaces/(?P<workspace>[^/]+)/visitors/(?P<visitor>[^/]+)/messages"
        return (Route("POST", path, send=self._message),)

    async def _message(self, request: web.Request) -> Sent:
        if bearer(request) != self.token or request[PATH]["workspace"] != self.workspace or request.query_string:
            self.refuse_http(401, "token, workspace or query is wrong")
        body = await self.json_object(request)
        key = request.headers.get("Idempotency-Key", "")
        if wrong := violation(self._MESSAGE, body) or violation(_UUID, key.partition(":")[0]):
            self.refuse_http(422, str(wrong))
        number = f"msg_{9000 + self.next_number()}"
        taken = Accepted(
            number, request[PATH]["visitor"], "text", body["body"], reply_to=body.get("reply_to"), extra={"key": key}
        )
        return [taken], web.json_response({"message": {"id": number}}, status=201)


async def deliver_chat(url: str, body: bytes, secret: str) -> Reply:
    """Signed as the description says: the time, a point, the body."""
    stamp = str(int(time.time()))
    signature = hmac.new(secret.encode(), f"{stamp}.".encode() + body, sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Chat-Signature": signature, "X-Chat-Timestamp": stamp}
    return await deliver_raw(url, body, headers)


async def deliver_call(url: str, body: bytes, secret: str) -> Reply:
    """As an exchange posts a form."""
    return await deliver_raw(url, body, {"Content-Type": FORM, "Authorization": f"Bearer {secret}"})


def basic_header(user: str, password: str) -> str:
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"
