"""python-telegram-bot over our own HTTP client: no second pool of connections, and none that goes where ours may not.

The bot's token is a part of every address. Addresses are therefore never shown: neither in an error nor in its cause.
"""

import logging
import os
from io import BytesIO
from typing import Any, Final

from aiohttp import FormData
from telegram import Bot
from telegram.error import NetworkError, TelegramError
from telegram.request import BaseRequest, RequestData

from connectors.base import Http, HttpResponse
from connectors.errors import HttpFailed
from connectors.reading import decode
from connectors.telegram.settings import TelegramSettings

os.environ.setdefault("PTB_TIMEDELTA", "1")
"""The library's own switch to its future behaviour; without it each refusal with a `retry_after` warns."""
logging.getLogger("telegram").setLevel(logging.WARNING)
"""Below that, the library writes down its addresses and what is sent."""
MISREAD: Final = (TypeError, AttributeError, KeyError, ValueError, IndexError, OverflowError, OSError, RecursionError)
"""What the library was seen to raise, or can, for answers of another form: it believes the JSON, and insists on fields that
older servers do not send."""


class Unanswered(NetworkError):
    """No answer came. `failed` says whether Telegram may have got the request."""

    def __init__(self, failed: HttpFailed) -> None:
        super().__init__("no answer")
        self.failed = failed


class GuardedRequest(BaseRequest):
    """Does what the library asks by `Http`. For one call after the other: `response` is the last answer."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self.response: HttpResponse | None = None

    @property
    def read_timeout(self) -> float | None:
        """`Http` has its own limits."""
        return None

    async def initialize(self) -> None:
        """There is nothing to open."""

    async def shutdown(self) -> None:
        """There is nothing to close."""

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_: Any, **_timeouts: Any
    ) -> tuple[int, bytes]:
        """Status and body. Raises `Unanswered`."""
        self.response = None
        data = request_data or RequestData()
        try:
            if data.contains_files:
                content_type, body = await _multipart(data)
                headers = {"Content-Type": content_type}
                response = await self._http.request(method, url, headers=headers, body=body)
            else:
                response = await self._http.request(method, url, json=data.parameters)
        except HttpFailed as failed:
            raise Unanswered(failed) from None
        self.response = response
        return response.status, response.body

    @staticmethod
    def parse_json_payload(payload: bytes) -> Any:
        """Unlike the library's own, it writes nothing into the log of what it cannot read."""
        try:
            return decode(payload)
        except ValueError:
            raise TelegramError("the answer is not JSON") from None


def bot(settings: TelegramSettings, request: BaseRequest) -> Bot:
    """The library's client for this bot. Nothing is asked until a method is called."""
    return Bot(
        settings.token.get_secret_value(),
        base_url=f"{settings.api_url}/bot",
        base_file_url=f"{settings.api_url}/file/bot",
        request=request,
        get_updates_request=request,
    )


async def _multipart(data: RequestData) -> tuple[str, bytes]:
    """Content type and body of a form with files (RFC 7578)."""
    form = FormData(quote_fields=False)  # Telegram shows a file's name as it comes
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, content_type) in data.multipart_data.items():
        file = BytesIO(content) if isinstance(content, bytes) else content
        form.add_field(name, file, filename=filename, content_type=content_type)
    payload = form()
    return payload.headers["Content-Type"], await payload.as_bytes()
