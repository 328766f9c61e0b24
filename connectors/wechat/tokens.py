"""Access tokens of WeChat: one lives for two hours, and fetching one ends the one before.

Source: WeChat official account documents, "Get access token". Only for one event loop.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from config.secrets import Secret
from connectors.base import Http
from connectors.errors import HttpFailed, SendFailed
from connectors.kit.outbound import answer, refused
from connectors.wechat.codes import errcode, send_code

AHEAD: Final = 300.0
"""Seconds before its end at which a token is renewed."""
_UNSAID: Final = 600.0
"""Seconds a token is taken to live where WeChat does not say."""


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    renew_at: float


class AccessTokens:
    """The access token of one app: kept, renewed ahead of its end, and fetched once for all who wait."""

    def __init__(self, api_url: str, app_id: str, app_secret: Secret, clock: Callable[[], float] = time.monotonic) -> None:
        self._api_url = api_url
        self._app_id = app_id
        self._app_secret = app_secret
        self._clock = clock
        self._token: _Token | None = None
        self._asking = asyncio.Lock()

    async def get(self, http: Http) -> str:
        """A token that lives for some minutes more. Raises `SendFailed`, which is never `unknown`: no message has left."""
        async with self._asking:
            if self._token is None or self._clock() >= self._token.renew_at:
                self._token = None
                self._token = await self._ask(http)
            return self._token.value

    def drop(self, value: str) -> None:
        """WeChat refused this token: the next `get` asks for another, unless somebody did already."""
        if self._token is not None and self._token.value == value:
            self._token = None

    async def _ask(self, http: Http) -> _Token:
        query = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._app_secret.get_secret_value(),
        }
        asked = self._clock()
        try:
            response = await http.request("GET", f"{self._api_url}/cgi-bin/token?{urlencode(query)}")
        except HttpFailed as failed:
            raise SendFailed("retryable", "WeChat gave no access token: it could not be reached") from failed
        said, code = answer(response), errcode(response)
        value = said.hint("access_token")
        if value is None:
            meaning = send_code(code, response.status)
            raise refused(response, "retryable" if meaning == "unknown" else meaning, code)
        lives = float(said.whole("expires_in") or _UNSAID)
        return _Token(value, renew_at=asked + max(lives - AHEAD, lives / 2))
