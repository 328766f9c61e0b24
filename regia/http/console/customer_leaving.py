"""What a customer may ask for by law, from their page: everything of theirs, and that nothing of it is left."""

import logging
from typing import Any, Final

from aiohttp import web

from connectors.errors import Rejected
from identity.views.profile import Profile, profile
from regia import by_hand
from regia.erasing.erase import erase as erase_all
from regia.erasing.failures import EraseFailed
from regia.erasing.reach import Reach
from regia.exporting.export import ExportFailed, open_export
from regia.http.console import customer
from regia.http.console.visit import Visit
from regia.http.customer_leaving import send_export
from web.console.customer import reference
from web.console.page import GUARDS
from web.console.texts.customer import CUSTOMER

logger = logging.getLogger(__name__)

_AGAIN: Final = 5
"""Seconds."""


async def export(visit: Visit) -> web.StreamResponse:
    """`POST /console/customers/{id}/export`: a ZIP with everything. Not for those who see data masked."""
    id_, stores = customer.id_of(visit), visit.gateway.stores
    if visit.frame.masked:
        raise Rejected("scope_missing", "an archive holds everything unmasked")
    try:
        found = await open_export(stores.database, stores.blobs, id_, actor=visit.actor, now_ms=by_hand.now_ms())
    except ExportFailed as failed:
        raise _refused(failed.reason, str(failed)) from None
    await visit.note("done")  # before its first byte: what cannot be written down is not shown
    return await send_export(visit.request, found, headers=GUARDS)


async def erase_page(visit: Visit) -> web.StreamResponse:
    """`GET /console/customers/{id}/erase`: what would go, and what does not."""
    return await _page(visit, wrong=False)


async def erase(visit: Visit) -> web.StreamResponse:
    """`POST /console/customers/{id}/erase`: the customer and everybody below, once their reference was typed."""
    id_ = customer.id_of(visit)
    if visit.form.text("reference").upper() not in (reference(id_).upper(), id_.upper()):
        await visit.note("not_confirmed")
        return await _page(visit, wrong=True)
    try:
        await erase_all(Reach.of(visit.gateway), id_, actor=visit.actor, now_ms=by_hand.now_ms())
    except EraseFailed as failed:
        if failed.retryable:
            logger.warning("a customer is not erased yet", extra={"reason": failed.reason})
            await visit.note(failed.reason)
            return await _page(visit, wrong=False, failed=failed.reason)
        raise _refused(failed.reason, str(failed)) from None
    return visit.to("/customers", said="erased")


async def _page(visit: Visit, *, wrong: bool, failed: str = "") -> web.StreamResponse:
    id_, policy, now_ms = customer.id_of(visit), visit.gateway.configured.settings.policy, by_hand.now_ms()
    who: Profile | None = None
    try:
        who = await customer.looked(visit, lambda connection: profile(connection, id_, policy=policy, now_ms=now_ms))
    except Rejected as error:
        if not (failed and error.code == "gone"):  # the rest of an erase can be done again
            raise
    if who is not None and who.merged_into is not None:
        return visit.to(f"/customers/{who.id}")
    values: dict[str, Any] = {"id": id_, "who": who, "reference": reference(id_), "wrong": wrong, "failed": failed}
    return visit.page("customer_erase.html", CUSTOMER, status=422 if wrong else 503 if failed else 200, **values)


def _refused(reason: str, detail: str) -> Rejected:
    return Rejected("merged_already" if reason == "merged" else "unknown_customer", detail)
