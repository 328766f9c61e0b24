"""What comes of an answer: it is kept with its survey, the next question goes out, and a survey that is complete is told."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from desk import loops, replies
from desk.refusals import Refused
from desk.replies import Reply
from desk.surveys import told, wording
from desk.surveys.answers import Answer, is_low
from desk.surveys.asks import asks
from desk.surveys.bubbles import further, joined
from desk.surveys.reading import read
from desk.surveys.survey import AUTHOR, Survey, Surveys, Value
from normalizer.inbound import Button
from normalizer.message import Message
from storage import surveys as rows
from storage.surveys_since import Since

_PLAIN = frozenset({"text", "postback"})


def answer_of(
    surveys: Surveys, asked: Mapping[str, dict[str, Any]], message: Message, received_ms: int, since: Since
) -> Answer | None:
    """What a contact answers of surveys, by their ids, that its sender was asked through this connector; or None. Where a
    person has written to the customer `since`, what is typed answers that; where the customer has written something else, it
    may go on with that."""
    inbound = message.inbound
    if inbound.kind not in _PLAIN or inbound.automated is not None or inbound.backlog or message.attachments:
        return None
    mine = {id_: row for id_, row in asked.items() if row["connector"] == message.connector}
    if inbound.button is not None:
        return _pressed(surveys, mine, inbound.button.id, received_ms)
    open_ = [row for row in mine.values() if row["state"] == rows.ASKED and received_ms < row["due_ms"]]
    row = max(open_, key=lambda one: str(one["id"]), default=None)
    survey = None if row is None else surveys.named.get(row["name"])
    if inbound.text is None:
        return None
    if row is None:
        return further(surveys, mine.values(), inbound.text, received_ms, since)
    if survey is None or row["id"] in since.spoken:
        return None
    said = _said(survey, row, inbound.text, received_ms)
    return replace(said, routed=True) if said is not None and row["id"] in since.wrote else said


def _pressed(surveys: Surveys, asked: Mapping[str, dict[str, Any]], button: str | None, received_ms: int) -> Answer | None:
    found = wording.pressed(button)
    row = asked.get(found[0]) if found else None
    survey = None if row is None else surveys.named.get(row["name"])
    if found is None or row is None or survey is None or found[1] >= len(survey.questions):
        return None
    offered = {str(value): value for value in survey.questions[found[1]].options("")}
    is_open = row["state"] == rows.ASKED and received_ms < row["due_ms"]
    return Answer(row, survey, found[1], offered.get(found[2]) if is_open else None, routed=False)


def _said(survey: Survey, row: dict[str, Any], text: str, received_ms: int) -> Answer | None:
    """By the first question that is asked and not answered. Links went to a page: then by the first one, in a word. What was
    written before it was asked does not answer it."""
    if received_ms < row["question_ms"]:
        return None
    count = 1 if row["form"] == "page" else row["asked"]
    open_ = [place for place, one in enumerate(survey.questions[:count]) if one.name not in row["answers"]]
    if not open_:
        return None
    question = survey.questions[open_[0]]
    if question.kind == "words" and (row["form"] == "page" or received_ms - row["question_ms"] > survey.words_ms):
        return None
    if (found := read(question, text)) is None:
        return None
    low = question.kind == "words" and is_low(survey, row["answers"])
    return Answer(row, survey, open_[0], found.value, routed=low or found.more or asks(text))


def take(connection: Connection, surveys: Surveys, answer: Answer, message_id: str, now_ms: int) -> str | None:
    """Keep the answer of a stored contact; the state its survey came to, None where it goes on. Its row is changed too, for
    the contacts of the same batch that follow."""
    row, survey = answer.row, answer.survey
    if answer.value is None:
        return None
    if row["state"] != rows.ASKED:
        if (more := joined(answer)) is not None:
            keep(connection, row, more)
        return None
    keep(connection, row, {answer.question.name: answer.value})
    number = row["asked"]
    if _is_complete(row, survey):
        said = said_to(message_id, row, surveys.said(survey.thanks, row["language"]), "thanks")
        _queue(connection, surveys, said, now_ms)
        return close(connection, row, survey, now_ms)
    if row["form"] == "page" or number >= len(survey.questions) or answer.number != number - 1:
        return None
    text, buttons = wording.question(surveys, row, survey.questions[number], number)
    if not _queue(connection, surveys, said_to(message_id, row, text, str(number), buttons), now_ms):
        return close(connection, row, survey, now_ms)
    _change(connection, row, {"asked": number + 1, "question_ms": now_ms})
    return None


def fill_in(connection: Connection, row: dict[str, Any], survey: Survey, given: Mapping[str, Value], now_ms: int) -> str:
    """Keep what was sent from the page, which closes the survey; the state it came to."""
    keep(connection, row, given)
    return close(connection, row, survey, now_ms)


def keep(connection: Connection, row: dict[str, Any], given: Mapping[str, Value]) -> None:
    """Add answers to a row."""
    row["answers"] = {**row["answers"], **given}
    rows.change(connection, row["id"], {"answers": rows.written(row["answers"])})


def close(connection: Connection, row: dict[str, Any], survey: Survey | None, now_ms: int) -> str:
    """End a survey with the answers it has, and tell of them where it has any; the state it came to."""
    complete = survey is not None and _is_complete(row, survey)
    state = "answered" if complete else "partly" if row["answers"] else "expired"
    _change(connection, row, {"state": state, "closed_ms": now_ms})
    if row["answers"]:
        # Of a survey that is not in the configuration any more nobody knows which answers are words: those that are texts.
        words = {name for name, value in row["answers"].items() if survey is None and isinstance(value, str)}
        words |= {one.name for one in survey.questions if one.kind == "words"} if survey else set()
        told.tell(connection, row, words, now_ms)
    return state


def _is_complete(row: Mapping[str, Any], survey: Survey) -> bool:
    return all(one.name in row["answers"] for one in survey.questions)


def _change(connection: Connection, row: dict[str, Any], values: Mapping[str, Any]) -> None:
    row |= values
    rows.change(connection, row["id"], values)


def said_to(message_id: str, row: Mapping[str, Any], text: str, key: str, buttons: tuple[Button, ...] = ()) -> Reply:
    """A message of a survey, in answer to a contact; there is only one of each `key`."""
    return Reply(
        message_id=message_id,
        text=text,
        buttons=buttons,
        author=AUTHOR + row["name"],
        automatic=True,
        key=f"{row['id']}/{key}",
        asker=loops.BOUNDED,
    )


def _queue(connection: Connection, surveys: Surveys, said: Reply, now_ms: int) -> bool:
    """Whether it may go out."""
    try:
        replies.queue(connection, said, surveys.channels, now_ms, bounded=True)
    except Refused:
        return False
    return True
