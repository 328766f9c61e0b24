"""The page of the queues: how full they are, how fast they fill and empty, and what lies beside them."""

import time
from typing import Final

from aiohttp import web
from sqlalchemy import Connection

from dispatcher.base import QueueState, QueuesUnavailable, queue_of
from dispatcher.local import LocalQueues
from dispatcher.topology import DEAD, REPLIES, TICKETS, UNROUTED
from regia.http.console.visit import Visit
from storage import outbox, quarantine, queue_figures
from web.console.queues import QueueRow
from web.console.texts.queues import QUEUES

_WINDOW: Final = 300.0
"""Seconds over which rates are counted at most."""
_SHORTEST: Final = 15.0
"""Seconds that depths must be known for before anything is said of what goes out."""
_DEAD: Final = ".dead"


async def page(visit: Visit) -> web.StreamResponse:
    """`GET /console/queues`: what waits in every queue, how fast it comes and goes, and who takes it."""
    return await _page(visit, None)


async def figures(visit: Visit) -> web.StreamResponse:
    """`GET /console/queues/figures`: that part of the page alone, which it asks for again and again."""
    return await _page(visit, "figures")


async def _page(visit: Visit, block: str | None) -> web.Response:
    queues, depths = visit.gateway.stores.queues, visit.parts.depths
    try:
        states, away = await depths.now(), False
    except QueuesUnavailable:
        states, away = [], True
    known = depths.window(_WINDOW)
    window = known if known >= _SHORTEST else _WINDOW
    is_local, now_ms = isinstance(queues, LocalQueues), time.time_ns() // 1_000_000

    def work(connection: Connection) -> tuple[dict[str, int], dict[str, int], dict[str, int], int]:
        into = queue_figures.published_since(connection, now_ms - round(window * 1000))
        waiting = {queue_of(*key): since for key, since in outbox.waiting(connection).items()}
        oldest = queue_figures.oldest_local(connection) if is_local else {}
        return {queue_of(*key): n for key, n in into.items()}, waiting, oldest, sum(quarantine.by_reason(connection).values())

    into, waiting, oldest, held = await visit.read(work)

    def row(state: QueueState) -> QueueRow:
        kind, went_in = _kind(state.name), into.get(state.name, 0)
        out = max(0.0, went_in - depths.change(state.name, _WINDOW)) / window
        return QueueRow(
            name=state.name,
            ready=state.ready,
            leased=None if state.leased < 0 else state.leased,
            consumers=state.consumers,
            oldest_ms=oldest.get(state.name),
            into=went_in / window if kind == "target" else None,
            out=out if known >= _SHORTEST and kind == "target" else None,
            course=tuple(depths.course(state.name)),
            waiting_ms=None if state.name not in waiting else max(0, now_ms - waiting[state.name]),
            kind=kind,
        )

    rows = [row(state) for state in states]
    return visit.page(
        "queues.html",
        QUEUES,
        block=block,
        rows=[row for row in rows if row.kind == "target"],
        own=[row for row in rows if row.kind == "own"],
        dead=sum(row.ready for row in rows if row.kind == "dead"),
        unrouted=sum(row.ready for row in rows if row.kind == "unrouted"),
        held=held,
        pending=waiting,
        is_local=is_local,
        away=away,
        window=round(window),
    )


def _kind(name: str) -> str:
    if name == UNROUTED:
        return "unrouted"
    if name == DEAD or name.endswith(_DEAD):
        return "dead"
    return "own" if name in (REPLIES, TICKETS) else "target"
