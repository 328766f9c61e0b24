"""What is held in quarantine, over HTTP. For tokens with the scope `operate`."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from connectors.errors import QuarantineReason, Rejected
from normalizer.envelope_data import from_ms
from regia import held
from regia.beside import open_journal
from regia.by_hand import Doing, log
from regia.gateway import Gateway
from regia.http.access import require
from regia.http.asked import id_of, page_of
from regia.http.bodies import Id, read_json
from regia.http.requests import GATEWAY, json_answer, read_body
from regia.http.stored import download
from regia.pipeline.intake import Intake
from regia.redriving import Driven, Driver
from storage import lookup, quarantine
from storage.database import Database
from storage.journal_file import JournalUnavailable

_LARGEST: Final = 32 << 20
"""Bytes of an edited body."""
MOST: Final = 100
"""Rows of one request."""
_SHOWN: Final = ("id", "connector", "reason", "detail", "content_type", "attempts", "state", "raw_sha256", "edited_sha256")


class HeldBody(BaseModel):
    """Which of what is held is to be read again: ids, or all that fits the rest."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    ids: list[Id] = Field(default=[], max_length=MOST)
    connector: Annotated[str, StringConstraints(max_length=60)] | None = None
    reason: QuarantineReason | None = None
    everything: bool = Field(default=False, alias="all", description="Everything that is held.")


class DiscardHeldBody(BaseModel):
    """What nobody is to look at any more, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    ids: list[Id] = Field(min_length=1, max_length=MOST)
    why: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        description="It is kept: no names, no addresses."
    )


async def listed(request: web.Request) -> web.Response:
    """`GET /v1/quarantine`: the oldest, without their bytes; with `all=true` also what is not held any more."""
    require(request, "operate")
    limit, everything = page_of(request)["limit"], request.query.get("all") == "true"
    rows = await _database(request).read(lambda one: lookup.quarantined(one, limit=limit, redriven=everything))
    return json_answer({"held": [_data(row) for row in rows]})


async def show(request: web.Request) -> web.Response:
    """`GET /v1/quarantine/{id}`"""
    require(request, "operate")
    return json_answer(_data(await _row(request)))


async def raw(request: web.Request) -> web.Response:
    """`GET /v1/quarantine/{id}/raw`: the bytes that came; with `edited=true` those that are to be read instead."""
    require(request, "operate")
    row = await _row(request)
    content = row["edited"] if request.query.get("edited") == "true" else row["raw"]
    if content is None:
        raise Rejected("not_found", "it was not edited")
    return download(bytes(content), row["content_type"], "raw")


async def change(request: web.Request) -> web.Response:
    """`PUT /v1/quarantine/{id}/raw`: other bytes, to be read instead when it is driven again."""
    token = require(request, "operate")
    body = await read_body(request, _LARGEST)
    if not await held.edit(_database(request), id_of(request), body, actor=f"token/{token.name}"):
        raise _none()
    return json_answer({"edited": True})


async def redrive(request: web.Request) -> web.Response:
    """`POST /v1/quarantine/redrive`: read it again, the oldest first, at most 100. What is read is durable then, and routed
    within a second or two."""
    token = require(request, "operate")
    body = await read_json(request, HeldBody)
    if not (body.ids or body.connector or body.reason or body.everything):
        raise Rejected("malformed", "say which: ids, connector, reason, or all: true")
    database = _database(request)
    chosen = {"ids": body.ids, "connector": body.connector, "reason": body.reason}
    ids = await database.read(lambda connection: quarantine.held_ids(connection, **chosen))  # type: ignore[arg-type]  # by name
    doing = Doing("quarantine.redrive", f"token/{token.name}", {name: value for name, value in chosen.items() if value})
    operation, driven = await drive(request.app[GATEWAY], doing, ids[:MOST])
    told = {"redriven": driven.redriven, "still_held": driven.still_held, "left_out": driven.left_out}
    return json_answer({"operation": operation, **told, "left": max(0, len(ids) - MOST)})


async def drive(gateway: Gateway, doing: Doing, ids: Sequence[str]) -> tuple[str, Driven]:
    """Read held rows again, into a journal of its own, which a worker adopts as soon as it is closed: the id in the log, and
    what was done."""
    try:
        journal = open_journal(gateway.configured, "redrive", gateway.journal.path.parent)
    except JournalUnavailable as error:
        raise Rejected("unavailable", "nothing was accepted; try again", retry_after=5) from error
    database = gateway.stores.database
    try:
        driver = Driver(gateway.configured.connectors, gateway.reader, database, Intake(journal))
        async with log(database, doing, lambda: (driver.driven.redriven, driver.driven.detail)) as operation:
            await driver.all(ids)
    finally:
        await (journal.close() if journal.last_seq else journal.remove())
    return operation, driver.driven


async def discard(request: web.Request) -> web.Response:
    """`POST /v1/quarantine/discard`: nobody is to look at these any more."""
    token = require(request, "operate")
    body = await read_json(request, DiscardHeldBody)
    done = await held.discard(_database(request), body.ids, body.why, actor=f"token/{token.name}")
    return json_answer({"discarded": done})


def _data(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in _SHOWN} | {"received_at": from_ms(row["received_ms"])}


async def _row(request: web.Request) -> Any:
    row = await _database(request).read(lambda connection: lookup.held(connection, id_of(request)))
    if row is None:
        raise _none()
    return row


def _none() -> Rejected:
    return Rejected("not_found", "nothing of that id is held")


def _database(request: web.Request) -> Database:
    return request.app[GATEWAY].stores.database
