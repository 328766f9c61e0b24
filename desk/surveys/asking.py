"""What is due: surveys that are to be asked, and those whose time is over. Each is done once, whoever else is at it."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import Connection, RowMapping, select

from desk import replies
from desk.refusals import Refused
from desk.surveys import wording
from desk.surveys.answering import close, said_to
from desk.surveys.planning import LAST, heard_of
from desk.surveys.survey import Skipped, Survey, Surveys
from identity import answered
from storage import lookup
from storage import surveys as rows
from storage.database import DatabaseUnavailable, reaching_database
from storage.schema import handles, messages

logger = logging.getLogger(__name__)

LATE_MS: Final = 24 * 3_600_000
"""After so long nobody is asked any more what was closed that time ago."""
_WHERE: Final = ("handle_id", "message_id", "connector", "channel", "language", "form")


def work_off(connection: Connection, surveys: Surveys, now_ms: int) -> tuple[tuple[str, str] | None, bool]:
    """Ask or close the one that is due first; its name with what became of it, and whether there may be more. One in a
    transaction: a commit locks its customers in their own order, and each could wait for the other. Raises
    `DatabaseUnavailable`."""
    found = rows.due(connection, now_ms, 1)
    return (_one(connection, surveys, *found[0], now_ms), True) if found else (None, False)


def _one(connection: Connection, surveys: Surveys, id_: str, state: str, now_ms: int) -> tuple[str, str] | None:
    try:
        with connection.begin_nested(), reaching_database():
            return (_ask if state == rows.PLANNED else _end)(connection, surveys, id_, now_ms)
    except DatabaseUnavailable:
        raise
    except Exception:  # one that fails must not hold up all others for ever
        logger.exception("a survey is passed over, by a defect", extra={"survey": id_})
        rows.change(connection, id_, {"state": rows.SKIPPED, "skipped": "internal", "closed_ms": now_ms})
        return "", "internal"


def _end(connection: Connection, surveys: Surveys, id_: str, now_ms: int) -> tuple[str, str] | None:
    """Close one whose time is over."""
    row = rows.find(connection, id_, lock=True)
    if row is None or row["state"] != rows.ASKED or row["due_ms"] > now_ms:
        return None
    return row["name"], close(connection, row, surveys.named.get(row["name"]), now_ms)


def _ask(connection: Connection, surveys: Surveys, id_: str, now_ms: int) -> tuple[str, str] | None:
    before = rows.find(connection, id_)
    contacts = lookup.latest_in(connection, before["conversation_id"], LAST) if before else []
    heard, skipped = heard_of(contacts)
    # The customer before the survey, as commits do: the other way round two could wait for each other.
    waiting = answered.hold(connection, heard[0]["id"]) if heard else None
    row = rows.find(connection, id_, lock=True)
    if row is None or row["state"] != rows.PLANNED:
        return None
    survey = surveys.named.get(row["name"])
    if survey is None:
        skipped = "not_configured"
    elif waiting is None:
        skipped = skipped or "no_contact"
    else:
        skipped = _why_not(connection, survey, row, waiting.customer.id, now_ms)
        skipped = skipped or _say(connection, surveys, row, heard, now_ms)
    if skipped is None:
        return row["name"], rows.ASKED
    rows.change(connection, id_, {"state": rows.SKIPPED, "skipped": skipped, "closed_ms": now_ms})
    return row["name"], skipped


def _why_not(connection: Connection, survey: Survey, row: Mapping[str, Any], customer_id: str, now_ms: int) -> Skipped | None:
    talk = lookup.conversation(connection, row["conversation_id"])
    if talk is None or talk["split"]:
        return "no_contact" if talk is None else "split_conversation"
    if talk["open"] or _has_written(connection, customer_id, row["received_ms"]):
        return "goes_on"
    if now_ms - row["due_ms"] > LATE_MS:
        return "late"
    lately = rows.asked_since(connection, customer_id, now_ms - survey.every_ms, or_planned=False)
    return "asked_lately" if lately else None


def _has_written(connection: Connection, customer_id: str, since_ms: int) -> bool:
    """Whether the customer waits for an answer to what was written since the ticket was closed, on any channel."""
    theirs = select(messages.c.id).join(handles, handles.c.id == messages.c.handle_id)
    new = theirs.where(handles.c.customer_id == customer_id, messages.c.awaits_answer, messages.c.at_ms > since_ms)
    return bool(connection.execute(select(new.exists())).scalar_one())


def _say(
    connection: Connection, surveys: Surveys, row: dict[str, Any], heard: Sequence[RowMapping], now_ms: int
) -> Skipped | None:
    """Ask in answer to the last contact that can be answered; why not, where none can."""
    refused: Skipped | None = None
    survey = surveys.named[row["name"]]
    for contact in heard:
        row |= _asked(surveys, survey, contact)
        text, buttons = wording.first(surveys, survey, row)
        try:
            replies.queue(connection, said_to(contact["id"], row, text, "0", buttons), surveys.channels, now_ms, bounded=True)
        except Refused as error:
            refused = refused or error.reason
            continue
        asked = {"asked": 1, "asked_ms": now_ms, "question_ms": now_ms, "due_ms": now_ms + survey.open_ms}
        rows.change(connection, row["id"], {name: row[name] for name in _WHERE} | asked | {"state": rows.ASKED})
        return None
    return refused or "no_contact"


def _asked(surveys: Surveys, survey: Survey, contact: RowMapping) -> dict[str, Any]:
    """Who is asked, how and in which language."""
    data = orjson.loads(contact["envelope"])["data"]
    return {
        "handle_id": contact["handle_id"],
        "message_id": contact["id"],
        "connector": contact["connector"],
        "channel": contact["channel"],
        "language": data["language"] or surveys.language,
        "form": survey.form(contact["channel"]),
    }
