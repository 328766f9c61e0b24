"""What customers write on in another contact just after the end of a survey: more of their words, or thanks for our thanks."""

from collections.abc import Iterable
from typing import Any, Final

from desk.surveys.answers import Answer, is_low
from desk.surveys.asks import asks
from desk.surveys.reading import LONGEST_WORDS, only_thanks
from desk.surveys.survey import Surveys, Value
from storage.surveys_since import Since

FURTHER_MS: Final = 5 * 60_000
"""So long after its end a survey's words may go on."""


def further(surveys: Surveys, asked: Iterable[dict[str, Any]], text: str, received_ms: int, since: Since) -> Answer | None:
    """What a text adds to a survey that was answered a moment ago, where nothing else was said since; thanks add nothing."""
    ended = [row for row in asked if row["state"] == "answered" and row["form"] == "questions"]
    row = max(ended, key=lambda one: int(one["closed_ms"]), default=None)
    survey = None if row is None else surveys.named.get(row["name"])
    if row is None or survey is None or row["id"] in since.spoken | since.wrote:
        return None
    if not row["question_ms"] <= received_ms <= row["closed_ms"] + FURTHER_MS or asks(text):
        return None
    number, last = len(survey.questions) - 1, survey.questions[-1]
    if only_thanks(text):
        return Answer(row, survey, number, None, routed=False)
    before = row["answers"].get(last.name)
    if last.kind != "words" or not isinstance(before, str) or not text.strip():
        return None
    if len(before) + len(text) > LONGEST_WORDS:
        return None
    return Answer(row, survey, number, text.strip(), routed=is_low(survey, row["answers"]))


def joined(answer: Answer) -> dict[str, Value] | None:
    """The words of a survey that has ended with those that came behind them; None where the answer is no such words."""
    row, question = answer.row, answer.question
    before = row["answers"].get(question.name)
    if row["state"] != "answered" or question.kind != "words" or not isinstance(before, str):
        return None
    return {question.name: f"{before}\n{answer.value}"}
