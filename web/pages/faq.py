"""The pages of a FAQ: what there is by category, what a search finds, and single articles. They work without a script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from normalizer.advice import Language
from web.pages.faq_texts import FAQ_TEXTS
from web.pages.form import TEMPLATES
from web.pages.look import Look
from web.pages.texts import TEXTS


class ArticleLike(Protocol):
    """What the pages show of an article; `html` is clean."""

    @property
    def id(self) -> str: ...
    @property
    def language(self) -> Language: ...
    @property
    def title(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def html(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FaqView:
    """One FAQ in one language. `path` is that of its page, such as `/faq/shop`; `categories` are labels by name, in their
    order; `form` is the path of the form to which it leads."""

    language: Language
    languages: Sequence[Language]
    title: str
    path: str
    look: Look
    categories: Mapping[str, str]
    form: str | None = None


def render_index(view: FaqView, articles: Sequence[ArticleLike], query: str = "", found: Sequence[ArticleLike] = ()) -> str:
    """The page with everything, and with what a query has found."""
    return TEMPLATES.get_template("faq.html").render(
        **_common(view), groups=list(_groups(view, articles).items()), query=query, found=found
    )


def render_article(view: FaqView, article: ArticleLike, reading: str, judged: bool | None = None) -> str:
    """One article. `reading` is a fresh UUID a page view; `judged`: whether it helped, where that was said just now."""
    return TEMPLATES.get_template("article.html").render(**_common(view), article=article, reading=reading, judged=judged)


def _common(view: FaqView) -> dict[str, object]:
    return {
        "faq": view,
        "view": view.look,
        "language": view.language,
        "languages": [(code, TEXTS[code].own_name) for code in view.languages],
        "texts": FAQ_TEXTS[view.language],
        "other_language": TEXTS[view.language].other_language,
    }


def _groups(view: FaqView, articles: Sequence[ArticleLike]) -> dict[str, list[ArticleLike]]:
    """Articles by what their category is called; those without one come last."""
    groups: dict[str, list[ArticleLike]] = {label: [] for label in view.categories.values()}
    rest: list[ArticleLike] = []
    for article in articles:
        label = view.categories.get(article.category, article.category)
        (groups.setdefault(label, []) if label else rest).append(article)
    named = {label: found for label, found in groups.items() if found}
    if not rest:
        return named
    return {**named, (FAQ_TEXTS[view.language].others if named else ""): rest}
