"""What people do with a message: say which category is right, send it to another queue, drive what of it is stuck again."""

from typing import Any, Final

from aiohttp import web
from sqlalchemy import Connection

from connectors.errors import Rejected
from dispatcher.letters import Letters, Picked, Redrive, Wanted
from regia import by_hand, dead
from regia.by_hand import Doing
from regia.compose import open_straight
from regia.http import stored
from regia.http.console import message_rows
from regia.http.console.message import shown
from regia.http.console.visit import Visit
from regia.http.dead import LOOK, with_letters
from regia.http.quarantine import drive
from regia.rerouting import NotRerouted, Reroute, reroute
from storage import marks
from storage.database import Database
from web.console.texts.message import MESSAGE

_NOTE: Final = 500
"""Characters of a note."""


async def mark(visit: Visit) -> web.StreamResponse:
    """`POST /console/messages/{id}/mark`: `category` is the right one; empty takes the mark away."""
    id_ = visit.what = visit.named("id")
    row = await stored.row_of(visit.request, id_)
    category = visit.form.text("category")
    if category and category not in visit.gateway.versions.rules.of(row["brand"]).categories:
        return await _again(visit, row, "category", "unknown_category")

    def work(connection: Connection) -> None:
        if category:
            marks.mark(connection, id_, category, staff_id=visit.me.person.id, now_ms=by_hand.now_ms())
        else:
            marks.unmark(connection, id_)

    await visit.write(work)
    return visit.to(f"/messages/{id_}", said="saved")


async def send_again(visit: Visit) -> web.StreamResponse:
    """`POST /console/messages/{id}/reroute`: publish it again, to `queue`, with a `note`."""
    id_ = visit.named("id")
    row = await stored.row_of(visit.request, id_)
    queue, note = visit.form.text("queue"), visit.form.text("note")
    visit.what = f"{id_} {queue[:130]}"
    if queue not in {f"{row['brand']}.{target}" for target in visit.gateway.versions.rules.of(row["brand"]).targets}:
        return await _again(visit, row, "queue", "unknown_queue")
    if not note or len(note) > _NOTE:
        return await _again(visit, row, "note", "note_missing" if not note else "note_too_long")
    stores = visit.gateway.stores
    straight = open_straight(visit.gateway.configured.settings, stores)
    wanted = Reroute(message_id=id_, queue=queue, note=note, staff_id=visit.me.person.id)
    try:
        done = await reroute(stores.database, straight, visit.gateway.links, wanted)
    except NotRerouted as error:
        return await _again(visit, row, "queue", "not_now" if error.again else "unknown_queue")
    finally:
        await straight.close()
    return visit.to(f"/messages/{id_}", said="done" if done else "lay_there")


async def drive_letter(visit: Visit) -> web.StreamResponse:
    """`POST /console/messages/{id}/letters`: publish the dead letter `letter` to the queue it died in."""
    id_, letter = visit.named("id"), visit.form.text("letter")
    visit.what = f"{id_} {letter[:100]}"
    picked, wanted = Picked(), Wanted(ids=(letter,))

    async def work(letters: Letters, database: Database) -> None:
        ours = (await letters.look(wanted, 1, most=LOOK)).letters
        if not ours or ours[0].envelope_id != id_:
            raise Rejected("not_found", "there is no such letter of this message")
        await dead.do(letters, database, wanted, Redrive(), actor=visit.actor, limit=1, picked=picked, said={}, most=LOOK)

    await with_letters(visit.gateway, work)
    return visit.to(f"/messages/{id_}", said="done" if picked.done else "not_done")


async def drive_held(visit: Visit) -> web.StreamResponse:
    """`POST /console/messages/{id}/held`: read what is in quarantine as `held` again."""
    id_, held = visit.named("id"), visit.form.text("held")[:100]
    visit.what = f"{id_} {held}"
    if not await visit.read(lambda connection: message_rows.belongs(connection, id_, held)):
        raise Rejected("not_found", "nothing of this message is held under that id")
    doing = Doing("quarantine.redrive", visit.actor, {"ids": [held]})
    _, driven = await drive(visit.gateway, doing, [held])
    return visit.to(f"/messages/{id_}?accepted=1", said="done" if driven.redriven else "still_held")


async def _again(visit: Visit, row: Any, field: str, why: str) -> web.Response:
    """The page with what was typed, and what is wrong with it."""
    await visit.note(why)
    typed = {name: visit.form.text(name) for name in ("category", "queue", "note")}
    return await shown(visit, row, wrong={field: MESSAGE[visit.frame.language].refusals[why]}, typed=typed)
