"""The part of an erase that is rows of the database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, select

from identity.ids import new_id
from identity.people import handle_key
from identity.policy import CRM
from normalizer.inbound import Handle
from regia.erasing.others import rewrite_others
from regia.erasing.reach import Reach
from regia.erasing.searching import Address, Search
from regia.erasing.told import erased_event
from storage import erasure, events, removal, traces
from storage.bulk import among, ids_parameter
from storage.erasure import Act, Part
from storage.family import Family, Link
from storage.removal import Removed
from storage.schema import handles
from storage.traces import Where

SLICE: Final = 250
"""Messages of one transaction, and of one event."""
_PAGE: Final = 500
"""Rows of one look for addresses."""


@dataclass(slots=True)
class Gone:
    """What was erased. `told`: of the signals those that were found by an address."""

    removed: Removed = field(default_factory=Removed)
    quarantined: int = 0
    told: int = 0
    last: Part | None = None


async def erase_rows(reach: Reach, found: Family, *, actor: str, now_ms: int, on_part: Callable[[Sequence[str]], None]) -> Gone:
    """Erase the customer and everything of theirs. `on_part` hears the envelopes of each transaction. Raises
    `DatabaseUnavailable`: called again, it goes on."""
    gone = Gone()
    search = Search(await _addresses(reach, found))
    await _remove_traces(reach, found, search, gone, now_ms)
    await rewrite_others(reach, found, actor=actor, now_ms=now_ms)
    while gone.last is None:
        part = await _erase_part(reach, found, actor, now_ms)
        if part is None:  # somebody else has erased the customer meanwhile
            break
        gone.removed += part.removed
        on_part(part.envelopes)
        gone.last = part if part.last else None
    await _remove_traces(reach, found, search, gone, now_ms)  # of contacts that came meanwhile
    return gone


async def _erase_part(reach: Reach, found: Family, actor: str, now_ms: int) -> Part | None:
    left = await reach.database.read(lambda connection: erasure.count_messages(connection, found, SLICE + 1))
    act = Act(new_id("act"), actor, now_ms)

    def work(connection: Connection) -> Part | None:
        if left > SLICE:
            part = erasure.slice_(connection, found.id, now_ms, SLICE)
        else:
            part = erasure.finish(connection, found.id, act, SLICE)
        if part is not None and (part.envelopes or part.last):
            events.add(connection, [erased_event(part, act=act.id, actor=actor, at_ms=now_ms)])
        return part

    return await reach.database.write(work)


async def _addresses(reach: Reach, found: Family) -> list[Address]:
    """What to search for. An address that was only claimed, and is another's verified one, is that one's."""
    claimed = {_verified_key(found, link): link.id for link in found.links if link.standing == "claimed"}

    def owned(connection: Connection) -> set[str]:
        query = select(handles.c.key).where(among(connection, handles.c.key), handles.c.customer_id.not_in(found.ids))
        return set(connection.execute(query, ids_parameter(connection, claimed.keys())).scalars())

    others = {claimed[key] for key in await reach.database.read(owned)} if claimed else set()
    return [
        Address(Handle(link.kind, link.value, "verified"), link.ended_ms)
        for link in found.links
        # Our own systems gave the id in a CRM; no provider knows it.
        if link.kind != CRM and link.id not in others
    ]


def _verified_key(found: Family, link: Link) -> str:
    return handle_key(found.space, "verified", Handle(link.kind, link.value, "verified"))


async def _remove_traces(reach: Reach, found: Family, search: Search, gone: Gone, now_ms: int) -> None:
    if not search:
        return
    leave = reach.foreign(found.space)
    gone.quarantined += await _remove_found(reach, "quarantine", search, leave, now_ms)
    gone.told += await _remove_found(reach, "signals", search, leave, now_ms)


async def _remove_found(reach: Reach, where: Where, search: Search, leave: Sequence[str], now_ms: int) -> int:
    remove = {"quarantine": removal.remove_quarantine, "signals": removal.remove_signals}[where]
    removed, after = 0, ""
    next_: str | None = after
    while next_ is not None:
        after = next_

        def look(connection: Connection, after: str = after) -> tuple[list[str], str | None]:
            return traces.search(connection, where, search.holds, after=after, limit=_PAGE, leave=leave)

        ids, next_ = await reach.database.read(look)
        if ids:
            removed += await reach.database.write(lambda connection, ids=ids: remove(connection, ids, now_ms))  # type: ignore[misc]
    return removed
