"""What is wrong with a channel, or with delivery: one row, one event, one line when it begins, and the same when it ends.

The way of an alarm:

    regia.watch.traffic, sends   what this node sees: contacts that came, messages that were refused or taken
        ↓                        `watching` adds the contacts to the database once a minute
    silence, tokens              judge: is it silent against its habit, is a token refused or about to end, is that over
        ↓                        `begin` and `end`, with the kind (`KINDS`), the connector and, of a token, its name
    alarms                       here: the row in `storage.alarms` and, with it, an event for whoever follows; then the
        ↓                        account event through the intake, then its mark
        ↓                        `open` is what stands; `shown` is that for `/health/ready`
    watching                     calls all of them when they are due, on the node that leads, and has the figures
    delivering                   the same for queues and journals, of which it is also the judge

What was refused is heard on every node within a second; all else is judged by the one that leads.

The row is written first, and both events have its `raised_ms` in their key. Killed in between, whoever finds the row goes
on; two nodes that find the same thing enter one row, and what they both tell is a repeat.
"""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, Literal

import orjson
from sqlalchemy import Connection

from connectors.base import ChannelEvent, Parsed
from connectors.errors import Rejected
from normalizer.event import event
from regia.pipeline.intake import Intake
from storage import alarms, events
from storage.alarms import Alarm
from storage.database import Database
from storage.events import NewEvent

logger = logging.getLogger(__name__)

KindName = Literal["silent", "token_expiring", "token_refused", "waiting", "dead", "unrouted", "journal_filling"]
Ending = Literal["back", "not_watched"]
"""`not_watched`: the configuration does not speak of it any more."""

_IDS: Final = uuid.uuid5(uuid.NAMESPACE_URL, "urn:regia:alarms")

SENDING: Final = "sending"
"""The name of a token that was refused when something was sent: which one it was is not known."""


@dataclass(frozen=True, slots=True)
class Kind:
    """The types of its two events, the words of its two lines, and what an alarm's name is the name of. `of_connector`:
    whether it is about a connector; else it is about what its name says, and `connector` is a part of the gateway."""

    raised: str
    cleared: str
    begins: str
    ends: str
    named: str = "token"
    of_connector: bool = True


def _of_queue(raised: str, cleared: str, begins: str, ends: str) -> Kind:
    return Kind(f"delivery.{raised}", f"delivery.{cleared}", begins, ends, named="queue", of_connector=False)


KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "silent": Kind("channel.silent", "channel.back", "a channel is silent against its habit", "a channel is not silent"),
        "token_expiring": Kind("token.expiring", "token.back", "a token is about to expire", "a token expires later"),
        "token_refused": Kind("token.refused", "token.back", "a token is refused", "a token is taken again"),
        "waiting": _of_queue("waiting", "resumed", "messages wait to be published", "no message waits to be published"),
        "dead": _of_queue("dead", "settled", "dead letters wait for a person", "there are no dead letters left"),
        "unrouted": _of_queue("unrouted", "routed", "no queue took messages", "no message lies there any more"),
        "journal_filling": Kind(
            "journal.filling",
            "journal.room",
            "a journal is about to be full",
            "a journal has room again",
            named="node",
            of_connector=False,
        ),
    }
)


