"""What is asked of whom after a ticket was closed, as the configuration says it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar

from connectors.abilities import Limits
from desk.refusals import RefusalReason
from desk.replies import Channels

T = TypeVar("T")

Kind = Literal["scale", "yes_no", "choice", "words"]
Form = Literal["page", "questions"]
Link = Literal["auto", "always", "never"]
Value = int | str
"""A number of a scale, `yes` or `no`, the name of a choice; words as they were written."""

Skipped = (
    Literal["asked_lately", "excepted", "not_answered", "no_contact", "goes_on", "late", "not_configured", "internal"]
    | RefusalReason
)

LOWEST: Final = 1
HIGHEST: Final = 5
AUTHOR: Final = "survey/"
"""What stands before a survey's name where it is the author of a message."""

SKIPS: Final[Mapping[str, str]] = {
    "asked_lately": "the customer was asked within the period, or is about to be",
    "excepted": "the ticket has one of the reasons for which nobody is asked",
    "not_answered": "nobody had answered the customer",
    "no_contact": "no contact of the conversation is kept any more",
    "goes_on": "the ticket was opened again, or the customer had written since",
    "late": "it was due more than a day before anything could be asked",
    "not_configured": "the configuration has no survey of this name any more",
    "internal": "a defect; the log has it",
}
"""Why nobody is asked, beside the reasons for which replies are refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`text` by language; `labels` of a scale, five by language, from 1 on; `choices` by their names, each by language."""

    name: str
    kind: Kind
    text: Mapping[str, str]
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def options(self, language: str) -> dict[Value, str]:
        """What may be answered, with what a customer is shown of it; none for words."""
        if self.kind == "scale":
            labels = spoken(self.labels, language) or ("",) * HIGHEST
            return dict(zip(range(LOWEST, HIGHEST + 1), labels, strict=True))
        if self.kind == "yes_no":
            return dict(zip(("yes", "no"), YES_NO.get(language, YES_NO["en"]), strict=True))
        return {name: spoken(labels, language) or name for name, labels in self.choices.items()}


YES_NO: Final = {"it": ("Sì", "No"), "en": ("Yes", "No")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Of which brands, categories and channels it is (none named: of all), and what it asks. `words_ms`: how long after a
    question for words was asked a contact counts as its answer."""

    name: str
    brands: frozenset[str]
    categories: frozenset[str]
    channels: frozenset[str]
    except_reasons: frozenset[str]
    every_ms: int
    delay_ms: int
    open_ms: int
    words_ms: int
    link: Link
    only_answered: bool
    questions: tuple[Question, ...]
    intro: Mapping[str, str]
    thanks: Mapping[str, str]

    def form(self, channel: str) -> Form:
        """How it is asked there. A mail is read where a page is one tap away, and answering one takes longer."""
        return "page" if self.link == "always" or (self.link == "auto" and channel == "email") else "questions"

    def fits(self, brand: str, category: str | None, channel: str) -> bool:
        """Whether it is for such a ticket."""
        asked = ((self.brands, brand), (self.categories, category), (self.channels, channel))
        return all(not named or one in named for named, one in asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveys:
    """All there are, by name, in the order in which they are tried. `link` makes a page's address of a survey's id, `limits`
    are those of connectors that can send, `language` is that of customers whose own nobody knows."""

    named: Mapping[str, Survey]
    link: Callable[[str], str]
    limits: Mapping[str, Limits]
    channels: Channels
    language: str

    def of(self, brand: str, category: str | None, channel: str) -> Survey | None:
        """The first that is for such a ticket."""
        return next((one for one in self.named.values() if one.fits(brand, category, channel)), None)

    def said(self, texts: Mapping[str, str], language: str) -> str:
        """A text in a customer's language, or else in ours."""
        return texts.get(language) or spoken(texts, self.language) or ""


def spoken(texts: Mapping[str, T], language: str) -> T | None:
    """What stands there for a language, else in English, else whatever does."""
    order: Collection[str] = (language, "en", *texts)
    return next((texts[one] for one in order if one in texts), None)
