"""Telegram Bot API: methods under `/bot<token>/`, downloads under `/file/bot<token>/`, and the webhook's sender.

Sources: CHANNELS 2, core.telegram.org/bots/api. Give the gateway `provider.url` in place of https://api.telegram.org.
"""

import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any, NoReturn
from urllib.parse import urlsplit

from aiohttp import web

from tests.providers.base import PATH, Accepted, Canned, FakeProvider, Refused, Reply, Route, Sent, deliver_raw
from tests.providers.shapes import violation
from tests.providers.telegram_messages import accepted_of, message_of
from tests.providers.telegram_parameters import BadParameters, Parameters, parameters_of
from tests.providers.telegram_shapes import METHODS
from tests.providers.telegram_updates import Terminated, Updates

DOWNLOAD_LIMIT = 20 * 1024 * 1024
HOOK_PORTS = (None, 80, 88, 443, 8443)
HOOKED = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
TERMINATED = "terminated by other getUpdates request; make sure that only one bot instance is running"
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    429: "Too Many Requests",
}


def telegram_error(code: int, description: str, **parameters: int) -> dict[str, Any]:
    """The body of a failure: `telegram_error(429, "Too Many Requests: retry after 7", retry_after=7)`."""
    error: dict[str, Any] = {"ok": False, "error_code": code, "description": description}
    return {**error, "parameters": parameters} if parameters else error


