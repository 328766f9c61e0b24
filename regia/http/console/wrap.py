"""The one way through which every request to the console goes."""

import logging
import re
from collections.abc import Callable, Sequence
from typing import Final

from aiohttp import web

from connectors.errors import Rejected
from desk.staff.logins import Login
from desk.staff.roles import may
from dispatcher.base import QueuesUnavailable
from identity.refusals import NotPossible
from normalizer.advice import LANGUAGES, Language
from regia import by_hand
from regia.http.console import guard
from regia.http.console.cookies import LOGIN
from regia.http.console.entry import Entry
from regia.http.console.form import read_form
from regia.http.console.visit import DONE, Visit
from regia.http.errors import Handler, count
from regia.http.requests import GATEWAY, retry_header
from storage.blobs import BlobsUnavailable
from storage.database import DatabaseUnavailable
from web.console.frame import THEMES, Frame, Place, Viewer
from web.console.page import GUARDS
from web.console.texts.common import COMMON

logger = logging.getLogger(__name__)

_NOBODY: Final = frozenset({"unknown_customer", "gone", "token_missing"})
"""Refusals after which there is no page of the customer to go back to."""
_AN_ID: Final = re.compile(r"[\w-]{1,100}", re.ASCII)
_AWAY: Final = (DatabaseUnavailable, QueuesUnavailable, BlobsUnavailable)


def wrapped(entry: Entry, entries: Callable[[], Sequence[Entry]]) -> Handler:
    """What answers at the address of `entry`. `entries` are all: the navigation shows those that may be used."""

    async def handle(request: web.Request) -> web.StreamResponse:
        visit = Visit(request=request, entry=entry, frame=_frame(request, entry, None, ()), login=None)
        response = await _guarded(visit, entries())
        if not response.prepared:  # a stream has its headers already
            for name, value in GUARDS.items():
                response.headers.setdefault(name, value)
        return response

    return handle


async def _guarded(visit: Visit, entries: Sequence[Entry]) -> web.StreamResponse:
    """Whatever happens is an answer, and written down where the entry says so."""
    try:
        response, result = await _answered(visit, entries), DONE
    except Rejected as error:
        response, result = _problem(visit, error), error.code
    try:
        await visit.note(result)
    except DatabaseUnavailable:
        return _problem(visit, _away())  # what cannot be written down is not shown
    return response


async def _answered(visit: Visit, entries: Sequence[Entry]) -> web.StreamResponse:
    """Raises `Rejected`, and nothing else."""
    try:
        return await _let_in(visit, entries)
    except Rejected:
        raise
    except NotPossible as error:
        raise Rejected(error.reason, str(error)) from None
    except _AWAY:
        raise _away() from None
    except ConnectionResetError:
        raise
    except Exception:
        logger.exception("a page failed by a defect", extra={"address": visit.entry.path})
        raise Rejected("internal", "this is a defect of the gateway") from None


async def _let_in(visit: Visit, entries: Sequence[Entry]) -> web.StreamResponse:
    request, entry = visit.request, visit.entry
    visit.login = await guard.login_of(request, visit.parts.cookies.get(request, LOGIN))
    visit.frame = _frame(request, entry, visit.login, entries)
    guard.with_token(visit)
    away = guard.turned_away(visit)
    if away is not None:
        visit.noted = True  # nobody did anything
        return away
    guard.require(visit)
    if entry.method != "GET":
        visit.noted = visit.login is None  # what strangers send is no act: only a try to log in is written down
        visit.form = await read_form(request, entry.largest)
        guard.from_our_page(visit)
        visit.noted = False
    await guard.keep_alive(visit, by_hand.now_ms())
    return await entry.handler(visit)


def _away() -> Rejected:
    return Rejected("unavailable", "the database does not answer; try again", retry_after=5)


def _problem(visit: Visit, error: Rejected) -> web.Response:
    """The page of a refusal, from the closed list."""
    count(visit.request, error)
    problems = COMMON[visit.frame.language].problems
    title, advice = problems.get(error.code) or problems[""]
    values: dict[str, object] = {"title": title, "advice": advice, "code": error.code, "retry_after": error.retry_after}
    values["customer"] = "" if visit.login is None or error.code in _NOBODY else _customer(visit)
    block = "main" if visit.is_fragment else None
    page = visit.page("problem.html", COMMON, status=error.status, block=block, **values)
    page.headers.update({name: value for name, value in retry_header(error).items() if name == "Retry-After"})
    return page


def _customer(visit: Visit) -> str:
    """From whose page it was asked for; empty where it was from none."""
    of_address = visit.entry.path.startswith("/customers/{id}/")
    id_ = visit.named("id") if of_address else visit.form.text("customer")
    return id_ if _AN_ID.fullmatch(id_) else ""


def _frame(request: web.Request, entry: Entry, login: Login | None, entries: Sequence[Entry]) -> Frame:
    settings = request.app[GATEWAY].configured.settings
    base, language = settings.server.base_path, _language(request, login)
    if login is None:
        return Frame(language=language, base=base)
    person = login.person
    said = request.query.get("said", "")
    return Frame(
        language=language,
        theme=next((theme for theme in THEMES if theme == person.theme), "auto"),
        base=base,
        viewer=Viewer(id=person.id, display=person.display, role=login.role),
        places=() if person.must_change else _places(entry, login, entries, language),
        masked=settings.console.mask.holds(login.role),
        said=said if said in COMMON[language].said else "",
    )


def _places(entry: Entry, login: Login, entries: Sequence[Entry], language: Language) -> tuple[Place, ...]:
    """The navigation. Current is the entry whose path the address begins with."""
    shown = [one for one in entries if one.nav is not None and one.role != "anyone" and may(login.role, one.role)]
    current = max((one.path for one in shown if _is_within(entry.path, one.path)), key=len, default="")
    return tuple(
        Place(path=one.path, name=one.nav[language], current=one.path == current) for one in shown if one.nav is not None
    )


def _is_within(path: str, place: str) -> bool:
    return path == place or (place != "/" and path.startswith(f"{place}/"))


def _language(request: web.Request, login: Login | None) -> Language:
    """`?lang=`, else the one the person chose, else the first of Accept-Language that the console has."""
    accepted = [part.partition(";")[0].strip().lower()[:2] for part in request.headers.get("Accept-Language", "").split(",")]
    chosen = (login.person.language or "") if login else ""
    wanted = (request.query.get("lang", "") if login is None else "", chosen, *accepted)
    return next((code for one in wanted for code in LANGUAGES if code == one), LANGUAGES[0])
