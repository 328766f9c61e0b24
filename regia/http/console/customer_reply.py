"""Answering a customer from their page, once however often it is sent."""

from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from aiohttp import web
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection

from connectors.api_body import Lines
from connectors.errors import Rejected
from desk import meanwhile, reply_shown
from desk.asking import Desk
from desk.elsewhere import Elsewhere
from desk.files import ReplyFile
from desk.meanwhile import Known, SaidMeanwhile
from desk.refusals import Refused
from desk.replies import Queued, Reply
from desk.staff import people
from desk.ways import Way, chosen, ways
from identity.views.claimed import Claimed, claimed
from identity.views.tops import top_of
from regia import by_hand
from regia.http.console import customer
from regia.http.console.reply_box import FIELD, Words, box, worded
from regia.http.console.visit import Visit, number_of
from regia.http.reply_body import key_of
from regia.writing_elsewhere import choices, elsewhere
from storage import lookup
from web.console.texts.customer import CUSTOMER

LARGEST: Final = 32 * 1024 * 1024
"""Bytes of the form, files included: `replies.max_files_mb` says how many may leave."""
_LINES: Final = TypeAdapter(Lines)
_TOO_LONG: Final = "text_too_long"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the form says, with the contact that it answers. `found` are the ways of the customer at the `top`, `known` the
    replies that its writer has seen; `to` is chosen of the addresses that the customer only typed (`claims`)."""

    message: str
    key: str
    words: Words
    found: list[Way]
    top: str
    data: dict[str, Any]
    claims: tuple[Claimed, ...]
    known: Known
    to: str = ""

    @property
    def typed(self) -> dict[str, Any]:
        """What its box knows of these."""
        return {"claims": self.claims, "to": self.to}


async def words(visit: Visit) -> web.StreamResponse:
    """`GET /console/customers/{id}/reply?message=&template=&language=&field.…=&edit=`: what a template would say; with `edit`
    as a text of one's own."""
    id_, query = customer.id_of(visit), visit.request.query
    given = {name.removeprefix(FIELD): value for name, value in query.items() if name.startswith(FIELD)}
    typed = Words(name=visit.word("template"), language=visit.word("language"), values=given)
    asked = await _asked(visit, id_, visit.word("message"), "", typed)
    said = worded(visit, asked.message, asked.data, typed)
    if visit.word("edit") and said.refused is None and not visit.frame.masked:
        said = Words(text=said.preview)
    shown = box(visit, asked.found, asked.message, said)
    return visit.page("customer.html", CUSTOMER, block="words", box=shown, customer_id=id_)


async def send(visit: Visit) -> web.StreamResponse:
    """`POST /console/customers/{id}/reply`: answer the customer, once however often it is sent."""
    id_, form = customer.id_of(visit), visit.form
    key, message = key_of(form.text("key") or None), form.text("message")
    if key is None:
        raise Rejected("malformed", "this is not what the form sends")
    given = {name.removeprefix(FIELD): form.text(name) for name in form.fields if name.startswith(FIELD)}
    typed = Words(text=form.secret("text"), name=form.text("template"), language=form.text("language"), values=given)
    known = Known(newest=number_of(form.text("newest")) or 0, sure=number_of(form.text("sure")) or 0)
    asked = replace(await _asked(visit, id_, message, key, typed, known=known), to=form.text("elsewhere"))
    there = _elsewhere(visit, asked)
    if asked.to and there is None:
        return await _again(visit, asked, "not_allowed")
    stores = visit.gateway.stores
    desk = Desk(stores.database, visit.gateway.channels, stores.blobs)
    try:
        queued = await _queued(desk, replace(_reply(visit, asked), elsewhere=there), asked)
    except SaidMeanwhile as before:
        return await _told(visit, asked, before)
    except ValidationError:
        return await _again(visit, asked, _TOO_LONG)
    except Refused as refused:
        return await _again(visit, asked, refused.reason)
    visit.what = f"{id_} {queued.id}{' elsewhere' if there else ''}"
    return visit.to(f"/customers/{asked.top}?reply={queued.id}", said="reply_queued")


