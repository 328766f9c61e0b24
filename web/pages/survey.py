"""The page of a survey: its questions, with what a link has chosen already, and what came of them.

To open it records nothing: programs that guard mailboxes open every link. It works without a script and has none, and shows
nothing of any customer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from normalizer.advice import LANGUAGES, Language
from web.pages.form import TEMPLATES
from web.pages.proof import HEADERS
from web.pages.survey_texts import SURVEY_TEXTS
from web.pages.texts import TEXTS

__all__ = ["HEADERS", "LONGEST", "QuestionView", "SurveyState", "page_language", "render_survey"]

SurveyState = Literal["ask", "done", "already", "expired", "unknown", "rate_limited", "unavailable"]
"""`ask`: the questions are there. All others are ends."""

GOOD: Final = frozenset({"done", "already"})
LONGEST: Final = 4_000
"""Characters of an answer in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionView:
    """`options` are values with what stands beside them, none for words; `is_scale`: their values are numbers that are shown
    too. `chosen` is the value, or the words, that stand there already; `wrong`: an answer is missing."""

    name: str
    text: str
    options: Sequence[tuple[str, str]]
    is_scale: bool
    required: bool
    chosen: str = ""
    wrong: bool = False

    @property
    def is_bare(self) -> bool:
        """Whether the numbers stand alone."""
        return not any(label for _, label in self.options)


def render_survey(
    state: SurveyState,
    language: Language,
    *,
    brand: str = "",
    questions: Sequence[QuestionView] = (),
    retry_after: int | None = None,
) -> str:
    """The page. `brand` is known but for the last three states; `retry_after` is in seconds."""
    texts = SURVEY_TEXTS[language]
    title, advice = (words.format(brand=brand) for words in texts.states[state])
    return TEMPLATES.get_template("survey.html").render(
        view=None,
        language=language,
        languages=_languages(),
        texts=texts,
        wait=None if retry_after is None else TEXTS[language].wait.format(seconds=retry_after),
        state=state,
        is_good=state in GOOD,
        title=title,
        advice=advice,
        questions=questions,
        wrong=any(one.wrong for one in questions),
        longest=LONGEST,
        other_language=TEXTS[language].other_language,
    )


def _languages() -> list[tuple[Language, str]]:
    return [(code, TEXTS[code].own_name) for code in LANGUAGES]


def page_language(wanted: Sequence[str]) -> Language:
    """The first of these languages that the page speaks, else the first it has."""
    return next((code for one in wanted for code in SURVEY_TEXTS if code == one), LANGUAGES[0])
