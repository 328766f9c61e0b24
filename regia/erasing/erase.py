"""Erasing a customer: everything of theirs, wherever the gateway has it, and those who have copies are told.

The order is what makes it safe to be killed anywhere and begun again: messages first, slice by slice, each transaction
with its event; rows that are found by an address, while the address is still known; last the customer, in a transaction
that no commit overlaps. From then on only ids are needed, which the table `erased` keeps: queues, files and free pages
are done after it, and again each time the same customer is erased.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from desk.kpi.rolling import Rolling
from dispatcher import relay
from dispatcher.base import QueuesUnavailable
from dispatcher.local import LocalQueues
from regia.erasing.failures import EraseFailed
from regia.erasing.files import end_files
from regia.erasing.journals import journals, scrub_files, worked_off
from regia.erasing.reach import Reach
from regia.erasing.rows import Gone, erase_rows
from storage import erased as ids
from storage import erasure, family
from storage.blobs import BlobsUnavailable
from storage.family import Family, StandsBelow

WORK_OFF: Final = 30.0
"""Seconds that contacts which were accepted before may take to be committed."""
_LAND: Final = 35.0
"""Seconds for publishes that are on their way: longer than any of them takes."""
_FILE: Final = 60.0
"""Seconds that a file of SQLite is waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What was erased, in numbers. `customers`: with those below; `queued`: copies in the gateway's own queues; `files`: of
    the blob store. `again`: the customer had been erased before, and only what was left was looked for."""

    customers: int = 0
    links: int = 0
    messages: int = 0
    attachments: int = 0
    outgoing: int = 0
    signals: int = 0
    quarantined: int = 0
    queued: int = 0
    files: int = 0
    again: bool = False


async def erase(reach: Reach, customer_id: str, *, actor: str, now_ms: int, seconds: float = WORK_OFF) -> Erased:
    """Erase a customer, and everybody below them. When this returns nothing is left of them in what `reach` names; ids stay.
    Contacts that come while it goes on may be erased too, or be those of a new customer.

    `actor` is the name of a person or token, for the audit log; `seconds` how long to wait for what was accepted before.
    Raises `EraseFailed` with its reason, and `DatabaseUnavailable`; after what is retryable, the same call goes on where this
    one ended. Who was erased already is looked after again.
    """
    found = await _find(reach, customer_id)
    gone = Gone()
    envelopes: list[str] = []
    if found is not None:
        await worked_off(reach.journals, seconds)
        gone = await erase_rows(reach, found, actor=actor, now_ms=now_ms, on_part=envelopes.extend)
    await _let_land(reach, envelopes, unpublished=gone.removed.unpublished > 0)
    await Rolling(reach.database).leave_nothing(now_ms)
    queued, files = await _clean(reach)
    last = gone.last.family if gone.last else None
    return Erased(
        customers=len(last.ids) if last else 0,
        links=len(last.links) if last else 0,
        messages=gone.removed.messages,
        attachments=gone.removed.attachments,
        outgoing=gone.removed.outgoing,
        signals=gone.removed.signals + gone.told,
        quarantined=gone.quarantined,
        queued=queued,
        files=files,
        again=found is None,
    )


async def _find(reach: Reach, customer_id: str) -> Family | None:
    """None for one who was erased already. Raises `EraseFailed`."""
    try:
        found = await reach.database.read(lambda connection: family.find(connection, customer_id))
    except StandsBelow as below:
        raise EraseFailed("merged", root_id=below.root_id) from below
    if found is None and not await reach.database.read(lambda connection: erasure.was_erased(connection, customer_id)):
        raise EraseFailed("unknown_customer")
    return found


async def _let_land(reach: Reach, envelopes: Sequence[str], *, unpublished: bool) -> None:
    """Until no relay publishes any of them: ours at once, those of other processes once they look before they do, and what a
    broker that hangs had been sent before has been given up."""
    ours = reach.relays()
    await asyncio.gather(*(one.forget(envelopes, _LAND) for one in ours))
    if unpublished and not (ours and reach.database.is_sqlite):
        await asyncio.sleep(relay.FRESH if isinstance(reach.queues, LocalQueues) else _LAND)


async def _clean(reach: Reach) -> tuple[int, int]:
    """What needs no more than ids: queues, files, free pages. All is tried; raises the first `EraseFailed`."""
    failed: list[EraseFailed] = []
    queued = files = 0
    try:
        queued = await forget_queued(reach)
    except QueuesUnavailable as error:
        failed.append(EraseFailed("queues_away", str(error)))
    try:
        files = await end_files(reach.database, reach.blobs)
    except BlobsUnavailable as error:
        failed.append(EraseFailed("files_away", str(error)))
    try:
        await scrub_files([*reach.files, *journals(reach.journals)], _FILE)
    except EraseFailed as error:
        failed.append(error)
    if failed:
        raise failed[0]
    return queued, files


async def forget_queued(reach: Reach) -> int:
    """Take copies of what was erased out of the gateway's own queues; how many. Raises `QueuesUnavailable`."""

    async def erased(envelopes: Sequence[str]) -> Collection[str]:
        kinds = await reach.database.read(lambda connection: ids.kinds(connection, envelopes))
        return {id_ for id_, kind in kinds.items() if kind == "message"}

    # What lies in the tables of embedded queues is ours, also where the queues are a broker's by now.
    queued = await LocalQueues(reach.database).forget(erased)
    return queued if isinstance(reach.queues, LocalQueues) else queued + await reach.queues.forget(erased)
