"""The page New contact: what shop counter and hotline write down goes the way of every other contact."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import orjson
from aiohttp import web

from connectors.base import Request
from connectors.errors import Rejected
from connectors.forms import JSON
from normalizer.inbound import reference_number
from regia.http.console import new_rows
from regia.http.console.live import labels_of
from regia.http.console.searching import look_for
from regia.http.console.visit import Visit
from regia.pipeline.intake import Acceptance
from web.console.new import NAMES, OWN, CustomerFound, Draft, Ringing, Where, body_of, fields_of
from web.console.texts.common import COMMON
from web.console.texts.new import NEW

_KEY: Final = "Idempotency-Key"
_FOUND: Final = 8
_SAID_IN_THE_FORM: Final = ("invalid_fields", "malformed", "too_large", "unavailable")


async def page(visit: Visit) -> web.StreamResponse:
    """`GET /console/new?call=&link=&q=&done=&customer=`: the form, filled in from a call or with what was looked for; above it
    what was written down last."""
    values = {"kind": visit.word("kind"), "link": visit.word("link"), "q": visit.word("q"), "submission": _submission()}
    if call_id := visit.word("call"):
        found = await visit.read(lambda connection: new_rows.call(connection, call_id))
        if found is None:
            raise Rejected("unknown_message", "there is no such call")
        call, link = found
        values |= {"kind": "call", "link": visit.word("link") or link} | ({} if visit.frame.masked else _said_of(call))
    return await _page(visit, Draft(values=values), done=_done(visit.word("done")), customer=visit.word("customer"))


def _said_of(call: Ringing) -> dict[str, str]:
    """Who rings, as fields of the form. Whoever sees it masked has the link of the caller alone, which is enough."""
    return {"name": call.name} | ({call.kind: call.value} if call.kind in ("phone", "email") else {})


async def customers(visit: Visit) -> web.StreamResponse:
    """`GET /console/new/customers?q=`: who fits what is typed, for the page."""
    found = await _found(visit, visit.word("q"))
    return visit.page("new_found.html", NEW, block="part", found=found, chosen="")


async def accept(visit: Visit) -> web.StreamResponse:
    """`POST /console/new`: a contact, through its connector. Answered once it is durable; what is wrong is said in the
    form, which keeps everything that was typed."""
    draft = _draft(visit)
    if visit.form.text("search"):
        visit.noted = True  # nothing was done yet
        return await _page(visit, draft)
    where = next((one for one in new_rows.places(visit.gateway) if one.value == draft.get("where")), None)
    if where is None:
        return await _again(visit, draft, {"where": NEW[visit.frame.language].nowhere})
    chosen = await visit.read(lambda connection: new_rows.of_link(connection, draft.get("link"))) if draft.get("link") else None
    handle = (chosen.kind, chosen.value) if chosen else None
    names = new_rows.names_of(visit.gateway, where.connector)
    body = body_of(draft, where, handle, colleague=visit.me.person.name, declared=names)
    if reply := _reply_without_address(visit, draft, body):
        return await _again(visit, draft, reply)
    try:
        accepted = await _accept(visit, where, draft, body)
    except Rejected as error:
        if error.code not in _SAID_IN_THE_FORM:
            raise
        return await _again(visit, draft, fields_of(error.fields, body) or {"": _said(visit, error)}, status=error.status)
    return await _accepted(visit, draft, accepted, chosen)


async def _accepted(visit: Visit, draft: Draft, accepted: Acceptance, chosen: CustomerFound | None) -> web.Response:
    receipt = accepted.everything[0]
    visit.what = str(receipt.id)
    if receipt.repeat and not receipt.same:
        said = NEW[visit.frame.language].was_there.format(reference=reference_number(receipt.id))
        return await _again(visit, _with(draft, submission=_submission()), {"": said}, status=409)
    return visit.to(f"/new?done={receipt.id}" + (f"&customer={chosen.id}" if chosen else ""))


async def _accept(visit: Visit, where: Where, draft: Draft, body: Mapping[str, Any]) -> Acceptance:
    """As `POST /v1/messages/{connector}` does, with the person who is logged in for the program's token. Raises `Rejected`."""
    gateway, raw = visit.gateway, orjson.dumps(body)
    connector = gateway.configured.connectors[where.connector]
    if len(raw) > connector.max_body:
        raise Rejected("too_large", f"the contact is larger than {connector.max_body} bytes")
    gateway.intake.look(len(raw))
    received = Request(
        method="POST",
        url=f"{gateway.configured.settings.server.base_url}/v1/messages/{where.connector}",
        headers={"content-type": JSON, _KEY.lower(): f"console-{draft.get('submission')}"},
        query={},
        body=raw,
        received_at=datetime.now(UTC),
    )
    parsed = await gateway.reader.read(connector, received)
    return await gateway.intake.accept(where.connector, parsed, received.received_at)


def _said(visit: Visit, error: Rejected) -> str:
    """What the console says of it everywhere."""
    return " ".join(COMMON[visit.frame.language].problems.get(error.code, (error.detail,)))


def _reply_without_address(visit: Visit, draft: Draft, body: Mapping[str, Any]) -> dict[str, str]:
    if draft.get("reply") and "reply_via" not in body:
        return {"reply": NEW[visit.frame.language].no_such_address}
    return {}


def _draft(visit: Visit) -> Draft:
    values = {name: visit.form.text(name) for name in NAMES}
    own = {name.removeprefix(OWN): visit.form.text(name) for name in visit.form.fields if name.startswith(OWN)}
    values["submission"] = values["submission"][:100] or _submission()
    return Draft(values=values, own=own)


def _with(draft: Draft, **values: str) -> Draft:
    return replace(draft, values={**draft.values, **values})


def _submission() -> str:
    return secrets.token_urlsafe(18)


def _done(text: str) -> tuple[str, str] | None:
    """The id and the number of what was written down last."""
    try:
        id_ = UUID(text)
    except ValueError:
        return None
    return str(id_), reference_number(id_)


async def _again(visit: Visit, draft: Draft, wrong: Mapping[str, str], *, status: int = 422) -> web.Response:
    await visit.note("unavailable" if status >= 500 else "invalid_fields")  # noqa: PLR2004
    return await _page(visit, draft, wrong=wrong, status=status)


async def _found(visit: Visit, typed: str) -> Sequence[CustomerFound]:
    ids = [one.customer for one in await look_for(visit, typed, limit=_FOUND)]
    return await visit.read(lambda connection: new_rows.with_addresses(connection, ids))


async def _page(
    visit: Visit,
    draft: Draft,
    *,
    wrong: Mapping[str, str] | None = None,
    status: int = 200,
    done: tuple[str, str] | None = None,
    customer: str = "",
) -> web.Response:
    where = new_rows.places(visit.gateway)
    link = draft.get("link")
    chosen = await visit.read(lambda connection: new_rows.of_link(connection, link)) if link else None
    found = list(await _found(visit, draft.get("q"))) if draft.get("q") else []
    if chosen is not None and chosen.link not in {one.link for one in found}:
        found.insert(0, chosen)
    return visit.page(
        "new.html",
        NEW,
        status=status,
        draft=draft,
        where=where,
        hints=sorted(labels_of(visit.gateway).items()),
        declared=new_rows.declared(visit.gateway, [one.connector for one in where], visit.frame.language),
        found=found,
        chosen=chosen.link if chosen else "",
        ringing=await visit.read(new_rows.ringing),
        wrong=wrong or {},
        done=done,
        customer=customer,
    )
