"""The messages that ask: with buttons where the channel has enough of them, as text where not, or with links to the page."""

from collections.abc import Mapping
from typing import Any, Final

from connectors.abilities import Limits
from desk.surveys import texts
from desk.surveys.survey import HIGHEST, LOWEST, Question, Survey, Surveys, Value
from normalizer.inbound import Button

PREFIX: Final = "survey:"
_SEPARATOR: Final = ":"


def button_id(survey_id: str, number: int, value: Value) -> str:
    """Of the button for a value of a question, which is counted from 0. Short enough for every channel: Telegram takes 64
    bytes."""
    return f"{PREFIX}{survey_id}{_SEPARATOR}{number}{_SEPARATOR}{value}"


def pressed(button: str | None) -> tuple[str, int, str] | None:
    """Survey, question and value of a button of ours, or None."""
    if button is None or not button.startswith(PREFIX):
        return None
    id_, _, rest = button.removeprefix(PREFIX).partition(_SEPARATOR)
    number, _, value = rest.partition(_SEPARATOR)
    return (id_, int(number), value) if number.isascii() and number.isdigit() and len(number) == 1 else None


def question(surveys: Surveys, row: Mapping[str, Any], asked: Question, number: int) -> tuple[str, tuple[Button, ...]]:
    """The text and the buttons of one question, for the connector of a survey's row."""
    language = row["language"]
    text = surveys.said(asked.text, language)
    options = asked.options(language)
    buttons = _buttons(row["id"], number, options, surveys.limits.get(row["connector"]))
    return (text, buttons) if buttons else ("\n".join((text, *_hint(surveys, asked, options, language))), ())


def first(surveys: Surveys, survey: Survey, row: Mapping[str, Any]) -> tuple[str, tuple[Button, ...]]:
    """What goes out first: the first question, or the links to the page."""
    intro = surveys.said(survey.intro, row["language"])
    if row["form"] == "page":
        return "\n\n".join(filter(None, (intro, _page(surveys, survey, row)))), ()
    text, buttons = question(surveys, row, survey.questions[0], 0)
    return "\n\n".join(filter(None, (intro, text))), buttons


def _page(surveys: Surveys, survey: Survey, row: Mapping[str, Any]) -> str:
    """One link for each answer, each opens the page with it chosen: to open it says nothing yet."""
    language, address = row["language"], surveys.link(row["id"])
    asked = survey.questions[0]
    options = asked.options(language)
    if not options:
        return f"{surveys.said(texts.PAGE_ONLY, language)}\n{address}"
    lines = [f"{_shown(value, label)}\n{address}?a={value}" for value, label in options.items()]
    return "\n\n".join((surveys.said(asked.text, language) + "\n" + surveys.said(texts.PAGE, language), *lines))


def _shown(value: Value, label: str) -> str:
    if isinstance(value, str):
        return label
    return f"{value}: {label}" if label else str(value)


def _buttons(id_: str, number: int, options: Mapping[Value, str], limits: Limits | None) -> tuple[Button, ...]:
    """None where the channel has too few, or takes none of their titles."""
    if limits is None or not 0 < len(options) <= limits.buttons:
        return ()
    titles = {value: _shown(value, label) for value, label in options.items()}
    if any(len(title) > limits.button_title for title in titles.values()):
        if not all(isinstance(value, int) for value in titles):
            return ()
        titles = {value: str(value) for value in titles}
    return tuple(Button(id=button_id(id_, number, value), title=title) for value, title in titles.items())


def _hint(surveys: Surveys, asked: Question, options: Mapping[Value, str], language: str) -> list[str]:
    if asked.kind == "scale":
        ends = [f"{value} = {options[value].lower()}" for value in (LOWEST, HIGHEST) if options[value]]
        return [surveys.said(texts.SCALE, language).format(ends=f" ({', '.join(ends)})" if ends else "")]
    if asked.kind == "yes_no":
        return [surveys.said(texts.YES_OR_NO, language)]
    if asked.kind == "choice":
        numbered = [f"{place}. {label}" for place, label in enumerate(options.values(), 1)]
        return [*numbered, surveys.said(texts.CHOICE, language)]
    return []
