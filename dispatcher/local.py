"""The embedded queues: tables of the gateway's own database, for a gateway without a broker.

A message is leased to whoever takes it and comes back when the lease runs out; after `DELIVERY_LIMIT` leases it is dead
and stays to be looked at, as a quorum queue with a delivery limit would do.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Row, and_, case, delete, func, or_, select, update

from dispatcher.base import (
    Announcement,
    Delivery,
    Erased,
    Landed,
    Outcome,
    Publication,
    QueueState,
    QueuesUnavailable,
    Topology,
    UnknownQueue,
    nobody_hears,
)
from storage import erased as erased_ids
from storage.bulk import insert_rows
from storage.database import Database, DatabaseUnavailable
from storage.schema import local_messages as table

DELIVERY_LIMIT: Final = 20
LEASE_SECONDS: Final = 60
_PAGE: Final = 1_000
"""Messages that are looked at together for what was erased."""

_TOO_OFTEN: Final = table.c.attempts >= DELIVERY_LIMIT

T = TypeVar("T")


class LocalQueues:
    """`Queues` over the database, and the consumers' side: take, ack, reject. Times are the database host's clock."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names: tuple[str, ...] = ()

    async def open(self, topology: Topology) -> None:
        """Nothing to declare: remembers the names, so that an empty queue is listed and a wrong name is an error."""
        self._names = topology.queues

    async def publish(self, batch: Sequence[Publication], landed: Landed = nobody_hears) -> list[Outcome]:
        """One transaction for the batch. An envelope that is in the queue already is not put there twice, and one that was
        erased not at all: that is confirmed too, as nothing more is to be done for it."""
        if not batch:
            return []
        rows = [
            {"queue": one.queue, "envelope_id": one.envelope_id, "body": one.body, "state": "ready", "attempts": 0}
            for one in batch
        ]

        def insert(connection: Connection) -> None:
            gone = erased_ids.kinds(connection, {one.envelope_id for one in batch})
            insert_rows(connection, table, [row for row in rows if row["envelope_id"] not in gone], ignore=True)

        try:
            await self._database.write(insert)
        except DatabaseUnavailable:
            return [Outcome.UNKNOWN] * len(batch)
        for one in batch:
            landed(one)
        return [Outcome.CONFIRMED] * len(batch)

    async def announce(self, batch: Sequence[Announcement]) -> int:
        """All of them: the table they stand in is the feed, which is read over HTTP."""
        return len(batch)

    async def states(self) -> list[QueueState]:
        def count(connection: Connection) -> dict[str, dict[str, int]]:
            found: dict[str, dict[str, int]] = {name: {} for name in self._names}
            rows = connection.execute(select(table.c.queue, table.c.state, func.count()).group_by(table.c.queue, table.c.state))
            for queue, state, number in rows:
                found.setdefault(queue, {})[state] = number
                if state == "dead":
                    found.setdefault(f"{queue}.dead", {})["ready"] = number
            return found

        found = await self._read(count)
        return [
            QueueState(name=name, ready=states.get("ready", 0), leased=states.get("leased", 0))
            for name, states in sorted(found.items())
        ]

    async def mend(self) -> None:
        """Nothing of a table is ever missing."""

    async def others_stand(self) -> bool:
        return True

    async def blocked(self) -> bool:
        """Never."""
        return False

    async def peek(self, queue: str, limit: int) -> list[Delivery]:
        """The first messages, ready or leased, without taking them; `<queue>.dead` shows the dead ones."""
        dead = queue not in self._names and queue.endswith(".dead")
        name = queue.removesuffix(".dead") if dead else queue
        await self.check(name)
        wanted = table.c.state == "dead" if dead else table.c.state != "dead"
        query = select(table).where(table.c.queue == name, wanted).order_by(table.c.position).limit(limit)
        return await self._read(lambda connection: [_delivery(row) for row in connection.execute(query)])

    async def take(self, queue: str, limit: int, *, lease: int = LEASE_SECONDS) -> list[Delivery]:
        """Lease up to `limit` messages for `lease` seconds, in order. Raises `UnknownQueue`."""
        await self.check(queue)
        return await self._write(lambda connection: _take(connection, queue, limit, lease))

    async def take_next(self, queue: str) -> list[Delivery]:
        """The first message; nothing while somebody has that one. Raises `UnknownQueue`."""
        await self.check(queue)
        return await self._write(
            lambda connection: [] if _is_held(connection, queue) else _take(connection, queue, 1, LEASE_SECONDS)
        )

    async def ack(self, receipt: str) -> bool:
        """The work is done: remove the message. False when the receipt is unknown or its lease ran out and was retaken."""
        gone = delete(table).where(table.c.receipt == receipt, table.c.state == "leased")
        return await self._write(lambda connection: connection.execute(gone).rowcount > 0)

    async def extend(self, receipt: str) -> bool:
        """The work goes on: the lease lasts for `LEASE_SECONDS` from now. False as with `ack`."""
        until_ms = time.time_ns() // 1_000_000 + LEASE_SECONDS * 1000
        longer = update(table).where(table.c.receipt == receipt, table.c.state == "leased").values(leased_until_ms=until_ms)
        return await self._write(lambda connection: connection.execute(longer).rowcount > 0)

    async def reject(self, receipt: str, *, requeue: bool) -> bool:
        """Give the message back to its queue (or, after `DELIVERY_LIMIT` leases, to the dead ones), or bury it at once. False
        as with `ack`."""
        back = (
            update(table)
            .where(table.c.receipt == receipt, table.c.state == "leased")
            .values(**(_again() if requeue else _dead("rejected")))
        )
        return await self._write(lambda connection: connection.execute(back).rowcount > 0)

    async def requeue_dead(self, queue: str) -> int:
        """Make the dead messages of a queue ready again, with their attempts forgotten; how many."""
        await self.check(queue)
        alive = {"state": "ready", "attempts": 0, "reason": None, "dead_ms": None, "redriven": table.c.redriven + 1}
        again = update(table).where(table.c.queue == queue, table.c.state == "dead").values(**alive)
        return await self._write(lambda connection: connection.execute(again).rowcount)

    async def forget(self, erased: Erased) -> int:
        """From all queues, ready, leased or dead."""
        removed = after = 0
        while found := await self._read(lambda connection, after=after: _page(connection, after)):  # type: ignore[misc]
            after = found[-1].position
            gone = await erased(sorted({row.envelope_id for row in found}))
            positions = [row.position for row in found if row.envelope_id in gone]
            if positions:
                going = delete(table).where(table.c.position.in_(positions))
                removed += await self._write(lambda connection, going=going: connection.execute(going).rowcount)  # type: ignore[misc]
        return removed

    async def close(self) -> None:
        """The database belongs to whoever made it."""

    async def check(self, queue: str) -> None:
        """Raises `UnknownQueue`. Of a version of the rules that does not decide any more there may be messages left."""
        held = select(table.c.position).where(table.c.queue == queue).limit(1)
        if queue not in self._names and await self._read(lambda connection: connection.execute(held).first()) is None:
            raise UnknownQueue(queue, self._names)

    async def _read(self, work: Callable[[Connection], T]) -> T:
        try:
            return await self._database.read(work)
        except DatabaseUnavailable as error:
            raise QueuesUnavailable(str(error)) from error

    async def _write(self, work: Callable[[Connection], T]) -> T:
        try:
            return await self._database.write(work)
        except DatabaseUnavailable as error:
            raise QueuesUnavailable(str(error)) from error


