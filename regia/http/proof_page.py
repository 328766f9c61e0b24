"""The page behind a link that was sent to an address. To open it proves nothing; its button does."""

import time
from typing import Final

from aiohttp import web

from connectors.errors import Rejected
from desk import proofs
from identity.challenges import Shown
from normalizer.advice import LANGUAGES, Language
from regia.http.errors import count
from regia.http.proofs import judged, refuse, step
from regia.http.rates import within
from regia.http.requests import GATEWAY, retry_header
from regia.http.visitors import address
from storage.database import DatabaseUnavailable
from web.pages.proof import HEADERS, ProofState, render_proof

_STATES: Final[dict[str, ProofState]] = {
    "already_used": "already_used",
    "expired": "expired",
    "too_many_attempts": "too_many_attempts",
    "shared_handle": "not_possible",
    "handle_cap": "not_possible",
    "rate_limited": "rate_limited",
    "unavailable": "unavailable",
}
"""Code of a rejection to the page that tells it; all others are those of a page that is not there."""


async def show(request: web.Request) -> web.Response:
    """`GET /proof/{token}`: what it is about, and a button."""
    try:
        shown = await _shown(request)
        if shown.refusal is not None:
            return _refused(request, refuse(shown.refusal), shown)
    except Rejected as error:
        return _refused(request, error)
    return _page(request, "ask", shown)


async def confirm(request: web.Request) -> web.Response:
    """`POST /proof/{token}`: the button was pressed."""
    shown = None
    try:
        shown = await _shown(request)
        token = request.match_info["token"]
        judged("link", await step(request, lambda connection, known, now_ms: proofs.confirm(connection, token, known, now_ms)))
    except DatabaseUnavailable:
        return _refused(request, _away(), shown)
    except Rejected as error:
        return _refused(request, error, shown)
    return _page(request, "done", shown)


async def _shown(request: web.Request) -> Shown:
    """What the link is about. Raises `Rejected`: `rate_limited`, `unknown_challenge`, `unavailable`."""
    gateway = request.app[GATEWAY]
    rate = gateway.configured.settings.identity.codes.rate
    await within(rate, f"proof/{address(request)}", gateway.stores.coordination)
    token, now_ms = request.match_info["token"], time.time_ns() // 1_000_000
    try:
        shown = await gateway.stores.database.read(lambda connection: proofs.look(connection, token, gateway.proofs, now_ms))
    except DatabaseUnavailable:
        raise _away() from None
    if shown is None:
        raise refuse("unknown_challenge")
    return shown


def _refused(request: web.Request, error: Rejected, shown: Shown | None = None) -> web.Response:
    count(request, error)
    state = _STATES.get(error.code, "unknown")
    page = _page(request, state, shown, retry_after=error.retry_after)
    # Whoever presses twice, or reloads, has what was wanted.
    page.set_status(200 if state == "already_used" else error.status)
    page.headers.update(retry_header(error))
    return page


def _away() -> Rejected:
    return Rejected("unavailable", "the database does not answer; try again", retry_after=5)


def _page(request: web.Request, state: ProofState, shown: Shown | None, *, retry_after: int | None = None) -> web.Response:
    brand = "" if shown is None else request.app[GATEWAY].proofs.brand(shown.space).name
    handle = None if shown is None else shown.handle
    text = render_proof(state, _language(request), brand=brand, handle=handle, retry_after=retry_after)
    return web.Response(text=text, headers=HEADERS)


def _language(request: web.Request) -> Language:
    """`?lang=`, else the first language of Accept-Language that the page has, else the first one it has."""
    accepted = [part.partition(";")[0].strip().lower()[:2] for part in request.headers.get("Accept-Language", "").split(",")]
    spoken = {language: language for language in LANGUAGES}
    return next((spoken[one] for one in (request.query.get("lang", ""), *accepted) if one in spoken), LANGUAGES[0])
