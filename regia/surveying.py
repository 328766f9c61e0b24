"""What surveys must know of the configuration."""

from collections.abc import Mapping
from typing import Final

from connectors.abilities import Limits
from desk.replies import Channels
from desk.surveys import texts
from desk.surveys.survey import Question, Survey, Surveys
from regia import survey_settings as written
from regia.links import Links
from regia.settings import Settings
from router.fold import fold

_MINUTE: Final = 60_000
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


def surveys(settings: Settings, links: Links, limits: Mapping[str, Limits], channels: Channels) -> Surveys | None:
    """All that the configuration has, in its order; None where it has none."""
    if not settings.surveys:
        return None
    named = {name: survey(name, one) for name, one in settings.surveys.items()}
    return Surveys(named=named, link=links.survey, limits=limits, channels=channels, language=settings.languages[0])


def survey(name: str, one: written.Survey) -> Survey:
    """One survey, as the configuration writes it."""
    return Survey(
        name=name,
        brands=frozenset(one.brands),
        categories=frozenset(one.categories),
        channels=frozenset(one.channels),
        except_reasons=frozenset(map(fold, one.except_reasons)),
        every_ms=one.every_days * _DAY,
        delay_ms=one.delay_minutes * _MINUTE,
        open_ms=one.open_days * _DAY,
        words_ms=one.words_hours * _HOUR,
        link=one.link,
        only_answered=one.only_answered,
        questions=texts.QUESTIONS if one.questions is None else tuple(map(_question, one.questions)),
        intro=texts.INTRO if one.intro is None else one.intro,
        thanks=texts.THANKS if one.thanks is None else one.thanks,
    )


def _question(one: written.SurveyQuestion) -> Question:
    return Question(name=one.name, kind=one.kind, text=one.text, labels=one.labels, choices=one.choices)
