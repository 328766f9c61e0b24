"""Counting what is new: first everything there is, conversation by conversation, then only what changes.

What is long (reading and counting) is done in transactions that only read; those that write are short. Whoever asks for a
figure reads what is counted, without the units that changed since, and counts these at that moment (`desk.kpi.measuring`):
so a figure is never behind.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from desk.kpi.facts import Contact, contact, of_talk, of_ticket
from storage import kpi_base as base
from storage import kpi_changes as changes
from storage import kpi_store as store
from storage.database import Database
from storage.kpi_base import Ticket
from storage.kpi_changes import Changes, Seen, State
from storage.kpi_chunk import Fact
from storage.kpi_store import Facts, Pack

VERSION: Final = "2"
"""Another one has everything counted anew: to be changed with what `desk.kpi.facts` makes."""
DONE: Final = f"{VERSION}:done"
_BUILDING: Final = f"{VERSION}:after:"
BATCH: Final = 1_000
"""Changes, and contacts of a journal, of one step."""
MESSAGES: Final = 4_000
"""About as many are in memory at once: conversations are counted as a whole, however little of them is new."""
_TALKS: Final = 2_000
_BUILT: Final = 20_000
"""Conversations, and about as many messages as they have, of one step where all are counted."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What a step has read, in which state; `then` is the next place."""

    state: State
    then: str
    changes: Changes | None
    facts: Facts
    packs: Sequence[Pack] = ()


class Rolling:
    """Counts, step by step. Each may be done by several at once: only one of them is written. `now_ms` is only written down.
    All raise `DatabaseUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.building = False
        """Whether the last step was of the first counting of all, until which there are no figures."""

    async def step(self, now_ms: int) -> bool:
        """Count some; whether there is more to do at once."""
        state = await self._database.read(changes.state)
        self.building = state.place != DONE
        if not state.place.startswith(VERSION):
            seen = await self._database.read(changes.everything)
            await self._database.write_beside(lambda one: _begin(one, state, seen, now_ms))
            return True
        read = await self._database.read(_read)
        if read is None:
            return True
        more = await self._database.write_beside(lambda one: _write(one, read, now_ms))
        return await self._seal(now_ms) or more

    async def finish(self, now_ms: int, seconds: float = float("inf")) -> None:
        """Count all there is; after the first counting of all, without which there are no figures, for at most so long: where
        contacts come faster than they are counted, there is always more."""
        until = time.monotonic() + seconds
        while await self.step(now_ms) and (self.building or time.monotonic() < until):
            pass

    async def leave_nothing(self, now_ms: int) -> None:
        """Of what was erased or changed, see to it that the figures hold nothing of before."""
        state = await self._database.read(changes.state)
        if not state.place.startswith(VERSION):
            await self._database.write_beside(lambda one: _clear(one, now_ms))
            return
        last = await self._database.read(changes.last_named)
        while await self._database.read(lambda one: changes.is_named(one, last)):
            read = await self._database.read(_read_changes)
            await self._database.write_beside(lambda one, read=read: _write(one, read, now_ms))  # type: ignore[misc]
        while await self.sweep(now_ms):
            pass

    async def sweep(self, now_ms: int) -> bool:
        """Take what does not hold any more out of a chunk; whether there was any."""

        def work(connection: Connection) -> bool:
            changes.hold(connection, now_ms)
            return store.sweep(connection)

        return await self._database.read(store.has_dead) and await self._database.write_beside(work)

    async def _seal(self, now_ms: int) -> bool:
        kind = await self._database.read(store.ripe)
        if kind is None:
            return False
        ids, pack = await self._database.read(lambda one: store.oldest(one, kind))
        if len(ids) < store.SIZE:
            return True  # somebody else was faster, and took those that it was ripe by

        def work(connection: Connection) -> bool:
            changes.hold(connection, now_ms)
            return store.seal(connection, ids, pack)

        await self._database.write_beside(work)
        return True


def counted(connection: Connection, units: Sequence[str]) -> Facts:
    """The facts of units, as they are now; of a conversation, those of its tickets too."""
    found: dict[str, Sequence[Fact]] = {}
    for part in base.parts(connection, units, MESSAGES):
        found |= _counted(connection, part)
    return found


def _counted(connection: Connection, units: Collection[str]) -> Facts:
    whole = base.units_with_tickets(connection, units)
    talks = base.talks(connection, whole)
    contacts = {talk.id: [contact(row) for row in talk.messages] for talk in talks.values()}
    found = {unit: of_talk(talk, contacts[talk.id]) for unit, talk in talks.items()}
    tickets = base.tickets(connection, whole)
    found |= _tickets(tickets, contacts)
    elsewhere = sorted({base.talk(one.home) for one in tickets.values()} - talks.keys())
    for part in base.parts(connection, elsewhere, MESSAGES):
        others = base.messages_of(connection, base.ids_of(part))
        found |= _tickets(tickets, {id_: [contact(row) for row in rows] for id_, rows in others.items()})
    return found


def _tickets(tickets: Mapping[str, Ticket], contacts: Mapping[str, Sequence[Contact]]) -> dict[str, list[Fact]]:
    """The facts of those that began with one of these conversations."""
    return {unit: of_ticket(one, contacts[one.home]) for unit, one in tickets.items() if one.home in contacts}


def _clear(connection: Connection, now_ms: int) -> None:
    changes.hold(connection, now_ms)
    _erase(connection)
    changes.set_place(connection, "")


def _erase(connection: Connection) -> None:
    changes.clear(connection)
    store.clear(connection)


def _begin(connection: Connection, state: State, seen: Sequence[Seen], now_ms: int) -> None:
    """`seen` was committed before this, so that whatever is read from now on has it."""
    if changes.hold(connection, now_ms) != state:
        return  # somebody else has begun
    _erase(connection)
    changes.save(connection, seen)
    changes.set_place(connection, _BUILDING)


def _read(connection: Connection) -> _Read | None:
    """By how far figures are in this very snapshot: another may have come to the end since they were looked at. None where
    somebody has all counted anew, and nobody has begun."""
    place = changes.state(connection).place
    if place == DONE:
        return _read_changes(connection)
    return _read_next(connection) if place.startswith(_BUILDING) else None


def _read_changes(connection: Connection) -> _Read:
    state = changes.state(connection)
    found = changes.waiting(connection, BATCH)
    first: list[str] = next(base.parts(connection, found.units, MESSAGES), [])
    return _Read(state, state.place, found.first(len(first)), _counted(connection, first))


def _read_next(connection: Connection) -> _Read:
    state = changes.state(connection)
    ids = base.conversations_after(connection, state.place.removeprefix(_BUILDING), _TALKS)
    some: list[str] = next(base.parts(connection, [base.talk(id_) for id_ in ids], _BUILT), [])
    then = _BUILDING + base.ids_of(some)[-1] if some else DONE
    facts, packs = store.bundled(counted(connection, some))
    return _Read(state, then, None, facts, packs)


def _write(connection: Connection, read: _Read, now_ms: int) -> bool:
    """What was changed since it was read is still among the changes, and counted again."""
    if read.changes is not None and not (read.changes.units or read.changes.seen):
        return False
    if changes.hold(connection, now_ms) != read.state:
        return True  # somebody else was faster, and may have known better
    store.put(connection, read.facts)
    for pack in read.packs:
        store.add(connection, pack)
    changes.set_place(connection, read.then)
    if read.changes is None:
        return True
    changes.note(connection, read.changes)
    return read.changes.more
