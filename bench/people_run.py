"""The stream of `bench.people` through identity, and what has become of it at the end."""

import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, TypeVar, get_args

from sqlalchemy import Connection, distinct, exists, func, select

from bench.people import Stream, Written
from bench.resolving import Resolver
from bench.score import Holding, Proof, Score, score
from identity.merging import Guard
from identity.people import handle_key
from identity.policy import Policy
from normalizer.inbound import Handle
from storage.database import Database
from storage.schema import customers, handles, messages, suggestions

T = TypeVar("T")

BATCH: Final = 256
PRECISION: Final = 0.999
RECALL: Final = 0.95
"""What is asked of the whole stream, beside the caps of docs/identity.md and that no claim joins anything."""
GUARDS: Final[tuple[str, ...]] = get_args(Guard)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`largest`: the most addresses of each kind that one customer owns, and the cap. `seen_by_claim`: messages that
    came by a claim and whose customer owns a verified handle, though no person has said so. `seconds`: of identity and of
    the database."""

    score: Score
    messages: int
    people: int
    customers: int
    merged: int
    suggestions: Mapping[str, int]
    largest: Mapping[str, tuple[int, int]]
    seen_by_claim: int
    seconds: float

    @property
    def stopped(self) -> Mapping[str, int]:
        """Merges that a guard stopped, by its name."""
        return {name: self.suggestions.get(name, 0) for name in GUARDS}

    @property
    def over_cap(self) -> list[str]:
        """The kinds of which some customer owns more than the cap."""
        return [kind for kind, (most, cap) in self.largest.items() if most > cap]

    @property
    def held(self) -> bool:
        """Whether everything that is asked of identity was held."""
        right = self.score.precision >= PRECISION and self.score.recall >= RECALL
        return right and not self.over_cap and self.seen_by_claim == 0


@dataclass(slots=True)
class _Truth:
    """What was proven, and where the link of each verified handle is to be found: a sender's by its message, an alias's by
    its key and time."""

    proofs: set[Proof] = field(default_factory=set)
    senders: dict[str, Holding] = field(default_factory=dict)
    aliases: set[tuple[str, int, Holding]] = field(default_factory=set)

    def add(self, written: Written) -> None:
        if not written.proof:
            return
        message = written.message
        self.proofs.add(written.proof)
        self.senders[str(message.id)] = written.proof[0]
        at_ms = int(message.received_at.timestamp() * 1000)
        for holding, handle in written.own[1:]:
            self.aliases.add((handle_key(message.inbound.brand, "verified", handle), at_ms, holding))


async def run(database: Database, stream: Stream, policy: Policy, told: Callable[[str], None] = lambda _: None) -> Outcome:
    """Resolve the whole stream in an empty database that has its tables, and count."""
    truth, resolver = _Truth(), Resolver(policy)
    done, seconds = 0, 0.0
    for batch in _batches(stream, BATCH):
        for written in batch:
            truth.add(written)
        started = time.perf_counter()
        await database.write(lambda connection, batch=batch: resolver.resolve(connection, [one.message for one in batch]))  # type: ignore[misc]
        seconds += time.perf_counter() - started
        done += len(batch)
        if done // 10_000 > (done - len(batch)) // 10_000:
            told(f"{done:,} messages")
    return await database.read(lambda connection: _outcome(connection, stream, truth, policy, seconds))


def _outcome(connection: Connection, stream: Stream, truth: _Truth, policy: Policy, seconds: float) -> Outcome:
    merged = customers.c.merged_into.is_not(None)
    reasons = connection.execute(select(suggestions.c.reason, func.count()).group_by(suggestions.c.reason))
    return Outcome(
        score=score(truth.proofs, _owners(connection, truth)),
        messages=len(stream),
        people=len(stream.town.people),
        customers=connection.execute(select(func.count()).select_from(customers).where(~merged)).scalar_one(),
        merged=connection.execute(select(func.count()).select_from(customers).where(merged)).scalar_one(),
        suggestions={row[0]: row[1] for row in reasons},
        largest=_largest(connection, policy),
        seen_by_claim=_seen_by_claim(connection),
        seconds=seconds,
    )


def _owners(connection: Connection, truth: _Truth) -> dict[Holding, set[str]]:
    """Who owns the links now under which each holding was seen."""
    owners: dict[Holding, set[str]] = defaultdict(set)
    of_messages = select(messages.c.id, handles.c.customer_id).join(handles, handles.c.id == messages.c.handle_id)
    owner_of = {row.id: row.customer_id for row in connection.execute(of_messages)}
    for message, holding in truth.senders.items():
        owners[holding].add(owner_of[message])
    links = _links(connection)
    for key, at_ms, holding in truth.aliases:
        # The last link of this address that had begun by then. An alias that never got one has no owner.
        since, owner = links.get(key, ((), ()))
        if place := bisect_right(since, at_ms):
            owners[holding].add(owner[place - 1])
    return owners


def _links(connection: Connection) -> dict[str, tuple[list[int], list[str]]]:
    """For each verified address the times at which its links began, rising, and who owns them now."""
    links: dict[str, tuple[list[int], list[str]]] = defaultdict(lambda: ([], []))
    columns = (handles.c.space, handles.c.kind, handles.c.value, handles.c.since_ms, handles.c.customer_id)
    query = select(*columns).where(handles.c.standing == "verified").order_by(handles.c.since_ms)
    for row in connection.execute(query):
        since, owner = links[handle_key(row.space, "verified", Handle(row.kind, row.value, "verified"))]
        since.append(row.since_ms)
        owner.append(row.customer_id)
    return links


def _largest(connection: Connection, policy: Policy) -> dict[str, tuple[int, int]]:
    """An address that is proven and claimed counts once, as for the cap."""
    live = (
        select(handles.c.kind, func.count(distinct(handles.c.value)).label("number"))
        .where(handles.c.ended_ms.is_(None))
        .group_by(handles.c.customer_id, handles.c.kind)
        .subquery()
    )
    rows = connection.execute(select(live.c.kind, func.max(live.c.number)).group_by(live.c.kind).order_by(live.c.kind))
    return {row[0]: (row[1], policy.cap(row[0])) for row in rows}


def _seen_by_claim(connection: Connection) -> int:
    proven = handles.alias("proven")
    owns = exists().where(proven.c.customer_id == handles.c.customer_id, proven.c.standing == "verified")
    query = select(func.count()).select_from(messages.join(handles, handles.c.id == messages.c.handle_id))
    return connection.execute(query.where(handles.c.standing == "claimed", owns)).scalar_one()


def _batches(stream: Iterable[T], size: int) -> Iterator[list[T]]:
    things = iter(stream)
    while batch := list(islice(things, size)):
        yield batch
