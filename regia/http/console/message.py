"""The page of one message, and what it is made of: the frame with a mail's HTML, the files, the provider's own bytes."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

import orjson
from aiohttp import web

from connectors.errors import Rejected
from dispatcher.letters import Looked, Wanted
from dispatcher.local import LocalQueues
from regia.http import stored
from regia.http.console import customer as customer_page
from regia.http.console import message_rows
from regia.http.console.message_original import original_of
from regia.http.console.visit import Visit
from regia.http.dead import LOOK, with_letters
from regia.links import LIFETIME
from web.console import mail, message
from web.console.message import Stuck
from web.console.texts.conditions import CONDITIONS
from web.console.texts.message import MESSAGE
from web.console.texts.quarantine import QUARANTINE

_IMAGES: Final = 600
"""Seconds a link to a picture of a mail is good for: as long as it takes to look at it."""


async def page(visit: Visit) -> web.StreamResponse:
    """`GET /console/messages/{id}`: a message, or what is in quarantine under that id. With `dead=1` dead letters are looked
    for also where that means to go through a broker's queue."""
    id_ = visit.what = visit.named("id")
    try:
        row = await stored.row_of(visit.request, id_)
    except Rejected as error:
        held = await visit.read(lambda connection: message_rows.held(connection, id_))
        if held is not None:
            reasons = QUARANTINE[visit.frame.language].held_reasons
            return visit.page("message_held.html", MESSAGE, one=held, reasons=reasons)
        if error.code == "not_found" and visit.word("accepted"):
            return visit.page("message_waiting.html", MESSAGE, id=id_)
        raise _unknown(error) from None
    return await shown(visit, row)


async def shown(
    visit: Visit, row: Any, *, wrong: Mapping[str, str] | None = None, typed: Mapping[str, str] | None = None
) -> web.Response:
    """The page of a message. `wrong` and `typed`: of a form that is to be corrected, by field."""
    data = orjson.loads(row["envelope"])["data"]
    around = await visit.read(lambda connection: message_rows.around(connection, row))
    language = visit.frame.language
    explained = await stored.explanation(visit.request, row, CONDITIONS[language])
    rules = visit.gateway.versions.rules.of(row["brand"])
    people = await visit.read(customer_page.people)
    customer, customer_kind = message.customer_of(data)
    return visit.page(
        "message.html",
        MESSAGE,
        status=422 if wrong else 200,
        id=row["id"],
        row=row,
        data=data,
        customer=customer,
        customer_kind=customer_kind,
        facts=message.facts_of(data),
        fields=message.fields_of(data),
        files=message.files_of(data),
        original=await original_of(visit, row, data),
        why=None if explained is None else message_rows.why_of(explained, data["routing"], language),
        around=around,
        people=people,
        letters=await _letters(visit, row["id"]),
        playbook=message.web_link(data["routing"]["playbook"]),
        labels={name: one.label or name for name, one in rules.categories.items()},
        queues=sorted(f"{row['brand']}.{target}" for target in rules.targets),
        repeat_of=row["repeat_of"],
        wrong=wrong or {},
        typed=typed or {},
    )


async def mail_frame(visit: Visit) -> web.StreamResponse:
    """`GET /console/messages/{id}/mail`: the mail's HTML, for the frame in the page."""
    row = await stored.row_of(visit.request, visit.named("id"))
    _not_masked(visit)
    data = orjson.loads(row["envelope"])["data"]
    visit.what = row["id"]
    found = await asyncio.to_thread(mail.safe, data["html"] or "", _images(visit, data))
    if found is None:
        raise Rejected("not_found", "this mail has no HTML that can be shown")
    return web.Response(text=mail.render(visit.frame, found), headers=mail.headers())


async def file(visit: Visit) -> web.StreamResponse:
    """`GET /console/messages/{id}/files/{file}`: a file that came with a message, to be saved."""
    id_, file_id = visit.named("id"), visit.named("file")
    visit.what = f"{id_} {file_id}"
    await stored.row_of(visit.request, id_)
    _not_masked(visit)
    return await stored.attachment_of(visit.request, file_id, message_id=id_)


async def raw(visit: Visit) -> web.StreamResponse:
    """`GET /console/messages/{id}/raw`: the provider's own bytes, to be saved."""
    visit.what = visit.named("id")
    row = await stored.row_of(visit.request, visit.what)
    return stored.download(await stored.raw_of(visit.request, row), row["raw_content_type"], f"{row['id']}.raw")


def _unknown(error: Rejected) -> Rejected:
    return Rejected("unknown_message", error.detail) if error.code == "not_found" else error


def _not_masked(visit: Visit) -> None:
    """Bytes cannot be masked. Raises `Rejected("scope_missing")`."""
    if visit.frame.masked:
        raise Rejected("scope_missing", "this role sees personal data masked, which a file cannot be")


def _images(visit: Visit, data: Mapping[str, Any]) -> dict[str, str]:
    """Content-ID to a link that carries its own right and ends soon: a frame without an origin sends no cookie."""
    links, base = visit.gateway.links, visit.gateway.configured.settings.server
    now = int(time.time()) - LIFETIME + _IMAGES
    own = base.base_url.removesuffix(base.base_path)
    return {
        one["content_id"]: links.attachment(one["id"], now=now).removeprefix(own)
        for one in data["attachments"]
        if one["content_id"] and one["state"] == "stored" and (one["content_type"] or "").startswith("image/")
    }


async def _letters(visit: Visit, id_: str) -> tuple[Stuck, ...] | None:
    """Its dead letters; None where nobody has looked."""
    gateway = visit.gateway
    if not (isinstance(gateway.stores.queues, LocalQueues) or visit.word("dead")):
        return None
    found: Looked = await with_letters(gateway, lambda letters, _: letters.look(Wanted(ids=(id_,)), 20, most=LOOK))
    return tuple(
        Stuck(id=one.id, where=one.where, queue=one.queue, reason=one.reason, detail="", at_ms=one.at_ms)
        for one in found.letters
    )
