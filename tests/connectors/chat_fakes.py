"""Strict fakes of the two APIs that tests of sending by description use: one of JSON and status codes, one of forms that
always answers 200. Both invented, like their descriptions."""

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from tests.providers.base import PATH, Accepted, FakeProvider, Route, Sent, bearer, only
from tests.providers.shapes import like, many, obj, text, violation

_TEXT = 2000


class FakeChat(FakeProvider):
    """The API of `chat_saas`: a message for a visitor, once for each idempotency key."""

    def __init__(self, token: str, workspace: str) -> None:
        super().__init__()
        self.token = token
        self.workspace = workspace
        self.keys: dict[str, str] = {}

    def routes(self) -> Iterable[Route]:
        yield Route("POST", r"/v1/workspaces/(?P<workspace>[^/]+)/visitors/(?P<visitor>.+)/messages", send=self._message)
        yield Route("GET", r"/u/(?P<name>.+)", self._file)

    async def _message(self, request: web.Request) -> Sent:
        if bearer(request) != self.token:
            self.refuse_http(401, "wrong token")
        if request[PATH]["workspace"] != self.workspace or only(request):
            self.refuse_http(404, f"unknown workspace or parameters: {request.rel_url}")
        key = request.headers.get("Idempotency-Key", "")
        body = await self.json_object(request)
        if len(key) != len("00000000-0000-0000-0000-000000000000") or (wrong := _wrong(body)):
            self.refuse_http(400, f"key {key!r}, or {wrong}")
        if key in self.keys:
            return [], web.json_response({"message": {"id": self.keys[key]}}, status=200)
        self.keys[key] = number = f"msg_{9000 + self.next_number()}"
        buttons = tuple((one["id"], one["label"]) for one in body.get("buttons", ()))
        taken = Accepted(
            number, request[PATH]["visitor"], "text", text=body["body"], buttons=buttons, reply_to=body.get("reply_to"),
            extra={"client_id": body["client_id"]},
        )  # fmt: skip
        return [taken], web.json_response({"message": {"id": number}}, status=201)

    async def _file(self, request: web.Request) -> web.Response:
        content = self.files.get(request[PATH]["name"])
        return web.Response(status=404) if content is None else web.Response(body=content, content_type="image/jpeg")


def _wrong(body: dict[str, Any]) -> str | None:
    button = obj({"id": text(64), "label": text(24)})
    shape = obj(
        {"body": text(_TEXT), "client_id": like(r"[0-9a-f-]{36}")},
        {"reply_to": like(r"msg_\w+"), "buttons": many(button, 4)},
    )
    found = violation(shape, body)
    return None if found is None else str(found)


class FakeForms(FakeProvider):
    """`POST /send` takes exactly these form fields; a refusal is `{"ok": false}` under status 200."""

    def routes(self) -> Iterable[Route]:
        yield Route("POST", "/send", send=self._take)

    def http_refusal(self, status: int, reason: str) -> web.Response:
        return web.json_response({"ok": False, "code": 90 + status // 100})

    async def _take(self, request: web.Request) -> Sent:
        if request.content_type != "application/x-www-form-urlencoded" or request.headers.get("X-Key") != "forms-key":
            self.refuse_http(401, "no form, or no key")
        fields = {name: str(value) for name, value in (await request.post()).items()}
        if set(fields) != {"chat", "text", "silent"} or not fields["chat"].isdigit():
            self.refuse_http(400, f"fields {fields}")
        number = self.next_number()
        return [Accepted(str(number), fields["chat"], "text", text=fields["text"])], web.json_response(
            {"ok": True, "id": number}
        )
