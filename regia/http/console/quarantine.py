"""Quarantine: what came in and could not be read, and reading it again or putting it aside, one or many."""

from typing import Final, get_args

from aiohttp import web

from connectors.errors import QuarantineReason, Rejected
from regia import held
from regia.by_hand import Doing
from regia.http.console.visit import Visit
from regia.http.quarantine import MOST, drive
from storage import lookup, quarantine
from storage.quarantine import HELD, Head
from web.console.queues import Done, HeldRow
from web.console.texts.quarantine import QUARANTINE

_SHOWN: Final = 50
_HEAD: Final = 400
_BODY: Final = 200_000
LARGEST: Final = 2 << 20
_NAMED: Final = 20


async def page(visit: Visit) -> web.StreamResponse:
    """`GET /console/queues/quarantine?connector=&reason=`: the oldest that fit."""
    return await _page(visit, visit.word("connector"), visit.word("reason"))


async def redrive(visit: Visit) -> web.StreamResponse:
    """`POST /console/queues/quarantine/redrive`: read those that are ticked again, or all that fit the filter."""
    chosen = await _chosen(visit)
    if not chosen:
        return await _untouched(visit)
    doing = Doing("quarantine.redrive", visit.actor, {"number": len(chosen), "ids": chosen[:100]})
    operation, driven = await drive(visit.gateway, doing, chosen[:MOST])
    notes = [("still_held", driven.still_held)] if driven.still_held else []
    notes += [("left_out", len(driven.left_out))] if driven.left_out else []
    left = max(0, len(chosen) - MOST)
    done = Done(act="reread", done=driven.redriven, left=left, operation=operation, notes=tuple(notes))
    return await _page(visit, visit.form.text("connector"), visit.form.text("reason"), done=done)


async def discard(visit: Visit) -> web.StreamResponse:
    """`POST /console/queues/quarantine/discard`: put them aside; asked for a second time, with the reason."""
    chosen, why, form = await _chosen(visit), visit.form.text("why")[:200], visit.form
    if not chosen:
        return await _untouched(visit)
    if not form.text("sure") or not why:
        visit.noted = True  # nothing was done yet
        status = 422 if form.text("sure") else 200
        return await _page(visit, form.text("connector"), form.text("reason"), asked=chosen, status=status)
    discarded = await held.discard(visit.gateway.stores.database, chosen[:MOST], why, actor=visit.actor)
    done = Done(act="discard", done=len(discarded), left=max(0, len(chosen) - MOST), operation="")
    return await _page(visit, form.text("connector"), form.text("reason"), done=done)


async def show(visit: Visit) -> web.StreamResponse:
    """`GET /console/queues/quarantine/{id}`: one request that could not be read, with its bytes."""
    visit.what = visit.named("id")[:80]
    return await _show(visit)


async def change(visit: Visit) -> web.StreamResponse:
    """`POST /console/queues/quarantine/{id}/edit`: other bytes, to be read instead when it is driven again."""
    visit.what, body = visit.named("id")[:80], visit.form.secret("body")
    if not await held.edit(visit.gateway.stores.database, visit.what, body.encode(), actor=visit.actor):
        raise Rejected("not_found", "nothing of that id is held")
    return visit.to(f"/queues/quarantine/{visit.what}", said="saved")


async def _show(visit: Visit) -> web.Response:
    row = await visit.read(lambda connection: lookup.held(connection, visit.what))
    if row is None:
        raise Rejected("not_found", "nothing of that id is held")
    raw = bytes(row["raw"] if row["edited"] is None else row["edited"])
    try:
        body, is_text = raw[: _BODY + 1].decode(), len(raw) <= _BODY
    except UnicodeDecodeError:
        body, is_text = raw[:_BODY].decode("utf-8", "replace"), False
    return visit.page(
        "held.html",
        QUARANTINE,
        row=row,
        size=len(raw),
        body=body[:_BODY],
        can_edit=is_text and "\r" not in body and "\0" not in body,
        is_held=row["state"] == HELD,
    )


async def _chosen(visit: Visit) -> list[str]:
    """Ids of those that are ticked, or with `all` of all that fit the filter."""
    form = visit.form
    if form.text("all"):
        connector, reason = form.text("connector") or None, _reason(form.text("reason"))
        ids = await visit.read(lambda connection: quarantine.held_ids(connection, connector=connector, reason=reason))
    else:
        ids = [id_[:80] for id_ in form.all("id")]
    visit.what = " ".join(ids[:_NAMED])
    return ids


async def _untouched(visit: Visit) -> web.Response:
    """Nothing was ticked."""
    await visit.note("nothing_chosen")
    return await _page(visit, visit.form.text("connector"), visit.form.text("reason"), untouched=True, status=422)


async def _page(
    visit: Visit,
    connector: str,
    reason: str,
    *,
    done: Done | None = None,
    asked: list[str] | None = None,
    untouched: bool = False,
    status: int = 200,
) -> web.Response:
    known = _reason(reason)
    rows, numbers = await visit.read(
        lambda connection: (
            quarantine.heads(connection, connector=connector or None, reason=known, limit=_SHOWN, size=_HEAD),
            quarantine.by_reason(connection),
        )
    )
    fitting = sum(n for (one, why), n in numbers.items() if connector in ("", one) and known in (None, why))
    return visit.page(
        "quarantine.html",
        QUARANTINE,
        status=status,
        rows=[_row(one) for one in rows],
        connector=connector,
        reason=known or "",
        connectors=sorted({one for one, _ in numbers}),
        reasons=sorted({why for _, why in numbers}),
        fitting=fitting,
        total=sum(numbers.values()),
        done=done,
        asked=asked,
        untouched=untouched,
        most=MOST,
    )


def _reason(text: str) -> str | None:
    return next((one for one in get_args(QuarantineReason) if one == text), None)


def _row(one: Head) -> HeldRow:
    text = " ".join(one.head.decode("utf-8", "replace").split())
    same = {name: getattr(one, name) for name in ("id", "connector", "reason", "detail", "received_ms", "attempts")}
    return HeldRow(**same, size=one.size, edited=one.edited, text=text)
