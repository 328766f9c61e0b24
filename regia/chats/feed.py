"""What the feed of events tells of messages out, again: nothing depends on what nodes say to each other."""

from collections import OrderedDict
from typing import Final

from regia.watch.newest import Newest
from storage import transcripts
from storage.database import Database

CHANGES: Final = tuple(f"regia.reply.{state}.v1" for state in ("sent", "delivered", "read", "unknown"))
"""Events by which a message out is shown, or shown otherwise."""
_SENT: Final = CHANGES[0]
_AT_ONCE: Final = 1_000
_REMEMBERED: Final = 4_096


class Feed:
    """How far one node has followed it."""

    def __init__(self, database: Database, newest: Newest) -> None:
        self._database = database
        self._newest = newest
        self._seen = 0
        """The number of the last event that was looked at; 0 before this node has heard of any."""
        self._known: OrderedDict[str, None] = OrderedDict()
        """Messages out that have left, of which this node has heard before."""

    def begin(self) -> None:
        """From the newest on."""
        self._seen = self._newest.number

    def know(self, id_: str) -> None:
        """That this message has left need not be told again."""
        self._known[id_] = None
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    async def news(self, seconds: float) -> bool:
        """Wait for a later event, so many seconds at most; False at the end of the gateway."""
        await self._newest.beyond(self._seen, seconds)
        return not self._newest.ended

    async def changed(self) -> list[str] | None:
        """The handles whose messages out have changed since; None where it may be any. Raises `DatabaseUnavailable`."""
        seen, until = self._seen, self._newest.number
        if not seen:  # the first number that this node hears of says nothing of what came before
            self._seen = until
            return None
        if seen >= until:
            return []
        changes, self._seen = await self._database.read(
            lambda connection: transcripts.changed(connection, seen, until, CHANGES, _AT_ONCE)
        )
        return [one.value for one in changes if one.type != _SENT or one.id not in self._known]
