"""Publishing one stored message again, to a queue that somebody chose. What was decided about it stays as it was."""

import asyncio
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from dispatcher.base import UnknownQueue
from dispatcher.replay import Replay, Replayer, ReplayStopped
from dispatcher.straight import Straight
from identity.ids import new_id
from normalizer.envelope import TYPE
from regia.by_hand import now_ms
from regia.links import Links
from storage import marks, operations, replays
from storage.database import Database
from storage.operations import Begun, State
from storage.replays import Chosen

SECONDS: Final = 20.0
"""Until a queue that says nothing is given up."""


class NotRerouted(Exception):
    """It was not published; the text says why. `again`: the same may work in a while."""

    def __init__(self, why: str, *, again: bool) -> None:
        super().__init__(why)
        self.again = again


@dataclass(frozen=True, slots=True, kw_only=True)
class Reroute:
    """Which message goes to which queue (`brand.target`), who wants it, and why. `note` is kept."""

    message_id: str
    queue: str
    note: str
    staff_id: str


async def reroute(database: Database, straight: Straight, links: Links, wanted: Reroute) -> int:
    """Publish it; 1, or 0 where it lies in that queue already. Raises `NotRerouted`, `DatabaseUnavailable`,
    `QueuesUnavailable`."""
    chosen = Chosen(envelopes=(wanted.message_id,), once=True)
    upto = await database.read(replays.last_position)
    there = await database.read(lambda one: replays.position_of(one, wanted.message_id))
    if there is None:
        raise NotRerouted("it has not reached a queue, so that it cannot be sent again", again=True)
    replay = Replay(id=new_id("op"), chosen=chosen, envelope_type=TYPE, to=wanted.queue, after=there - 1, upto=min(upto, there))
    try:
        await straight.check([wanted.queue])
    except UnknownQueue:
        raise NotRerouted("there is no such queue", again=False) from None
    await _begin(database, replay, wanted)
    return await _publish(database, Replayer(database, straight, replay, renewed=links.renewed), replay)


async def _begin(database: Database, replay: Replay, wanted: Reroute) -> None:
    """Written down before anything is done."""
    at_ms = now_ms()
    selection = {"envelopes": [wanted.message_id], "to": wanted.queue}
    begun = Begun(id=replay.id, action="replay", actor=f"staff/{wanted.staff_id}", selection=selection, begun_ms=at_ms)
    row = {
        "id": replay.id,
        "message_id": wanted.message_id,
        "queue": wanted.queue,
        "note": wanted.note,
        "staff_id": wanted.staff_id,
        "at_ms": at_ms,
    }

    def work(connection: Connection) -> None:
        operations.begin(connection, begun)
        marks.reroute(connection, row)

    await database.write(work)


async def _publish(database: Database, replayer: Replayer, replay: Replay) -> int:
    state: State = "failed"
    try:
        async with asyncio.timeout(SECONDS):
            await replayer.run()
        state = "done"
    except (TimeoutError, ReplayStopped, UnknownQueue):
        raise NotRerouted("the queue did not confirm it", again=True) from None
    finally:
        ended = state
        await asyncio.shield(database.write(lambda one: operations.end(one, replay.id, ended, now_ms())))
    return replayer.progress.done
