"""The requests that the HTTP layer makes for a chat: what it has checked stands in headers that no client can send.

Why there: a visitor's token is signed with a key derived from the gateway's `links_key`, the same on all nodes, and a
connector is pure: it knows its own settings and nothing of the gateway's secrets. So whoever has the key checks the token
and hands on whose it is; `verify` refuses a request that lacks it. Headers of the client's own are not handed on, but for
the content type and the token of the site, which is checked here by the connector's own keys.

A frame of a WebSocket has no headers: the site's token comes once, at the beginning, and is judged by that time for as
long as the connection lasts, or every chat would end with the first token that expires.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from connectors.base import Request
from connectors.errors import Rejected
from connectors.forms import JSON

VISITOR: Final = "regia-visitor"
FRAME: Final = "regia-frame"
USER_AT: Final = "regia-user-at"
USER: Final = "x-regia-user"
LANGUAGE: Final = "regia-language"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)

Frame = Literal["message", "seen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who is at the other end. `visitor` is the id of a token that was checked; `user` the site's own token, given at
    `user_at`; `language` that of the widget."""

    visitor: str
    user: str | None = None
    user_at: datetime | None = None
    language: str | None = None

    def request(self, frame: Frame, body: bytes, *, url: str, at: datetime, content_type: str = JSON) -> Request:
        """One frame as the connector takes it."""
        headers: dict[str, str] = {"content-type": content_type, VISITOR: self.visitor, FRAME: frame}
        if self.user is not None:
            headers[USER] = self.user
            headers[USER_AT] = (self.user_at or at).isoformat()
        if self.language is not None:
            headers[LANGUAGE] = self.language
        return Request(method="POST", url=url, headers=headers, query={}, body=body, received_at=at)


def visitor_of(request: Request) -> str:
    """Raises `Rejected`: `token_missing`, `token_unknown`."""
    visitor = request.headers.get(VISITOR)
    if not visitor:
        raise Rejected("token_missing", "get a visitor's token by POST /chat/{connector}/visitor first")
    if not _ID.fullmatch(visitor):
        raise Rejected("token_unknown", "this is no visitor of ours")
    return visitor


def user_of(headers: Mapping[str, str], at: datetime) -> tuple[str, datetime] | None:
    """The site's token, and when it was given."""
    token = headers.get(USER)
    if token is None:
        return None
    given = headers.get(USER_AT)
    return token, datetime.fromisoformat(given).astimezone(UTC) if given else at
