"""Replies over HTTP: asked for, and what became of them."""

import time
from collections.abc import Mapping
from typing import Final

from aiohttp import web
from sqlalchemy import Connection, RowMapping

from connectors.errors import Rejected, RejectionCode
from desk.asking import Desk
from desk.refusals import REFUSALS, RefusalReason, Refused
from normalizer.envelope_data import from_ms
from regia.http.access import require
from regia.http.bodies import read_json
from regia.http.reply_body import ReplyBody, longest
from regia.http.requests import GATEWAY, json_answer
from storage import lookup, outgoing, outgoing_files, outgoing_parts

_CODES: Final[Mapping[RefusalReason, RejectionCode]] = {
    "unknown_message": "unknown_message",
    "unknown_conversation": "unknown_conversation",
    "gone": "gone",
    "key_used": "idempotency_conflict",
}
_SHOWN: Final = ("id", "state", "author", "automatic", "attempts", "provider_code", "error")
_FILE: Final = ("id", "filename", "content_type", "size")


async def ask(request: web.Request) -> web.Response:
    """`POST /v1/replies`: a reply to a message, or to a conversation's last one."""
    token = require(request, "replies")
    gateway = request.app[GATEWAY]
    body = await read_json(request, ReplyBody, longest(gateway.channels.files.together))
    desk = Desk(gateway.stores.database, gateway.channels, gateway.stores.blobs)
    try:
        queued = await desk.reply(body.reply(f"token/{token.name}"), time.time_ns() // 1_000_000)
    except Refused as refused:
        raise rejected(refused) from None
    gateway.to_send.set()
    told = {"id": queued.id, "message": queued.message, "conversation": queued.conversation, "repeat": queued.repeat}
    return json_answer(told, status=200 if queued.repeat else 202)


def rejected(refused: Refused) -> Rejected:
    """As an answer: its own code where what it names is not there, or names something else."""
    if (code := _CODES.get(refused.reason)) is not None:
        return Rejected(code, str(refused))
    fields = {} if refused.file is None else {f"attachments.{refused.file - 1}": REFUSALS[refused.reason]}
    return Rejected("reply_refused", str(refused), reason=refused.reason, fields=fields, allowed=refused.allowed)


async def show(request: web.Request) -> web.Response:
    """`GET /v1/replies/{id}`: how far it is, and what its channel told of it."""
    require(request, "replies", "messages")
    id_, now_ms = request.match_info["id"].replace("\0", ""), time.time_ns() // 1_000_000

    def look(connection: Connection) -> dict[str, object] | None:
        row = outgoing.find(connection, id_)
        if row is None or row["message_id"] is None:
            return None
        names = {*filter(None, (row["external_id"],)), *outgoing_parts.parts_of(connection, id_)}
        waits = outgoing.waits_for(connection, row, now_ms)
        files = outgoing_files.of(connection, [id_]).get(id_, ())
        return _shown(row) | {
            "files": [{name: getattr(file, name) for name in _FILE} for file in files],
            "waits_for": waits,
            "statuses": [_status(one) for one in lookup.statuses_of(connection, row["connector"], names)],
        }

    found = await request.app[GATEWAY].stores.database.read(look)
    if found is None:
        raise Rejected("not_found", "there is no reply of that id")
    return json_answer(found)


def _shown(row: RowMapping) -> dict[str, object]:
    times = {"queued_at": row["created_ms"], "due_at": row["due_ms"], "ended_at": row["ended_ms"]}
    return {
        **{name: row[name] for name in _SHOWN},
        "key": None if row["reply_key"] is None else row["reply_key"].partition("\n")[2],
        "message": row["message_id"],
        "conversation": row["conversation_id"],
        **{name: None if at is None else from_ms(at) for name, at in times.items()},
    }


def _status(row: RowMapping) -> dict[str, object]:
    return {"state": row["state"], "at": from_ms(row["at_ms"] or row["received_ms"]), "error": row["error"]}
