"""Surveys: what customers are asked after their ticket was closed."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Final, Self

from pydantic import Field, StringConstraints, model_validator

from config.document import Document
from config.problems import Problem
from desk.surveys.survey import HIGHEST, Kind, Link
from regia.queue_settings import did_you_mean
from regia.store_settings import Section

_AT: Final = ("surveys",)
_MOST: Final = 2
"""Questions: who is asked more answers none."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,20}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=600)]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Texts = dict[Language, Words]
Labels = Annotated[tuple[Label, ...], Field(min_length=HIGHEST, max_length=HIGHEST)]


class SurveyQuestion(Section):
    """One question."""

    name: Name = Field(description="By which events and reports call it.")
    kind: Kind = Field(description="How it is answered; a scale has the numbers from 1 to 5.")
    text: Texts = Field(min_length=1, description="Language to the question.")
    labels: dict[Language, Labels] = Field(
        default_factory=dict, description="Of a scale: language to what the five numbers mean, from 1 on."
    )
    choices: dict[Name, dict[Language, Label]] = Field(
        default_factory=dict, max_length=10, description="Of a choice: 2 to 10 names, each with what customers read."
    )

    @model_validator(mode="after")
    def _as_its_kind_has_it(self) -> Self:
        if self.labels and self.kind != "scale":
            raise ValueError("labels are for a scale")
        if self.kind == "choice" and len(self.choices) < 2:  # noqa: PLR2004  # one is no choice
            raise ValueError("a choice needs choices, at least two")
        if self.choices and self.kind != "choice":
            raise ValueError("choices are for a choice")
        return self


class Survey(Section):
    """Asked once a ticket is closed; the first one that is for it wins."""

    brands: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(), description="Of these brands; without it of all."
    )
    categories: tuple[Annotated[str, Field(min_length=1)], ...] = Field(default=(), description="The same for categories.")
    channels: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(), description="The same for channels, such as whatsapp."
    )
    except_reasons: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=("spam",), description="Nobody is asked about a ticket with one of these as its `reason`."
    )
    every_days: int = Field(default=90, ge=1, le=3650, description="No customer is asked twice within so many days.")
    delay_minutes: int = Field(default=10, ge=0, le=60 * 24 * 7, description="Minutes after the closing until it is asked.")
    open_days: int = Field(default=7, ge=1, le=60, description="Days for which answers are taken.")
    words_hours: int = Field(
        default=12, ge=1, le=24 * 60, description="Hours after a question for words was asked in which a message is its answer."
    )
    link: Link = Field(default="auto", description="Whether a link to a page is sent instead of questions; `auto`: by mail.")
    only_answered: bool = Field(default=True, description="Whether nobody is asked whom no person has answered.")
    intro: Texts | None = Field(default=None, description="Language to what stands above the first question.")
    questions: tuple[SurveyQuestion, ...] | None = Field(default=None, description="One or two; without it the usual ones.")
    thanks: Texts | None = Field(default=None, description="Language to what is said when all is answered.")

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.open_days > self.every_days:
            raise ValueError("open_days must not be more than every_days: two surveys could wait for the same answer")
        if self.questions is not None and not 1 <= len(self.questions) <= _MOST:
            raise ValueError("questions: one or two")
        names = [one.name for one in self.questions or ()]
        if len(set(names)) != len(names):
            raise ValueError("two questions have the same name")
        return self


def unusable(
    surveys: Mapping[str, Survey], document: Document, brands: Collection[str], categories: Collection[str]
) -> list[Problem]:
    """Brands and categories that there are not: nobody would ever be asked, and nobody would see why. Which channels there are
    only contacts say."""
    known = {"brands": brands, "categories": categories}
    problems: list[Problem] = []
    for name, survey in surveys.items():
        for what, there in known.items():
            named: tuple[Any, ...] = getattr(survey, what)
            for place, one in enumerate(named):
                if one not in there:
                    hint = did_you_mean(one, sorted(there)) or f"{what}: {', '.join(sorted(there))}"
                    problems.append(document.problem((*_AT, name, what, place), f"there is no {_ONE[what]} of this name", hint))
    return problems


_ONE: Final = {"brands": "brand", "categories": "category"}
