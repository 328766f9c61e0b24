"""The hosted chat: the page with the widget on it, and its colours."""

from aiohttp import web

from connectors.chat import Chat
from connectors.web_form import choose_language
from regia.http.chat_visitors import chat_of
from regia.http.requests import GATEWAY
from web.colours import theme as colours
from web.pages.chat import Paths, chat_look, render_chat
from web.pages.form import headers


async def page(request: web.Request) -> web.Response:
    """`GET /chat/{connector}?lang=`: the chat for whoever has no site of their own to put it on."""
    chat = chat_of(request)
    paths = _paths(request, chat)
    language = choose_language(chat.settings, request.query.get("lang"), request.headers.get("Accept-Language"))
    return web.Response(text=render_chat(chat.settings, language, paths), headers=headers(chat_look(chat.settings, paths)))


async def theme(request: web.Request) -> web.Response:
    """`GET /chat/{connector}/theme.css`: the page's colours."""
    return web.Response(text=colours(chat_of(request).settings.colours.primary), content_type="text/css")


def _paths(request: web.Request, chat: Chat) -> Paths:
    base = f"{request.app[GATEWAY].configured.settings.server.base_path}/chat/{chat.name}"
    return Paths(theme=f"{base}/theme.css", script=f"{base}/widget.js")
