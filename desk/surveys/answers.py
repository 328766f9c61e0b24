"""What a contact answers of a survey."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from desk.surveys.survey import Question, Survey, Value

_LOW: Final = 2
"""Up to here a rating says that something was wrong."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A contact that answers a question of a survey. `value` is None where it is a button of one that takes no answer any
    more. `routed`: it holds something else too, so that it goes its way as any contact."""

    row: dict[str, Any]
    survey: Survey
    number: int
    value: Value | None
    routed: bool

    @property
    def question(self) -> Question:
        return self.survey.questions[self.number]


def is_low(survey: Survey, answers: Mapping[str, Value]) -> bool:
    """Whether a question was rated so low that a person must see the words with it."""
    rated = [answers.get(one.name) for one in survey.questions if one.kind == "scale"]
    return any(isinstance(value, int) and value <= _LOW for value in rated)
