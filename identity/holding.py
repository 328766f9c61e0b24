"""Customers locked for what a person or a proof does to them, outside of batches."""

from collections.abc import Collection, Iterable
from typing import Final

from sqlalchemy import Connection, select

from identity import store, store_conversations
from identity.acts import Acts
from identity.people import Conversation, Customer, Link
from identity.refusals import NotPossible
from storage.database import DatabaseUnavailable
from storage.schema import customers

_ROUNDS: Final = 5


class Held:
    """`customers` are the named ones with everybody above and below them, locked; `links` by key, as far as they exist."""

    def __init__(self, connection: Connection, ids: Collection[str], keys: Collection[str] = ()) -> None:
        self.connection = connection
        self.acts = Acts()
        for _ in range(_ROUNDS):
            self.links = store.links(connection, keys)
            tops = {*_roots(connection, ids), *(link.customer_id for link in self.links.values())}
            self.customers = store.load_customers(connection, _trees(connection, tops))
            if self._still(tops, keys):
                break
        else:
            raise DatabaseUnavailable("these customers are being merged by other nodes")
        self.conversations: dict[str, Conversation] = store_conversations.load(
            connection, {one.conversation_id for one in self.customers.values() if one.conversation_id}
        )

    def get(self, customer_id: str) -> Customer:
        """Raises `NotPossible`."""
        if customer_id not in self.customers:
            raise NotPossible("unknown_customer")
        return self.customers[customer_id]

    def top(self, customer_id: str) -> Customer:
        """Who is at the top of a customer. Raises `NotPossible`."""
        return self.customers[self.get(customer_id).root_id]

    def tree(self, top_id: str) -> list[Customer]:
        """A customer and everybody below, by who stands below whom now."""
        found = [self.customers[top_id]]
        for one in found:
            found += [other for other in self.customers.values() if other.merged_into == one.id]
        return found

    def save(self, changed: Iterable[Customer]) -> None:
        """Write the moves, the customers and the log."""
        store.move(self.connection, self.acts.moved)
        store.save_customers(self.connection, list({one.id: one for one in changed}.values()), ())
        self.acts.save(self.connection)

    def _still(self, tops: Collection[str], keys: Collection[str]) -> bool:
        """Whether nothing was merged and no link moved between reading and locking."""
        if any(self.customers[id_].merged_into for id_ in tops if id_ in self.customers):
            return False
        now: dict[str, Link] = {link.key: link for one in self.customers.values() for link in one.links if link.key in keys}
        if {key: link.id for key, link in now.items()} != {key: link.id for key, link in self.links.items()}:
            return False
        self.links = now
        return _trees(self.connection, tops) <= self.customers.keys()


def _roots(connection: Connection, ids: Collection[str]) -> set[str]:
    rows = store.rows_among(connection, select(customers.c.root_id), customers.c.id, list(ids))
    return {row.root_id for row in rows}


def _trees(connection: Connection, tops: Collection[str]) -> set[str]:
    query = select(customers.c.id).where(customers.c.merged_into.is_not(None))
    return {*tops, *(row.id for row in store.rows_among(connection, query, customers.c.root_id, list(tops)))}
