"""Who a customer is now: the one at the top, and everybody below."""

from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, select

from identity.people import Standing
from identity.refusals import NotPossible
from storage.schema import customers, handles


@dataclass(frozen=True, slots=True)
class Who:
    """A customer as others are shown it."""

    id: str
    space: str
    standing: Standing
    name: str | None


@dataclass(frozen=True, slots=True)
class Top:
    """`row` is the customer at the top, `below` everybody under it, oldest first. `merged_into` is its id where
    another was asked for, else None."""

    row: RowMapping
    below: tuple[RowMapping, ...]
    merged_into: str | None

    @property
    def id(self) -> str:
        return str(self.row["id"])

    @property
    def tree(self) -> list[str]:
        return [self.id, *(row["id"] for row in self.below)]


def top_of(connection: Connection, customer_id: str) -> Top:
    """Raises `NotPossible`: `unknown_customer`."""
    root = connection.execute(select(customers.c.root_id).where(customers.c.id == customer_id)).scalar_one_or_none()
    if root is None:
        raise NotPossible("unknown_customer")
    row = connection.execute(select(customers).where(customers.c.id == root)).mappings().one()
    under = select(customers).where(customers.c.root_id == root, customers.c.merged_into.is_not(None))
    below = connection.execute(under.order_by(customers.c.id)).mappings().all()
    return Top(row, tuple(below), row["id"] if row["id"] != customer_id else None)


def own_link(connection: Connection, customer_id: str, link_id: str) -> None:
    """See that a link is, or was, a customer's, or of the one at the top. Raises `NotPossible`: `unknown_customer`,
    `unknown_link`."""
    owner = connection.execute(select(handles.c.customer_id).where(handles.c.id == link_id)).scalar_one_or_none()
    if owner != top_of(connection, customer_id).id:
        raise NotPossible("unknown_link")
