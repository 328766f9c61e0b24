"""Dead letters over HTTP, and the log of what people did by hand. For tokens with the scope `operate`."""

import base64
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Final, TypeVar, get_args

import orjson
from aiohttp import web

from connectors.errors import Rejected
from dispatcher.base import UnknownQueue
from dispatcher.letters import Act, Discard, Letter, Letters, Picked, Reason, Redrive, Wanted, Where
from normalizer.envelope_data import from_ms
from regia.compose import open_letters
from regia.dead import BadEdit, do, edit, find
from regia.gateway import Gateway
from regia.http.access import require
from regia.http.asked import id_of, moment, one_of, page_of, word_of
from regia.http.bodies import read_json
from regia.http.dead_bodies import DiscardBody, LettersBody, RedriveBody
from regia.http.requests import GATEWAY, json_answer, read_body
from storage import operations as log
from storage.database import Database
from storage.operations import ACTIONS, Operation

T = TypeVar("T")

LOOK: Final = 2_000
"""Letters that a request goes through at most."""
_LARGEST: Final = 16 << 20
"""Bytes of an edited body."""
_CURSOR: Final = re.compile(r"([0-9]{1,15})-(op_[0-9A-Z]{26})", re.ASCII)


async def listed(request: web.Request) -> web.Response:
    """`GET /v1/dead`: the oldest letters that fit, without their bodies."""
    require(request, "operate")
    wanted = Wanted(
        where=one_of(request, "from", get_args(Where)),  # type: ignore[arg-type]  # it is one of them
        queue=word_of(request, "queue"),
        reason=one_of(request, "reason", get_args(Reason)),
        category=word_of(request, "category"),
        since_ms=moment(request, "since"),
        before_ms=moment(request, "before"),
    )
    limit = page_of(request)["limit"]
    found = await _with(request, lambda letters, _: letters.look(wanted, limit, most=LOOK))
    data = {"fitting": found.fitting, "looked": found.looked, "lying": found.lying}
    return json_answer({"letters": [_data(letter) for letter in found.letters], **data})


async def show(request: web.Request) -> web.Response:
    """`GET /v1/dead/{id}`: one letter, with its body."""
    require(request, "operate")
    letter = await _with(request, lambda letters, _: find(letters, id_of(request), most=LOOK))
    if letter is None:
        raise _none()
    return json_answer(_data(letter) | _body(letter))


async def change(request: web.Request) -> web.Response:
    """`PUT /v1/dead/{id}`: another body for a letter, which stays where it is."""
    token = require(request, "operate")
    body = await read_body(request, _LARGEST)

    async def work(letters: Letters, database: Database) -> Letter | None:
        return await edit(letters, database, id_of(request), body, actor=f"token/{token.name}", most=LOOK)

    try:
        letter = await _with(request, work)
    except BadEdit as error:
        raise Rejected("malformed", str(error)) from None
    if letter is None:
        raise _none()
    return json_answer({"edited": True, "envelope_id": letter.envelope_id, "before": letter.sha256})


async def redrive(request: web.Request) -> web.Response:
    """`POST /v1/dead/redrive`: publish letters again."""
    require(request, "operate")
    body = await read_json(request, RedriveBody)
    return await _do(request, body, Redrive(body.to), {"to": body.to} if body.to else {})


async def discard(request: web.Request) -> web.Response:
    """`POST /v1/dead/discard`: take letters away for good."""
    require(request, "operate")
    body = await read_json(request, DiscardBody)
    return await _do(request, body, Discard(), {"why": body.why})


async def operations(request: web.Request) -> web.Response:
    """`GET /v1/operations`: what people did by hand, newest first."""
    require(request, "operate")
    limit, cursor = page_of(request)["limit"], request.query.get("cursor")
    action = one_of(request, "action", ACTIONS)
    place = None
    if cursor is not None:
        if not (found := _CURSOR.fullmatch(cursor)):
            raise Rejected("malformed", "cursor must be one that an answer gave")
        place = (int(found[1]), found[2])
    database = request.app[GATEWAY].stores.database
    rows = await database.read(lambda connection: log.listed(connection, limit=limit, action=action, before=place))
    last = rows[-1] if len(rows) == limit else None
    following = f"{last.begun_ms}-{last.id}" if last else None
    return json_answer({"operations": [operation_data(row) for row in rows], "cursor": following})


def operation_data(row: Operation) -> dict[str, Any]:
    """A row of the log, with its times as text."""
    data = asdict(row)
    begun, ended = data.pop("begun_ms"), data.pop("ended_ms")
    return data | {"begun_at": from_ms(begun), "ended_at": from_ms(ended) if ended else None}


async def _do(request: web.Request, body: LettersBody, act: Act, said: dict[str, Any]) -> web.Response:
    actor, picked = f"token/{require(request, 'operate').name}", Picked()

    async def work(letters: Letters, database: Database) -> str:
        done = await do(letters, database, body.wanted, act, actor=actor, limit=body.limit, picked=picked, said=said, most=LOOK)
        return done.operation

    operation = await _with(request, work)
    left = picked.lying - picked.done - picked.erased
    return json_answer({"operation": operation, "done": picked.done, "left": left, **picked.detail})


async def _with(request: web.Request, work: Callable[[Letters, Database], Awaitable[T]]) -> T:
    return await with_letters(request.app[GATEWAY], work)


async def with_letters(gateway: Gateway, work: Callable[[Letters, Database], Awaitable[T]]) -> T:
    """With connections of its own: such requests are rare, and nothing of them is to wait for a publish. Raises
    `Rejected("not_found")` for a queue that is not there."""
    letters = open_letters(gateway.configured.settings, gateway.stores)
    try:
        return await work(letters, gateway.stores.database)
    except UnknownQueue as error:
        raise Rejected("not_found", str(error)) from None
    finally:
        await letters.close()


def _none() -> Rejected:
    return Rejected("not_found", f"there is no letter of that id among the first {LOOK}; regia dead looks further")


def _data(letter: Letter) -> dict[str, Any]:
    data = asdict(letter) | {"at": from_ms(letter.at_ms) if letter.at_ms else None}
    del data["body"], data["at_ms"]
    return data


def _body(letter: Letter) -> dict[str, Any]:
    """As JSON where it is, else in base64."""
    try:
        orjson.loads(letter.body)
    except orjson.JSONDecodeError:
        return {"base64": base64.b64encode(letter.body).decode()}
    return {"envelope": orjson.Fragment(letter.body)}
