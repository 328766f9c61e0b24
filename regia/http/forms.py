"""The hosted form: its page, its posts, its answers for people and for scripts."""

import secrets
from typing import Final

from aiohttp import web

from connectors.base import Parsed, Request
from connectors.errors import Rejected
from connectors.form_topics import read_articles
from connectors.web_form import WebForm, web_address
from normalizer.advice import Language
from normalizer.inbound import Page, reference_number
from regia.http.errors import count, refused
from regia.http.inbound import verified
from regia.http.rates import within
from regia.http.requests import GATEWAY, connector_named, json_answer, read_request, retry_header
from regia.http.visitors import address, cross_site_headers
from web.colours import theme as colours
from web.pages.form import headers, render_form, render_problem, render_thanks
from web.pages.view import FormView, form_view

_HTML: Final = "text/html"


async def page(request: web.Request) -> web.Response:
    """`GET /forms/{connector}`: the empty form in the visitor's language (`?lang=` or Accept-Language)."""
    form = _form(request)
    view = _view(request, form, _language(request, form), request.query.get("topic"))
    read = read_articles(request.query.get("faq", ""))
    page_html = render_form(view, submission=secrets.token_urlsafe(18), page=_came_from(request), faq=read)
    return _html(page_html, headers(view))


async def theme(request: web.Request) -> web.Response:
    """`GET /forms/{connector}/theme.css`: the form's colours."""
    return web.Response(text=colours(_form(request).settings.colours.primary), content_type="text/css")


async def preflight(request: web.Request) -> web.Response:
    """`OPTIONS /forms/{connector}`: whether a script of another site may post (CORS)."""
    return web.Response(status=204, headers=cross_site_headers(request, _form(request).settings.origins))


async def post(request: web.Request) -> web.Response:
    """`POST /forms/{connector}`: a contact. A page is answered with a page, a script with JSON."""
    form = _form(request)
    cross_site = cross_site_headers(request, form.settings.origins)
    try:
        answer = await _accepted(request, form)
    except Rejected as error:
        answer = _refused(request, form, error)
    answer.headers.update(cross_site)
    return answer


async def _accepted(request: web.Request, form: WebForm) -> web.Response:
    gateway = request.app[GATEWAY]
    await within(form.settings.rate, f"form/{form.name}/{address(request)}", gateway.stores.coordination)
    received = await read_request(request, form)
    try:
        parsed = await verified(request, form, received)
    except Rejected as error:
        if error.code != "invalid_fields" or not _wants_page(request):
            raise
        return _correct(request, form, received, error)
    parsed = gateway.faqs.as_read(form.name, parsed)
    acceptance = await gateway.intake.accept(form.name, parsed, received.received_at)
    receipt = acceptance.everything[0]
    reference = reference_number(receipt.id)
    state = gateway.links.state(str(receipt.id))
    if not _wants_page(request):
        data = {"id": str(receipt.id), "reference": reference, "repeat": receipt.repeat, "state_url": state}
        return json_answer(data, status=202)
    view = _view(request, form, _spoken(request, form, parsed))
    path = state.removeprefix(gateway.configured.settings.server.origin)
    return _html(render_thanks(view, reference, f"{path}?lang={view.language}"), headers(view))


def _correct(request: web.Request, form: WebForm, received: Request, error: Rejected) -> web.Response:
    """The form again, with what was written and what to correct."""
    count(request, error)
    draft = form.draft(received)
    view = _view(request, form, draft.language, draft.topic)
    page_html = render_form(
        view,
        submission=draft.submission or secrets.token_urlsafe(18),
        values=draft.values,
        errors=error.fields,
        page=draft.page,
        faq=draft.faq,
    )
    return _html(page_html, headers(view), status=error.status)


def _refused(request: web.Request, form: WebForm, error: Rejected) -> web.Response:
    if not _wants_page(request):
        return refused(request, error)
    count(request, error)
    language = _language(request, form)
    view = _view(request, form, language)
    text = render_problem(error.code, language, view=view, retry_after=error.retry_after)
    return _html(text, {**headers(view), **retry_header(error)}, status=error.status)


def _form(request: web.Request) -> WebForm:
    connector = connector_named(request, "form")
    if not isinstance(connector, WebForm):
        raise Rejected("unknown_connector", "there is no such form")
    return connector


def _view(request: web.Request, form: WebForm, language: Language, topic: str | None = None) -> FormView:
    base, faq = request.app[GATEWAY].configured.settings.server.base_path, form.settings.faq
    return form_view(
        form.settings,
        language,
        action=f"{base}/forms/{form.name}",
        theme=f"{base}/forms/{form.name}/theme.css",
        topic=topic,
        faq=None if faq is None else f"{base}/faq/{faq}",
    )


def _came_from(request: web.Request) -> Page | None:
    """Where the visitor was before, as the shop's own link says it (`?page=`)."""
    url = web_address(request.query.get("page"))
    return None if url is None else Page(url=url)


def _spoken(request: web.Request, form: WebForm, parsed: Parsed) -> Language:
    """The language of the page that was posted."""
    said = parsed.messages[0].language if parsed.messages else None
    return next((language for language in form.settings.languages if language == said), _language(request, form))


def _language(request: web.Request, form: WebForm) -> Language:
    """`?lang=`, else the first language of Accept-Language that the form has, else the form's first."""
    accepted = [part.partition(";")[0].strip().lower()[:2] for part in request.headers.get("Accept-Language", "").split(",")]
    for wanted in (request.query.get("lang", ""), *accepted):
        for language in form.settings.languages:
            if language == wanted:
                return language
    return form.settings.languages[0]


def _wants_page(request: web.Request) -> bool:
    """Browsers ask for HTML when they post a form; scripts and curl do not."""
    return _HTML in request.headers.get("Accept", "")


def _html(text: str, extra: dict[str, str], *, status: int = 200) -> web.Response:
    # The page's own headers say the content type; said again beside them, aiohttp refuses the response.
    return web.Response(text=text, status=status, headers=extra)
