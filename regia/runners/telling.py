"""Ends of messages out become statuses like those that providers send, many at once. Told twice, the second is a repeat."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from connectors.base import Parsed
from connectors.errors import Rejected
from identity import history
from identity.history import Left
from regia.pipeline.intake import Intake
from regia.runners import outcomes
from storage import outgoing_ends
from storage.database import Database
from storage.outgoing import SENT
from storage.outgoing_ends import Ended

ELSEWHERE: Final = 300_000
"""Milliseconds after which an end is told by any node: who recorded it is gone, or has told it and could not write that
down."""
AT_ONCE: Final = 256


class Telling:
    """Of one node."""

    def __init__(self, database: Database, intake: Intake, node: str) -> None:
        self._database = database
        self._intake = intake
        self._node = node

    async def tell(self, now_ms: int) -> None:
        """What has ended and is not told yet, as far as the journal takes it. Raises `DatabaseUnavailable`."""
        before_ms = now_ms - ELSEWHERE
        ended = await self._database.read(lambda one: outgoing_ends.untold(one, self._node, AT_ONCE, before_ms))
        if not ended:
            return
        await self._answered(ended)
        told: list[Ended] = []
        for connector, ends in _by_connector(ended).items():
            statuses = tuple(outcomes.status(one) for one in ends if one.brand is not None)
            try:
                await self._intake.accept(connector, Parsed(statuses=statuses))
            except Rejected:  # the journal takes nothing now, and has said so
                break
            told += ends
        await self._told(told, now_ms)

    async def _answered(self, ended: Sequence[Ended]) -> None:
        """What a person's reply answers waits no longer, and the reply stands in the customer's history, before anybody hears
        that it was sent: also where only the provider's later word says so. Done twice, the second finds nothing."""
        replies = [
            Left(one.id, one.message_id, one.created_ms)
            for one in ended
            if one.state == SENT and not one.automatic and one.message_id is not None
        ]
        if replies:
            await self._database.write(lambda connection: history.left(connection, replies))

    async def _told(self, ended: Sequence[Ended], now_ms: int) -> None:
        if ended:
            await self._database.write(lambda connection: outgoing_ends.tell(connection, ended, now_ms))


def _by_connector(ended: Sequence[Ended]) -> dict[str, list[Ended]]:
    found: defaultdict[str, list[Ended]] = defaultdict(list)
    for one in ended:
        found[one.connector].append(one)
    return found
