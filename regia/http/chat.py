"""The chat widget: its script, what it is told about a chat, and the token of a visitor."""

import secrets
import time
from typing import Final

from aiohttp import web

from connectors.chat import Chat
from connectors.web_form import choose_language
from normalizer.advice import Language
from normalizer.envelope_data import from_ms
from regia.chats.opening import Opening, opening
from regia.http.chat_answers import readable
from regia.http.chat_visitors import chat_of, not_too_often
from regia.http.rates import within
from regia.http.requests import GATEWAY, json_answer, read_body
from regia.http.visitors import address
from web.widget.assets import WIDGET
from web.widget.config import render_config

_NOTHING: Final = 64
"""Bytes of a body that says nothing."""


async def script(request: web.Request) -> web.Response:
    """`GET /chat/{connector}/widget.js`: the widget, for any site's page."""
    chat_of(request)
    headers = {
        "Cache-Control": "public, max-age=300",
        "ETag": WIDGET.etag,
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Encoding",
    }
    if WIDGET.etag in request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    packs = "gzip" in request.headers.get("Accept-Encoding", "")
    more = {"Content-Encoding": "gzip"} if packs else {}
    body = WIDGET.packed if packs else WIDGET.content
    return web.Response(body=body, headers={**headers, **more, "Content-Type": WIDGET.content_type})


@readable("GET, POST")
async def preflight(_request: web.Request, _chat: Chat) -> web.Response:
    """`OPTIONS /chat/{connector}/…`: whether a script of another site may ask (CORS)."""
    return web.Response(status=204)


@readable("GET")
async def config(request: web.Request, chat: Chat) -> web.Response:
    """`GET /chat/{connector}/config?lang=`: what the widget needs to show itself."""
    await not_too_often(request, chat)
    now = opened(request, chat)
    faq = chat.settings.faq
    base = request.app[GATEWAY].configured.settings.server.base_url
    told = render_config(
        chat.settings,
        _language(request, chat),
        is_open=now.is_open,
        opens_at=None if now.opens_ms is None else from_ms(now.opens_ms),
        faq_search=None if faq is None else f"{base}/faq/{faq}/search",
    )
    return json_answer(told, headers={"Cache-Control": "no-cache"})


@readable("POST")
async def visitor(request: web.Request, chat: Chat) -> web.Response:
    """`POST /chat/{connector}/visitor`: the token of a new visitor."""
    gateway = request.app[GATEWAY]
    await read_body(request, _NOTHING)
    await within(chat.settings.rate.address, f"chat/{chat.name}/at/{address(request)}", gateway.stores.coordination)
    token = gateway.links.visitor(chat.name, secrets.token_urlsafe(16))
    return json_answer({"token": token}, status=201, headers={"Cache-Control": "no-store"})


def opened(request: web.Request, chat: Chat) -> Opening:
    """Whether somebody is there to answer."""
    rules = request.app[GATEWAY].versions.rules.of(chat.settings.brand)
    return opening(rules.working_times, chat.settings.hours, time.time_ns() // 1_000_000)


def _language(request: web.Request, chat: Chat) -> Language:
    return choose_language(chat.settings, request.query.get("lang"), request.headers.get("Accept-Language"))