async def state(visit: Visit) -> web.StreamResponse:
    """`GET /console/customers/{id}/replies/{reply}`: how far a reply is, for the page that waits for it."""
    id_, reply = visit.named("id"), visit.named("reply")
    found = (await visit.read(lambda connection: reply_shown.shown(connection, [reply]))).get(reply)
    if found is None:
        raise Rejected("not_found", "there is no reply of that id")
    return visit.page("customer.html", CUSTOMER, block="watched", watched=found, customer_id=id_)


async def _queued(desk: Desk, reply: Reply, asked: _Asked) -> Queued:
    """Raises `Refused`, and `SaidMeanwhile` where its writer has not seen all that the customer reads."""
    now_ms, way = by_hand.now_ms(), chosen(asked.found, asked.message)
    if way is None:
        return await desk.reply(reply, now_ms)
    to = way.to if reply.elsewhere is None else reply.elsewhere.to
    return await desk.reply(reply, now_ms, check=lambda one: meanwhile.check(one, reply, to, asked.known, now_ms))


def _elsewhere(visit: Visit, asked: _Asked) -> Elsewhere | None:
    """The address that was chosen instead of the contact's own; None where none was, or where there is none such any more."""
    brand, language = asked.data["brand"], asked.data["language"]
    to = choices(visit.gateway, brand, asked.claims).get(asked.to)
    return None if to is None else elsewhere(visit.gateway, brand, to, language)


def _reply(visit: Visit, asked: _Asked) -> Reply:
    """Raises `ValidationError` for a text that is too long."""
    files = [one for one in visit.form.files if one.filename or one.content]
    return Reply(
        text="" if asked.words.name else _LINES.validate_python(asked.words.text),
        template=asked.words.chosen,
        message_id=asked.message,
        files=tuple(ReplyFile(content=one.content, filename=one.filename, content_type=one.content_type) for one in files),
        author=people.name_for_customers(visit.me.person) or visit.actor,  # the id: customers then read the team's name
        key=asked.key,
        asker=visit.actor,
    )


async def _again(visit: Visit, asked: _Asked, reason: str) -> web.StreamResponse:
    """The page with what was typed, and why nothing was sent."""
    await visit.note(reason)
    said = worded(visit, asked.message, asked.data, asked.words)
    key = "" if reason == "key_used" else asked.key
    shown = box(visit, asked.found, asked.message, said, key=key, newest=asked.known.newest, error=reason, **asked.typed)
    return await customer.show(visit, status=422, reply=shown)


async def _told(visit: Visit, asked: _Asked, before: SaidMeanwhile) -> web.StreamResponse:
    """The page with what was typed, and what was said meanwhile: who sends it from here has seen that."""
    await visit.note("said_before" if before.same else "answered_meanwhile")
    said = worded(visit, asked.message, asked.data, asked.words)
    newest = max(asked.known.newest, *(one.position for one in before.said)) if not before.same else asked.known.newest
    shown = box(visit, asked.found, asked.message, said, key=asked.key, newest=newest, before=before, **asked.typed)
    return await customer.show(visit, status=409, reply=shown)


async def _asked(visit: Visit, id_: str, message: str, key: str, typed: Words, *, known: Known | None = None) -> _Asked:
    """Raises `Rejected`: a message of somebody else is not answered from this customer's page."""

    def work(connection: Connection) -> _Asked:
        top, row = top_of(connection, id_).id, lookup.message(connection, message)
        if row is None or lookup.owner_of(connection, row["handle_id"]) != top:
            raise Rejected("unknown_message", "this customer wrote no such message")
        found = ways(connection, top, visit.gateway.channels, by_hand.now_ms(), message=message)
        data = orjson.loads(row["envelope"])["data"]
        return _Asked(message, key, typed, found, top, data, claimed(connection, top), known or Known())

    return await customer.looked(visit, work)
