"""What a message costs identity among few customers and among many, measured in turns.

A measurement is a stretch of batches, long enough for SQLite to write its log back into the file at least once when the pages
of each message lie apart; shorter ones would leave that out of most of them. In each round every database is measured once with
each way of drawing customers, in another order than the round before, so that a neighbour's work meets all of them; what is
compared with the smallest database is compared within a round.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from bench.customers_contacts import DRAWS, Contacts, Draw
from bench.customers_fill import Filled, fill
from bench.machine import cpu
from bench.resolving import REAL, Resolver
from identity.policy import Policy
from normalizer.message import Message
from regia.compose import migrate
from storage.database import Database

BATCH: Final = 256
"""What a loaded gateway takes at once: where statements cost least, and the pages they touch most."""
ASKED: Final[Mapping[Draw, float]] = {"uniform": 2.5, "skewed": 1.5}
"""How many times the cost among the fewest customers a message may cost among the most."""


class Spent(NamedTuple):
    """Microseconds a message: by the clock, and of processors, ours and the database's."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One database with one way of drawing: what a message took in each round, and in the same round among the fewest."""

    database: str
    customers: int
    draw: Draw
    rounds: tuple[Spent, ...]
    fewest: tuple[Spent, ...]
    filled: Filled

    @property
    def middle(self) -> Spent:
        return Spent(*map(statistics.median, zip(*self.rounds, strict=True)))

    @property
    def ratio(self) -> Spent:
        """Of the one to the other, the median over the rounds."""
        ratios = [(one.wall / few.wall, one.cpu / few.cpu) for one, few in zip(self.rounds, self.fewest, strict=True)]
        return Spent(*map(statistics.median, zip(*ratios, strict=True)))


@dataclass(slots=True)
class _Target:
    """One filled database, open."""

    customers: int
    database: Database
    contacts: Contacts
    filled: Filled
    resolver: Resolver
    server: int
    """The database's process, 0 where it has none."""

    async def cost(self, draw: Draw, batches: int) -> Spent:
        """What a message took over so many batches. Raises `ValueError` where the customers are not those of the fill."""
        work = self.contacts.batches(draw, self.customers, count=batches, size=BATCH)
        started = self._clocks()
        for batch in work:
            await self._resolve(batch)
        return Spent(*((now - then) / (BATCH * batches) * 1e6 for then, now in zip(started, self._clocks(), strict=True)))

    def _clocks(self) -> tuple[float, float]:
        return time.perf_counter(), time.process_time() + cpu([self.server])

    async def _resolve(self, batch: Sequence[Message]) -> None:
        found = await self.database.write(lambda connection: self.resolver.resolve(connection, batch))
        if any(one.match != "verified" for one in found):
            raise ValueError("a message came to another customer than the one it is from: the fill does not fit identity")


async def measure(
    name: str,
    urls: Mapping[int, str],
    *,
    rounds: int,
    batches: int,
    server: int = 0,
    told: Callable[[str], None],
) -> list[Cost]:
    """Fill the empty databases, `urls` by their number of customers, and measure each in turns. `server`: a process whose
    time is counted too."""
    targets = []
    try:
        for number, url in sorted(urls.items()):
            told(f"{name}: filling {number:,} customers")
            targets.append(await _target(url, number, server))
        told(f"{name}: measuring")
        for target in targets:
            for draw in DRAWS:
                await target.cost(draw, batches)  # whatever is loaded at the first time
        found = [await _round(targets, batches, turn) for turn in range(rounds)]
    finally:
        for target in targets:
            await target.database.close()
    return list(_costs(name, targets, found))


async def _target(url: str, number: int, server: int) -> _Target:
    database = Database(url)
    await migrate(database)
    await database.close()
    contacts = Contacts(f"customers-{number}")
    filled = await fill(url, number, contacts)
    return _Target(number, Database(url), contacts, filled, Resolver(Policy(), REAL), server)


async def _round(targets: Sequence[_Target], batches: int, turn: int) -> dict[tuple[int, Draw], Spent]:
    shifted = [*targets[turn % len(targets) :], *targets[: turn % len(targets)]]
    return {(target.customers, draw): await target.cost(draw, batches) for draw in DRAWS for target in shifted}


def _costs(name: str, targets: Sequence[_Target], found: Sequence[Mapping[tuple[int, Draw], Spent]]) -> Iterator[Cost]:
    least = min(target.customers for target in targets)
    for draw in DRAWS:
        for target in targets:
            yield Cost(
                database=name,
                customers=target.customers,
                draw=draw,
                rounds=tuple(each[target.customers, draw] for each in found),
                fewest=tuple(each[least, draw] for each in found),
                filled=target.filled,
            )
