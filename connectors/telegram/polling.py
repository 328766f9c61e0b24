"""Long polling as a source of contacts.

Source: Telegram Bot API, "getUpdates": an update is confirmed, and forgotten by Telegram, as soon as it is asked for with
an offset above its `update_id`. The place reached is that offset: it moves once the journal has the updates, and the next
request confirms them.

The library's own `get_updates` is not used: it reads all updates at once, so a single one that it cannot read would stand
in the way of all others for ever.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from connectors.base import HttpResponse
from connectors.errors import HttpFailed, MediaReason, SourceFailed, SourceReason
from connectors.exchange import Http, Request, Unreadable
from connectors.kit.elements import unreadable
from connectors.kit.outbound import FIRST_ERROR
from connectors.kit.place import JSON
from connectors.polling import Polled
from connectors.reading import Part, decode, encode
from connectors.telegram.settings import TelegramSettings

WAIT: Final = 15
"""Seconds Telegram holds an answer back while there is nothing: below what our HTTP client gives a whole call (20)."""
MOST: Final = 100
"""Updates of one step, as many as Telegram gives."""
_LARGEST_ANSWER: Final = 32 << 20
"""Bytes. A text has 4,096 characters, and comes with the one it answers."""
_AT_ONCE: Final = 1.0
"""An empty answer in less seconds than these did not wait, and is not asked for again before they are over."""
_SERVER_ERROR: Final = 500
_REFUSALS: Final[Mapping[int, tuple[SourceReason, str]]] = MappingProxyType(
    {
        401: ("login_refused", "Telegram does not know the token: it was revoked, or belongs to no bot"),
        404: ("login_refused", "Telegram does not know the token: it is not of the form of one"),
        409: ("conflict", "another one reads this bot: a webhook is set (deleteWebhook ends it), or somebody else polls"),
        429: ("closed", "Telegram was asked too often"),
    }
)
_NO_ANSWER: Final[Mapping[MediaReason, SourceReason]] = MappingProxyType({"timeout": "too_slow", "too_large": "protocol_error"})


class BotSource:
    """The updates of one bot."""

    def __init__(self, settings: TelegramSettings) -> None:
        self._settings = settings

    @property
    def name(self) -> str:
        return self._settings.username or self._settings.bot_id

    async def open(self, http: Http) -> "BotSession":
        """Asks nothing: whether the bot may be polled is told by the first step."""
        return BotSession(self._settings, http)


class BotSession:
    """Implements `Session`. Each step is one call of its own, so there is nothing to close."""

    def __init__(self, settings: TelegramSettings, http: Http) -> None:
        self._settings = settings
        self._http = http
        self._offset: int | None = None
        """Of the last step."""

    async def next(self, cursor: str | None) -> Polled | None:
        """What is there now. `cursor`, the id of the next update, confirms all before it. Raises `SourceFailed`."""
        self._offset = None if cursor is None else int(cursor)
        updates = await self._updates(MOST, 0)
        if not updates:
            return None
        ids = [id_ for one in updates if (id_ := _id(one)) is not None]
        if not ids:
            raise SourceFailed("protocol_error", "updates came without any update_id, so none can be confirmed")
        named = [one for one in updates if _id(one) is not None]
        nameless = [_nameless(one) for one in updates if _id(one) is None]
        return Polled(requests=[_request(one) for one in named], cursor=str(max(ids) + 1), unreadable=nameless)

    async def settle(self, polled: Polled) -> None:
        """The next step confirms them."""

    async def wait(self) -> None:
        """Return as soon as there is an update after the last step's, at the latest after `WAIT` seconds. Confirms nothing
        that the step before did not. Raises `SourceFailed`."""
        began = time.monotonic()
        if not await self._updates(1, WAIT) and (waited := time.monotonic() - began) < _AT_ONCE:
            await asyncio.sleep(_AT_ONCE - waited)

    async def close(self) -> None:
        """Nothing is open."""

    async def _updates(self, limit: int, seconds: int) -> Sequence[Any]:
        asked = {"limit": limit, "timeout": seconds, "allowed_updates": list(self._settings.updates)}
        if self._offset is not None:
            asked["offset"] = self._offset
        url = f"{self._settings.api_url}/bot{self._settings.token.get_secret_value()}/getUpdates"
        try:
            response = await self._http.request("POST", url, json=asked, max_bytes=_LARGEST_ANSWER)
        except HttpFailed as failed:
            # Without its cause, which names the address and with it the token.
            raise _failure(failed) from None
        if response.status >= FIRST_ERROR:
            raise _refusal(response.status)
        return _result(response)


def _failure(failed: HttpFailed) -> SourceFailed:
    if not failed.sent:
        return SourceFailed("unreachable", "Telegram could not be reached")
    return SourceFailed(_NO_ANSWER.get(failed.reason, "closed"), "getUpdates was not answered, or not to the end")


def _refusal(status: int) -> SourceFailed:
    usual: tuple[SourceReason, str] = ("closed", "") if status >= _SERVER_ERROR else ("protocol_error", "")
    reason, words = _REFUSALS.get(status, usual)
    return SourceFailed(reason, f"getUpdates was answered with {status}{words and f': {words}'}")


def _result(response: HttpResponse) -> Sequence[Any]:
    try:
        return Part.of(decode(response.body), "answer").array("result")
    except ValueError:
        raise SourceFailed("protocol_error", "the answer of getUpdates is not of the documented form") from None


def _id(update: Any) -> int | None:
    return Part(update).whole("update_id") if isinstance(update, dict) else None


def _request(update: Any) -> Request:
    """The update as a webhook would have brought it."""
    headers = {"content-type": JSON}
    return Request(method="POST", url="", headers=headers, query={}, body=_bytes(update), received_at=datetime.now(UTC))


def _nameless(update: Any) -> Unreadable:
    """It is passed by with the updates after it."""
    return unreadable(_bytes(update), "update_id: expected a whole number")


def _bytes(update: Any) -> bytes:
    """orjson reads nesting that it does not write."""
    return encode(update) or repr(update).encode("utf-8", "replace")
