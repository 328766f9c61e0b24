"""Answers to scripts of a chat's sites (CORS): they may read every one, also why something was refused, or failed, and when to
ask again. Without its headers a browser calls any answer a failure of the network."""

from collections.abc import Awaitable, Callable
from functools import wraps

from aiohttp import web

from connectors.chat import Chat
from regia.http.chat_visitors import chat_of, cross_site
from regia.http.errors import Handler, errors

Answering = Callable[[web.Request, Chat], Awaitable[web.Response]]


def readable(methods: str) -> Callable[[Answering], Handler]:
    """For whatever answers at an address of a chat. Raises `Rejected` for no chat, and for a script of any other site."""

    def of(handler: Answering) -> Handler:
        @wraps(handler)
        async def answered(request: web.Request) -> web.StreamResponse:
            chat = chat_of(request)
            headers = cross_site(request, chat, methods)
            answer = await errors(request, lambda one: handler(one, chat))
            answer.headers.update(headers)
            return answer

        return answered

    return of
