"""Imports a file of customers, batch by batch. The place reached is kept in the transaction of each batch, so that an import
that was stopped goes on where it was, and nothing is counted twice."""

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson
from sqlalchemy import Connection

from identity.imports import Taken, take
from identity.policy import Policy, Source
from regia.lists.rejects import Rejects
from regia.lists.rows import BadRow, Later, Row, read_row
from regia.lists.sheet import Place, Record, Sheet, records
from storage import cursors
from storage.database import Database

BATCH: Final = 500
_DIGEST: Final = 12
"""Characters that tell a file from others in the evidence of links."""


class Overtaken(Exception):
    """A later import of the same file goes on."""


class BegunOtherwise(Exception):
    """An import of the same file was stopped for which other addresses were claimed; the text says what to do. It is not gone
    on with: one half of the list would link what the other half only claims."""

    def __init__(self, claimed: Iterable[str]) -> None:
        given = " ".join(f"--claimed {kind}" for kind in claimed)
        begun = f"with {given}" if given else "without --claimed"
        super().__init__(f"it was stopped before, begun {begun}: start it {begun} to go on, or with --again to begin anew")


@dataclass(slots=True)
class Tally:
    """Rows, each counted once: `new` made a customer, `changed` something of one, `same` nothing, `rejected` were not taken.
    Of those that were, some were `suggested` to be another customer too, and of some a shared address was `left_out`."""

    new: int = 0
    changed: int = 0
    same: int = 0
    rejected: int = 0
    suggested: int = 0
    left_out: int = 0

    @property
    def rows(self) -> int:
        return self.new + self.changed + self.same + self.rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is imported, and how. `actor` stands in the audit log, `claimed` are kinds of addresses that nobody confirmed."""

    sheet: Sheet
    brand: str
    source: Source
    region: str
    policy: Policy
    actor: str
    claimed: frozenset[str] = frozenset()

    @property
    def cursor(self) -> str:
        return f"import/customers/{self.brand}/{self.source}/{self.region}/{self.sheet.digest}"


@dataclass(slots=True)
class Import:
    """One import. `place` is how far it is."""

    database: Database
    wanted: Wanted
    rejects: Rejects
    place: Place
    tally: Tally = field(default_factory=Tally)
    _token: int = field(default_factory=lambda: time.time_ns() // 1000)
    _later: Later = field(init=False)

    def __post_init__(self) -> None:
        self._later = Later(self.wanted.claimed)

    @classmethod
    async def begin(cls, database: Database, wanted: Wanted, *, again: bool = False) -> "Import":
        """Where an earlier import of the same file was stopped, else at its beginning. Raises `BegunOtherwise` and
        `DatabaseUnavailable`."""
        new = cls(database, wanted, Rejects.beside(wanted.sheet), wanted.sheet.body)

        def reached(connection: Connection) -> cursors.Cursor | None:
            if again:
                cursors.forget(connection, wanted.cursor)
            return cursors.read(connection, wanted.cursor)

        found = await database.write(reached)
        if found is not None:
            new._go_on(orjson.loads(found.place))
            new._token = max(new._token, found.token + 1)
        return new

    def _go_on(self, reached: dict[str, Any]) -> None:
        begun = reached.get("claimed", ())
        if frozenset(begun) != self.wanted.claimed:
            raise BegunOtherwise(begun)
        self.place = Place(**reached["place"])
        self.tally = Tally(**reached["tally"])
        path, length = Path(reached["rejects"]["path"]), reached["rejects"]["length"]
        if path.exists() and path.stat().st_size >= length:
            self.rejects = Rejects(self.wanted.sheet, path, length)

    def look_ahead(self) -> int:
        """Read the file once, for what its last rows say; how many records are still to come."""
        to_come = 0
        for record in records(self.wanted.sheet):
            self._later.add(record)
            to_come += record.line > self.place.line
        return to_come

    async def run(self, progress: Callable[[int], None]) -> None:
        """To the end of the file; `progress` is told how many records each batch had. Raises `DatabaseUnavailable` and
        `Overtaken`: what was taken until then stays."""
        found = records(self.wanted.sheet, self.place)
        while batch := list(islice(found, BATCH)):
            await self._take(batch)
            progress(len(batch))
        await self.database.write(lambda connection: cursors.forget(connection, self.wanted.cursor))

    async def _take(self, batch: list[Record]) -> None:
        rows, told = self._read(batch)
        self.rejects.write(told)
        listed = [self._later.without(row, record) for record, row in rows]
        tally, place = Tally(**asdict(self.tally)), batch[-1].end
        tally.rejected += len(batch) - len(rows)
        tally.left_out += len(told) - (len(batch) - len(rows))

        def work(connection: Connection) -> None:
            wanted = self.wanted
            now_ms = time.time_ns() // 1_000_000
            taken = take(
                connection, wanted.brand, listed, wanted.source, actor=wanted.actor, now_ms=now_ms, policy=wanted.policy
            )
            _count(tally, taken)
            if not cursors.move(connection, wanted.cursor, self._reached(place, tally), self._token):
                raise Overtaken

        await self.database.write(work)
        self.tally, self.place = tally, place

    def _read(self, batch: list[Record]) -> tuple[list[tuple[Record, Row]], list[tuple[Record, str]]]:
        """The rows to take, and what is to be told of these and others."""
        rows: list[tuple[Record, Row]] = []
        told: list[tuple[Record, str]] = []
        wanted = self.wanted
        for record in batch:
            place = f"import/{wanted.sheet.digest[:_DIGEST]}:{record.line}"
            try:
                row = read_row(record, region=wanted.region, policy=wanted.policy, place=place, claimed=wanted.claimed)
            except BadRow as bad:
                told.append((record, str(bad)))
                continue
            rows.append((record, row))
            if row.shared:
                told.append(
                    (record, f"{' and '.join(row.shared)} left out, being known to be of many people; the rest is taken")
                )
        return rows, told

    def _reached(self, place: Place, tally: Tally) -> str:
        rejects = {"path": str(self.rejects.path), "length": self.rejects.length}
        reached = {"place": asdict(place), "tally": asdict(tally), "rejects": rejects, "claimed": sorted(self.wanted.claimed)}
        return orjson.dumps(reached).decode()


def _count(tally: Tally, taken: Iterable[Taken]) -> None:
    for one in taken:
        setattr(tally, one.outcome, getattr(tally, one.outcome) + 1)
        tally.suggested += bool(one.guards) or one.claimed
