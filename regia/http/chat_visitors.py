"""Who is at a chat: which site shows it, and whose token a request has."""

from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from connectors.chat import Chat
from connectors.chat.prepared import Client
from connectors.errors import Rejected
from regia.http.chat_frames import Guest
from regia.http.rates import within
from regia.http.requests import GATEWAY, connector_named
from regia.http.visitors import address

_USER: Final = "X-Regia-User"
_ALLOWED: Final = f"Content-Type, Authorization, {_USER}"


def chat_of(request: web.Request) -> Chat:
    """The chat of the address. Raises `Rejected("unknown_connector")`."""
    connector = connector_named(request, "chat")
    if not isinstance(connector, Chat):
        raise Rejected("unknown_connector", "there is no such chat")
    return connector


def cross_site(request: web.Request, chat: Chat, methods: str, *, needs_origin: bool = False) -> dict[str, str]:
    """CORS headers for a script of an allowed site. Raises `Rejected` for a script of any other.

    `needs_origin`: a WebSocket is opened without asking first, and browsers always say for which site."""
    origin = request.headers.get("Origin")
    server = request.app[GATEWAY].configured.settings.server
    if origin is None and not needs_origin:
        return {}
    if origin in {server.origin, f"{request.scheme}://{request.host}"}:
        return {}
    if origin not in chat.settings.origins:
        raise Rejected("handshake_refused", "this site is not one of the chat's origins:")
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": _ALLOWED,
        "Access-Control-Expose-Headers": "Retry-After",
        "Access-Control-Max-Age": "600",
        "Vary": "Origin",
    }


def client_of(request: web.Request, chat: Chat, token: str | None, user: str | None, language: str | None) -> Client:
    """Whose token it is. Raises `Rejected`: `token_missing`, `token_unknown`."""
    if not token:
        raise Rejected("token_missing", "get a visitor's token by POST /chat/{connector}/visitor first")
    found = request.app[GATEWAY].links.visitor_of(chat.name, token)
    if found is None:
        raise Rejected("token_unknown", "this visitor's token is not one of ours: get another")
    if found.age > chat.settings.token_days:
        raise Rejected("token_unknown", f"this visitor's token was not used for {chat.settings.token_days} days: get another")
    return Client(visitor=found.visitor_id, user=user or None, user_at=datetime.now(UTC), language=language)


def renewed(request: web.Request, chat: Chat, token: str) -> dict[str, str]:
    """A token of today for a visitor whose own, which was checked, is older: so it never ends for whoever uses it."""
    links = request.app[GATEWAY].links
    found = links.visitor_of(chat.name, token)
    return {"token": links.visitor(chat.name, found.visitor_id)} if found is not None and found.age > 0 else {}


async def not_too_often(request: web.Request, chat: Chat) -> None:
    """Count what is no message, by its address. Raises `Rejected("rate_limited")`."""
    gateway = request.app[GATEWAY]
    await within(chat.settings.rate.asks, f"chat/{chat.name}/asks/{address(request)}", gateway.stores.coordination)


def bearer_of(request: web.Request) -> str | None:
    """The visitor's token of a request."""
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def bearer_guest(request: web.Request, chat: Chat) -> Guest:
    """Who is there by the headers of a request. Raises `Rejected` as `client_of` does, and `signature_…`."""
    client = client_of(request, chat, bearer_of(request), request.headers.get(_USER), request.query.get("lang"))
    return Guest.of(request, chat, client)
