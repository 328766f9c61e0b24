"""A customer as export and erase see it: the one at the top with everybody below, and all links they ever had."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, or_, select

from storage.bulk import among, ids_parameter
from storage.database import DatabaseUnavailable
from storage.schema import customers, handles


class StandsBelow(Exception):
    """This customer was merged into another, whose id is `root_id`: erase or export that one, or undo the merge first."""

    def __init__(self, root_id: str) -> None:
        super().__init__("this customer was merged into another one")
        self.root_id = root_id


@dataclass(frozen=True, slots=True)
class Link:
    """`ended_ms` is None for a current one."""

    id: str
    kind: str
    value: str
    standing: str
    ended_ms: int | None


@dataclass(frozen=True, slots=True)
class Family:
    """`ids`: the customer's own first, then those below in the order of their ids."""

    id: str
    space: str
    ids: tuple[str, ...]
    links: tuple[Link, ...]

    @property
    def link_ids(self) -> tuple[str, ...]:
        return tuple(link.id for link in self.links)


def find(connection: Connection, customer_id: str, *, lock: bool = False) -> Family | None:
    """The customer of this id, or None. `lock`: until the transaction ends. Raises `StandsBelow`, and `DatabaseUnavailable`
    where somebody was merged with them at this very moment."""
    rows = connection.execute(_members(customer_id, lock=lock)).all()
    # Locked in the order of their ids, as everywhere; what was put below while this waited is seen only now.
    if lock and {row.id for row in connection.execute(_members(customer_id, lock=False))} != {row.id for row in rows}:
        raise DatabaseUnavailable("somebody is merged with this customer now: try again")
    own = next((row for row in rows if row.id == customer_id), None)
    if own is None:
        return None
    if own.merged_into is not None:
        raise StandsBelow(own.root_id)
    ids = (customer_id, *(row.id for row in rows if row.id != customer_id))
    query = select(handles.c.id, handles.c.kind, handles.c.value, handles.c.standing, handles.c.ended_ms)
    query = query.where(among(connection, handles.c.customer_id)).order_by(handles.c.since_ms, handles.c.id)
    links = connection.execute(query, ids_parameter(connection, ids))
    return Family(customer_id, own.space, ids, tuple(Link(*row) for row in links))


def _members(customer_id: str, *, lock: bool) -> Select[Any]:
    below = and_(customers.c.root_id == customer_id, customers.c.merged_into.is_not(None))
    query = select(customers.c.id, customers.c.space, customers.c.root_id, customers.c.merged_into)
    query = query.where(or_(customers.c.id == customer_id, below)).order_by(customers.c.id)
    return query.with_for_update() if lock else query
