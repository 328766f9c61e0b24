"""Following the feed of events from inside: each event once, in the transaction of what comes of it.

How far somebody has followed is a row of `cursors`, which their transaction holds until it is committed. So whoever else
follows under the same name waits, and goes on behind; and whoever is killed has done and noted all of a page, or none of it.
"""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage import cursors, events
from storage.database import DatabaseUnavailable, reaching_database
from storage.events import WINDOW, Numbered
from storage.schema import cursors as cursor_table
from storage.schema import events as feed

logger = logging.getLogger(__name__)

AT_ONCE: Final = 100
"""Events of one transaction, where nothing else is said."""
_PREFIX: Final = "follow/"

Act = Callable[[Connection, Numbered], None]
"""What comes of an event, in the same transaction. What it raises, but `DatabaseUnavailable`, undoes its own work only."""


@dataclass(frozen=True, slots=True)
class Followed:
    """`more` may be there. `missed`: events that were deleted before they were followed."""

    more: bool
    missed: int = 0


def follow(
    connection: Connection, name: str, types: Collection[str], act: Act, now_ms: int, *, at_once: int = AT_ONCE
) -> Followed:
    """Give what came since the last time to `act`, in its order, where it is of `types`, at most `at_once` events. Whoever
    follows for the first time begins with what comes from now on. Raises `DatabaseUnavailable`, and then nothing was done.

    An event that `act` fails at is passed over, with the error in the log: by one defect all later ones would wait for ever.
    """
    place = _hold(connection, name, events.last_number(connection), now_ms)
    last = events.last_number(connection)  # again: others may have been at it while this waited
    first = connection.execute(select(func.min(feed.c.number))).scalar_one() or last + 1
    begin = min(max(place, first - 1), last)
    end = min(last, begin + WINDOW)
    found = _page(connection, types, begin, end, at_once)
    for one in found:
        _give(connection, name, act, one)
    upto = found[-1].number if len(found) == at_once else end
    if upto != place:
        this = cursor_table.c.name == _PREFIX + name
        connection.execute(update(cursor_table).where(this).values(place=str(upto), updated_ms=now_ms))
    return Followed(more=upto < last, missed=max(0, first - 1 - place))


def unheard(connection: Connection, name: str, types: Collection[str], before_ms: int) -> bool:
    """Whether somebody who follows has yet to be given an event of `types` that happened before a time: it is behind their
    place, or has no number yet."""
    found = cursors.read(connection, _PREFIX + name)
    place = events.last_number(connection) if found is None else int(found.place)
    new = or_(feed.c.number.is_(None), feed.c.number > place)
    return bool(connection.execute(select(exists().where(new, feed.c.type.in_(types), feed.c.at_ms <= before_ms))).scalar_one())


def _give(connection: Connection, name: str, act: Act, one: Numbered) -> None:
    try:
        with connection.begin_nested(), reaching_database():
            act(connection, one)
    except DatabaseUnavailable:
        raise
    except Exception:
        logger.exception("an event is passed over, by a defect", extra={"follower": name, "event": one.id, "type": one.type})


def _page(connection: Connection, types: Collection[str], begin: int, end: int, limit: int) -> Sequence[Numbered]:
    columns = (feed.c.number, feed.c.id, feed.c.type, feed.c.at_ms, feed.c.body)
    query = select(*columns).where(feed.c.number > begin, feed.c.number <= end, feed.c.type.in_(types))
    rows = connection.execute(query.order_by(feed.c.number).limit(limit))
    return [Numbered(row.number, row.id, row.type, row.at_ms, bytes(row.body)) for row in rows]


def _hold(connection: Connection, name: str, last: int, now_ms: int) -> int:
    """How far it was followed, `last` where it never was; nobody else follows until the end of the transaction."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    enter = dialect.insert(cursor_table).values(name=_PREFIX + name, place=str(last), token=0, updated_ms=now_ms)
    held = enter.on_conflict_do_update(index_elements=[cursor_table.c.name], set_={"updated_ms": now_ms})
    return int(connection.execute(held.returning(cursor_table.c.place)).scalar_one())
