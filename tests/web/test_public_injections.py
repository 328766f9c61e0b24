"""Every injection on the pages that customers see: the form, what came of it, survey, proof and state, each as it is rendered.

Names, words, files, topics, brands, references and questions are all of them hostile. The control: the same templates without
escaping. What comes back from a whole gateway is looked at in `test_injections` and in `tests/faq`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from playwright.async_api import Browser, BrowserContext, Route

from connectors.form_settings import WebFormSettings
from normalizer.inbound import Handle, Page
from tests.web.injected import frames, watching
from tests.web.injection_words import line, lines
from tests.web.injections import INJECTIONS
from web.pages import faq, form, proof, state, survey
from web.pages.assets import ASSETS
from web.pages.faq import FaqView, render_article, render_index
from web.pages.form import render_form, render_problem, render_thanks
from web.pages.look import Look
from web.pages.proof import render_proof
from web.pages.state import StepView, render_state
from web.pages.survey import QuestionView, render_survey
from web.pages.view import FormView, form_view

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWN: Final = "http://pages.example/"
_LONG: Final = 900
SETTINGS: Final[dict[str, Any]] = {
    "brand": "demo",
    "fields": {
        "name": {"required": True, "label": {"it": "Nome", "en": "Name"}},
        "email": {"type": "email", "label": "E-mail"},
        "reason": {"type": "choice", "choices": {"return": "Reso"}, "label": {"it": "Motivo", "en": "Reason"}},
        "message": {"required": True, "multiline": True, "label": {"it": "Messaggio", "en": "Message"}},
    },
    "topics": {"other": {"label": {"it": "Altro", "en": "Else"}}},
    "upload": {"max_files": 2, "max_bytes": 2048},
}


def view(text: str) -> FormView:
    settings = WebFormSettings.model_validate({**SETTINGS, "title": text, "intro": text, "thanks": text})
    return form_view(settings, "it", action="/forms/form", theme="/static/pages/theme.css", topic=text)


def rendered(text: str) -> Iterator[tuple[str, str]]:
    """Every page by its name, with this text in every place that takes one."""
    names = ("name", "email", "reason", "message", "topic")
    came_from = Page(url=f"https://shop.example/{text}", title=text, referrer=text)
    errors = {**dict.fromkeys(names, text), text: text, "files": text}
    values = dict.fromkeys(names, text)
    yield "form", render_form(view(text), submission=text, values=values, errors=errors, page=came_from, faq=[text, text])
    yield "thanks", render_thanks(view(text), text, "/state/x")
    yield "problem", render_problem("too_large", "it", view=view(text), reference=text)
    questions = [
        QuestionView(name="q", text=text, options=[("1", text), (text, text)], is_scale=True, required=True, wrong=True),
        QuestionView(name="w", text=text, options=[], is_scale=False, required=False, chosen=text, wrong=True),
    ]
    yield "survey", render_survey("ask", "it", brand=text, questions=questions)
    yield "survey done", render_survey("done", "it", brand=text)
    yield "proof", render_proof("ask", "it", brand=text, handle=Handle("email", f"a@{text}", "claimed"))
    steps = [StepView("received", datetime(2026, 11, 21, tzinfo=UTC), text)]
    yield "state", render_state("it", reference=text, steps=steps, zone=UTC)
    look = Look(theme="/static/pages/theme.css")
    shown = FaqView(language="it", languages=["it", "en"], title=text, path="/faq/shop", look=look, categories={"a": text})
    yield "faq", render_index(shown, [_Article(text)], text, [_Article(text)])
    yield "article", render_article(shown, _Article(text), text, judged=True)


class _Article:
    """Its `html` is clean when it comes here: see `tests/faq`."""

    id, language, category, html = "a", "it", "a", "<p>x</p>"

    def __init__(self, text: str) -> None:
        self.title = self.summary = text


async def looked(context: BrowserContext, pages: list[tuple[str, str]]) -> list[str]:
    """All pages in frames; what has become markup."""

    async def serve(route: Route) -> None:
        place = route.request.url.removeprefix(OWN)
        if place.isdigit():
            await route.fulfill(body=pages[int(place)][1], content_type="text/html; charset=utf-8")
        elif (asset := ASSETS.get(f"/{place}")) is not None:
            await route.fulfill(body=asset.content, content_type=asset.content_type)
        else:
            await route.fulfill(status=404)

    await context.route(f"{OWN}**", serve)
    return await frames(context, OWN, [f"{OWN}{number}" for number in range(len(pages))])


async def test_nothing_runs_on_any_page(browser: Browser) -> None:
    pages = [page for text in lines(_LONG) for page in rendered(text)]
    async with watching(browser, own=OWN, policy=False) as (context, seen):
        assert await looked(context, pages) == []
    assert seen.everything == []


async def test_control_the_same_pages_without_escaping(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    careless = form.TEMPLATES.overlay(autoescape=False)
    for module in (faq, form, proof, state, survey):
        monkeypatch.setattr(module, "TEMPLATES", careless)
    some = ("out of an attribute into an element", "error of an image", "picture that tells who reads")
    pages = list(rendered(" ".join(line(one) for one in INJECTIONS if one.name in some)))
    async with watching(browser, own=OWN, policy=False) as (context, seen):
        markup = await looked(context, pages)
    for happened in (seen.fired, seen.asked, markup):
        numbers = [one.split()[0].removeprefix(OWN) for one in happened]
        assert {pages[int(one)][0] for one in numbers if one.isdigit()} == {name for name, _ in pages}
