"""The pages around a form: the form itself, the thanks with the reference number, and what went wrong.

Everything is escaped by the templates. The pages work without a script and hold no inline style or script, so that
`headers` can forbid both.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from yarl import URL

from normalizer.advice import Language
from normalizer.inbound import Page
from web.pages.assets import link
from web.pages.look import Look
from web.pages.texts import PROBLEMS, TEXTS
from web.pages.view import FormView

TEMPLATES: Final = Environment(
    loader=PackageLoader("web.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.globals["link"] = link
_NOTHING: Final[Mapping[str, str]] = {}


def render_form(
    view: FormView,
    *,
    submission: str,
    values: Mapping[str, str] = _NOTHING,
    errors: Mapping[str, str] = _NOTHING,
    page: Page | None = None,
    faq: Sequence[str] = (),
) -> str:
    """The form. `submission` is a fresh random token a page view, or the refused post's own; `values` fill the fields,
    `errors` say by field name what to correct; `page` is where the customer came from, `faq` the articles read before."""
    labels = _labels(view)
    # In the order of the page, so that the first of the list is the first to be met, and has the focus.
    listed = [name for name in labels if name in errors] + [name for name in errors if name not in labels]
    return TEMPLATES.get_template("form.html").render(
        view=view,
        texts=view.texts,
        submission=submission,
        values=values,
        errors=errors,
        listed=listed,
        labels=labels,
        first=next((name for name in listed if name in labels), None),
        page=page or Page(),
        faq=",".join(faq),
    )


def _labels(view: FormView) -> dict[str, str]:
    labels: dict[str, str] = {} if view.topics is None else {view.topics.name: view.topics.label}
    for row in view.rows:
        labels.update({field.name: field.label for field in row.fields})
        if row.files_after and view.upload:
            labels[view.upload.name] = view.texts.files
    return labels


def render_thanks(view: FormView, reference: str, state: str | None = None) -> str:
    """The page after a contact was taken: `reference` is the number the customer may quote, `state` where they see what becomes
    of it."""
    return TEMPLATES.get_template("thanks.html").render(view=view, texts=view.texts, reference=reference, state=state)


def render_problem(
    code: str, language: Language, *, view: FormView | None = None, retry_after: int | None = None, reference: str | None = None
) -> str:
    """The page for a rejection (`connectors.errors.RejectionCode`) other than `invalid_fields`.

    `view` gives the form's look where the form is known; `retry_after` is in seconds.
    """
    title, advice = PROBLEMS[language].get(code) or PROBLEMS[language][""]
    return TEMPLATES.get_template("problem.html").render(
        view=view,
        language=language,
        texts=TEXTS[language],
        title=title,
        advice=advice,
        retry_after=retry_after,
        reference=reference,
    )


def headers(view: FormView | Look | None = None) -> dict[str, str]:
    """The response headers of these pages. The sites of the form's `origins` may frame it.

    `no-cache`, not `no-store`: going back must find what was written still in the fields.
    """
    images = ["'self'", "data:"]
    if view and view.logo and view.logo.startswith("https://"):
        images.append(str(URL(view.logo).origin()))
    policy = {
        "default-src": "'none'",
        "style-src": "'self'",
        "script-src": "'self'",
        "img-src": " ".join(images),
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": " ".join(("'self'", *(view.frame_origins if view else ()))),
    }
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Cache-Control": "private, no-cache",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }
