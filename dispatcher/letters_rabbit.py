"""Dead letters on RabbitMQ, in the queues `regia.dead` and `regia.unrouted`.

AMQP shows a message only to who takes it. So letters are taken one after the other, and what is not to go is put back by
closing the channel, in its order; these two queues have no delivery limit, so looks cost nothing but time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final
from weakref import WeakKeyDictionary

from aio_pika import Connection
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, ChannelNotFoundEntity

from dispatcher.base import QueuesUnavailable, UnknownQueue
from dispatcher.letter_parcels import edited, is_copy, letter_of, redriven
from dispatcher.letters import EVERYTHING, LOOK, Act, Discard, Edit, Letter, Looked, Picked, Wanted, Where
from dispatcher.link import Link, lost_is_no_cancellation
from dispatcher.rounds import Answer, Parcel, Rounds
from dispatcher.straight import CONFIRM_SECONDS, CONNECT_SECONDS, RabbitStraight, same
from dispatcher.sweep import Taking
from dispatcher.topology import DEAD, UNROUTED
from storage import erased, replays
from storage.database import Database

_QUEUES: Final[dict[Where, str]] = {"dead": DEAD, "unrouted": UNROUTED}
_TOGETHER: Final = 100
"""Letters that are dealt with together. Their bodies are in memory meanwhile."""

_WAIT: Final = 60.0
"""Seconds for which a look waits until another one is over."""
_LOOKS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock]] = WeakKeyDictionary()

Pair = tuple[AbstractIncomingMessage, Letter]


class NotDeclared(UnknownQueue):
    """One of the two queues of letters is missing."""

    def __str__(self) -> str:
        return f"{super().__str__()}; `regia topology apply` declares it, and so does a gateway that starts"


class RabbitLetters:
    """`Letters` over RabbitMQ. `database` knows who was erased, and hears of what was taken by no queue and is now. `real`
    gives the broker's name of a queue."""

    def __init__(
        self,
        url: str,
        database: Database,
        *,
        real: Callable[[str], str] = same,
        confirm_timeout: float = CONFIRM_SECONDS,
        connect_timeout: float = CONNECT_SECONDS,
    ) -> None:
        self._database = database
        self._real = real
        self._confirm_timeout = confirm_timeout
        self._connect_timeout = connect_timeout
        self._reading = Link(url, "regia letters")
        self._publishing = Link(url, "regia redrive")
        self._rounds = Rounds(self._publishing, connect_timeout)
        self._straight = RabbitStraight(url, real=real, connect_timeout=connect_timeout)

    async def look(self, wanted: Wanted, limit: int, *, most: int = LOOK, bodies: bool = False) -> Looked:
        letters: list[Letter] = []
        seen: set[str] = set()
        fitting = looked = lying = 0
        for where in _wheres(wanted):
            async with self._taking(where) as taking:
                lying += taking.lying
                while looked < most and not wanted.nothing_more(seen):
                    if not (messages := await taking.take(min(_TOGETHER, most - looked))):
                        break
                    looked += len(messages)
                    found = [one for message in messages if wanted.fits(one := letter_of(where, message))]
                    fitting += len(found)
                    seen.update(one.id for one in found)
                    letters += (one if bodies else replace(one, body=b"") for one in found[: limit - len(letters)])
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
            await self._straight.check([act.to])
        seen: set[str] = set()
        for where in _wheres(wanted):
            async with self._taking(where) as taking:
                picked.lying += taking.lying
                left = min(taking.lying, most - picked.looked)  # those that die again meanwhile are not meant
                while left > 0 and picked.done < limit and not wanted.nothing_more(seen):
                    if not (messages := await taking.take(min(_TOGETHER, left))):
                        break
                    left -= len(messages)
                    picked.looked += len(messages)
                    found = [(one, letter_of(where, one)) for one in messages]
                    fitting = [pair for pair in found if wanted.fits(pair[1])]
                    seen.update(letter.id for _, letter in fitting)
                    await self._do(fitting[: limit - picked.done], act, taking, picked)
                    told(picked)

    async def _do(self, pairs: Sequence[Pair], act: Act, taking: Taking, picked: Picked) -> None:
        gone = await self._erased({letter.envelope_id for _, letter in pairs if letter.envelope_id})
        going = [pair for pair in pairs if pair[1].envelope_id in gone]
        picked.erased += len(going)
        left = [pair for pair in pairs if pair[1].envelope_id not in gone]
        done = left if isinstance(act, Discard) else await self._publish(left, act, picked)
        if not isinstance(act, (Discard, Edit)) and act.to is None:
            await self._tell_the_books(done)
        await taking.acknowledge([message for message, _ in (*going, *done)])
        picked.done += len(done)

    async def _publish(self, pairs: Sequence[Pair], act: Act, picked: Picked) -> list[Pair]:
        """Those that are confirmed somewhere else."""
        parcels: list[tuple[Pair, Parcel]] = []
        for pair in pairs:
            parcel = edited(*pair, act.body) if isinstance(act, Edit) else self._redriven(pair, act)
            if parcel is None:
                picked.kept["it does not say which queue it came from"] += 1
            else:
                parcels.append((pair, parcel))
        if not parcels:
            return []
        deadline = asyncio.get_running_loop().time() + self._confirm_timeout
        answers = await self._rounds.send([parcel for _, parcel in parcels], deadline)
        picked.kept["no queue takes them"] += answers.count(Answer.RETURNED)
        picked.kept["RabbitMQ did not confirm them"] += answers.count(Answer.NONE)
        picked.kept += type(picked.kept)()  # drops what is none
        return [pair for (pair, _), answer in zip(parcels, answers, strict=True) if answer is Answer.ACKED]

    def _redriven(self, pair: Pair, act: Act) -> Parcel | None:
        to = None if isinstance(act, (Discard, Edit)) or act.to is None else self._real(act.to)
        return redriven(*pair, to)

    async def _tell_the_books(self, done: Sequence[Pair]) -> None:
        """A letter that no queue had taken lies in its own now. Before it is acknowledged: else the books might never hear."""
        unrouted = [letter for message, letter in done if letter.where == "unrouted" and not is_copy(message)]
        arrived = [(letter.envelope_id, letter.queue.partition(".")[2]) for letter in unrouted]
        if arrived:
            await self._database.write(lambda connection: replays.arrived_at(connection, arrived))

    async def _erased(self, envelopes: set[str]) -> set[str]:
        if not envelopes:
            return set()
        kinds = await self._database.read(lambda connection: erased.kinds(connection, envelopes))
        return {id_ for id_, kind in kinds.items() if kind == "message"}

    @asynccontextmanager
    async def _taking(self, where: Where) -> AsyncIterator[Taking]:
        """All that is taken and not acknowledged is put back; where that fails the connection is cut, which does it too.
        One at a time in this process: of two each would see only what the other has not taken."""
        async with one_at_a_time(), self._alone(where) as taking:
            yield taking

    @asynccontextmanager
    async def _alone(self, where: Where) -> AsyncIterator[Taking]:
        connection = await self._reading.connection(self._connect_timeout)
        try:
            with lost_is_no_cancellation():
                taking = await self._begin(connection, _QUEUES[where])
                yield taking
                await taking.end()
        except UnknownQueue:
            raise
        except (TimeoutError, *CONNECTION_EXCEPTIONS) as error:
            self._reading.reset()
            raise QueuesUnavailable(f"RabbitMQ did not answer ({type(error).__name__}): try again") from error
        except BaseException:
            self._reading.reset()
            raise

    async def _begin(self, connection: Connection, name: str) -> Taking:
        try:
            return await Taking.begin(connection, name, self._connect_timeout)
        except ChannelNotFoundEntity:
            raise NotDeclared(name) from None

    async def close(self) -> None:
        await asyncio.gather(self._reading.close(), self._publishing.close(), self._straight.close())


@asynccontextmanager
async def one_at_a_time() -> AsyncIterator[None]:
    """Raises `QueuesUnavailable` where another look takes too long."""
    lock = _LOOKS.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    try:
        async with asyncio.timeout(_WAIT):
            await lock.acquire()
    except TimeoutError:
        raise QueuesUnavailable("somebody else looks through the dead letters: try again") from None
    try:
        yield
    finally:
        lock.release()


def _wheres(wanted: Wanted) -> tuple[Where, ...]:
    return (wanted.where,) if wanted.where else ("dead", "unrouted")
