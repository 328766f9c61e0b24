"""The page behind a signed link, on which a customer sees what became of one contact. To open it changes nothing."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from aiohttp import web

from connectors.errors import Rejected
from connectors.form_settings import RateLimit
from connectors.web_form import WebForm
from desk.contact_state import ContactState, contact_state
from normalizer.advice import Language
from normalizer.inbound import reference_number
from regia.gateway import Gateway
from regia.http.errors import count
from regia.http.rates import within
from regia.http.requests import GATEWAY, retry_header
from regia.http.visitors import address
from storage.database import DatabaseUnavailable
from web.pages.look import Look
from web.pages.state import StateEnd, StepView, render_end, render_state, state_headers
from web.pages.survey import page_language

RATE: Final = RateLimit(count=30, seconds=60)
"""Looks of one address: enough for who waits, too few for who tries."""
_ON_ITS_WAY: Final = 1
"""Days after which a contact that is stored nowhere is on its way no more."""


async def show(request: web.Request) -> web.Response:
    """`GET /state/{token}`: what became of the contact of the link."""
    gateway = request.app[GATEWAY]
    try:
        await within(RATE, f"state/{address(request)}", gateway.stores.coordination)
        id_, age = _meant(gateway, request.match_info["token"])
        found = await gateway.stores.database.read(lambda connection: contact_state(connection, id_))
    except DatabaseUnavailable:
        return _end(request, Rejected("unavailable", "the database does not answer; try again", retry_after=5))
    except Rejected as error:
        return _end(request, error)
    if found == "gone" or (found == "unknown" and age > _ON_ITS_WAY):
        return _end(request, Rejected("gone", "this contact was erased, or is not kept any more"))
    return _page(request, gateway, id_, None if isinstance(found, str) else found)


def _meant(gateway: Gateway, token: str) -> tuple[str, int]:
    """The contact of a link, and how many days ago the link was made. Raises `Rejected`."""
    meant = gateway.links.state_of(token)
    if meant is None or meant.age < -1:  # of tomorrow: by a node whose clock is ahead
        raise Rejected("not_found", "there is nothing behind this link")
    if meant.age > gateway.configured.settings.state_page.days:
        raise Rejected("expired", "this link has expired")
    return meant.message_id, meant.age


def _page(request: web.Request, gateway: Gateway, id_: str, found: ContactState | None) -> web.Response:
    steps = [StepView("received", None)] if found is None else _steps(found)
    look = None if found is None else _look(gateway, found.connector)
    text = render_state(
        _language(request, None if found is None else found.language),
        reference=reference_number(UUID(id_)),
        steps=steps,
        zone=ZoneInfo(gateway.configured.settings.state_page.timezone),
        look=look,
    )
    return web.Response(text=text, headers=state_headers(look))


def _steps(found: ContactState) -> list[StepView]:
    return [StepView(one.kind, datetime.fromtimestamp(one.at_ms / 1000, UTC), one.channel) for one in found.steps]


def _look(gateway: Gateway, connector: str) -> Look | None:
    """That of the form by which it came."""
    form = gateway.configured.connectors.get(connector)
    if not isinstance(form, WebForm):
        return None
    base = gateway.configured.settings.server.base_path
    return Look(theme=f"{base}/forms/{connector}/theme.css", logo=form.settings.logo)


def _end(request: web.Request, error: Rejected) -> web.Response:
    count(request, error)
    known: dict[str, StateEnd] = {one: one for one in ("expired", "gone", "rate_limited", "unavailable")}
    text = render_end(known.get(error.code, "unknown"), _language(request, None), retry_after=error.retry_after)
    return web.Response(text=text, status=error.status, headers={**state_headers(), **retry_header(error)})


def _language(request: web.Request, written: str | None) -> Language:
    """`?lang=`, else the first of Accept-Language that the page has, else the one in which the customer wrote."""
    accepted = [part.partition(";")[0].strip().lower()[:2] for part in request.headers.get("Accept-Language", "").split(",")]
    return page_language([request.query.get("lang", ""), *accepted, written or ""])
