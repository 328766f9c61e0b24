"""Dead letters of the embedded queues: rows that are dead, each in the queue it died in."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Row, delete, func, select, update

from dispatcher.letters import EVERYTHING, LOOK, Act, Discard, Edit, Letter, Looked, Picked, Wanted, category_of, digest
from dispatcher.local import LocalQueues
from storage.bulk import insert_rows
from storage.database import Database
from storage.schema import local_messages as table

_TOGETHER: Final = 100
"""Letters of one transaction. Their bodies are in memory meanwhile."""
_Rows: TypeAlias = Sequence[Row[Any]]
_DEAD: Final = table.c.state == "dead"


class LocalLetters:
    """`Letters` of the opened `queues` of `database`. An embedded queue takes everything, so none is unrouted."""

    def __init__(self, queues: LocalQueues, database: Database) -> None:
        self._queues = queues
        self._database = database

    async def look(self, wanted: Wanted, limit: int, *, most: int = LOOK, bodies: bool = False) -> Looked:
        letters: list[Letter] = []
        seen: set[str] = set()
        fitting = looked = after = 0
        lying = await self._lying(wanted)
        while lying and looked < most and not wanted.nothing_more(seen):
            number = min(_TOGETHER, most - looked)
            rows = await self._database.read(lambda one, a=after, n=number: _page(one, wanted, a, n))  # type: ignore[misc]
            looked += len(rows)
            found = [letter for letter in map(_letter, rows) if wanted.fits(letter)]
            fitting += len(found)
            seen.update(letter.id for letter in found)
            letters += (one if bodies else replace(one, body=b"") for one in found[: limit - len(letters)])
            if len(rows) < number:
                break
            after = rows[-1].position
        return Looked(tuple(letters), fitting, looked, lying)

    async def pick(
        self,
        wanted: Wanted,
        act: Act,
        limit: int,
        picked: Picked,
        told: Callable[[Picked], Any] = lambda _: None,
        *,
        most: int = EVERYTHING,
    ) -> None:
        if not isinstance(act, (Discard, Edit)) and act.to is not None:
            await self._queues.check(act.to)
        picked.lying = await self._lying(wanted)
        left, after = min(picked.lying, most), 0
        seen: set[str] = set()
        while left > 0 and picked.done < limit and not wanted.nothing_more(seen):
            number = min(_TOGETHER, left)

            def work(connection: Connection, after: int = after, number: int = number) -> tuple[_Rows, _Rows]:
                rows = _page(connection, wanted, after, number, lock=True)
                fitting = [row for row in rows if wanted.fits(_letter(row))][: limit - picked.done]
                _do(connection, fitting, act)
                return rows, fitting

            rows, done = await self._database.write(work)
            picked.looked += len(rows)
            picked.done += len(done)
            seen.update(str(row.position) for row in done)
            told(picked)
            if len(rows) < number:
                break
            left -= len(rows)
            after = rows[-1].position

    async def close(self) -> None:
        """The database belongs to whoever made it."""

    async def _lying(self, wanted: Wanted) -> int:
        if wanted.where == "unrouted":
            return 0
        query = select(func.count()).select_from(table).where(_DEAD)
        return await self._database.read(lambda connection: connection.execute(query).scalar_one())


def _page(connection: Connection, wanted: Wanted, after: int, limit: int, *, lock: bool = False) -> Sequence[Row[Any]]:
    query = select(table).where(_DEAD, table.c.position > after)
    if wanted.queue is not None:
        query = query.where(table.c.queue == wanted.queue)
    query = query.order_by(table.c.position).limit(limit)
    return connection.execute(query.with_for_update() if lock else query).all()


def _letter(row: Row[Any]) -> Letter:
    body = bytes(row.body)
    return Letter(
        id=str(row.position),
        where="dead",
        queue=row.queue,
        reason=row.reason or "unknown",
        at_ms=row.dead_ms,
        times=row.redriven + 1,
        redriven=row.redriven,
        envelope_id=row.envelope_id,
        category=category_of(body),
        size=len(body),
        sha256=digest(body),
        body=body,
    )


def _do(connection: Connection, rows: Sequence[Row[Any]], act: Act) -> None:
    """In one transaction: what is gone here is there."""
    mine = table.c.position.in_([row.position for row in rows])
    if not rows:
        return
    if isinstance(act, Edit):
        connection.execute(update(table).where(mine).values(body=act.body))
    elif isinstance(act, Discard):
        connection.execute(delete(table).where(mine))
    elif act.to is None:
        alive = {"state": "ready", "attempts": 0, "reason": None, "dead_ms": None, "redriven": table.c.redriven + 1}
        connection.execute(update(table).where(mine).values(**alive))
    else:
        _move(connection, rows, act.to)


def _move(connection: Connection, rows: Sequence[Row[Any]], to: str) -> None:
    """What lies in that queue already is not doubled there."""
    connection.execute(delete(table).where(table.c.position.in_([row.position for row in rows])))
    moved = [
        {"queue": to, "envelope_id": row.envelope_id, "body": bytes(row.body), "state": "ready", "attempts": 0}
        | {"redriven": row.redriven + 1}
        for row in rows
    ]
    insert_rows(connection, table, moved, ignore=True)
