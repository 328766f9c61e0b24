"""What requests about customers share: a transaction with the refusals of identity as answers, and parameters."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from aiohttp import web
from sqlalchemy import Connection

from connectors.errors import Rejected, RejectionCode
from identity.policy import Policy
from identity.refusals import NotPossible
from identity.views.paging import MOST, BadCursor, Page
from regia.http.access import require
from regia.http.requests import GATEWAY
from regia.shown import as_data
from storage.erased import is_erased

T = TypeVar("T")

_PAGE: Final = 50
_NUMBER: Final = re.compile(r"[0-9]{1,6}", re.ASCII)


async def look(request: web.Request, work: Callable[[Connection], T]) -> T:
    """Read for whoever may see customers. Raises `Rejected`."""
    require(request, "customers.read", "customers")
    try:
        return await request.app[GATEWAY].stores.database.read(work)
    except NotPossible as error:
        raise await unless_erased(request, error.reason, str(error)) from None
    except BadCursor as error:
        raise Rejected("malformed", str(error)) from None


async def act(request: web.Request, work: Callable[[Connection, "Actor"], T]) -> T:
    """Do something to customers, in one transaction. Raises `Rejected`, and then nothing was changed."""
    token = require(request, "customers")
    gateway = request.app[GATEWAY]
    actor = Actor(f"token/{token.name}", gateway.configured.settings.policy)
    try:
        return await gateway.stores.database.write(lambda connection: work(connection, actor))
    except NotPossible as error:
        raise await unless_erased(request, error.reason, str(error)) from None


async def unless_erased(request: web.Request, reason: RejectionCode, detail: str) -> Rejected:
    """What is answered where something is not done. Who asks for somebody erased hears that: their own copy is to be erased
    too."""
    database, id_ = request.app[GATEWAY].stores.database, id_of(request) if "id" in request.match_info else ""
    if reason == "unknown_customer" and await database.read(lambda connection: is_erased(connection, id_)):
        return Rejected("gone", "this customer was erased: erase your copies")
    return Rejected(reason, detail)


class Actor:
    """Who does something now. `name` stands in the audit log."""

    __slots__ = ("name", "now_ms", "policy")

    def __init__(self, name: str, policy: Policy) -> None:
        self.name = name
        self.policy = policy
        self.now_ms = time.time_ns() // 1_000_000

    @property
    def so(self) -> dict[str, Any]:
        """As the functions of identity take it."""
        return {"actor": self.name, "now_ms": self.now_ms, "policy": self.policy}


def listed(name: str, page: Page[Any]) -> dict[str, Any]:
    """A page as JSON: its things under a name, and the cursor of the next page, null on the last."""
    return {name: as_data(page.items), "cursor": page.cursor}


def id_of(request: web.Request, name: str = "id") -> str:
    """The id of the address. PostgreSQL refuses texts with NUL, and ours have none."""
    return request.match_info[name].replace("\0", "")


def word_of(request: web.Request, name: str) -> str | None:
    """A word of the query that may be any."""
    text = request.query.get(name)
    return None if text is None else text.replace("\0", "")


def page_of(request: web.Request) -> dict[str, Any]:
    """`cursor=` and `limit=`. Raises `Rejected`."""
    limit = request.query.get("limit", str(_PAGE))
    if not (_NUMBER.fullmatch(limit) and 1 <= int(limit) <= MOST):
        raise Rejected("malformed", f"limit must be a number from 1 to {MOST}")
    return {"cursor": request.query.get("cursor"), "limit": int(limit)}


def number_of(request: web.Request, name: str, otherwise: int) -> int:
    """A number of the query, at least 1. Raises `Rejected`."""
    text = request.query.get(name, str(otherwise))
    if not (_NUMBER.fullmatch(text) and int(text) >= 1):
        raise Rejected("malformed", f"{name} must be a number from 1 on")
    return int(text)


def moment(request: web.Request, name: str) -> int | None:
    """A time of the query, in milliseconds since 1970; one without an offset is in UTC. Raises `Rejected`."""
    text = request.query.get(name)
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise Rejected("malformed", f"{name} must be a time such as 2026-11-21T18:02:11Z") from None


def one_of(request: web.Request, name: str, choices: tuple[str, ...]) -> str | None:
    """A word of the query. Raises `Rejected`."""
    text = request.query.get(name)
    if text is not None and text not in choices:
        raise Rejected("malformed", f"{name} must be one of: {', '.join(choices)}")
    return text
