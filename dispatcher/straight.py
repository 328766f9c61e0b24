"""Publishing straight into a queue that somebody named, past exchanges and bindings: for what is sent again by hand.

On RabbitMQ the default exchange does that: every queue is bound to it by its own name.
"""

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, Protocol

from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, ChannelNotFoundEntity
from sqlalchemy import Connection, select

from dispatcher.base import Publication, QueuesUnavailable, UnknownQueue
from dispatcher.link import Link, lost_is_no_cancellation
from dispatcher.local import LocalQueues
from dispatcher.rounds import Answer, Parcel, Rounds, straight_parcel
from dispatcher.sweep import plain_channel
from storage import erased
from storage.bulk import among, ids_parameter, insert_rows
from storage.database import Database, DatabaseUnavailable
from storage.schema import local_messages

CONFIRM_SECONDS: Final = 30.0
CONNECT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Copy:
    """An envelope for the queue `queue`. `suffix` makes the message id of this try unique."""

    queue: str
    publication: Publication
    suffix: str


class Landed(Enum):
    """What became of a copy."""

    ADDED = "added"
    """It lies in the queue, confirmed."""
    THERE = "there"
    """It lay there already, and was not put there twice. Only embedded queues know."""
    ERASED = "erased"
    """It was erased meanwhile, and went nowhere."""
    NOWHERE = "nowhere"
    """There is no such queue any more."""
    UNKNOWN = "unknown"
    """No answer: to be put again."""


class Straight(Protocol):
    """Puts copies into queues. `whole`: a batch lands as a whole or not at all, in its order."""

    @property
    def whole(self) -> bool: ...

    async def check(self, queues: Collection[str]) -> None:
        """Raises `UnknownQueue` for the first that does not exist, and `QueuesUnavailable`."""

    async def put(self, copies: Sequence[Copy]) -> list[Landed]:
        """One answer a copy, in order, within `CONFIRM_SECONDS`."""

    async def close(self) -> None: ...


def same(name: str) -> str:
    """The broker's name of a queue is ours."""
    return name


class RabbitStraight:
    """Over RabbitMQ, mandatory and confirmed, by a connection of its own. `real` gives the broker's name of a queue.
    `highest` is the highest priority of a queue that has priorities, and `priority_of` reads that of a body."""

    whole = False

    def __init__(
        self,
        url: str,
        *,
        real: Callable[[str], str] = same,
        highest: Callable[[str], int | None] = lambda _: None,
        priority_of: Callable[[bytes], int] = lambda _: 0,
        confirm_timeout: float = CONFIRM_SECONDS,
        connect_timeout: float = CONNECT_SECONDS,
    ) -> None:
        self._real = real
        self._highest = highest
        self._priority_of = priority_of
        self._confirm_timeout = confirm_timeout
        self._connect_timeout = connect_timeout
        self._link = Link(url, "regia replay")
        self._rounds = Rounds(self._link, connect_timeout)

    async def check(self, queues: Collection[str]) -> None:
        connection = await self._link.connection(self._connect_timeout)
        try:
            with lost_is_no_cancellation():
                async with asyncio.timeout(self._connect_timeout):
                    channel = await plain_channel(connection)
                    for name in sorted(queues):
                        await self._check(channel, name)
                    await channel.close()
        except (TimeoutError, *CONNECTION_EXCEPTIONS) as error:
            self._link.reset()
            raise QueuesUnavailable(f"RabbitMQ did not answer ({type(error).__name__}): try again") from error

    async def _check(self, channel: AbstractChannel, name: str) -> None:
        try:
            await channel.declare_queue(self._real(name), passive=True)
        except ChannelNotFoundEntity:
            raise UnknownQueue(name) from None

    async def put(self, copies: Sequence[Copy]) -> list[Landed]:
        deadline = asyncio.get_running_loop().time() + self._confirm_timeout
        parcels = [self._parcel(copy) for copy in copies]
        became = {Answer.ACKED: Landed.ADDED, Answer.RETURNED: Landed.NOWHERE, Answer.NONE: Landed.UNKNOWN}
        return [became[answer] for answer in await self._rounds.send(parcels, deadline)]

    def _parcel(self, copy: Copy) -> Parcel:
        publication = copy.publication
        if (highest := self._highest(copy.queue)) is not None:  # as the relay has it
            publication = replace(publication, priority=min(highest, self._priority_of(publication.body)))
        return straight_parcel(publication, copy.suffix, self._real(copy.queue))

    async def close(self) -> None:
        await self._link.close()


class LocalStraight:
    """Into the embedded queues. `queues`: the opened ones of `database`."""

    whole = True

    def __init__(self, queues: LocalQueues, database: Database) -> None:
        self._queues = queues
        self._database = database

    async def check(self, queues: Collection[str]) -> None:
        for name in sorted(queues):
            await self._queues.check(name)

    async def put(self, copies: Sequence[Copy]) -> list[Landed]:
        try:
            return await self._database.write(lambda connection: _put(connection, copies))
        except DatabaseUnavailable:
            return [Landed.UNKNOWN] * len(copies)

    async def close(self) -> None:
        """The database belongs to whoever made it."""


def _put(connection: Connection, copies: Sequence[Copy]) -> list[Landed]:
    envelopes = {copy.publication.envelope_id for copy in copies}
    gone = erased.kinds(connection, envelopes)
    query = select(local_messages.c.queue, local_messages.c.envelope_id)
    query = query.where(local_messages.c.queue.in_({copy.queue for copy in copies}))  # first in the index
    query = query.where(among(connection, local_messages.c.envelope_id))
    there = {(row.queue, row.envelope_id) for row in connection.execute(query, ids_parameter(connection, envelopes))}
    became: list[Landed] = []
    rows = []
    for copy in copies:
        place = (copy.queue, copy.publication.envelope_id)
        if copy.publication.envelope_id in gone:
            became.append(Landed.ERASED)
        elif place in there:
            became.append(Landed.THERE)
        else:
            became.append(Landed.ADDED)
            there.add(place)
            row = {"queue": copy.queue, "envelope_id": copy.publication.envelope_id, "body": copy.publication.body}
            rows.append(row | {"state": "ready", "attempts": 0})
    insert_rows(connection, local_messages, rows, ignore=True)
    return became
