"""FAQs: folders of articles that customers read, and what their pages look like."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from config.document import Document
from config.problems import Problem
from connectors.base import Connector
from connectors.form_settings import Colours, RateLimit
from connectors.web_form import WebForm
from normalizer.advice import LANGUAGES, Language
from normalizer.fields import Text
from regia.notice_settings import Zone
from regia.queue_settings import did_you_mean
from regia.store_settings import Section

_AT: Final = "faq"
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,60}$")]


class Faq(Section):
    """One folder of articles."""

    brand: Name = Field(description="Whose customers read it.")
    folder: Path = Field(
        description="Folder of the articles, relative to this file: one Markdown file an article and language."
    )
    languages: tuple[Language, ...] = Field(
        default=LANGUAGES, min_length=1, description="Languages of its articles; what is missing in one is shown in the first."
    )
    title: Text = Field(
        default_factory=lambda: {"it": "Domande frequenti", "en": "Frequently asked questions"},
        description="Heading of its page.",
    )
    categories: dict[Name, Text] = Field(
        default_factory=dict,
        description="Categories in their order, each with what customers read. Without any, articles name theirs as they like.",
    )
    form: Name | None = Field(default=None, description="The web form to which its pages lead who found no answer.")
    colours: Colours = Colours()
    logo: str | None = Field(
        default=None, pattern=r"^(https://|/)[^\s\"'<>;,]+$", description="Address of a picture: `https://…` or `/…`."
    )
    rate: RateLimit = Field(
        default=RateLimit(count=240, seconds=60),
        description="How much one address may ask: every letter that is typed may ask.",
    )


class StatePage(Section):
    """The page on which customers see what became of their contact."""

    days: int = Field(default=90, ge=1, le=3650, description="Days for which its link works.")
    timezone: Zone = Field(default="Europe/Rome", description="Whose clocks its times are of.")


def unusable(faqs: Mapping[str, Faq], document: Document, connectors: Mapping[str, Connector]) -> list[Problem]:
    """Brands, forms and folders that there are not, and connectors that name a FAQ that there is not."""
    problems: list[Problem] = []
    brands = sorted({brand for connector in connectors.values() for brand in connector.brands})
    forms = sorted(name for name, connector in connectors.items() if isinstance(connector, WebForm))
    for name, faq in faqs.items():
        if faq.brand not in brands:
            hint = did_you_mean(faq.brand, brands) or f"brands: {', '.join(brands)}"
            problems.append(document.problem((_AT, name, "brand"), "there is no brand of this name", hint))
        if faq.form is not None and faq.form not in forms:
            hint = did_you_mean(faq.form, forms) or f"forms: {', '.join(forms) or 'none'}"
            problems.append(document.problem((_AT, name, "form"), "there is no web form of this name", hint))
        if not folder_of(faq, document).is_dir():
            problems.append(document.problem((_AT, name, "folder"), "there is no such folder", "relative to this file"))
    for name, connector in connectors.items():
        wanted = faq_of(connector)
        if wanted is not None and wanted not in faqs:
            hint = did_you_mean(wanted, sorted(faqs)) or "declare it under faq:"
            problems.append(document.problem(("connectors", name, "faq"), "there is no FAQ of this name", hint))
    return problems


def folder_of(faq: Faq, document: Document) -> Path:
    """Where its articles are."""
    return Path(document.name).parent / faq.folder


def faq_of(connector: Connector) -> str | None:
    """The FAQ that the settings of a connector name (`faq:`); channels without one know of none."""
    found = getattr(connector.settings, "faq", None)
    return found if isinstance(found, str) else None
