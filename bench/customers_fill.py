"""A database with as many customers as wanted, in about a minute: identity makes one, and SQL makes the others of it.

So the rows are what this version writes. Each customer has two links (a number and a WhatsApp user), one conversation, a
history of four messages, its name and its last words among the mentions, one message and the id of one event.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, select

from bench.customers_contacts import SPACE, Contacts, name_of, value_of
from bench.customers_sql import Copies
from bench.resolving import Resolver
from identity import naming, said
from identity.policy import Policy
from storage.bulk import insert_rows
from storage.database import Database
from storage.schema import conversations, customers, event_ids, handles, mentions, messages

_TEMPLATE: Final = 9_999_998
"""The number of the customer that the others are made of: beyond theirs, and no placeholder."""
_MESSAGES: Final = 4
_CHUNK: Final = 20_000
_ID: Final = 26
"""Characters of an id after its prefix."""
_PRAGMAS: Final = ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000")
"""For a file that is thrown away after a crash."""


@dataclass(frozen=True, slots=True)
class Filled:
    """Bytes on disk, with indexes: of a customer with all that identity keeps of it, and of a message with the id of its event,
    where the large columns are empty."""

    customer: float
    message: float


async def fill(url: str, number: int, contacts: Contacts) -> Filled:
    """Put customers 1 to `number`, and the one they are made of, into an empty database that has its tables."""
    database, resolver = Database(url), Resolver(Policy(), journal="jrn_fill")
    for _ in range(_MESSAGES):
        batch = contacts.batch([_TEMPLATE])
        await database.write(lambda connection, batch=batch: resolver.resolve(connection, batch))  # type: ignore[misc]
    await database.close()
    engine = create_engine(database.url)
    try:
        return _multiply(engine, number)
    finally:
        engine.dispose()


def _multiply(engine: Engine, number: int) -> Filled:
    with engine.connect() as connection:
        for pragma in _PRAGMAS if engine.dialect.name == "sqlite" else ():
            connection.exec_driver_sql(f"PRAGMA {pragma}")
        connection.commit()
        copies = _Customers(connection, number)
        sizes = [copies.size()]
        for make in (copies.make_customers, copies.make_messages):
            make()
            connection.commit()
            sizes.append(copies.size())
    if engine.dialect.name == "postgresql":
        # Else its own housekeeping would begin in the middle of the measurement.
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
            connection.exec_driver_sql("CHECKPOINT")
    return Filled((sizes[1] - sizes[0]) / number, (sizes[2] - sizes[1]) / number)


class _Customers(Copies):
    def __init__(self, connection: Connection, number: int) -> None:
        super().__init__(connection, number)
        self._connection = connection
        self._number = number
        self._customer = self._id("cus", "i")
        self._conversation = self._id("con", "i")
        self._links = {"phone": self._id("hdl", "2 * i"), "whatsapp_user": self._id("hdl", "2 * i + 1")}

    def make_customers(self) -> None:
        (row,) = self._rows(customers)
        name = f"'{name_of(_TEMPLATE)[:-7]}' || {self._name()}"
        own = {
            "id": self._customer,
            "root_id": self._customer,
            "conversation_id": self._conversation,
            "name": name,
            "history": self.replaced(customers.c.history, row["conversation_id"], self._conversation),
            "facts": self.replaced(customers.c.facts, name_of(_TEMPLATE), name),
        }
        self.copy(row, customers, own)
        self._make_links()
        (row,) = self._rows(conversations, conversations.c.id == row["conversation_id"])
        self.copy(row, conversations, {"id": self._conversation, "customer_id": self._customer})
        self._make_mentions()

    def make_messages(self) -> None:
        """One each, and the id of its event."""
        row = self._rows(messages)[-1]
        own = {
            "id": f"{self.chance()} || 'bnch'",
            "external_id": f"'wamid.' || {self.chance()}",
            "handle_id": self._links["phone"],
            "customer_id": self._customer,
            "conversation_id": self._conversation,
            "received_ms": f"{self.same(messages.c.received_ms)} + i",
        }
        self.copy(row, messages, own)
        own = {"id": f"{self.chance()} || 'bnch'", "seq": f"{self.same(event_ids.c.seq)} + i"}
        self.copy(self._rows(event_ids)[-1], event_ids, own, order="id")

    def _make_links(self) -> None:
        digits = self.digits("i", len(value_of(_TEMPLATE)))
        for row in self._rows(handles):
            own = {"id": self._links[row["kind"]], "customer_id": self._customer, "home_id": self._customer}
            own |= {
                column.name: self.replaced(column, value_of(_TEMPLATE), digits) for column in (handles.c.key, handles.c.value)
            }
            self.copy(row, handles, own)

    def _make_mentions(self) -> None:
        """Words are never looked up again here, names are: they need their own key, which is a hash that SQL has not."""
        row = self._rows(mentions, mentions.c.reason == "same_words")[-1]
        day = row["key"][: -said.HASH]
        self.copy(row, mentions, {"key": f"'{day}' || {self.chance()}", "handle_id": self._links["phone"]}, order="key")
        names = self._names(dict(row))
        while chunk := list(islice(names, _CHUNK)):
            insert_rows(self._connection, mentions, chunk)

    def _names(self, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        keys = []
        for number in range(1, self._number + 1):
            (mention,) = said.name(SPACE, naming.full(name_of(number)))
            keys.append((mention.key, f"hdl_{2 * number:0{_ID}d}"))
        for key, handle_id in sorted(keys):
            yield row | {"key": key, "handle_id": handle_id, "reason": "similar_name"}

    def _name(self) -> str:
        """The last word of the name: its first letter is a capital."""
        letters = self.letters("i", 7)
        return f"upper(substr({letters}, 1, 1)) || substr({letters}, 2)"

    def _id(self, prefix: str, number: str) -> str:
        return f"'{prefix}_' || {self.digits(number, _ID)}"

    def _rows(self, table: Any, *conditions: Any) -> list[Any]:
        return list(self._connection.execute(select(table).where(*conditions)).mappings())