def _page(connection: Connection, after: int) -> list[Row[Any]]:
    query = select(table.c.position, table.c.envelope_id).where(table.c.position > after)
    return list(connection.execute(query.order_by(table.c.position).limit(_PAGE)))


def _is_held(connection: Connection, queue: str) -> bool:
    """Whether the first message that is not dead is leased."""
    _expire(connection, queue, time.time_ns() // 1_000_000)
    live = select(table.c.state).where(table.c.queue == queue, table.c.state != "dead").order_by(table.c.position).limit(1)
    return connection.execute(live).scalar_one_or_none() == "leased"


def _take(connection: Connection, queue: str, limit: int, lease: int) -> list[Delivery]:
    now = time.time_ns() // 1_000_000
    _expire(connection, queue, now)
    free = (
        select(table)
        .where(table.c.queue == queue, table.c.state == "ready")
        .order_by(table.c.position)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = []
    for row in connection.execute(free).all():
        receipt = secrets.token_urlsafe(18)
        connection.execute(
            update(table)
            .where(table.c.position == row.position)
            .values(state="leased", receipt=receipt, leased_until_ms=now + lease * 1000, attempts=row.attempts + 1)
        )
        taken.append(_delivery(row, receipt=receipt, attempts=row.attempts + 1))
    return taken


def _expire(connection: Connection, queue: str, now: int) -> None:
    """Leases that ran out: back to ready, or dead after the last attempt."""
    expired = and_(
        table.c.queue == queue, table.c.state == "leased", or_(table.c.leased_until_ms.is_(None), table.c.leased_until_ms < now)
    )
    connection.execute(update(table).where(expired).values(**_again()))


def _dead(reason: str) -> dict[str, Any]:
    """It is dead from now on."""
    return {"state": "dead", "reason": reason, "dead_ms": time.time_ns() // 1_000_000, "receipt": None, "leased_until_ms": None}


def _again() -> dict[str, Any]:
    """What becomes of a message that was taken and not worked off."""
    dead = _dead("delivery_limit")
    changed = {name: case((_TOO_OFTEN, dead[name]), else_=None) for name in ("reason", "dead_ms")}
    return dead | changed | {"state": case((_TOO_OFTEN, "dead"), else_="ready")}


def _delivery(row: Row[Any], *, receipt: str = "", attempts: int | None = None) -> Delivery:
    return Delivery(
        receipt=receipt,
        queue=row.queue,
        envelope_id=row.envelope_id,
        body=bytes(row.body),
        attempts=row.attempts if attempts is None else attempts,
    )