class TelegramBot(FakeProvider):
    """One bot. `files` maps file ids to content; an id like `x.oga` gives its path that ending.

    Sends land in `accepted` with the message id, which is unique in its chat only, as `id`. `direct_chats` are the direct
    messages of channels, to which nothing is sent without a topic. `local` is a Bot API server
    of one's own, which takes a webhook on http and on any port.
    """

    def __init__(
        self, token: str = "123456:AAfake_token_for_tests", *, username: str = "fake_bot", local: bool = False
    ) -> None:
        super().__init__()
        self.token = token
        self.me = {"id": int(token.partition(":")[0]), "is_bot": True, "first_name": "Fake", "username": username}
        self.local = local
        self.direct_chats: set[int] = set()
        self.updates = Updates()
        self.webhook: dict[str, Any] = {}
        """The parameters of the last setWebhook; empty when none is set."""
        self.answered_callbacks: list[dict[str, Any]] = []
        self._failing_polls: deque[Canned] = deque()
        self._last_message: dict[str, int] = {}
        self._paths: dict[str, str] = {}
        self._calls: dict[str, Callable[[Parameters], Awaitable[Any]]] = {
            "getMe": self._get_me,
            "getWebhookInfo": self._webhook_info,
            "getUpdates": self._get_updates,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "answerCallbackQuery": self._answer_callback,
            "getFile": self._get_file,
        }

    def add_update(self, update: dict[str, Any]) -> int:
        """Something happened in Telegram, for getUpdates; returns the update_id (given when the update has none)."""
        return self.updates.add(update)

    def fail_polls(self, status: int, body: dict[str, Any] | bytes, times: int = 1) -> None:
        """The next `times` valid getUpdates are answered with this and confirm nothing."""
        self._failing_polls.extend([Canned(status, body)] * times)

    def routes(self) -> Iterable[Route]:
        method = "/bot(?P<token>[^/]+)/(?P<method>[A-Za-z]+)"
        sends = "/bot(?P<token>[^/]+)/(?P<method>send[A-Za-z]+)"
        calls = [Route(verb, sends, send=self._send_message) for verb in ("POST", "GET")]
        calls += [Route(verb, method, handler=self._call) for verb in ("POST", "GET")]
        return [*calls, Route("GET", "/file/bot(?P<token>[^/]+)/(?P<file>.+)", handler=self._download)]

    def http_refusal(self, status: int, reason: str) -> web.Response:
        return web.json_response(telegram_error(status, TITLES.get(status, reason)), status=status)

    def refuse(self, code: int, description: str) -> NoReturn:
        body = telegram_error(code, f"{TITLES[code]}: {description}")
        raise Refused(description, web.json_response(body, status=code))

    async def _parameters(self, request: web.Request) -> tuple[str, Parameters]:
        """401 for a token of the right form, 404 for others and for unknown methods, 400 for bad parameters."""
        if request[PATH]["token"] != self.token:
            self.refuse_http(401 if ":" in request[PATH]["token"] else 404, "wrong token")
        name = next((known for known in METHODS if known.lower() == request[PATH]["method"].lower()), None)
        if name is None:
            self.refuse_http(404, f"unknown method {request[PATH]['method']}")
        try:
            parameters = await parameters_of(request, METHODS[name])
        except BadParameters as error:
            self.refuse(400, str(error))
        if wrong := violation(METHODS[name].schema, parameters.values):
            self.refuse(400, f"{name}: {wrong}")
        return name, parameters

    async def _call(self, request: web.Request) -> web.Response:
        name, parameters = await self._parameters(request)
        if name == "getUpdates" and self._failing_polls:
            return self._failing_polls.popleft().response()
        return web.json_response({"ok": True, "result": await self._calls[name](parameters)})

    async def _send_message(self, request: web.Request) -> Sent:
        name, parameters = await self._parameters(request)
        chat = str(parameters.values["chat_id"])
        if parameters.values["chat_id"] in self.direct_chats and "direct_messages_topic_id" not in parameters.values:
            self.refuse(400, "direct_messages_topic_id is required if the message is sent to a direct messages chat")
        number = self._last_message.get(chat, 0) + 1
        try:
            accepted: Accepted = accepted_of(str(number), METHODS[name], parameters)
        except BadParameters as error:
            self.refuse(400, str(error))
        self._last_message[chat] = number
        result = message_of(accepted, parameters.values, self.me, int(time.time()))
        return [accepted], web.json_response({"ok": True, "result": result})

    async def _get_me(self, _: Parameters) -> dict[str, Any]:
        return {**self.me, "can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}

    async def _webhook_info(self, _: Parameters) -> dict[str, Any]:
        url = self.webhook.get("url", "")
        return {"url": url, "has_custom_certificate": False, "pending_update_count": len(self.updates.pending)}

    async def _get_updates(self, parameters: Parameters) -> list[dict[str, Any]]:
        if self.webhook:
            self.refuse(409, HOOKED)
        values = parameters.values
        self.updates.allow(values.get("allowed_updates"))
        try:
            return await self.updates.get(values.get("offset", 0), values.get("limit", 100), values.get("timeout", 0))
        except Terminated:
            self.refuse(409, TERMINATED)

    async def _set_webhook(self, parameters: Parameters) -> bool:
        """An empty url removes the webhook."""
        values = parameters.values
        url = urlsplit(values["url"])
        if values["url"] and not self.local and url.scheme != "https":
            self.refuse(400, "bad webhook: An HTTPS URL must be provided for webhook")
        if values["url"] and not self.local and url.port not in HOOK_PORTS:
            self.refuse(400, "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
        self.updates.allow(values.get("allowed_updates"))
        self.webhook = values if values["url"] else {}
        self._drop(values)
        return True

    async def _delete_webhook(self, parameters: Parameters) -> bool:
        self.webhook = {}
        self._drop(parameters.values)
        return True

    def _drop(self, values: Mapping[str, Any]) -> None:
        if values.get("drop_pending_updates"):
            self.updates.pending.clear()

    async def _answer_callback(self, parameters: Parameters) -> bool:
        self.answered_callbacks.append(parameters.values)
        return True

    async def _get_file(self, parameters: Parameters) -> dict[str, Any]:
        file_id = parameters.values["file_id"]
        if file_id not in self.files:
            self.refuse(400, "wrong file_id or the file is temporarily unavailable")
        size = len(self.files[file_id])
        if size > DOWNLOAD_LIMIT:
            self.refuse(400, "file is too big")
        path = f"documents/file_{len(self._paths)}{PurePosixPath(file_id).suffix}"
        self._paths[path] = file_id
        return {"file_id": file_id, "file_unique_id": f"U{file_id}"[:16], "file_size": size, "file_path": path}

    async def _download(self, request: web.Request) -> web.Response:
        """Only paths that getFile gave out."""
        file_id = self._paths.get(request[PATH]["file"])
        if request[PATH]["token"] != self.token or file_id is None or request.query:
            self.refuse_http(404, "no such file for this token")
        return web.Response(body=self.files[file_id], content_type="application/octet-stream")


async def deliver(
    url: str, update: dict[str, Any] | bytes, secret_token: str | None, headers: Mapping[str, str] | None = None
) -> Reply:
    """Posts one Update to a webhook as Telegram does; without a secret the header is left out."""
    body = update if isinstance(update, bytes) else json.dumps(update, ensure_ascii=False).encode()
    secret = {} if secret_token is None else {"X-Telegram-Bot-Api-Secret-Token": secret_token}
    return await deliver_raw(url, body, {"Content-Type": "application/json", **secret, **(headers or {})})
