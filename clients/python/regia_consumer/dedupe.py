"""The seam between a consumer and what remembers which envelopes are done.

`SqlDedupe` writes the id in the very transaction in which the handler works: both or neither. It is made for any database
by three small functions; `regia_consumer.postgresql` and `regia_consumer.sqlite` have it ready.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Generic, Protocol, TypeVar

from regia_consumer.errors import AlreadyDone, ConsumerError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Begin = Callable[[], AbstractAsyncContextManager[T]]
Claim = Callable[[T, str, str], Awaitable[bool]]
Judge = Callable[[Exception], ConsumerError | None]


class Dedupe(Protocol[T_co]):
    """Once for each (queue, envelope id)."""

    def once(self, queue: str, envelope_id: str) -> AbstractAsyncContextManager[T_co]:
        """Around the handler's work; what it gives is handed to the handler. Left without an exception, the envelope is done;
        with one, it is as if nothing had been. Raises `AlreadyDone` on entering, and `Unavailable` where the store is away."""
        ...

    async def ready(self) -> None:
        """Return when the store can be used, else raise `Unavailable`."""
        ...


class NoDedupe:
    """Nothing is remembered: for work that may be done again without harm, such as an upsert under the message's id."""

    @asynccontextmanager
    async def once(self, queue: str, envelope_id: str) -> AsyncIterator[None]:
        yield

    async def ready(self) -> None:
        return


class SqlDedupe(Generic[T]):
    """Exactly one effect, in the consumer's own transaction.

    `begin()` is an async context manager of one transaction: it commits when left without an exception and rolls back
    with one. `claim(transaction, queue, envelope_id)` inserts the id and says whether it was new; where another
    transaction is inserting the same id it must wait for that one's end, as a unique key makes every SQL database do.
    `judge(error)` says which error of the database is an `Unavailable` or a `Retry`; None leaves the error as it is.
    """

    def __init__(self, begin: Begin[T], claim: Claim[T], judge: Judge = lambda _error: None) -> None:
        self._begin, self._claim, self._judge = begin, claim, judge

    @asynccontextmanager
    async def once(self, queue: str, envelope_id: str) -> AsyncIterator[T]:
        try:
            async with self._begin() as transaction:
                await self._claimed(transaction, queue, envelope_id)
                yield transaction
        except ConsumerError:
            raise
        except Exception as error:
            judged = self._judge(error)
            if judged is None:
                raise
            raise judged from error

    async def _claimed(self, transaction: T, queue: str, envelope_id: str) -> None:
        if not await self._claim(transaction, queue, envelope_id):
            raise AlreadyDone

    async def ready(self) -> None:
        try:
            async with self._begin():
                pass
        except Exception as error:
            judged = self._judge(error)
            if judged is None:
                raise
            raise judged from error
