"""The page of the queues: how full they are, how fast they fill and empty, and what lies beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from sqlalchemy import Connection

from dispatcher.base import QueueState, QueuesUnavailable, queue_of
from dispatcher.local import LocalQueues
from dispatcher.topology import DEAD, REPLIES, TICKETS, UNROUTED
from regia import by_hand
from regia.http.console.depths import Depths
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known of queues beside how full they are, by their names. `window` in seconds, `counted`: how much of it depths
    are known for; `waiting`: since when something is to be published there."""

    into: Mapping[str, int]
    waiting: Mapping[str, int]
    oldest: Mapping[str, int]
    held: int
    now_ms: int
    window: float
    counted: float


async def _page(visit: Visit, block: str | None) -> web.Response:
    try:
        states, away = await visit.parts.depths.now(), False
    except QueuesUnavailable:
        states, away = [], True
    is_local = isinstance(visit.gateway.stores.queues, LocalQueues)
    counted = visit.parts.depths.window(_WINDOW)
    known = await visit.read(lambda connection: _known(connection, counted, is_local=is_local))
    rows = [_row(state, known, visit.parts.depths) for state in states]
    return visit.page(
        "queues.html",
        QUEUES,
        block=block,
        rows=[row for row in rows if row.kind == "target"],
        own=[row for row in rows if row.kind == "own"],
        dead=sum(row.ready for row in rows if row.kind == "dead"),
        unrouted=sum(row.ready for row in rows if row.kind == "unrouted"),
        held=known.held,
        pending=known.waiting,
        is_local=is_local,
        away=away,
        window=round(known.window),
    )


def _known(connection: Connection, counted: float, *, is_local: bool) -> _Known:
    now_ms, window = by_hand.now_ms(), counted if counted >= _SHORTEST else _WINDOW
    into = queue_figures.published_since(connection, now_ms - round(window * 1000))
    return _Known(
        into={queue_of(*key): n for key, n in into.items()},
        waiting={queue_of(*key): since for key, since in outbox.waiting(connection).items()},
        oldest=queue_figures.oldest_local(connection) if is_local else {},
        held=sum(quarantine.by_reason(connection).values()),
        now_ms=now_ms,
        window=window,
        counted=counted,
    )


def _row(state: QueueState, known: _Known, depths: Depths) -> QueueRow:
    kind, went_in = _kind(state.name), known.into.get(state.name, 0)
    out = max(0.0, went_in - depths.change(state.name, _WINDOW)) / known.window
    return QueueRow(
        name=state.name,
        ready=state.ready,
        leased=None if state.leased < 0 else state.leased,
        consumers=state.consumers,
        oldest_ms=known.oldest.get(state.name),
        into=went_in / known.window if kind == "target" else None,
        out=out if known.counted >= _SHORTEST and kind == "target" else None,
        course=tuple(depths.course(state.name)),
        waiting_ms=None if state.name not in known.waiting else max(0, known.now_ms - known.waiting[state.name]),
        kind=kind,
    )


def _kind(name: str) -> str:
    if name == UNROUTED:
        return "unrouted"
    if name == DEAD or name.endswith(_DEAD):
        return "dead"
    return "own" if name in (REPLIES, TICKETS) else "target"
