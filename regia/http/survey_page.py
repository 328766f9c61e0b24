"""The page behind a link that was sent after a ticket was closed. To open it answers nothing; its button does."""

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl

from aiohttp import web
from sqlalchemy import Connection

from connectors.errors import Rejected
from desk.surveys.answering import fill_in
from desk.surveys.survey import Question, Survey, Value
from normalizer.advice import Language
from regia.http.errors import count
from regia.http.rates import within
from regia.http.requests import GATEWAY, read_body, retry_header
from regia.http.visitors import address
from regia.watch.metrics import SURVEYS
from storage import surveys as rows
from storage.database import DatabaseUnavailable
from web.pages.survey import HEADERS, LONGEST, QuestionView, SurveyState, page_language, render_survey

_BODY: Final = 64 * 1024
_FIELDS: Final = 20
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_STATES: Final[Mapping[str, tuple[SurveyState, int]]] = {
    "answered": ("already", 200),
    "partly": ("already", 200),
    "expired": ("expired", 410),
    rows.SKIPPED: ("expired", 410),
}
"""State of a survey that takes no answers any more to the page that says so, and its status."""


async def show(request: web.Request) -> web.Response:
    """`GET /survey/{token}?a=`: the questions; `a` is chosen for the first one."""
    try:
        row, survey = await _found(request)
        if (closed := _closed(row)) is not None:
            return _page(request, closed[0], row, status=closed[1])
    except Rejected as error:
        return _refused(request, error)
    first = survey.questions[0]
    chosen = {first.name: request.query.get("a", "")} if first.kind != "words" else {}
    return _page(request, "ask", row, _views(request, row, survey, chosen))


async def answer(request: web.Request) -> web.Response:
    """`POST /survey/{token}`: the button was pressed."""
    row: dict[str, Any] | None = None
    try:
        row, survey = await _found(request)
        given = _read(survey, await read_body(request, _BODY))
        required = [one for one in survey.questions if one.name in _required(survey)]
        missing = {one.name for one in required if one.name not in given}
        if missing and _closed(row) is None:
            said = {name: str(value) for name, value in given.items()}
            views = [replace(one, wrong=one.name in missing) for one in _views(request, row, survey, said)]
            return _page(request, "ask", row, views, status=422)
        closed = await _keep(request, row["id"], survey, given)
    except DatabaseUnavailable:
        return _refused(request, _away(), row)
    except Rejected as error:
        return _refused(request, error, row)
    return _page(request, "done", row) if closed is None else _page(request, closed[0], row, status=closed[1])


async def _keep(request: web.Request, id_: str, survey: Survey, given: Mapping[str, Value]) -> tuple[SurveyState, int] | None:
    """Store the answers; the page and its status where the survey takes none any more."""

    def work(connection: Connection) -> tuple[SurveyState, int] | str:
        now_ms = time.time_ns() // 1_000_000
        row = rows.find(connection, id_, lock=True)
        if row is None:
            return "expired", 410
        return _closed(row) or fill_in(connection, row, survey, given, now_ms)

    done = await request.app[GATEWAY].stores.database.write(work)
    if isinstance(done, str):
        SURVEYS.labels(survey.name, done).inc()
        return None
    return done


async def _found(request: web.Request) -> tuple[dict[str, Any], Survey]:
    """The survey of the link. Raises `Rejected`: `rate_limited`, `not_found`, `unavailable`."""
    gateway = request.app[GATEWAY]
    # The same rate as for other pages behind links.
    rate = gateway.configured.settings.identity.codes.rate
    await within(rate, f"survey/{address(request)}", gateway.stores.coordination)
    id_ = gateway.links.survey_of(request.match_info["token"])
    unknown = Rejected("not_found", "there is no survey behind this link")
    if id_ is None:
        raise unknown
    try:
        row = await gateway.stores.database.read(lambda connection: rows.find(connection, id_))
    except DatabaseUnavailable:
        raise _away() from None
    survey = None if row is None or gateway.surveys is None else gateway.surveys.named.get(row["name"])
    if row is None or survey is None:
        raise unknown
    return row, survey


def _closed(row: Mapping[str, Any]) -> tuple[SurveyState, int] | None:
    """The page that says that it takes no answers any more; None where it does."""
    if row["state"] == rows.ASKED and time.time_ns() // 1_000_000 < row["due_ms"]:
        return None
    return _STATES.get(row["state"], ("expired", 410))


def _required(survey: Survey) -> set[str]:
    """Whoever answers answers these: what is asked besides in words may be left out."""
    named = {one.name for one in survey.questions if one.kind != "words"}
    return named or {survey.questions[0].name}


def _read(survey: Survey, body: bytes) -> dict[str, Value]:
    """The answers that a form holds. Raises `Rejected("malformed")`."""
    try:
        fields = dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=_FIELDS))
    except ValueError as error:
        raise Rejected("malformed", "this is not what the page sends") from error
    found = {one.name: _value(one, fields.get(one.name, "")) for one in survey.questions}
    return {name: value for name, value in found.items() if value is not None}


def _value(question: Question, text: str) -> Value | None:
    if question.kind == "words":
        return _UNWRITABLE.sub("", text.replace("\r\n", "\n")).strip()[:LONGEST] or None
    return {str(value): value for value in question.options("")}.get(text)


def _views(request: web.Request, row: Mapping[str, Any], survey: Survey, chosen: Mapping[str, str]) -> list[QuestionView]:
    surveys, language, required = request.app[GATEWAY].surveys, _language(request, row), _required(survey)
    return [
        QuestionView(
            name=one.name,
            text="" if surveys is None else surveys.said(one.text, language),
            options=[(str(value), label) for value, label in one.options(language).items()],
            is_scale=one.kind == "scale",
            required=one.name in required,
            chosen=chosen.get(one.name, ""),
        )
        for one in survey.questions
    ]


def _refused(request: web.Request, error: Rejected, row: Mapping[str, Any] | None = None) -> web.Response:
    count(request, error)
    known: dict[str, SurveyState] = {"rate_limited": "rate_limited", "unavailable": "unavailable"}
    page = _page(request, known.get(error.code, "unknown"), row, status=error.status, retry_after=error.retry_after)
    page.headers.update(retry_header(error))
    return page


def _away() -> Rejected:
    return Rejected("unavailable", "the database does not answer; try again", retry_after=5)


def _page(
    request: web.Request,
    state: SurveyState,
    row: Mapping[str, Any] | None,
    questions: list[QuestionView] | None = None,
    *,
    status: int = 200,
    retry_after: int | None = None,
) -> web.Response:
    brand = "" if row is None else request.app[GATEWAY].proofs.brand(row["brand"]).name
    text = render_survey(state, _language(request, row), brand=brand, questions=questions or (), retry_after=retry_after)
    return web.Response(text=text, status=status, headers=HEADERS)


def _language(request: web.Request, row: Mapping[str, Any] | None) -> Language:
    """`?lang=`, else the one in which the customer was asked, else the first of Accept-Language that the page has."""
    accepted = [part.partition(";")[0].strip().lower()[:2] for part in request.headers.get("Accept-Language", "").split(",")]
    return page_language([request.query.get("lang", ""), (row or {}).get("language") or "", *accepted])
