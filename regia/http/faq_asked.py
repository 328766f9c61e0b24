"""What requests about a FAQ have in common: which one and which article, in which language, from which site, how it counts."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

import orjson
from aiohttp import web

from connectors.errors import Rejected
from desk.faq.library import Article
from normalizer.advice import Language
from normalizer.fields import localised
from normalizer.values import clean_line
from regia.faqs import Shelf
from regia.http.errors import count, refused
from regia.http.rates import within
from regia.http.requests import GATEWAY, read_body, retry_header
from regia.http.visitors import address, cross_site_headers
from storage.coordination import CoordinationUnavailable
from storage.faq_counts import Kind
from web.pages.faq import FaqView
from web.pages.form import headers, render_problem
from web.pages.look import Look

logger = logging.getLogger(__name__)

JSON, HTML = "application/json", "text/html"
_FORM: Final = "application/x-www-form-urlencoded"
_BODY: Final = 2_000
_AGAIN: Final = 1_800
"""Seconds for which the same id is the same reading."""
_LONGEST: Final = 300

Handler = Callable[[web.Request, Shelf], Awaitable[web.Response]]


def across(handler: Handler) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that scripts of the FAQ's sites may ask too, also where it refuses, and each address only so often."""

    @wraps(handler)
    async def answered(request: web.Request) -> web.Response:
        allowed: dict[str, str] = {}
        try:
            shelf = shelf_of(request)
            allowed = cross_site_headers(request, shelf.origins, "FAQ")
            coordination = request.app[GATEWAY].stores.coordination
            await within(shelf.settings.rate, f"faq/{shelf.name}/{address(request)}", coordination)
            answer = await handler(request, shelf)
        except Rejected as error:
            answer = _refused(request, error)
        answer.headers.update(allowed)
        return answer

    return answered


def shelf_of(request: web.Request) -> Shelf:
    """The FAQ of the address. Raises `Rejected`."""
    shelf = request.app[GATEWAY].faqs.shelves.get(request.match_info["faq"])
    if shelf is None:
        raise Rejected("not_found", "there is no such FAQ")
    return shelf


def article_of(request: web.Request, shelf: Shelf, language: Language) -> Article:
    """The article of the address. Raises `Rejected`."""
    found = shelf.library.find(request.match_info["id"], language)
    if found is None:
        raise Rejected("not_found", "there is no such article")
    return found


def language_of(request: web.Request, shelf: Shelf, asked: object = None) -> Language:
    """`?lang=`, else the first language of Accept-Language that the FAQ has, else its first."""
    accepted = [part.partition(";")[0] for part in request.headers.get("Accept-Language", "").split(",")[:20]]
    for wanted in (asked, request.query.get("lang", ""), *accepted):
        for language in shelf.settings.languages:
            if isinstance(wanted, str) and wanted.strip().lower().partition("-")[0] == language:
                return language
    return shelf.settings.languages[0]


def query_of(request: web.Request) -> str:
    """What is searched, on one line."""
    return clean_line(request.query.get("q", "")[:_LONGEST])


def wants_json(request: web.Request) -> bool:
    """Scripts name JSON; a browser that opens a page names HTML."""
    accepted = request.headers.get("Accept", "")
    return JSON in accepted and HTML not in accepted


async def given(request: web.Request) -> Mapping[str, Any]:
    """What was posted, JSON or form-encoded. Raises `Rejected`."""
    body = await read_body(request, _BODY)
    if request.content_type == _FORM:
        try:
            return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=10))
        except ValueError:
            raise Rejected("malformed", "this is not what the page sends") from None
    if request.content_type != JSON:
        raise Rejected("unsupported_media_type", f"send {JSON}")
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise Rejected("malformed", "the body must be a JSON object")
    return found


async def counted(request: web.Request, shelf: Shelf, article: Article, kind: Kind, reading: str) -> None:
    """Count once for each id of a reading; whether it helped is judged once, too."""
    what = "view" if kind == "view" else "judged"
    gateway = request.app[GATEWAY]
    try:
        first = await gateway.stores.coordination.hit(f"faq/{shelf.name}/{article.id}/{what}/{reading}", 1, _AGAIN)
    except CoordinationUnavailable as error:
        logger.warning("a reading may count twice", extra={"reason": str(error)})
        first = True
    if first:
        names = {"faq": shelf.name, "article": article.id, "language": article.language}
        await gateway.faq_counts.add(kind, brand=shelf.settings.brand, **names)


def reading_id(value: object) -> str | None:
    """The id of a reading, a UUID, or None where it is none."""
    try:
        return str(UUID(value)) if isinstance(value, str) and len(value) == 36 else None  # noqa: PLR2004
    except ValueError:
        return None


def path_of(request: web.Request, shelf: Shelf) -> str:
    """The path of its page."""
    return f"{request.app[GATEWAY].configured.settings.server.base_path}/faq/{shelf.name}"


def view_of(request: web.Request, shelf: Shelf) -> FaqView:
    """How its pages look, in the visitor's language."""
    settings, language, path = shelf.settings, language_of(request, shelf), path_of(request, shelf)
    base = request.app[GATEWAY].configured.settings.server.base_path
    return FaqView(
        language=language,
        languages=settings.languages,
        title=localised(settings.title, language),
        path=path,
        look=Look(theme=f"{path}/theme.css", logo=settings.logo, frame_origins=shelf.origins),
        categories={name: localised(label, language) for name, label in settings.categories.items()},
        form=None if settings.form is None else f"{base}/forms/{settings.form}",
    )


def page(text: str, view: FaqView, *, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, headers={**headers(view.look), "Vary": "Accept, Accept-Language"})


def _refused(request: web.Request, error: Rejected) -> web.Response:
    if HTML not in request.headers.get("Accept", ""):
        return refused(request, error)
    count(request, error)
    shelf = request.app[GATEWAY].faqs.shelves.get(request.match_info["faq"])
    language: Language = "it" if shelf is None else language_of(request, shelf)
    text = render_problem(error.code, language, retry_after=error.retry_after)
    return web.Response(text=text, status=error.status, headers={**headers(), **retry_header(error)})
