"""What customers read: the pages of a FAQ, the search behind them, and single articles.

A page alone counts nothing: programs that look at pages load them too. What counts is what a script confirms (`viewed`, or
`?view=` of an article as JSON) and what a button says (`helped`), each with an id of the reading: the same one counts once.
"""

import asyncio
from typing import Final
from uuid import uuid4

from aiohttp import web

from connectors.errors import Rejected
from regia.faqs import Shelf
from regia.http.faq_asked import (
    JSON,
    across,
    article_of,
    counted,
    given,
    language_of,
    page,
    path_of,
    query_of,
    reading_id,
    shelf_of,
    view_of,
    wants_json,
)
from regia.http.requests import GATEWAY, json_answer
from regia.http.visitors import address, cross_site_headers
from web.colours import theme as colours
from web.pages.faq import render_article, render_index

FOUND: Final = 8
"""Articles that a search gives at most, and where nothing is said."""
_ANSWERS: Final[dict[object, bool]] = {"true": True, "false": False}
_FOR_A_MINUTE: Final = "public, max-age=60"
_FOR_EVER: Final = "public, max-age=31536000, immutable"


@across
async def index(request: web.Request, shelf: Shelf) -> web.Response:
    """`GET /faq/{faq}?q=&lang=`: everything by category, and what a search finds."""
    view, query, library = view_of(request, shelf), query_of(request), shelf.library
    found = library.search(query, view.language, FOUND) if query else []
    return page(render_index(view, library.listed(view.language), query, found), view)


@across
async def search(request: web.Request, shelf: Shelf) -> web.Response:
    """`GET /faq/{faq}/search?q=&lang=&limit=`: the articles that answer it, the best first."""
    limit = request.query.get("limit", "")
    most = min(int(limit), FOUND) if limit.isascii() and limit.isdigit() and len(limit) <= 2 else FOUND  # noqa: PLR2004
    found = shelf.library.search(query_of(request), language_of(request, shelf), most)
    articles = [{"id": one.id, "title": one.title, "summary": one.summary, "language": one.language} for one in found]
    return json_answer({"articles": articles}, headers={"Cache-Control": _FOR_A_MINUTE, "Vary": "Origin, Accept-Language"})


@across
async def article(request: web.Request, shelf: Shelf) -> web.Response:
    """`GET /faq/{faq}/articles/{id}?lang=&view=`: a page for browsers, JSON for who accepts that."""
    found = article_of(request, shelf, language_of(request, shelf))
    if not wants_json(request):
        view, judged = view_of(request, shelf), _ANSWERS.get(request.query.get("helped"))
        return page(render_article(view, found, str(uuid4()), judged), view)
    if (reading := reading_id(request.query.get("view"))) is not None:
        await counted(request, shelf, found, "view", reading)
    # Other sites show it too: pictures need the whole address there.
    pictures, origin = shelf.declared.pictures, request.app[GATEWAY].configured.settings.server.origin
    html = found.html.replace(f'src="{pictures}', f'src="{origin}{pictures}')
    data = {"id": found.id, "title": found.title, "html": html, "language": found.language}
    return json_answer(data, headers={"Cache-Control": "no-store"})


@across
async def viewed(request: web.Request, shelf: Shelf) -> web.Response:
    """`POST /faq/{faq}/articles/{id}/viewed`: the page's script says that somebody looks at it."""
    found, reading = article_of(request, shelf, language_of(request, shelf)), reading_id((await given(request)).get("view"))
    if reading is None:
        raise Rejected("malformed", 'send {"view": "<a UUID>"}')
    await counted(request, shelf, found, "view", reading)
    return web.Response(status=204)


@across
async def helped(request: web.Request, shelf: Shelf) -> web.Response:
    """`POST /faq/{faq}/articles/{id}/helped`: whether it did. Who says so of a page has read it."""
    said = await given(request)
    answer, language = said.get("helped"), language_of(request, shelf, said.get("lang"))
    yes = answer if isinstance(answer, bool) else _ANSWERS.get(str(answer))
    if yes is None:
        raise Rejected("malformed", 'send {"helped": true} or {"helped": false}')
    found, reading = article_of(request, shelf, language), reading_id(said.get("view"))
    if reading is not None:
        await counted(request, shelf, found, "view", reading)
    await counted(request, shelf, found, "helped" if yes else "not_helped", reading or f"of {address(request)}")
    if request.content_type == JSON:
        return json_answer({"helped": yes})
    back = f"{path_of(request, shelf)}/articles/{found.id}?lang={language}&helped={str(yes).lower()}"
    return web.Response(status=303, headers={"Location": back, "Cache-Control": "no-store"})


async def image(request: web.Request) -> web.Response:
    """`GET /faq/{faq}/images/{name}`: a picture of an article."""
    found = shelf_of(request).library.images.get(request.match_info["name"])
    if found is None:
        raise Rejected("not_found", "there is no such picture")
    try:
        content = await asyncio.to_thread(found.path.read_bytes)
    except OSError:
        raise Rejected("not_found", "there is no such picture any more") from None
    headers = {
        "Content-Type": found.content_type,
        "Cache-Control": _FOR_EVER if request.query.get("v") == found.version else _FOR_A_MINUTE,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
    }
    return web.Response(body=content, headers=headers)


async def theme(request: web.Request) -> web.Response:
    """`GET /faq/{faq}/theme.css`: its colours."""
    return web.Response(text=colours(shelf_of(request).settings.colours.primary), content_type="text/css")


async def preflight(request: web.Request) -> web.Response:
    """`OPTIONS /faq/{faq}/articles/{id}/…`: whether a script of another site may post (CORS)."""
    return web.Response(status=204, headers=cross_site_headers(request, shelf_of(request).origins, "FAQ"))