class Alarms:
    """Of one database. `shown` is where the readiness page reads them; `now` gives seconds since 1970."""

    def __init__(self, database: Database, intake: Intake, shown: dict[str, str], now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._intake = intake
        self._shown = shown
        self._now = now
        self._telling = asyncio.Lock()
        self.open: dict[tuple[str, str, str], Alarm] = {}
        """By kind, connector and name, as they stood at the last `refresh`."""

    async def refresh(self) -> None:
        """See what any node has found. Raises `DatabaseUnavailable`."""
        found = await self._database.read(alarms.everything)
        self.open = {(one.kind, one.connector, one.name): one for one in found if one.cleared_ms is None}
        self._shown.clear()
        for one in self.open.values():
            key = f"{one.connector}/{one.name}" if one.name else one.connector
            words = f"{one.kind.removeprefix('token_')}: {one.detail}"
            self._shown[key] = f"{self._shown[key]}; {words}" if key in self._shown else words

    def get(self, kind: KindName, connector: str, name: str = "") -> Alarm | None:
        return self.open.get((kind, connector, name))

    async def begin(self, kind: KindName, connector: str, detail: str, *, name: str = "", since_ms: int | None = None) -> None:
        """Something is wrong, which may be known. `detail` may stand on a public page. Raises `DatabaseUnavailable`."""
        if self.get(kind, connector, name) is not None:
            return
        now_ms = int(self._now() * 1000)
        since_ms = now_ms if since_ms is None else since_ms
        alarm = Alarm(connector=connector, name=name, kind=kind, since_ms=since_ms, raised_ms=now_ms, detail=detail)
        if await self._database.write(lambda connection: _enter(connection, alarm)):
            more = {"detail": detail, "since": _moment(since_ms).isoformat()}
            logger.warning(KINDS[kind].begins, extra=_words(alarm) | more)
            await self.tell()

    async def end(self, alarm: Alarm, ending: Ending = "back") -> None:
        """It is over. Raises `DatabaseUnavailable`."""
        now_ms = int(self._now() * 1000)
        if await self._database.write(lambda connection: _clear(connection, alarm, now_ms, ending)):
            more = {"ending": ending, "since": _moment(alarm.since_ms).isoformat()}
            logger.info(KINDS[alarm.kind].ends, extra=_words(alarm) | more)
            await self.tell()

    async def tell(self) -> None:
        """Accept the events that are missing; those that the journal does not take now come the next time. Raises
        `DatabaseUnavailable`."""
        async with self._telling:
            with suppress(Rejected):  # the journal takes nothing now, and has said so
                for alarm in await self._database.read(alarms.everything):
                    await self._tell(alarm)
        await self.refresh()

    async def _tell(self, alarm: Alarm) -> None:
        """Raises `Rejected` and `DatabaseUnavailable`."""
        if not alarm.told:
            await self._intake.accept(alarm.connector, Parsed(events=(_begun(alarm),)))
            await self._database.write(lambda connection: alarms.tell(connection, alarm))
        if alarm.cleared_ms is not None:
            await self._intake.accept(alarm.connector, Parsed(events=(_ended(alarm, alarm.cleared_ms),)))
            await self._database.write(lambda connection: alarms.drop(connection, alarm))


def _enter(connection: Connection, alarm: Alarm) -> bool:
    """A refused token is one alarm, whether it is asked about or a message shows it."""
    if alarm.kind == "token_refused":
        refused = [one.name for one in alarms.everything(connection) if _still(one, alarm.kind, alarm.connector)]
        if SENDING in refused or (alarm.name == SENDING and refused):
            return False
    if not alarms.enter(connection, alarm):
        return False
    events.add(connection, [_public(_begun(alarm), alarm)])
    return True


def _clear(connection: Connection, alarm: Alarm, now_ms: int, ending: Ending) -> bool:
    if not alarms.clear(connection, alarm, now_ms, ending):
        return False
    over = replace(alarm, cleared_ms=now_ms, ending=ending)
    events.add(connection, [_public(_ended(over, now_ms), over)])
    return True


def _still(alarm: Alarm, kind: str, connector: str) -> bool:
    return alarm.kind == kind and alarm.connector == connector and alarm.cleared_ms is None


def _begun(alarm: Alarm) -> ChannelEvent:
    return _event(alarm, KINDS[alarm.kind].raised, "begun", alarm.raised_ms)


def _ended(alarm: Alarm, cleared_ms: int) -> ChannelEvent:
    return _event(alarm, KINDS[alarm.kind].cleared, "ended", cleared_ms, ending=alarm.ending)


def _event(alarm: Alarm, type_: str, end: str, at_ms: int, **more: str) -> ChannelEvent:
    said = {"kind": alarm.kind, "since": _moment(alarm.since_ms).isoformat(timespec="milliseconds"), "detail": alarm.detail}
    return ChannelEvent(
        event_key=f"{alarm.kind} {alarm.name} {alarm.raised_ms} {end}",
        type=type_,
        account=None,
        raw=orjson.dumps(_words(alarm) | said | more),
        at=_moment(at_ms),
    )


def _public(told: ChannelEvent, alarm: Alarm) -> NewEvent:
    """The same, for whoever follows: under one id, whichever node tells it."""
    type_ = f"regia.{told.type}.v1"
    at_ms = alarm.raised_ms if alarm.cleared_ms is None else alarm.cleared_ms
    id_ = str(uuid.uuid5(_IDS, f"{alarm.connector} {told.event_key}"))
    subject = alarm.connector if KINDS[alarm.kind].of_connector else alarm.name
    body = event(type_, id_=id_, source=f"/regia/{alarm.connector}", subject=subject, at_ms=at_ms, data=orjson.loads(told.raw))
    return NewEvent(id_, type_, subject, at_ms, body)


def _words(alarm: Alarm) -> dict[str, str]:
    """What it is about."""
    kind = KINDS[alarm.kind]
    connector = {"connector": alarm.connector} if kind.of_connector else {}
    return connector | ({kind.named: alarm.name} if alarm.name else {})


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
