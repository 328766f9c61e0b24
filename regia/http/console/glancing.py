"""Looks at the whole system: what /health/ready, /metrics and /v1/queues say, in one view."""

import asyncio
from typing import Final

from sqlalchemy import Connection

from dispatcher.base import QueueState, QueuesUnavailable
from dispatcher.topology import UNROUTED
from regia import by_hand
from regia.gateway import Gateway
from regia.runners.delivering import PART
from regia.runners.standing import ELSEWHERE, OK, STARTING
from storage import alarms, recent, traffic
from storage.alarms import Alarm
from storage.database import DatabaseUnavailable
from storage.journal_file import JournalUnavailable
from storage.traffic import HOUR_MS
from web.console.glance import HOURS, ChannelTraffic, Glance, QueueDepth

_PATIENCE: Final = 3.0
_DEAD: Final = ".dead"
_PARTS: Final = ("database", "queues", "outbox", "journal", "blobs", "coordination")


class _Stored:
    """What the database tells, and what stands there where it does not answer."""

    def __init__(self) -> None:
        self.alarms: list[Alarm] = []
        self.contacts: dict[str, dict[int, int]] = {}
        self.last: dict[str, int] = {}
        self.held: int | None = None

    def read(self, connection: Connection, now_ms: int) -> None:
        self.alarms = [alarm for alarm in alarms.everything(connection) if alarm.cleared_ms is None]
        self.contacts = recent.contacts(connection, now_ms // HOUR_MS - HOURS + 1)
        self.last = traffic.last(connection, now_ms)
        self.held = recent.held(connection)


async def glance(gateway: Gateway) -> Glance:
    """How everything is now. Whatever does not answer in time is shown as such."""
    now_ms, stored = by_hand.now_ms(), _Stored()
    wrong, states, pending, _ = await asyncio.gather(
        gateway.check(), _states(gateway), _pending(gateway), _stored(gateway, stored, now_ms)
    )
    wrong = dict(gateway.missing) | wrong
    queues = [] if states is None else [one for one in states if not (one.name.endswith(_DEAD) or one.name == UNROUTED)]
    lying = None if states is None else sum(one.ready for one in states if one.name.endswith(_DEAD) or one.name == UNROUTED)
    room = gateway.journal.room()
    return Glance(
        parts=tuple((part, wrong.get(part, "")) for part in _PARTS),
        alarms=tuple(_alarms(gateway, stored)),
        channels=tuple(_channels(gateway, stored, now_ms)),
        queues=tuple(
            QueueDepth(name=one.name, ready=one.ready, leased=None if one.leased < 0 else one.leased) for one in queues
        ),
        dead=lying,
        quarantine=stored.held,
        in_journal=pending,
        journal_full=room.used / room.most if room.most else 0.0,
        in_memory=sum(gateway.waiting().values()),
    )


async def _states(gateway: Gateway) -> list[QueueState] | None:
    if "queues" in gateway.missing:
        return None
    try:
        async with asyncio.timeout(_PATIENCE):
            return await gateway.stores.queues.states()
    except (QueuesUnavailable, DatabaseUnavailable, TimeoutError):
        return None


async def _pending(gateway: Gateway) -> int | None:
    try:
        async with asyncio.timeout(_PATIENCE):
            return await gateway.journal.count_pending()
    except (JournalUnavailable, TimeoutError):
        return None


async def _stored(gateway: Gateway, stored: _Stored, now_ms: int) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            await gateway.stores.database.read(lambda connection: stored.read(connection, now_ms))
    except (DatabaseUnavailable, TimeoutError):
        return


def _alarms(gateway: Gateway, stored: _Stored) -> list[tuple[str, str, str]]:
    """Kind, what it is about, and what is told. Those of all nodes, which the database has, and what only this process knows.
    Silence stands with its channel."""
    told = [(alarm.kind, _named(alarm), alarm.detail) for alarm in stored.alarms if alarm.kind != "silent"]
    own = gateway.declaring.alarms | {f"rules/{name}": said for name, said in gateway.versions.wrong.items()}
    return [*told, *(("", of, said) for of, said in own.items())]


def _named(alarm: Alarm) -> str:
    if not alarm.name:
        return alarm.connector
    return alarm.name if alarm.connector == PART else f"{alarm.connector}/{alarm.name}"


def _channels(gateway: Gateway, stored: _Stored, now_ms: int) -> list[ChannelTraffic]:
    """Every connector; what came in the last minute is in memory only."""
    first = now_ms // HOUR_MS - HOURS + 1
    silent = {alarm.connector: alarm.detail for alarm in stored.alarms if alarm.kind == "silent"}
    for one in gateway.traffic.counted():
        hours = stored.contacts.setdefault(one.connector, {})
        hours[one.hour] = hours.get(one.hour, 0) + one.contacts
        stored.last[one.connector] = max(stored.last.get(one.connector, 0), one.last_ms)
    return [
        ChannelTraffic(
            connector=name,
            hours=tuple(stored.contacts.get(name, {}).get(first + at, 0) for at in range(HOURS)),
            last_ms=stored.last.get(name) or None,
            silent=silent.get(name, ""),
            source="; ".join(_failing(gateway, name)),
        )
        for name in gateway.configured.connectors
    ]


def _failing(gateway: Gateway, connector: str) -> list[str]:
    """What this node says of the connector's sources that do not answer."""
    fine = (OK, STARTING, ELSEWHERE)
    return [told for name, told in gateway.sources.items() if name.partition("/")[0] == connector and told not in fine]
